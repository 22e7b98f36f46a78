"""Sees when a dream has come to rest, or goes round and round in little.

Judged by its latents alone, in the footage's standard deviations: how far they spread in ten seconds of the dream's own
time, against how far they usually do.
"""

import copy
from collections import deque

import numpy as np

WINDOW = 10  # seconds that are judged
RATE = 10  # latents of a second that are looked at
PAST = 600  # windows, one a second, that say what is usual
FIRST = 60  # of those, which the dream may have been moving best in
REST = 0.15  # of the usual spread: below it the dream stands
STILL = 0.02  # standard deviations: below it a dream stands, whatever is usual
ORBIT = 0.5  # of the usual spread: below it the dream is looked at whether it goes round
ROUND = 0.2  # of the spread: it comes back so near to where it was
SHORTEST, LONGEST = 0.4, 5.0  # seconds of a round


class Stuck:
    """std: f32 [Z], the footage's; fps: steps a second."""

    def __init__(self, std: np.ndarray, fps: float):
        self._scale = 1 / np.maximum(std, 1e-6).astype(np.float32)
        self._every = max(1, round(fps / RATE))
        self._rate = fps / self._every
        self._seen = np.zeros((round(WINDOW * self._rate), std.size), np.float32)
        self._steps = self._count = 0
        self._first: list[float] = []
        self._past: deque[float] = deque(maxlen=PAST)

    def copy(self) -> "Stuck":
        """Another that has seen the same."""
        return copy.deepcopy(self)

    def forget(self) -> None:
        """It was put elsewhere: what it did until now says nothing."""
        self._steps = self._count = 0

    def step(self, latent: np.ndarray) -> bool:
        """Look at one more latent, f32 [Z]; True once when the dream is stuck, at the earliest after ten seconds."""
        self._steps += 1
        if self._steps % self._every:
            return False
        length = len(self._seen)
        np.multiply(latent, self._scale, out=self._seen[self._count % length])
        self._count += 1
        if self._count < length or self._count % round(self._rate):
            return False
        spread = float(np.sqrt(self._seen.var(axis=0).mean()))
        usual = self._usual()
        if spread < max(REST * usual, STILL) or (spread < ORBIT * usual and self._round(spread)):
            self.forget()
            return True
        self._past.append(spread)
        if len(self._first) < FIRST:
            self._first.append(spread)
        return False

    def _usual(self) -> float:
        """How far the latents usually spread: in the first minute or since, whichever is more."""
        return max(float(np.median(each)) if each else 0.0 for each in (self._first, self._past))

    def _round(self, spread: float) -> bool:
        """Whether the latents come back to where they were."""
        at = self._count % len(self._seen)
        seen = np.concatenate([self._seen[at:], self._seen[:at]])
        for lag in range(max(1, round(SHORTEST * self._rate)), round(LONGEST * self._rate) + 1):
            away = seen[lag:] - seen[:-lag]
            if np.sqrt(np.square(away).mean()) < ROUND * spread:
                return True
        return False
