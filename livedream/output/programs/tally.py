"""The tally of a sender: who receives it, in one line."""

import time
from collections.abc import Callable


class Tally:
    """Reads a sender's tally at most four times a second and describes it.

    Args:
        read: Returns (on program, in preview, number of receivers).
        receiver: The word for a receiver.
    """

    PERIOD = 0.25  # seconds

    def __init__(self, read: Callable[[], tuple[bool, bool, int]], receiver: str = "receiver"):
        self._read, self._receiver = read, receiver
        self._next = 0.0
        self._note: str | None = None

    def note(self) -> str:
        """Return the newest description: "on air, 2 receivers"."""
        now = time.monotonic()
        if now >= self._next or self._note is None:
            self._next = now + self.PERIOD
            program, preview, count = self._read()
            state = "on air" if program else "in preview" if preview else "sending"
            receivers = f"{count} {self._receiver}{'s' * (count != 1)}"
            self._note = f"{state}, {receivers}" if count > 0 else f"no {self._receiver} yet"
        return self._note
