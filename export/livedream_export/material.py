"""The material of a run: the footage, and which frames of it are learned and which are shown."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from . import clip_table, footage, sources
from .arrays import Flags, Indices
from .cache import Footage
from .preview import Progress

SHOWN = 48  # most held-out frames that are measured, and shown on the contact sheet


@dataclass(frozen=True)
class Material:
    """Which frames of the footage are for what.

    Attributes:
        allowed: numbers of the frames that are learned.
        shown: numbers of the frames that are measured and shown.
        held_out: whether those in `shown` are held out of training; short footage has too few frames for that.
    """

    allowed: Indices
    shown: Indices
    held_out: bool


def read(
    names: Sequence[str],
    size: str,
    progress: Progress,
    fps: float | None = None,
    background: tuple[int, int, int] = footage.BLACK,
    pictures: bool = False,
) -> Footage:
    """Read the footage and print what becomes of each clip. Takes what sources.read does."""
    taken = sources.read(names, footage.parse_size(size), fps, progress.share, background, pictures)
    for line in [*(clip_table.text(taken.clips) if taken.clips else ()), *taken.notes]:
        progress.line(line)
    if taken.clips:
        height, width = taken.frames.shape[1:3]
        progress.line(clip_table.total(taken.clips, (width, height), len(taken.frames), taken.fps))
    return taken


def held_out(count: int, fps: float) -> Flags:
    """Return which frames are held out of training, bool [count]: the last second of every ten."""
    held: Flags = (np.arange(count) / fps).astype(int) % 10 == 9
    return held


def choose(footage: Footage) -> Material:
    """Choose the frames that are learned and those that are shown."""
    alone = len(footage.segments) == len(footage.frames)  # pictures that are no sequence
    held = held_out(len(footage.frames), 1.0 if alone else footage.fps)
    allowed, shown = np.flatnonzero(~held), np.flatnonzero(held)
    left_out = len(shown) > 0
    shown = shown if left_out else allowed  # all of footage under ten seconds is learned
    shown = shown[np.unique(np.linspace(0, len(shown) - 1, SHOWN).astype(int))]
    return Material(allowed, shown, left_out)
