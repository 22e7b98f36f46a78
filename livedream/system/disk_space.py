"""How much room a disk has."""

import os
import shutil
import tempfile
from pathlib import Path

PROBE = 100_000  # bytes that are written to see whether a disk without free space takes any


def free_space(folder: Path) -> int | None:
    """The free bytes of the folder's disk; None if it does not tell, as some network mounts and FUSE file systems.

    Those say that they have no blocks at all, or that none is free and yet take what is written.
    """
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    if usage.total <= 0 or usage.free < 0 or (usage.free == 0 and _takes_bytes(folder)):
        return None
    return usage.free


def _takes_bytes(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(PROBE))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return False
    return True
