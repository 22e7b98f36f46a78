"""A dream second by second and minute by minute: does it stand still, does it dissolve? The footage is the scale.

**Never stuck.** Once a second a pair of neighbouring frames, one step apart, is compared; the pair's change is their
mean absolute difference in grey levels. The figure is the least mean change over any 4 seconds (4 pairs), divided by
the footage's own mean change: its pairs are taken once a second too, never across a cut.

**Never dissolved.** The first frames of a minute's pairs, 60, are compared with 160 frames evenly chosen from all the
footage by the Fréchet distance of their features (features.py). The first minute's is divided by the distance between
the footage's two halves, 60 frames evenly chosen of one against 160 of the other, the mean of both ways round; the
largest of the later minutes' by the first minute's. The distance grows as samples get fewer, so the counts are always
60 and 160; footage with fewer frames in a half lowers them for all alike. For scale, each full minute of the footage is
also compared with 160 frames of the rest of it.
"""

from collections.abc import Sequence

import numpy as np

from livedream import UserError

from ..arrays import Doubles, Indices
from ..cache import Footage
from ..features import Features, frechet
from .windows import change, evenly

MINUTE, REFERENCE = 60, 160  # frames on the two sides of every Fréchet distance
WINDOW = 4  # seconds over which a dream may not stand still


class Scale:
    """Figures of the footage itself, with which dreams are compared.

    Attributes:
        change: mean change of its pairs, grey levels.
        least_change: least over any 4 seconds, as a share of that.
        halves: Fréchet distance between its two halves; None where it was not asked for.
        minutes: those of each of its full minutes to the rest of it.
    """

    def __init__(
        self,
        footage: Footage,
        features: Features,
        minute: int = MINUTE,
        reference: int = REFERENCE,
        reference_only: bool = False,
    ):
        """Measure the footage; reference_only leaves out halves and minutes. Raises UserError if nothing moves."""
        self._frames, self._features = footage.frames, features
        count = len(footage.frames)
        self.change, self.least_change = changes(footage)
        half = count // 2
        self.minute, self.reference = min(minute, half), min(reference, half)
        everything = np.arange(count)
        self._reference = self._features_of(everything, self.reference)
        self.halves: float | None = None
        self.minutes: list[float] = []
        if reference_only:
            return
        one, other = everything[:half], everything[count - half :]
        self.halves = (self._between(one, other) + self._between(other, one)) / 2
        long = round(60 * footage.fps)
        runs = [np.arange(k, k + long) for k in range(0, count - long + 1, long)] if count >= 2 * long else []
        self.minutes = [self._between(run, np.setdiff1d(everything, run)) for run in runs]

    def _features_of(self, indices: Indices, at_most: int) -> Doubles:
        return self._features(self._frames[indices[evenly(len(indices), at_most)]])

    def _between(self, a: Indices, b: Indices) -> float:
        return frechet(self._features_of(a, self.minute), self._features_of(b, self.reference))

    def distance(self, minute: Doubles) -> float:
        """Return the Fréchet distance of a dreamt minute's features [60, F] to the footage."""
        return frechet(minute[evenly(len(minute), self.minute)], self._reference)


def changes(footage: Footage) -> tuple[float, float]:
    """Return the mean change of the footage's pairs, and the least over 4 seconds as a share of it.

    Raises:
        UserError: nothing moves in it.
    """
    frames, count = footage.frames, len(footage.frames)
    starts = {start for start, _ in footage.segments}
    seconds = (round(second * footage.fps) for second in range(max(1, int(count / footage.fps))))
    found = [change(frames[k], frames[k + 1]) for k in seconds if k + 1 < count and k + 1 not in starts]
    if not np.mean(found or [0]):
        raise UserError("the footage does not move, so nothing can be said about a dream of it")
    mean = float(np.mean(found))
    return mean, float(rolling(found).min() / mean)


def rolling(changes: Sequence[float]) -> Doubles:
    """Return the mean over every WINDOW seconds of changes, one a second; over all of them if they are fewer."""
    window = min(WINDOW, len(changes))
    return np.convolve(changes, np.full(window, 1 / window), "valid")
