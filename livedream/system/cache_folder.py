"""The folder of what can be made again; it may be deleted at any time."""

import os
from pathlib import Path


def folder(name: str = "") -> Path:
    """Where things of this kind are kept, such as "half"; it need not be there yet."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "livedream" / name
