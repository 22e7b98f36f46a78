"""The folders that livedream keeps files in, where each system's programs keep theirs.

A folder that an older livedream made elsewhere goes on being used as long as there is none in the new place.
"""

import os
import sys
from pathlib import Path

import platformdirs


def cache_folder(name: str = "") -> Path:
    """Return the folder of files that can be made again, which may be deleted at any time. It may not exist yet.

    Args:
        name: the kind of file, such as "half"; "" for the folder of all kinds.
    """
    if asked := os.environ.get("XDG_CACHE_HOME"):  # on every system: a cache may need another disk
        return Path(asked) / "livedream" / name
    new = platformdirs.user_cache_path("livedream", appauthor=False)
    return _existing(new, Path.home() / ".cache" / "livedream") / name


def config_folder() -> Path:
    """Return the folder of presets, MIDI mappings and window placements. It may not exist yet."""
    new = platformdirs.user_config_path("livedream", appauthor=False, roaming=True)
    if sys.platform == "darwin":
        old = Path.home() / "Library" / "Application Support" / "livedream"
    else:
        old = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "livedream"
    return _existing(new, old)


def _existing(new: Path, old: Path) -> Path:
    return old if old.is_dir() and not new.is_dir() else new
