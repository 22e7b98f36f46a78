"""Knobs keep to where the dream is good: what they add is limited, softly, by how far the footage lies from its mean.

A latent's distance is the root mean square of its parts, in standard deviations of the training. Footage lies near
1; all knobs at 3 together lie at 2, where gates tear and skies get a pattern of squares. Limited part by part they
still tear; at a limited distance the squares go, gates are wholer, and the picture goes the same way.
"""

import math

import numpy as np

RARE = 3.09  # standard normal quantile: one latent in a thousand lies farther out than where the limit begins
ROOM = 0.2  # of that distance, that is left beyond it


def knee(length: int) -> float:
    """The distance at which the limit begins, for latents of that length (Wilson and Hilferty 1931)."""
    spread = 2 / (9 * length)
    return (1 - spread + RARE * math.sqrt(spread)) ** 1.5


def limited(
    latent: np.ndarray, added: np.ndarray, mean: np.ndarray, std: np.ndarray, lifted: float = 0.0
) -> np.ndarray:
    """What of `added` is to be added to `latent`, all f32 [Z]: `added` itself as long as the sum is near enough.

    However far out the latent itself is, it may stay there, and be moved as far as one of the footage may. lifted: 0
    limits, 1 does not, between lies between.
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
    return (mean + np.float32(part) * (latent + added - mean) - latent).astype(np.float32)
