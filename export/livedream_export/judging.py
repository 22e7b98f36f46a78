"""The verdict on a finished run: how good the dream is, and whether more training would help."""

from typing import Any

from . import evaluate
from .cache import Footage
from .judges import verdict
from .run_folder import RunFolder
from .trainer_state import TrainerState

RECOMMENDED_STEPS = 9000  # after which more of them bring little, where one of the correction counts as
CORRECTION_COST = 3  # steps of the image model


def judge(folder: RunFolder, footage: Footage, minutes: float, recommended: float) -> str:
    """Measure the written dream, for under a minute, and return a verdict; the figures go into the run folder.

    Args:
        folder: of the run.
        footage: that it was trained on.
        minutes: that it was trained for.
        recommended: minutes, as `recommended_minutes` says.

    Raises:
        UserError: it cannot be measured, or the figures cannot be written.
    """
    figures: dict[str, Any] = evaluate.short(folder.out, footage, progress=lambda share, what: None)
    line = verdict.verdict(figures, minutes, recommended)
    folder.write_figures(figures)
    return line


def recommended_minutes(used: float, trained: float, trainer: TrainerState) -> float:
    """Return the minutes that this footage needs on this machine, about.

    Args:
        used: seconds that the run took.
        trained: seconds of them in which the networks were trained; they are scaled to RECOMMENDED_STEPS.
        trainer: knows how many steps were taken.
    """
    taken = trainer.encoder_steps + CORRECTION_COST * (trainer.steps - trainer.encoder_steps)
    return (used + trained * (RECOMMENDED_STEPS / max(1, taken) - 1)) / 60
