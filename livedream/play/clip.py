"""Limits what knobs add to a latent to where the dream is good, softly, by how far the footage is from its mean.

A latent's distance is the root mean square of its elements, in standard deviations of the training. Footage has about
1; all knobs at 3 together have 2, where gates tear and skies get a pattern of squares. Limited element by element they
still tear; at a limited distance the squares go, gates are more complete, and the picture goes the same way.
"""

import math

import numpy as np

from livedream.play import Floats

RARE = 3.09  # standard normal quantile: one latent in a thousand is farther out than where the limit begins
ROOM = 0.2  # share of that distance, left as room beyond it


def knee(length: int) -> float:
    """Return the distance at which the limit begins, for latents of that length (Wilson and Hilferty 1931)."""
    spread = 2 / (9 * length)
    return float((1 - spread + RARE * math.sqrt(spread)) ** 1.5)


def limited(latent: Floats, added: Floats, mean: Floats, std: Floats, lifted: float = 0.0) -> Floats:
    """Return what of `added` is to be added to `latent`: all of it as long as the sum is near enough.

    However far out the latent itself is, it may stay there, and be moved as far as one of the footage may.

    Args:
        latent: f32 [Z].
        added: f32 [Z].
        mean: The footage's, f32 [Z].
        std: The footage's standard deviation, f32 [Z], above 0.
        lifted: 0 limits, 1 does not.
    """
    if lifted >= 1:
        return added
    away = (latent + added - mean) / std
    far = math.sqrt(away @ away / away.size)
    start = knee(away.size)
    if far <= start:
        return added
    own = (latent - mean) / std
    start = max(start, math.sqrt(own @ own / own.size) + start - 1)
    if far <= start:
        return added
    room = ROOM * start
    part = (start + room * math.tanh((far - start) / room)) / far
    part += max(lifted, 0.0) * (1 - part)
    moved = mean + np.float32(part) * (latent + added - mean) - latent
    return np.asarray(moved, np.float32)
