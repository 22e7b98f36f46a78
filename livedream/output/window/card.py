"""The test card, drawn for the very pixels of a window, with a line that moves across it."""

import time
from collections.abc import Sequence

import numpy as np

from livedream.output.window import drawing

PERIOD = 6.0  # seconds from edge to edge
LINE = 6  # pixels wide, with a dark edge on each side


class Shown:
    """The card as a texture. Needs the OpenGL context to be current."""

    def __init__(self):
        self.texture = drawing.Texture()
        self._made = None
        self._at = 0

    def update(self, size: tuple[int, int], lines: Sequence[str]) -> None:
        """Be a card of (width, height) that says these lines, and move its line to where it is now."""
        if self._made != (size, lines):
            self._made, self._pixels = (size, lines), draw(*size, lines)
            self.texture.put(self._pixels)
        before = self._pixels[:, self._at : self._at + LINE]
        self.texture.upload(before, self._at)
        self._at = int((size[0] - LINE) * (time.monotonic() / PERIOD % 1.0))
        line = np.zeros((size[1], min(LINE, size[0]), 4), np.uint8)
        line[:, 1:-1] = 255
        self.texture.upload(line, self._at)


def draw(width: int, height: int, lines: Sequence[str]) -> np.ndarray:
    """uint8 [height, width, 4]."""
    card = np.full((height, width, 4), 60, np.uint8)
    card[..., 3] = 255
    return card
