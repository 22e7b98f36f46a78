"""Learns from votes which way among the latents is liked: Bayesian logistic regression, one vote at a time.

Each vote is one step of assumed density filtering with a Gaussian over the weights (Spiegelhalter and Lauritzen 1990;
Chu et al. 2011), so it counts at once and takes microseconds. The weights say what tells liked latents from others;
they are no way to go, for they lead out of the dream. The direction is instead how the dream's latents themselves go
when the liking rises by one standard deviation, the weights times the latents' covariance (Haufe et al. 2014).
"""

import math

import numpy as np
from numpy.typing import NDArray

from livedream.play import Floats

Array = NDArray[np.float64]

BELIEVED = 0.05  # variance of a weight before the first vote: small, so that a few wrong votes do not mislead it
OFFSET = 4.0  # the same of the offset: how often it is liked at all
STANDARD = 200.0  # latents that the assumption of a covariance of 1 counts for
TINY = 1e-9  # length of a direction that is none
DOUBTS = 6.0  # votes that it would have guessed by chance, before any vote
RECENT = 24.0  # votes that `sure` is about, most of all the latest ones


class Preference:
    """What the votes about one dream say so far.

    Args:
        length: Z, numbers in a latent. All latents are in standard deviations from the dream's mean.

    Attributes:
        up, down: Votes so far.
    """

    def __init__(self, length: int):
        self._seen, self._mean, self._covariance = STANDARD, np.zeros(length), np.eye(length)
        self.begin()

    def begin(self, towards: Floats | None = None) -> None:
        """Forget all votes, and begin from a direction [Z], as `direction` gave it, or from none."""
        length = self._mean.size
        self.up = self.down = 0
        self._weights = np.zeros(length + 1)  # the offset is the last one
        self._spread = np.diag(np.append(np.full(length, BELIEVED), OFFSET))  # covariance of the weights
        self._guessed = 0.5  # share of the votes that were as expected
        if towards is not None and (far := float(np.linalg.norm(towards))) > 0:
            self._weights[:-1] = np.asarray(towards, np.float64) / far

    def see(self, latent: Floats) -> None:
        """Take note of a latent [Z] of the dream's own, voted about or not: it shows how its latents go together."""
        self._seen += 1
        away = latent - self._mean
        self._mean += away / self._seen
        self._covariance += (np.outer(away, latent - self._mean) - self._covariance) / self._seen

    def vote(self, latent: Floats, liked: bool, votes: int = 1) -> None:
        """Learn that a latent [Z] was liked, or not, by so many at once."""
        self.up, self.down = self.up + votes * liked, self.down + votes * (not liked)
        at = np.append(np.asarray(latent, np.float64), 1.0)
        expected = bool((self._weights @ at > 0) == liked)
        self._guessed += (expected - self._guessed) / min(self.up + self.down - votes + 1 + DOUBTS, RECENT)
        for _ in range(votes):
            way = self._spread @ at
            doubt = float(at @ way)
            chance = 1 / (1 + math.exp(-float(self._weights @ at) / math.sqrt(1 + math.pi / 8 * doubt)))
            steep = max(chance * (1 - chance), 0.02)
            self._spread -= np.outer(way, way) * (steep / (1 + steep * doubt))
            self._weights += self._spread @ at * (liked - chance)

    def direction(self) -> Floats:
        """Return what one standard deviation of liking changes, f32 [Z]; zeros before the first vote."""
        weights = self._weights[:-1]
        way: Array = self._covariance @ weights
        far = float(np.linalg.norm(way))
        if far < TINY:
            return np.zeros(weights.size, np.float32)
        way = way / far
        return np.asarray(way * max(math.sqrt(way @ self._covariance @ way), 1.0), np.float32)

    @property
    def sure(self) -> float:
        """How sure the direction is, 0..1: how much more often than by chance it has foretold the latest votes."""
        return max(2 * self._guessed - 1, 0.0)
