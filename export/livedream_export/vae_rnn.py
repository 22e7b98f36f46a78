"""The kind vae-rnn, as `livedream train` calls it."""

from argparse import Namespace
from pathlib import Path

from . import hyperparameters, material
from . import train as training
from .training_status import TrainingStatus


def train(options: Namespace, status: TrainingStatus) -> Path | None:
    """Train a dream on footage, or only read the footage and print what becomes of it.

    Returns and raises what train.train does; None after a dry run.
    """
    recipe = hyperparameters.chosen(options.tier, options.memories, options.megabytes)
    if options.dry_run:
        material.dry_run(options.footage, options.size, options.minutes, recipe, options.fps, options.background)
        return None
    return training.train(
        options.footage,
        options.out,
        size=options.size,
        minutes=options.minutes,
        device=options.device,
        resume=options.resume,
        seed=options.seed,
        title=options.title,
        licence=options.licence,
        hp=recipe,
        status=status,
        fps=options.fps,
        background=options.background,
    )
