"""The picture that travels from the player through the stage to every output."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture and where it stands in time.

    pixels: uint8 [H, W, 4], sRGB RGBA, top row first; nobody may write to it once it has been handed on.
    number: the stage's frame number; number / fps is the show's time.
    fresh: drawn for this number; False when it repeats an earlier drawing.
    event_at: time.perf_counter() seconds at which the oldest control change first shown here arrived, or None.
    """

    pixels: np.ndarray
    number: int
    fresh: bool = True
    event_at: float | None = None
