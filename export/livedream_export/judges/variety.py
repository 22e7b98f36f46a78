"""How different pictures are from each other: LPIPS on AlexNet between random pairs of them."""

import numpy as np

from ..arrays import Rgb
from ..preview import shrunk
from .lpips import LEAST, Lpips

FRAMES = 200  # pictures that pairs are made of
PAIRS = 200
SIDE = 256  # pixels towards which pictures are first reduced, by a whole number


def reduced(picture: Rgb) -> Rgb:
    """Average a picture [H, W, 3] over squares so that its longer side is nearly SIDE, if it is longer than that."""
    by = -(-max(picture.shape[:2]) // SIDE)
    return shrunk(picture, by) if by > 1 and min(picture.shape[:2]) // by >= LEAST else picture


def variety(pictures: Rgb, network: Lpips | None, pairs: int = PAIRS) -> float | None:
    """Return the mean distance of random pairs of pictures [N, H, W, 3], the same pairs for the same N.

    It is None without the network, for a single picture, and for pictures too small for it.
    """
    if network is None or len(pictures) < 2 or min(pictures.shape[1:3]) < LEAST:
        return None
    rng = np.random.default_rng(0)
    one = rng.integers(0, len(pictures), pairs)
    other = (one + rng.integers(1, len(pictures), pairs)) % len(pictures)
    return float(network(pictures[one], pictures[other]).mean())
