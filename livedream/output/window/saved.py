"""Placements that survive the program: windows.json in the folder of the user's settings, by window and monitor."""

import json
import logging
import threading
from dataclasses import asdict

from livedream import UserError
from livedream.output.window.placement import Placement
from livedream.system import paths
from livedream.system.atomic import atomic_write

log = logging.getLogger("livedream.output")

_writing = threading.Lock()


def load(window: str, monitor: str) -> Placement | None:
    """What was kept for a window of that name on that monitor; None: nothing, or nothing that can be used."""
    kept = _read().get(window)
    kept = kept.get(monitor) if isinstance(kept, dict) else None
    if not isinstance(kept, dict):
        return None
    try:
        return Placement(**kept | {"corners": tuple(map(float, kept["corners"]))})
    except (KeyError, TypeError, ValueError) as error:
        log.warning("window %s: what %s holds for it cannot be used: %s", window, _file(), error)
        return None


def save(window: str, monitor: str, placement: Placement) -> None:
    """Keep it; may take as long as the disk does. Trouble is logged."""
    with _writing:
        kept = _read()
        monitors = kept[window] if isinstance(kept.get(window), dict) else {}
        kept[window] = monitors | {monitor: asdict(placement)}
        try:
            _file().parent.mkdir(parents=True, exist_ok=True)
            atomic_write(_file(), json.dumps(kept, indent=1, ensure_ascii=False).encode())
        except (OSError, UserError) as error:
            log.warning("window %s: its corners are not kept: %s", window, error)


def _file():
    return paths.config_folder() / "windows.json"


def _read() -> dict:
    try:
        kept = json.loads(_file().read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        log.warning("windows: %s cannot be read: %s", _file(), error)
        return {}
    return kept if isinstance(kept, dict) else {}
