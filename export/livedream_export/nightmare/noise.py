"""Random fields that the pictures are made of: clouds, cells, veins, and the spots of reaction and diffusion.

All are float [H, W], made as float32, the same for the same seed on every machine up to rounding, and without a
lattice: clouds are noise filtered in the frequency domain, not interpolated between the points of a grid.
"""

import functools
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Field = NDArray[np.floating[Any]]


def f32(numbers: ArrayLike) -> Field:
    """Return numbers as an array of float32."""
    return np.asarray(numbers, np.float32)


@functools.lru_cache(maxsize=48)
def clouds(size: int, seed: int, slope: float = 1.7, largest: float = 0.5, stretch: float = 1.0) -> Field:
    """Return noise with a power-law spectrum, 0..1 with mean 0.5.

    Args:
        size: H and W.
        seed: of the noise.
        slope: Amplitude falls with frequency to this power: 1 is rough, 2.5 is smooth.
        largest: Size of the largest shapes, as a part of the picture.
        stretch: Above 1, shapes are so many times as tall as wide; below 1, as much wider.

    Returns:
        float32 [H, W], which is not to be written to: it is kept for who asks again.
    """
    white = np.random.default_rng(seed).standard_normal((size, size))
    y, x = np.fft.fftfreq(size)[:, None] * size * stretch, np.fft.rfftfreq(size)[None] * size
    away = np.sqrt(x * x + y * y) * largest
    made = np.fft.irfft2(np.fft.rfft2(white) / (1.0 + away**2) ** (slope / 2), (size, size))
    made = (made - made.mean()) / made.std()
    return np.asarray(0.5 + 0.5 * np.tanh(made * 0.75), np.float32)


def ridges(size: int, seed: int, slope: float = 1.9, largest: float = 0.3, stretch: float = 1.0) -> Field:
    """Return bright veins on dark, 0..1: where clouds cross their mean. See `clouds` for arguments."""
    return np.asarray(1.0 - np.abs(clouds(size, seed, slope, largest, stretch) * 2 - 1), np.float32) ** 3


def grid(size: int) -> tuple[Field, Field]:
    """Return x and y of each pixel, 0..1 from the left and from the top."""
    line = (np.arange(size, dtype=np.float32) + 0.5) / size
    x, y = np.meshgrid(line, line)
    return x, y


def moved(field: Field, dx: Field | float, dy: Field | float) -> Field:
    """Return a field or picture, each pixel taken from `dx` right and `dy` below it, in parts of its size; mirrored."""
    size = field.shape[0]
    y, x = np.mgrid[:size, :size].astype(np.float32)
    x, y = x + np.float32(size) * np.asarray(dx, np.float32), y + np.float32(size) * np.asarray(dy, np.float32)
    return np.asarray(cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.float32)


def warped(field: Field, amount: float, seed: int, largest: float = 0.3) -> Field:
    """Return a field or picture dragged about by clouds, by up to about `amount` of its size."""
    size = field.shape[0]
    dx, dy = (clouds(size, seed + each, 2.2, largest) - 0.5 for each in (0, 1))
    return moved(field, 2 * amount * dx, 2 * amount * dy)


def cells(size: int, count: int, seed: int, stretch: float = 1.0) -> tuple[Field, Field, NDArray[np.int64]]:
    """Return Worley noise: distance to the nearest of so many points and to the second, and which is nearest.

    Distances are in parts of the mean distance of points (Worley 1996). stretch: see `clouds`.
    """
    random = np.random.default_rng(seed)
    points = random.random((count, 2)) * 1.2 - 0.1
    x, y = grid(size)
    near = np.full((2, size, size), 9.0, np.float32)  # distance to the first and to the second
    which = np.zeros((size, size), np.int64)
    reach = 3.5 * np.sqrt(1.44 * stretch / count)  # nobody's second nearest is farther away than that
    for number, (px, py) in enumerate(points):
        rows, columns = _near(py, reach * stretch, size), _near(px, reach, size)
        here = np.s_[rows, columns]
        away = np.hypot(x[here] - np.float32(px), (y[here] - np.float32(py)) / np.float32(stretch))
        first, second = near[0][here], near[1][here]
        closer = away < first
        near[1][here] = np.where(closer, first, np.minimum(second, away))
        near[0][here], which[here] = np.where(closer, away, first), np.where(closer, number, which[here])
    scale = np.float32(np.sqrt(count / 1.44))
    return near[0] * scale, near[1] * scale, which


def _near(middle: float, reach: float, size: int) -> slice:
    """Return the rows or columns within reach of a place; all three but `size` in parts of the picture."""
    return slice(max(int((middle - reach) * size), 0), max(int((middle + reach) * size) + 1, 0))


def spots(size: int, seed: int, feed: float = 0.037, kill: float = 0.060, steps: int = 1200) -> Field:
    """Return the pattern of Gray and Scott's reaction and diffusion (Pearson 1993), 0..1, from a third of `size`."""
    small = size // 3
    random = np.random.default_rng(seed)
    a = np.ones((small, small), np.float32)
    b = f32(random.random((small, small)) < 0.04)
    b = f32(cv2.GaussianBlur(b, (0, 0), 1.5) * 2)
    around = np.array([[0.05, 0.2, 0.05], [0.2, -1.0, 0.2], [0.05, 0.2, 0.05]], np.float32)
    for _ in range(steps):
        reaction = a * b * b
        a += cv2.filter2D(a, -1, around, borderType=cv2.BORDER_REFLECT) - reaction + np.float32(feed) * (1 - a)
        b += 0.5 * cv2.filter2D(b, -1, around, borderType=cv2.BORDER_REFLECT) + reaction - np.float32(feed + kill) * b
    large = cv2.resize(b, (size, size), interpolation=cv2.INTER_CUBIC)
    return f32(np.clip(large / max(float(np.percentile(large, 99)), 1e-6), 0, 1))
