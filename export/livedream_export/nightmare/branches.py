"""Dead trees, cracks and lightning: lines that branch by chance (a stochastic L-system), drawn into a mask."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from livedream_export.nightmare.noise import Field

Mask = NDArray[np.uint8]  # [H, W], 255 where something is
SHIFT = 4  # OpenCV draws at 1/16 of a pixel


def tree(
    mask: Mask, foot: tuple[float, float], height: float, seed: int, angle: float = -math.pi / 2, gnarl: float = 0.35
) -> None:
    """Draw a bare tree.

    Args:
        mask: What it is drawn into.
        foot: x and y where it grows, in parts of the picture.
        height: About, in parts of the picture.
        seed: of its shape.
        angle: Which way it grows, radians; up by default.
        gnarl: How crooked it is.
    """
    size = mask.shape[0]
    start = (foot[0] * size, foot[1] * size)
    _branch(mask, start, angle, height * size * 0.34, height * size * 0.055, np.random.default_rng(seed), gnarl)


def _branch(
    mask: Mask,
    at: tuple[float, float],
    angle: float,
    length: float,
    width: float,
    random: np.random.Generator,
    gnarl: float,
) -> None:
    parts = max(int(length / 5), 2)
    x, y = at
    for part in range(parts):
        angle += random.normal(0, gnarl * 0.42)
        nx, ny = x + length / parts * math.cos(angle), y + length / parts * math.sin(angle)
        line(mask, (x, y), (nx, ny), width * (1 - 0.4 * part / parts))
        x, y = nx, ny
        if length > 14 and random.random() < 0.16:  # a twig on the way
            away = angle + random.choice((-1, 1)) * random.uniform(0.5, 1.2)
            _branch(mask, (x, y), away, length * random.uniform(0.3, 0.55), width * 0.4, random, gnarl)
    if length > 7:
        for side in (-1, 1):
            away = angle + side * random.uniform(0.2, 0.75)
            _branch(mask, (x, y), away, length * random.uniform(0.55, 0.85), width * 0.58, random, gnarl)


def line(mask: Mask, start: tuple[float, float], end: tuple[float, float], width: float) -> None:
    """Draw a line of that width in pixels, smooth at its edges."""
    points = [tuple(round(each * 2**SHIFT) for each in point) for point in (start, end)]
    strength = 255 if width >= 1 else int(255 * max(width, 0.35))
    cv2.line(mask, points[0], points[1], strength, max(1, round(width)), cv2.LINE_AA, SHIFT)


def polygon(mask: Mask, points: list[tuple[float, float]]) -> None:
    """Fill a polygon whose corners are given in parts of the picture."""
    corners = np.round(np.array(points) * mask.shape[0] * 2**SHIFT).astype(np.int32)
    cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, SHIFT)


def part(mask: Mask) -> Field:
    """Return a mask as a field, 0..1."""
    return np.asarray(mask, np.float32) / np.float32(255)
