"""Priority on a busy machine: figures of time are worth nothing without it."""

import contextlib
import os
from pathlib import Path


def prioritise(nice: int) -> None:
    """Set the priority of everything in this namespace: of processes, and of the sessions that Linux groups them by."""
    for each in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, int(each.name), nice)
            (each / "autogroup").write_text(str(nice))
