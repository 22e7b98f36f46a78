"""One picture cross-faded into another on the processor."""

import numpy as np

from livedream.picture import Pixels


def blend(a: Pixels, b: Pixels, share: float) -> Pixels:
    """Return `share` (0..1) of `b` and the rest of `a`, uint8 of one shape, exact to within one level.

    Integer arithmetic, because it runs for every frame of a crossfade.
    """
    part = round(share * 256)
    total = a.astype(np.uint16)
    total *= np.uint16(256 - part)
    total += b * np.uint16(part)
    total >>= 8
    return total.astype(np.uint8)
