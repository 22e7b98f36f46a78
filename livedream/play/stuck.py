"""Idle recovery: notices when a dream has come to rest, or goes round in a small circle, and moves it on.

Judged by its latents alone, in the footage's standard deviations: how far they spread in ten seconds of the dream's own
time, compared with how far they usually do. Known to performers as `player/unstick`.
"""

import copy
import math
from collections import deque

import numpy as np

from livedream.dream.dream import Dream
from livedream.parameters import UNSTICK
from livedream.play import Floats, Values
from livedream.play.random_numbers import RandomNumbers
from livedream.play.scene import scene_latent

WINDOW = 10  # seconds that are judged
RATE = 10  # latents a second that are looked at
FEWEST = 5  # latents that are judged, of a dream whose steps are clips of seconds
PAST = 600  # windows, one a second, that say what is usual
FIRST = 60  # windows at the beginning, in which the dream may have moved best
REST = 0.15  # share of the usual spread, below which the dream stands still
STILL = 0.02  # standard deviations: below it a dream stands, whatever is usual
ORBIT = 0.5  # share of the usual spread, below which the dream may be circling
ROUND = 0.2  # share of the spread, within which it has returned to where it was
SHORTEST, LONGEST = 0.4, 5.0  # seconds of a round
PUSH, HARDEST = 0.5, 2.0  # standard deviations of the first push and of the hardest
AGAIN = 60.0  # seconds within which the same trouble is thought to go on


class Stuck:
    """Detects a dream that is stuck.

    Args:
        std: The footage's standard deviation, f32 [Z].
        fps: Steps a second.
    """

    def __init__(self, std: Floats, fps: float):
        self._scale = 1 / np.maximum(std, 1e-6).astype(np.float32)
        self._every = max(1, round(fps / RATE))
        self._rate = fps / self._every
        self._window = np.zeros((max(FEWEST, round(WINDOW * self._rate)), std.size), np.float32)
        self._steps = self._count = 0
        self._first: list[float] = []
        self._past: deque[float] = deque(maxlen=PAST)

    def forget(self) -> None:
        """Begin anew: the dream was put elsewhere."""
        self._steps = self._count = 0

    def step(self, latent: Floats) -> bool:
        """Look at one more latent, f32 [Z]; return True once when the dream is stuck, after ten seconds or later."""
        self._steps += 1
        if self._steps % self._every:
            return False
        length = len(self._window)
        np.multiply(latent, self._scale, out=self._window[self._count % length])
        self._count += 1
        if self._count < length or self._count % max(1, round(self._rate)):
            return False
        spread = float(np.sqrt(self._window.var(axis=0).mean()))
        usual = self._usual()
        if spread < max(REST * usual, STILL) or (spread < ORBIT * usual and self._circles(spread)):
            self.forget()
            return True
        self._past.append(spread)
        if len(self._first) < FIRST:
            self._first.append(spread)
        return False

    def _usual(self) -> float:
        """Return how far the latents usually spread: in the first minute or since, whichever is more."""
        return max(float(np.median(each)) if each else 0.0 for each in (self._first, self._past))

    def _circles(self, spread: float) -> bool:
        """Return whether the latents come back to where they were."""
        at = self._count % len(self._window)
        window = np.concatenate([self._window[at:], self._window[:at]])
        for lag in range(max(1, round(SHORTEST * self._rate)), round(LONGEST * self._rate) + 1):
            away = window[lag:] - window[:-lag]
            if np.sqrt(np.square(away).mean()) < ROUND * spread:
                return True
        return False


class IdleRecovery:
    """Helps one dream that is stuck: a gentle push, or the nearest scene.

    Attributes:
        count: How often it has helped.
        scene: Number of the scene that the dream is to go to, or None.
        detector: Says when the dream is stuck.
    """

    def __init__(self, dream: Dream, random: RandomNumbers):
        self.count = 0
        self.scene: int | None = None
        self._dream, self._random, self._free = dream, random, dream.free
        self._std = np.maximum(dream.std, np.float32(1e-6))[self._free]
        self.detector = Stuck(dream.std[self._free], dream.step_rate)
        self._last, self._times = -math.inf, 0  # the step of the last help, and how many were close to each other
        self._push: tuple[Floats, int] | None = None  # f32 [Z] in all, and the steps that it has been given for

    def copy(self) -> "IdleRecovery":
        """Return an independent one that has seen the same."""
        other = copy.copy(self)
        other.detector = copy.deepcopy(self.detector)
        return other

    def forget(self) -> None:
        """Begin anew: the dream was put elsewhere."""
        self.detector.forget()
        self._push = None

    def pushed(self, latent: Floats) -> Floats:
        """Return a step's latent, [Z], with this step's share of the push."""
        if self._push is None:
            return latent
        push, given = self._push
        steps = max(2, round(self._dream.step_rate))
        share = (1 - math.cos(2 * math.pi * (given + 0.5) / steps)) / steps  # comes and goes gently; 1 in all
        self._push = (push, given + 1) if given + 1 < steps else None
        moved: Floats = latent + np.float32(share) * push
        return moved

    def stuck(self, latent: Floats) -> bool:
        """Look at one more latent, [Z]; return whether the dream is stuck."""
        return self.detector.step(latent[self._free])

    def help(self, here: Floats, steps: int, seed: int, random_step: int, values: Values) -> None:
        """Push the dream, harder the more often that was needed lately, or choose a scene for it to go to.

        Args:
            here: Where it is, f32 [Z].
            steps: Taken since the start.
            seed: Seed of the random numbers.
            random_step: Their count since the seed.
            values: The deck's; player/unstick says which help.
        """
        dream = self._dream
        self._times = self._times + 1 if steps - self._last < AGAIN * dream.step_rate else 0
        self._last = steps
        self.count += 1
        if values["player/unstick"] == UNSTICK.index("scene") and dream.scenes:
            ways = [(scene_latent(dream, n) - here)[self._free] for n in range(len(dream.scenes))]
            distances = [np.linalg.norm(way / self._std) for way in ways]
            self.scene = int(np.argsort(distances)[self._times % len(distances)])  # if the nearest fails, the next
        else:
            size = min(PUSH * 2**self._times, HARDEST)
            self._push = (size * dream.std * self._random.push(seed, random_step)).astype(np.float32), 0
