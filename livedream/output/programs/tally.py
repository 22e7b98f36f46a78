"""What a sender knows about who is listening, in one line."""

import time


class Tally:
    """Asks `read` at most four times a second and makes a note of it.

    read() -> (on program, in preview, receivers).  counted: what a receiver is called.
    """

    PERIOD = 0.25  # seconds

    def __init__(self, read, counted="receiver"):
        self._read, self._counted = read, counted
        self._next = 0.0
        self._note: str | None = None

    def note(self) -> str:
        """The newest note: "on air, 2 receivers"."""
        now = time.monotonic()
        if now >= self._next or self._note is None:
            self._next = now + self.PERIOD
            program, preview, count = self._read()
            what = "on air" if program else "in preview" if preview else "sending"
            who = f"{count} {self._counted}{'s' * (count != 1)}"
            self._note = f"{what}, {who}" if count > 0 else f"no {self._counted} yet"
        return self._note
