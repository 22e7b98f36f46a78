"""Pictures with alpha: one laid over the other, over black, thinned. All are uint8 [H, W, 4], straight alpha.

Whole numbers throughout, and a few rows at a time, so that what lies in between stays in the processor's cache: that
is four times quicker than all rows at once.
"""

from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np

PIXELS = 32768  # of one go: 1 MB in between
PIXEL = np.dtype("<u4")  # four bytes as one number, alpha highest
COLOURS, ALPHA = np.uint32(0x00FFFFFF), np.uint32(0xFF000000)


def opaque(picture: np.ndarray) -> bool:
    """Whether nothing shines through anywhere."""
    return bool(np.bitwise_and.reduce(_points(picture), axis=None) >= ALPHA)


def clear(picture: np.ndarray) -> bool:
    """Whether nothing of it is seen."""
    return bool(np.bitwise_or.reduce(_points(picture), axis=None) <= COLOURS)


@lru_cache(4)
def nothing(height: int, width: int) -> np.ndarray:
    """A wholly transparent picture, the same one each time; not to be written to."""
    picture = np.zeros((height, width, 4), np.uint8)
    picture.flags.writeable = False
    return picture


def over(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Pictures of one size, from back to front, as one: Porter and Duff's "over" (1984).

    To the nearest level at each picture. One of those given where no other is seen, else newly made.
    """
    seen = []
    for picture in reversed(pictures):
        if not clear(picture):
            seen.append(picture)
            if opaque(picture):
                break
    if not seen:
        return nothing(*pictures[0].shape[:2])
    made = seen.pop()
    solid = opaque(made)
    while seen:
        made = _over(made, seen.pop(), solid)
    return made


def over_black(picture: np.ndarray) -> np.ndarray:
    """What is seen of it on black, opaque; the picture itself if it is opaque already."""
    if opaque(picture):
        return picture
    black = np.full(picture.shape[:2], ALPHA, PIXEL).view(np.uint8).reshape(picture.shape)
    return _over(black, picture, True)


def thinned(picture: np.ndarray, gain: float) -> np.ndarray:
    """With its alpha times `gain`, 0..1; colours stay, so that it can be lit again."""
    if gain >= 1:
        return picture
    if gain <= 0:
        return nothing(*picture.shape[:2])
    levels = np.rint(np.arange(256) * gain).astype(PIXEL) << 24
    points = _points(picture)
    return (levels.take(points >> 24) | (points & COLOURS))[..., None].view(np.uint8)


def _over(below: np.ndarray, above: np.ndarray, solid: bool) -> np.ndarray:
    """One over the other. solid: the one below is opaque."""
    made = np.empty_like(below)
    rows = max(1, PIXELS // below.shape[1])
    for top in range(0, below.shape[0], rows):
        part = slice(top, top + rows)
        if clear(above[part]):
            made[part] = below[part]
            continue
        high, low = _points(above[part]), _points(below[part])
        if solid:
            share, alpha = high >> 24, ALPHA
        else:
            both = _both().take((high >> 16 & 0xFF00) | (low >> 24))
            share, alpha = both & 0xFF, both & ALPHA
        weight = (share * np.uint32(0x01010101))[..., None].view(np.uint8)  # the same for all four bytes
        total = above[part].astype(np.uint16)
        total *= weight
        rest = below[part].astype(np.uint16)
        rest *= ~weight
        total += rest
        total += 128  # to the nearest of total / 255, exactly, for all that there can be
        np.right_shift(total, 8, out=rest)
        total += rest
        total >>= 8
        made[part] = total
        points = _points(made[part])
        points &= COLOURS
        points |= alpha
    return made


def _points(picture: np.ndarray) -> np.ndarray:
    return picture.view(PIXEL)[..., 0]


@cache
def _both() -> np.ndarray:
    """uint32 [65536], by alpha above times 256 and alpha below. Lowest byte: the upper one's part of the colour, in
    255ths; highest byte: the alpha of both.
    """
    above, below = np.arange(256)[:, None] / 255, np.arange(256) / 255
    cover = above + (1 - above) * below
    share = np.rint(255 * above / np.maximum(cover, 1e-9)).astype(PIXEL)
    return (share | np.rint(255 * cover).astype(PIXEL) << 24).ravel()
