"""The past of a dream, as points that can be drawn again."""

import copy

from livedream.dream.dream import Dream
from livedream.play.history import History
from livedream.play.random_numbers import RandomNumbers
from livedream.play.state import Point, blend_points, interpolate_points


class Past:
    """Draws positions of a dream's history.

    Attributes:
        dream: Whose past.
        history: Its steps.
    """

    def __init__(self, dream: Dream, random: RandomNumbers):
        self.dream, self.history = dream, History(dream)
        self._random = random

    def copy(self) -> "Past":
        """Return an independent past of the same steps."""
        other = copy.copy(self)
        other.history = self.history.copy()
        return other

    def point(self, number: int) -> Point:
        """Return the point of a step."""
        return self._random.point(self.history.latent(number), *self.history.random_key(number))

    def point_at(self, position: float) -> Point:
        """Return the point that was drawn at a position."""
        before, after, phase = self.history.around(position)
        return interpolate_points(self.dream, self.point(before), self.point(after), phase)

    def blend(self, a: Point, b: Point, weight: float) -> Point:
        """Return the blend of two points of it; 0 is a, 1 is b."""
        return blend_points(self.dream, a, b, weight)
