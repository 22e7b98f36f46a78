"""Room on the disk that a recording goes to, and what of it would outlive a power cut."""

import contextlib
import logging
import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from livedream import UserError

log = logging.getLogger("livedream.output")

LOW = 2_000_000_000  # bytes left: said
FULL = 100_000_000  # bytes left: the recording ends while it can still be ended well
EVERY = 2.0  # seconds from look to look
WINDOW = 15  # looks that the present rate is taken from


class Room:
    """Watches the disk of a folder while `size()` bytes have been written to it."""

    def __init__(self, folder: Path, name: str, size: Callable[[], int]):
        self._folder, self._name, self._size = folder, name, size
        self._looks: deque[tuple[float, int]] = deque(maxlen=WINDOW)
        self._warned = LOW + 1
        self.says = ""

    def look(self) -> str:
        """ "" or, below LOW, such as "1.4 GB of disk left, 12 minutes". Call it often; it looks every EVERY seconds.

        Raises UserError below FULL.
        """
        now = time.monotonic()
        if not self._looks or now - self._looks[-1][0] >= EVERY:
            self._looks.append((now, self._size()))
            self.says = self._found()
        return self.says

    def _found(self) -> str:
        try:
            free = shutil.disk_usage(self._folder).free
        except OSError:  # the write will say what is wrong
            return ""
        # What came since the last look may come twice before the next one.
        if free < FULL + 2 * (self._looks[-1][1] - self._looks[max(len(self._looks) - 2, 0)][1]):
            raise UserError(
                f"{self._name}: the disk is full ({_amount(free)} left): the recording was ended and is whole; "
                f"free space in {self._folder.resolve()}"
            )
        if free >= LOW:
            return ""
        (began, first), (now, size) = self._looks[0], self._looks[-1]
        said = f"{_amount(free)} of disk left"
        if now > began and size > first:
            minutes = (free - FULL) / (size - first) * (now - began) / 60
            said += f", {minutes:.0f} minutes" if minutes >= 2 else f", {60 * minutes:.0f} seconds"
        if free < self._warned / 2 or self._warned > LOW:
            self._warned = free
            log.warning("%s: %s", self._name, said)
        return said


class Keeper:
    """Has a growing file written down to the disk once a second, in a thread of its own: a disk that is slow to do so
    would cost frames. A killed program loses nothing by itself; this is for a power cut.
    """

    def __init__(self, path: Path):
        self._path = path
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"disk {path.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let go of the file; a disk that is slow to answer is not waited for."""
        self._over.set()
        self._thread.join(0.5)

    def _work(self) -> None:
        with contextlib.suppress(OSError), open(self._path, "rb+", buffering=0) as file:
            while not self._over.wait(1.0):
                getattr(os, "fdatasync", os.fsync)(file.fileno())


def _amount(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
