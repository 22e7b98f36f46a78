"""A training run's clock, and what its minutes are spent on."""

import contextlib
import math
import time
from collections.abc import Callable

from livedream import UserError

from .hyperparameters import Hyperparameters

EARLY_FROM = 300.0  # seconds a run lasts at least, if it makes early dreams
FIRST = 60.0  # seconds of learning before the first of them, or this share of the run if that is less:
FIRST_SHARE = 0.055
EVERY = 240.0  # seconds between them, or this share of the run if that is more:
EVERY_SHARE = 1 / 8
DEAREST = 1 / 8  # of the time, at most, goes into making them
EARLY_SPELL = 0.12  # of the recurrent network's time comes before each of them, within these seconds:
SPELL_SECONDS = (10.0, 60.0)
LEAST_SPELL = 4.0  # seconds the recurrent network learns at the end, however late it is
LEAST = 8.0  # seconds of learning without which there is no dream
DREAM_GUESS = 8.0, 90.0  # seconds that a dream and its pictures take, and more for a million pixels, until measured
SPARE = 0.02  # of the time, for what is not measured


class Budget:
    """Wall clock of a run and of those it resumes, in seconds.

    total: in all. spent: learning of each network. costs: what encoding all frames ("encode") and writing a dream
    with its pictures ("dream") took last. early_at: when the last early dream was done, None before the first.
    """

    def __init__(self, total: float, hp: Hyperparameters, now: Callable[[], float] = time.monotonic):
        self.total, self.now, self.hp = total, now, hp
        self.spent = {"pictures": 0.0, "motion": 0.0}
        self.costs = {"encode": 0.0, "dream": DREAM_GUESS[0]}
        self.early_at: float | None = None
        self._began = now()

    def resume(self, used: float, spent: dict[str, float], early_at: float | None) -> None:
        """Count the runs before: seconds they took, and of them those of learning."""
        self._began -= used
        self.spent, self.early_at = dict(spent), early_at

    def guess(self, pixels: int) -> None:
        """What a dream with pictures of so many pixels may cost, before the first."""
        self.costs["dream"] = DREAM_GUESS[0] + DREAM_GUESS[1] * pixels / 1e6

    def used(self) -> float:
        return self.now() - self._began

    def left(self) -> float:
        return self.total - self.used()

    def finish(self) -> float:
        """Seconds that come after the last step."""
        return self.costs["dream"] + SPARE * self.total

    def must_suffice(self) -> None:
        """Raise UserError, with what to ask for instead, when the time does not suffice for any dream."""
        least = self.used() + self.finish() + self.costs["encode"] + LEAST + LEAST_SPELL
        if self.total < least:
            enough = math.ceil(least / 60 * 2 + 0.5)
            raise UserError(
                f"--minutes {self.total / 60:g}: too little for this footage, whose reading and writing alone take "
                f"{least:.0f} s here; try --minutes {enough}"
            )

    def pictures(self) -> float:
        """Seconds the autoencoder learns in all, by what is known now."""
        share = self.hp.autoencoder_share / (self.hp.autoencoder_share + self.hp.recurrent_share)
        return min(self._learning() * share, self.spent["pictures"] + self._free())

    def spell(self) -> float:
        """Seconds the recurrent network learns before an early dream."""
        least, most = SPELL_SECONDS
        return max(least, min(most, EARLY_SPELL * (self._learning() - self.pictures())))

    def early_due(self) -> bool:
        """Whether it is time for an early dream: after a little learning, then now and then, but not near the end."""
        if self.total < EARLY_FROM or self.left() - self.finish() < self._every() / 2:
            return False
        if self.early_at is None:
            return self.spent["pictures"] >= min(FIRST, FIRST_SHARE * self.total)
        return self.used() - self.early_at >= self._every()

    @contextlib.contextmanager
    def measured(self, cost: str):
        begun = self.now()
        yield
        self.costs[cost] = self.now() - begun

    @contextlib.contextmanager
    def learning(self, network: str):
        """Time in here is learning of `network`."""
        begun = self.now()
        try:
            yield
        finally:
            self.spent[network] += self.now() - begun

    def _every(self) -> float:
        return max(EVERY, EVERY_SHARE * self.total, sum(self.costs.values()) / DEAREST)

    def _learning(self) -> float:
        """Seconds both networks learn in all: what has been, and what is left when the rest is paid."""
        dear = sum(self.costs.values())
        early = dear / (self._every() + dear) if self.total >= EARLY_FROM else 0.0
        return sum(self.spent.values()) + self._free() * (1 - early)

    def _free(self) -> float:
        """Seconds left when the end is paid."""
        return max(0.0, self.left() - self.finish() - self.costs["encode"])
