"""How long footage should be trained on this machine."""

from .trainer_state import TrainerState

RECOMMENDED_STEPS = 9000  # after which more of them bring little, where one of the correction counts as
CORRECTION_COST = 3  # steps of the image model


def recommended_minutes(used: float, trained: float, trainer: TrainerState) -> float:
    """Return the minutes that this footage needs on this machine, about.

    Args:
        used: seconds that the run took.
        trained: seconds of them in which the networks were trained; they are scaled to RECOMMENDED_STEPS.
        trainer: knows how many steps were taken.
    """
    taken = trainer.encoder_steps + CORRECTION_COST * (trainer.steps - trainer.encoder_steps)
    return (used + trained * (RECOMMENDED_STEPS / max(1, taken) - 1)) / 60
