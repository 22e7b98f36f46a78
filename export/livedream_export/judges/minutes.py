"""A dream second by second and minute by minute: does it stand still, does it dissolve? The footage is the scale.

**Never stuck.** Once a second a pair of neighbouring frames, one step apart, is looked at; the pair's change is their
mean absolute difference in grey levels. The figure is the least mean change over any 4 seconds (4 pairs), divided by
the footage's own mean change: its pairs are taken once a second too, never across a cut.

**Never dissolved.** The first frames of a minute's pairs, 60, against 160 frames evenly chosen from the whole footage:
Fréchet distance of features (features.py). First minute: divided by the distance between the footage's two halves, 60
frames evenly chosen of one against 160 of the other, the mean of both ways round. Later minutes: the largest, divided
by the first's. The distance grows as samples get fewer, so the counts are always 60 and 160; footage with fewer frames
in a half lowers them for all alike. For scale, each whole minute of the footage is also held against 160 frames of the
rest of it.
"""

from collections.abc import Sequence

import numpy as np

from livedream import UserError

from ..cache import Footage
from ..features import Features, frechet
from .windows import change, evenly

MINUTE, REFERENCE = 60, 160  # frames on the two sides of every Fréchet distance
WINDOW = 4  # seconds over which a dream may not stand still


class Scale:
    """What the footage itself shows, and what dreams are held against.

    change: mean of its pairs', grey levels. least_change: of any 4 seconds, as a share of it. halves: Fréchet distance
    between its two halves. minutes: that of each of its whole minutes to the rest of it.
    whole_only: leave these two out. UserError for footage that does not move.
    """

    def __init__(
        self,
        footage: Footage,
        features: Features,
        minute: int = MINUTE,
        reference: int = REFERENCE,
        whole_only: bool = False,
    ):
        self._frames, self._features = footage.frames, features
        count = len(footage.frames)
        self.change, self.least_change = moved(footage)
        half = count // 2
        self.minute, self.reference = min(minute, half), min(reference, half)
        everything = np.arange(count)
        self.whole = self._seen(everything, self.reference)
        self.halves, self.minutes = None, []
        if whole_only:
            return
        one, other = everything[:half], everything[count - half :]
        self.halves = (self._between(one, other) + self._between(other, one)) / 2
        long = round(60 * footage.fps)
        runs = [np.arange(k, k + long) for k in range(0, count - long + 1, long)] if count >= 2 * long else []
        self.minutes = [self._between(run, np.setdiff1d(everything, run)) for run in runs]

    def _seen(self, indices: np.ndarray, at_most: int) -> np.ndarray:
        return self._features(self._frames[indices[evenly(len(indices), at_most)]])

    def _between(self, a: np.ndarray, b: np.ndarray) -> float:
        return frechet(self._seen(a, self.minute), self._seen(b, self.reference))

    def apart(self, minute: np.ndarray) -> float:
        """Fréchet distance of a dreamt minute's features [60, F] to the footage."""
        return frechet(minute[evenly(len(minute), self.minute)], self.whole)


def moved(footage: Footage) -> tuple[float, float]:
    """Mean change of the footage's pairs, and the least over 4 seconds as a share of it. UserError if it is still."""
    frames, count = footage.frames, len(footage.frames)
    starts = {start for start, _ in footage.segments}
    seconds = (round(second * footage.fps) for second in range(int(count / footage.fps)))
    changes = [change(frames[k], frames[k + 1]) for k in seconds if k + 1 < count and k + 1 not in starts]
    if not np.mean(changes or [0]):
        raise UserError("the footage does not move, so nothing can be said about a dream of it")
    mean = float(np.mean(changes))
    return mean, float(rolling(changes).min() / mean)


def rolling(changes: Sequence[float]) -> np.ndarray:
    """Mean over every WINDOW seconds, of changes measured once a second; over all of them if they are fewer."""
    window = min(WINDOW, len(changes))
    return np.convolve(changes, np.full(window, 1 / window), "valid")
