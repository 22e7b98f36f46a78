"""A phase-locked loop: a steady beat from pulses with jitter."""

import math

MEMORY = 96  # pulses that the line is fitted to, four beats of MIDI clock: more is steadier, fewer follows sooner
LOCKED = 24  # pulses after which the period is reliable
GAP = 0.6  # seconds without a pulse after which it is another clock; the slowest pulses are 0.25 s apart
ASTRAY = 0.004  # mean error in seconds at which the line is taken for outdated
FASTEST, SLOWEST = 0.005, 0.25  # seconds from pulse to pulse


class PhaseLock:
    """The line through pulses at equal distances.

    A second-order loop (alpha-beta filter) whose gains begin as those of a growing least-squares line, which locks
    as soon as can be, and end at those of one over MEMORY pulses (Brookner, Tracking and Kalman Filtering Made Easy,
    1998, 1.3). A clock that changes its tempo shows in errors that do not average out; then most is forgotten.

    Attributes:
        pulses: number of pulses that the line is fitted to, 0 to MEMORY.
        at: seconds of the latest pulse, on the line.
        period: seconds between two pulses.
        came: seconds at which the latest pulse really came.
    """

    def __init__(self) -> None:
        self.pulses = 0
        self.at, self.period = 0.0, 0.5 / 24
        self.came, self._astray = -math.inf, 0.0

    @property
    def locked(self) -> bool:
        return self.pulses >= LOCKED

    def pulse(self, at: float) -> None:
        """Take a pulse that came at `at` seconds, of any clock that runs evenly."""
        if not self.pulses or at - self.came > GAP:
            self.pulses, self.at, self._astray = 1, at, 0.0
        else:
            error = at - (self.at + self.period)
            self._astray += (error - self._astray) / 8
            self.pulses = n = min(self.pulses + 1, MEMORY)
            if n > LOCKED and abs(self._astray) > ASTRAY:
                self.pulses, self._astray = 6, 0.0
            self.at += self.period + 2 * (2 * n - 1) / (n * (n + 1)) * error
            self.period = min(max(self.period + 6 / (n * (n + 1)) * error, FASTEST), SLOWEST)
        self.came = at
