"""Frames for the tests of memories, made in memory, so that a test knows what lies where."""

import cv2
import numpy as np


def canvas(seed: int, side: int) -> np.ndarray:
    """Smooth blotches of random colours, f32 [side, side, 3]."""
    cells = np.random.default_rng(seed).uniform(0, 255, (side // 8, side // 8, 3)).astype(np.float32)
    return cv2.resize(cells, (side, side), interpolation=cv2.INTER_CUBIC).clip(0, 255)


def round_trip(count: int, period: int = 80, side: int = 32, seed: int = 0) -> np.ndarray:
    """A camera goes round above a canvas, once in `period` frames: uint8 [count, side, side, 3].

    So each place comes again and again, as it does in footage of a lap, and everything moves at all times.
    """
    below, frames = canvas(seed, 3 * side), []
    for k in range(count):
        turn = 2 * np.pi * k / period
        x, y = (round(side * (1 + 0.8 * f(turn))) for f in (np.cos, np.sin))
        frames.append(below[y : y + side, x : x + side])
    return np.stack(frames).astype(np.uint8)


def slide(count: int, pixels: int = 1, side: int = 64, seed: int = 0) -> np.ndarray:
    """What is seen moves to the left by `pixels` a frame: uint8 [count, side, side, 3]."""
    below = canvas(seed, side + -(-count * pixels // 8) * 8)
    return np.stack([below[:side, k * pixels : k * pixels + side] for k in range(count)]).astype(np.uint8)
