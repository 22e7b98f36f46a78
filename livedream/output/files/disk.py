"""Free space on a recording's disk, and writing a growing recording through to it."""

import contextlib
import errno
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from livedream import UserError
from livedream.system.disk_space import free_space

log = logging.getLogger("livedream.output")

LOW = 2_000_000_000  # bytes left: a warning
FULL = 100_000_000  # bytes left: the recording ends while it can still be closed properly
EVERY = 2.0  # seconds between two looks at the disk
WINDOW = 15  # the number of looks that the present rate is computed from


class DiskSpace:
    """Watches the free space of a recording's disk.

    Args:
        folder: The recording's folder.
        name: The output's name, for messages.
        size: Returns the bytes written so far.

    Attributes:
        warning: "" or, below LOW, one line such as "1.4 GB of disk left, 12 minutes".
    """

    def __init__(self, folder: Path, name: str, size: Callable[[], int]):
        self._folder, self._name, self._size = folder, name, size
        self._looks: deque[tuple[float, int]] = deque(maxlen=WINDOW)  # (time.monotonic(), bytes written)
        self._warned = LOW + 1
        self.warning = ""

    def check(self) -> str:
        """Return `warning`, brought up to date every EVERY seconds however often this is called.

        Raises:
            UserError: Less than FULL bytes are left.
        """
        now = time.monotonic()
        if not self._looks or now - self._looks[-1][0] >= EVERY:
            self._looks.append((now, self._size()))
            self.warning = self._look()
        return self.warning

    def _look(self) -> str:
        free = free_space(self._folder)
        if free is None:  # a write will say what is wrong
            return ""
        # Until the next look twice as much may be written as since the last one.
        if free < FULL + 2 * (self._looks[-1][1] - self._looks[max(len(self._looks) - 2, 0)][1]):
            raise UserError(
                f"{self._name}: the disk is full ({_amount(free)} left): the recording was ended and is complete; "
                f"free space in {self._folder.resolve()}"
            )
        if free >= LOW:
            return ""
        (began, first), (now, size) = self._looks[0], self._looks[-1]
        warning = f"{_amount(free)} of disk left"
        if now > began and size > first:
            minutes = (free - FULL) / (size - first) * (now - began) / 60
            warning += f", {minutes:.0f} minutes" if minutes >= 2 else f", {60 * minutes:.0f} seconds"
        if free < self._warned / 2 or self._warned > LOW:
            self._warned = free
            log.warning("%s: %s", self._name, warning)
        return warning


def is_full(error: BaseException) -> bool:
    """Whether an error of a write says that there is no room: on the disk, in the quota, or in one file."""
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class DiskSync:
    """Writes a growing file through to the disk once a second, in a thread of its own, because a slow disk would cost
    frames. A killed program loses nothing without this; it is for a power cut.
    """

    def __init__(self, path: Path):
        self._path = path
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"disk {path.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let go of the file, without waiting for a disk that is slow to answer."""
        self._over.set()
        self._thread.join(0.5)

    def _run(self) -> None:
        with contextlib.suppress(OSError), open(self._path, "rb+", buffering=0) as file:
            while not self._over.wait(1.0):
                getattr(os, "fdatasync", os.fsync)(file.fileno())


def _amount(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
