"""What lies on the disk."""

import os
import shutil
import time
from pathlib import Path

from livedream.doctor.finding import Finding
from livedream.system import paths

ROOM = 10e9  # bytes, an hour or two of recordings


def dreams() -> list[Finding]:
    """The dreams that ship."""
    from livedream.dream import read

    there = [f"{each.stem} ({each.stat().st_size / 1e6:.0f} MB)" for each in sorted(read.MODELS.glob("*.onnx"))]
    mend = "" if there else "train one: livedream train FOOTAGE -o NAME.onnx"
    return [Finding("files", "dreams", bool(there), ", ".join(there) or "none ships in this installation", mend)]


def cached() -> list[Finding]:
    """The folder that may be deleted at any time, and how large it is."""
    folder = paths.cache_folder()
    size, over, end = 0, "", time.monotonic() + 1.0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                size += os.lstat(os.path.join(place, name)).st_size
            except OSError:  # it went while we looked
                continue
        if time.monotonic() > end:
            over = "more than "
            break
    says = f"{folder}, {over}{size / 1e6:.0f} MB" if folder.is_dir() else f"{folder}, not made yet"
    return [Finding("files", "cache", None, f"{says} (frames of footage, what was measured; may be deleted)")]


def room() -> list[Finding]:
    """How much can be recorded here; nothing where there is plenty."""
    free = shutil.disk_usage(Path.cwd()).free
    if free >= ROOM:
        return []
    says = f"{free / 1e9:.1f} GB left in {Path.cwd()}, where recordings go"
    mend = "free some, or record elsewhere: livedream run --recordings FOLDER"
    return [Finding("files", "disk", False if free < ROOM / 5 else None, says, mend)]
