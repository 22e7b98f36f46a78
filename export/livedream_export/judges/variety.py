"""How unlike each other pictures are: LPIPS on AlexNet between random pairs of them."""

import numpy as np

from .lpips import LEAST, Lpips

FRAMES = 200  # that pairs are made of
PAIRS = 200
SIDE = 256  # pixels that pictures are shrunk towards before, by a whole number


def reduced(picture: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 3] averaged over squares, so that its longer side is nearly SIDE, if it is longer than that."""
    from ..preview import shrunk

    by = -(-max(picture.shape[:2]) // SIDE)
    return shrunk(picture, by) if by > 1 and min(picture.shape[:2]) // by >= LEAST else picture


def variety(pictures: np.ndarray, network: Lpips | None, pairs: int = PAIRS) -> float | None:
    """Mean distance of random pairs of pictures, uint8 [N, H, W, 3], the same pairs for the same N.

    None without the network, of a single picture, and of pictures too small for it.
    """
    if network is None or len(pictures) < 2 or min(pictures.shape[1:3]) < LEAST:
        return None
    rng = np.random.default_rng(0)
    one = rng.integers(0, len(pictures), pairs)
    other = (one + rng.integers(1, len(pictures), pairs)) % len(pictures)
    return float(network(pictures[one], pictures[other]).mean())
