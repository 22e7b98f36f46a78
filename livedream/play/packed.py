"""Pictures with a whole pixel in one number, which makes moving and mixing them on the processor several times as fast.

A pixel is uint64: red, green, blue and alpha in lanes of 16 bits, from the lowest. A value of 8 bits times a weight of
at most 256 stays within its lane, so that one multiplication weighs all four.
"""

import numpy as np
from numpy.typing import NDArray

from livedream.picture import Pixels
from livedream.play import Floats

Lanes = NDArray[np.uint64]  # [H, W]

_ALL = np.uint64(0x00FF00FF00FF00FF)
_HALF = np.uint64(0x0080008000800080)  # for rounding
_EIGHT, _WHOLE = np.uint64(8), np.uint64(256)


def lanes(picture: Pixels) -> Lanes:
    """Pack uint8 [H, W, 4]."""
    wide: Lanes = np.ascontiguousarray(picture).astype("<u2").view("<u8")[..., 0]
    return wide


def pixels(packed: Lanes) -> Pixels:
    """Unpack to uint8 [H, W, 4]."""
    return np.ascontiguousarray(packed[..., None]).view("<u2").astype(np.uint8)


def mixed(a: Lanes, b: Lanes, weight: Floats | NDArray[np.intp]) -> Lanes:
    """Return a picture between two; weight [H, W]: 0 is a, 256 is b."""
    part = weight.astype(np.uint64)  # in place from here on: new memory costs more than the arithmetic
    found = b * part
    np.subtract(_WHOLE, part, out=part)
    part *= a
    found += part
    found += _HALF
    found >>= _EIGHT
    found &= _ALL
    return found


def sampled(picture: Lanes, u: Floats, v: Floats, top: int = 0) -> Lanes:
    """Return some rows of a picture at x + u and y + v of each pixel, bilinearly; edges go on.

    Args:
        picture: Packed [H, W].
        u, v: f32 [rows, W], in pixels.
        top: The first of the rows.
    """
    height, width = picture.shape
    x = _fixed(np.arange(width, dtype=np.float32), u, width)
    y = _fixed(np.arange(top, top + len(v), dtype=np.float32)[:, None], v, height)
    across, down = x & 255, y & 255
    x >>= 8
    y >>= 8
    y *= width
    y += x
    flat = picture.ravel()
    upper = mixed(flat.take(y), flat[1:].take(y), across)
    lower = mixed(flat[width:].take(y), flat[width + 1 :].take(y), across)
    return mixed(upper, lower, down)


def _fixed(place: Floats, offset: Floats, size: int) -> NDArray[np.intp]:
    """Return where to take pixels from along one side, in 256ths of a pixel, within the picture."""
    at = place + offset
    at *= 256
    np.clip(at, 0, 256 * (size - 1) - 1, out=at)
    return at.astype(np.intp)
