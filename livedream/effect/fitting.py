"""Fit a picture of any size into an effect's input, and what the effect makes of it back into that picture's shape.

The whole picture goes in, stretched by STRETCH at most. What is left of the input is filled with the picture's mirrored
edges, so that a network never sees a black bar, and is cut off again. What comes back has the picture's size, or is
larger where the effect draws more pixels than that: none that it has drawn are lost.
"""

import numpy as np
from numpy.typing import NDArray

from livedream.picture import Pixels
from livedream.picture.scale import Scaler, Size

STRETCH = 1.1  # times as wide for its height as the picture was, at most


class Fitting:
    """Fits pictures into one effect.

    Args:
        taken: (width, height) of the picture that the effect takes.
        given: (width, height) of the picture that it returns.
    """

    def __init__(self, taken: Size, given: Size):
        self._taken, self._given = taken, given
        self._in, self._out = Scaler(), Scaler()

    def into(self, picture: Pixels) -> Pixels:
        """Return a picture of any size as the effect takes it, uint8 [H, W, 4]."""
        x, y, width, height = inside((picture.shape[1], picture.shape[0]), self._taken)
        scaled = self._in(picture, (width, height))
        if (width, height) == self._taken:
            return np.ascontiguousarray(scaled)
        points = np.ascontiguousarray(scaled).view(np.uint32)[..., 0]  # four bytes are copied as one number
        rows, columns = mirrored(self._taken[1], height, y), mirrored(self._taken[0], width, x)
        return np.ascontiguousarray(points[rows][:, columns])[..., None].view(np.uint8)

    def size(self, picture: Size) -> Size:
        """Return the (width, height) of what comes back of a picture of that (width, height)."""
        left, top, right, bottom = self._cut(picture)
        scale = min((right - left) / picture[0], (bottom - top) / picture[1])
        if scale <= STRETCH:
            return picture
        return round(picture[0] * scale / 2) * 2, round(picture[1] * scale / 2) * 2

    def back(self, made: Pixels, picture: Size) -> Pixels:
        """Return what the effect made of a picture of that (width, height), in the size that `size` says."""
        left, top, right, bottom = self._cut(picture)
        return np.ascontiguousarray(self._out(made[top:bottom, left:right], self.size(picture)))

    def _cut(self, picture: Size) -> tuple[int, int, int, int]:
        """Return (left, top, right, bottom) of the picture's place in what the effect returns."""
        (x, y, width, height), (across, down) = inside(picture, self._taken), self._taken
        left, right = round(x * self._given[0] / across), round((x + width) * self._given[0] / across)
        top, bottom = round(y * self._given[1] / down), round((y + height) * self._given[1] / down)
        return left, top, max(right, left + 1), max(bottom, top + 1)


def inside(size: Size, taken: Size) -> tuple[int, int, int, int]:
    """Return (x, y, width, height) of the place that a picture of `size` takes in the middle of `taken`."""
    (width, height), (across, down) = size, taken
    wider = width * down / (height * across)  # than the effect's input; below 1 narrower
    w = min(across, round(across * wider * STRETCH)) if wider < 1 else across
    h = min(down, round(down / wider * STRETCH)) if wider > 1 else down
    w, h = max(w, 1), max(h, 1)
    return (across - w) // 2, (down - h) // 2, w, h


def mirrored(length: int, inner: int, start: int) -> NDArray[np.intp]:
    """Return which of `inner` lines, placed from `start` on, stands at each of `length`; mirrored beyond its edges."""
    place = (np.arange(length) - start) % (2 * inner)
    return np.where(place < inner, place, 2 * inner - 1 - place)
