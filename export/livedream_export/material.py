"""The material of a run: the footage, and the frames and memories chosen from it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from . import clip_table, footage, memories, recurrent, sources
from .arrays import Indices
from .autoencoder import held_out
from .cache import Footage
from .hyperparameters import Hyperparameters
from .memories import Memories
from .preview import Progress
from .stage_budget import StageBudget

SHOWN = 48  # most held-out frames that are measured, and shown on the contact sheet


@dataclass(frozen=True)
class Material:
    """The footage of a run and what is chosen from it.

    Attributes:
        footage: all of it.
        allowed: numbers of the frames that are learned.
        shown: numbers of the frames that are measured and shown.
        held_out: whether those in `shown` are held out of training; short footage has too few frames for that.
        memories: None for a dream without.
    """

    footage: Footage
    allowed: Indices
    shown: Indices
    held_out: bool
    memories: Memories | None


def read(
    names: Sequence[str],
    size: str,
    progress: Progress,
    fps: float | None = None,
    background: tuple[int, int, int] = footage.BLACK,
) -> Footage:
    """Read the footage and print what becomes of each clip. Takes what footage.read does."""
    taken = sources.read(names, footage.parse_size(size), fps, progress.share, background)
    for line in [*(clip_table.text(taken.clips) if taken.clips else ()), *taken.notes]:
        progress.line(line)
    if taken.clips:
        height, width = taken.frames.shape[1:3]
        progress.line(clip_table.total(taken.clips, (width, height), len(taken.frames), taken.fps))
    return taken


def dry_run(
    names: Sequence[str],
    size: str,
    minutes: float,
    hp: Hyperparameters,
    fps: float | None = None,
    background: tuple[int, int, int] = footage.BLACK,
) -> None:
    """Read the footage and print what a training would make of it, and the minutes that it needs.

    Raises UserError when it cannot be trained on.
    """
    budget = StageBudget(minutes * 60, hp)
    taken = read(names, size, Progress(), fps, background)
    must_teach_motion(taken, hp)
    height, width = taken.frames.shape[1:3]
    budget.guess(width * height)
    least = math.ceil(budget.least() / 60 * 2 + 0.5)
    enough = "is enough for a dream" if minutes * 60 >= budget.least() else f"is too little: try --minutes {least}"
    size_on_disk = f"{taken.frames.nbytes / 1e6:.3g} MB"
    print(f"nothing was trained; --minutes {minutes:g} {enough}. The frames ({size_on_disk}) are kept for the training")


def must_teach_motion(footage: Footage, hp: Hyperparameters) -> None:
    """Raise UserError for footage in which nothing moves, or whose shots are too short."""
    recurrent.must_move(footage.frames)
    recurrent.window_length(footage.segments, hp.sequence)


def choose_material(footage: Footage, hp: Hyperparameters, tell: Callable[[float], None]) -> Material:
    """Choose frames and memories. tell(share done) is called now and then."""
    held = held_out(len(footage.frames), footage.fps)
    allowed, shown = np.flatnonzero(~held), np.flatnonzero(held)
    left_out = len(shown) > 0
    shown = shown if left_out else allowed  # all of footage under ten seconds is learned
    shown = shown[np.unique(np.linspace(0, len(shown) - 1, SHOWN).astype(int))]
    kept = memories.of_footage(footage, hp, tell) if hp.remembers else None
    return Material(footage, allowed, shown, left_out, kept)
