"""Saved placements: windows.json in the folder of the user's settings, by window and monitor."""

import json
import logging
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from livedream import UserError
from livedream.output.window.placement import Placement
from livedream.system import paths
from livedream.system.atomic import atomic_write

log = logging.getLogger("livedream.output")

_writing = threading.Lock()  # windows save in threads of their own


def load(window: str, monitor: str) -> Placement | None:
    """The placement that was saved for a window on a monitor. None: nothing usable was saved."""
    kept = _read().get(window)
    kept = kept.get(monitor) if isinstance(kept, dict) else None
    if not isinstance(kept, dict):
        return None
    try:
        return Placement(**kept | {"corners": tuple(map(float, kept["corners"]))})
    except (KeyError, TypeError, ValueError) as error:
        log.warning("window %s: its entry in %s cannot be used: %s", window, _file(), error)
        return None


def save(window: str, monitor: str, placement: Placement) -> None:
    """Save a placement. May take as long as the disk does; errors are logged."""
    with _writing:
        kept = _read()
        monitors = kept[window] if isinstance(kept.get(window), dict) else {}
        kept[window] = monitors | {monitor: asdict(placement)}
        try:
            _file().parent.mkdir(parents=True, exist_ok=True)
            atomic_write(_file(), json.dumps(kept, indent=1, ensure_ascii=False).encode())
        except (OSError, UserError) as error:
            log.warning("window %s: its corners are not saved: %s", window, error)


def _file() -> Path:
    return paths.config_folder() / "windows.json"


def _read() -> dict[str, Any]:
    try:
        kept = json.loads(_file().read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        log.warning("windows: %s cannot be read: %s", _file(), error)
        return {}
    return kept if isinstance(kept, dict) else {}
