"""The budget of a vae-rnn run, whose minutes are shared by the image model, the motion model and early dreams."""

import time
from collections.abc import Callable

from ..budget import Budget
from .recipe import Recipe

EARLY_SPELL = 0.12  # share of the recurrent network's time that comes before each of them,
SPELL_SECONDS = (10.0, 60.0)  # within these limits
LEAST_SPELL = 4.0  # seconds that the recurrent network is trained at the end, however late it is


class StageBudget(Budget):
    """The clock of a vae-rnn run.

    `spent` has "pictures" (the autoencoder) and "motion"; `costs` has "encode" (encoding all frames) beside "dream".
    """

    def __init__(self, total: float, hp: Recipe, now: Callable[[], float] = time.monotonic):
        super().__init__(total, now, ("pictures", "motion"))
        self.hp = hp
        self.costs["encode"] = 0.0

    def least(self) -> float:
        """Return the seconds without which there is no dream, with those that have passed."""
        return super().least() + LEAST_SPELL

    def pictures(self) -> float:
        """Return the seconds for which the autoencoder is trained in all, as far as is known now."""
        share = self.hp.autoencoder_share / (self.hp.autoencoder_share + self.hp.recurrent_share)
        return min(self.learning_time() * share, self.spent["pictures"] + self.free())

    def spell(self) -> float:
        """Return the seconds for which the recurrent network is trained before an early dream."""
        least, most = SPELL_SECONDS
        return max(least, min(most, EARLY_SPELL * (self.learning_time() - self.pictures())))
