"""Finds the cuts between shots.

A signature of 240 bytes is kept of each frame (26 MB for an hour). A cut is a change that lasts and that stands out
from the changes around it, unlike fast motion, flashes, explosions and repeated frames. Only hard cuts are found: a
dissolve moves slowly enough to be learned as motion.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats, Indices, Rgb

_GRID = 8  # cells a side
_BINS = 16  # levels a channel
_AROUND = 6  # changes compared on each side
_CHUNK = 4096  # frames compared at once


Signature = NDArray[np.uint8]  # [240]


def signature(frame: Rgb) -> Signature:
    """Return the signature of a frame [H, W, 3] of at least 8 x 8 pixels.

    It is the mean colours of 8 x 8 cells, and the share of the picture below each of 16 levels, by channel.
    """
    height, width, _ = frame.shape
    step = max(1, min(height, width) // 96)
    small = frame[::step, ::step]
    height, width, _ = small.shape
    rows, columns = np.arange(_GRID) * height // _GRID, np.arange(_GRID) * width // _GRID
    sums = np.add.reduceat(np.add.reduceat(small, rows, axis=0, dtype=np.uint32), columns, axis=1)
    areas = np.outer(np.diff(rows, append=height), np.diff(columns, append=width))
    levels = [np.bincount((small[..., c] >> 4).ravel(), minlength=_BINS).cumsum() for c in range(3)]
    shares = np.concatenate(levels) * (255 / (height * width))
    return np.concatenate([(sums / areas[..., None]).ravel(), shares]).astype(np.uint8)


def find(signatures: Sequence[Signature]) -> list[int]:
    """Return the numbers of the frames that begin a new shot (never 0), ascending."""
    count = len(signatures)
    if count < 3:
        return []
    all_ = np.asarray(signatures, np.uint8)
    cells, shares = all_[:, : _GRID * _GRID * 3], all_[:, _GRID * _GRID * 3 :]
    step = _distance(cells, np.arange(1, count), np.arange(count - 1))
    # How much of the change remains between some frames before and some after: of a flash, nothing.
    lasts: Floats = np.full(count - 1, np.inf, np.float32)
    lasts_in_levels = lasts.copy()
    for before in range(3):
        for after in range(4):
            i = np.minimum(np.arange(1, count) + after, count - 1)
            j = np.maximum(np.arange(count - 1) - before, 0)
            np.minimum(lasts, _distance(cells, i, j), out=lasts)
            np.minimum(lasts_in_levels, _distance(shares, i, j), out=lasts_in_levels)

    found = []
    for k in np.nonzero(lasts >= 0.06)[0]:
        earlier, later = step[max(0, k - _AROUND) : k], step[k + 1 : k + 1 + _AROUND]
        around = np.sort(np.concatenate([earlier, later, np.zeros(3)]))[-3]  # two more cuts may be near
        stands_out = lasts[k] >= (1.9 if lasts[k] >= 0.12 else 2.5) * (around + 0.01)
        calm = min(earlier.max(initial=0), later.max(initial=0)) + 0.01  # a cut from or into fast motion
        if stands_out or (lasts[k] >= 6 * calm and lasts_in_levels[k] >= 0.06):
            found.append(int(k) + 1)
    return found


def _distance(values: NDArray[np.uint8], i: Indices, j: Indices) -> Floats:
    """Return the mean absolute difference of the rows i and j, 0..1: f32 [len(i)]."""
    parts: list[Floats] = [
        np.abs(values[i[k : k + _CHUNK]].astype(np.int16) - values[j[k : k + _CHUNK]]).mean(axis=1, dtype=np.float32)
        for k in range(0, len(i), _CHUNK)
    ]
    distances: Floats = np.concatenate(parts) / np.float32(255)
    return distances
