"""Decides whether the drawer waits for an effect: only where it is surely ready in time."""

import statistics
from collections import deque

REMEMBERED = 30  # runs, and frames
STRIKES = 3  # waits in vain, among as many frames as are remembered, after which it is no longer waited for
REST = 4.0  # seconds of the show until waiting is tried again; twice as many after each time in vain
LONGEST_REST = 64.0
MARGIN = 1.15


class Pace:
    """How long an effect takes, and what follows from it.

    Args:
        seconds: Of the run that was tried before the show.

    Attributes:
        waits: Whether the drawer waited at the last frame.
    """

    def __init__(self, seconds: float):
        self.waits = False
        self._took: deque[float] = deque([seconds], maxlen=REMEMBERED)
        self._missed: deque[bool] = deque(maxlen=REMEMBERED)
        self._again, self._rest = 0.0, REST

    def ran(self, seconds: float) -> None:
        """Remember how long a run took."""
        self._took.append(seconds)

    def wait(self, left: float, now: float) -> bool:
        """Return whether to wait for this frame's result.

        Args:
            left: Seconds that the frame has left for it.
            now: The show's time in seconds.
        """
        if self.waits:
            self.waits = statistics.median(self._took) < left
            if not self.waits:
                self._again = now + self._rest
        elif now >= self._again:
            # Beside the drawer it takes longer than while that waits, so its fastest runs count.
            self.waits = MARGIN * min(self._took) < left
            if self.waits:
                self._missed.clear()
        return self.waits

    def waited(self, missed: bool, now: float) -> None:
        """Remember whether the result that was waited for came too late."""
        self._missed.append(missed)
        if sum(self._missed) >= STRIKES:
            self.waits = False
            self._again, self._rest = now + self._rest, min(2 * self._rest, LONGEST_REST)
        elif len(self._missed) == REMEMBERED and not any(self._missed):
            self._rest = REST
