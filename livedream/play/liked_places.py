"""Learns from votes at which places of its footage a dream is liked most, and least.

What a dream with memories shows depends on where it is in its footage as much as on the latents beside that, and which
way these lead depends on the place. So a knob that is voted for leads to places, too.
"""

from collections.abc import Sequence

import numpy as np

from livedream.play import Floats
from livedream.play.places import NOWHERE

WIDTH = 48.0  # memories, about four seconds: standard deviation of how far a vote counts for neighbouring places
CLEAR = 1.0  # votes by which another place must be better for the knob to lead there instead: each change is seen
BEFORE = 3.0  # votes that places count for which a preset or a session has put there
LATEST = 256  # votes that count: an audience may give thousands


class LikedPlaces:
    """What the votes about one dream say of its places so far.

    Attributes:
        most, least: the memories that are liked most and least; NOWHERE while none is.
    """

    def __init__(self) -> None:
        self.begin()

    def begin(self, places: Sequence[float] = (NOWHERE, NOWHERE)) -> None:
        """Forget all votes, and begin from places liked most and least, or from none."""
        self.most, self.least = places
        self._votes = [(each, sign * BEFORE) for each, sign in zip(places, (1, -1), strict=True) if each > NOWHERE]

    def vote(self, place: Floats, liked: bool, votes: int = 1) -> None:
        """Learn that a place, f32 [3], was liked, or not, by so many at once."""
        first, second, share = map(float, place)
        sign = votes if liked else -votes
        self._votes += [(each, sign * part) for each, part in ((first, 1 - share), (second, share)) if part > 0]
        self._votes = self._votes[-LATEST:]
        self.most, self.least = self._best(self.most, 1), self._best(self.least, -1)

    def _best(self, now: float, sign: int) -> float:
        """Return the place with the most votes of that sign around it: `now` unless another is clearly better."""
        places = np.array([now, *(each for each, _ in self._votes)])
        near = np.exp(-(((places[:, None] - places[1:]) / WIDTH) ** 2) / 2)
        around = sign * near @ np.array([votes for _, votes in self._votes])  # those about neighbours count in part
        held = now > NOWHERE and 0 < around[0] > around.max() - CLEAR
        best = 0 if held else 1 + int(around[1:].argmax())
        return float(places[best]) if around[best] > 0 else NOWHERE
