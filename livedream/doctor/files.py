"""Checks of the disk: the dreams that ship, the cache, free space."""

import os
import time
from pathlib import Path

from livedream.doctor.finding import Finding
from livedream.system import paths
from livedream.system.disk_space import free_space

ROOM = 10e9  # bytes, an hour or two of recordings


def dreams() -> list[Finding]:
    """Report the dreams that ship."""
    from livedream.dream import read

    there = [f"{each.stem} ({each.stat().st_size / 1e6:.0f} MB)" for each in sorted(read.MODELS.glob("*.onnx"))]
    mend = "" if there else "train one: livedream train FOOTAGE -o NAME.onnx"
    return [Finding("files", "dreams", bool(there), ", ".join(there) or "none ships in this installation", mend)]


def cached() -> list[Finding]:
    """Report the cache folder and its size; measuring stops after a second."""
    folder = paths.cache_folder()
    size, over, end = 0, "", time.monotonic() + 1.0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                size += os.lstat(os.path.join(place, name)).st_size
            except OSError:  # deleted while it was measured
                continue
        if time.monotonic() > end:
            over = "more than "
            break
    says = f"{folder}, {over}{size / 1e6:.0f} MB" if folder.is_dir() else f"{folder}, not created yet"
    return [Finding("files", "cache", None, f"{says} (frames of footage, measurements; may be deleted)")]


def room() -> list[Finding]:
    """Warn when there is little free space for recordings; report nothing when there is plenty."""
    free = free_space(Path.cwd())
    if free is None or free >= ROOM:
        return []
    says = f"{free / 1e9:.1f} GB left in {Path.cwd()}, where recordings go"
    mend = "free some, or record elsewhere: livedream run --recordings FOLDER"
    return [Finding("files", "disk", False if free < ROOM / 5 else None, says, mend)]
