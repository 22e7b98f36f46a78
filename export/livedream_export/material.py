"""The material of a run: the footage, and the frames and memories chosen from it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import memories, recurrent
from .arrays import Indices
from .autoencoder import held_out
from .cache import Footage
from .hyperparameters import Hyperparameters
from .memories import Memories

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
