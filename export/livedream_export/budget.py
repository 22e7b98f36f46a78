"""A training run's clock, and what its minutes are spent on."""

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from livedream import UserError

EARLY_FROM = 300.0  # seconds that a run lasts at least, if it makes early dreams
FIRST, FIRST_SHARE = 60.0, 0.055  # seconds of training before the first of them, or share of the run: the lesser
EVERY, EVERY_SHARE = 240.0, 1 / 8  # seconds between them, or share of the run: the greater
MAX_COST = 1 / 8  # most of the time that goes into writing them
LEAST = 8.0  # seconds of training without which there is no dream
DREAM_GUESS = 8.0, 90.0  # seconds that a dream and its pictures take, and more for a million pixels, until measured
SPARE = 0.02  # share of the time that is kept for what is not measured


class Budget:
    """The clock of a run and of those it resumes, in seconds.

    Attributes:
        total: time for everything.
        spent: time in which each network was trained, by its name.
        costs: how long what is no training took last, by name: "dream" is writing a dream with its pictures.
        early_at: when the last early dream was done, None before the first.
    """

    def __init__(
        self, total: float, now: Callable[[], float] = time.monotonic, networks: Sequence[str] = ("training",)
    ):
        self.total, self.now = total, now
        self.spent = dict.fromkeys(networks, 0.0)
        self.costs = {"dream": DREAM_GUESS[0]}
        self.early_at: float | None = None
        self._began = now()

    def to_checkpoint(self) -> dict[str, Any]:
        """Return what a checkpoint keeps of it."""
        times = {"used": self.used(), "total": self.total, "early_at": self.early_at}
        return {**times, "spent": self.spent, "costs": self.costs}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Count the time of the runs before, as a checkpoint kept it."""
        self._began -= saved["used"]
        self.spent, self.early_at = dict(saved["spent"]), saved.get("early_at")
        self.costs |= saved.get("costs", {})

    def guess(self, pixels: int) -> None:
        """Estimate how long a dream with pictures of so many pixels takes, before the first is written."""
        self.costs["dream"] = DREAM_GUESS[0] + DREAM_GUESS[1] * pixels / 1e6

    def used(self) -> float:
        """Return the seconds that have passed."""
        return self.now() - self._began

    def left(self) -> float:
        """Return the seconds that remain."""
        return self.total - self.used()

    def finish(self) -> float:
        """Return the seconds that come after the last step."""
        return self.costs["dream"] + SPARE * self.total

    def least(self) -> float:
        """Return the seconds without which there is no dream, with those that have passed."""
        return self.used() + SPARE * self.total + sum(self.costs.values()) + LEAST

    def must_suffice(self) -> None:
        """Raise UserError, with the minutes to ask for, when the time does not suffice for any dream."""
        least = self.least()
        if self.total < least:
            enough = math.ceil(least / 60 * 2 + 0.5)
            raise UserError(
                f"--minutes {self.total / 60:g}: too little for this footage, whose reading and writing alone take "
                f"{least:.0f} s here; try --minutes {enough}"
            )

    def early_due(self) -> bool:
        """Whether it is time for an early dream: after a little training, then now and then, but not near the end."""
        if self.total < EARLY_FROM or self.left() - self.finish() < self._every() / 2:
            return False
        if self.early_at is None:
            return sum(self.spent.values()) >= min(FIRST, FIRST_SHARE * self.total)
        return self.used() - self.early_at >= self._every()

    @contextlib.contextmanager
    def measured(self, cost: str) -> Iterator[None]:
        """Measure the time in here as a cost."""
        begun = self.now()
        yield
        self.costs[cost] = self.now() - begun

    @contextlib.contextmanager
    def learning(self, network: str) -> Iterator[None]:
        """Count the time in here as training of `network`."""
        begun = self.now()
        try:
            yield
        finally:
            self.spent[network] += self.now() - begun

    def _every(self) -> float:
        return max(EVERY, EVERY_SHARE * self.total, sum(self.costs.values()) / MAX_COST)

    def learning_time(self) -> float:
        """Return the seconds for which networks are trained in all: those so far, and those left beside costs."""
        cost = sum(self.costs.values())
        early = cost / (self._every() + cost) if self.total >= EARLY_FROM else 0.0
        return sum(self.spent.values()) + self.free() * (1 - early)

    def free(self) -> float:
        """Return the seconds left beside what comes at the end."""
        return max(0.0, self.left() - SPARE * self.total - sum(self.costs.values()))
