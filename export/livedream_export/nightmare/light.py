"""Light on what is painted: relief, glow, fog, and the colours of the whole.

Pictures are float [H, W, 3], red first, about 0..1; fields are float [H, W].
"""

import cv2
import numpy as np

from livedream_export.nightmare.noise import Field, clouds, f32, grid

Colour = tuple[float, float, float]
Painting = Field  # float32 [H, W, 3]; numpy's types do not tell shapes apart


def gradient(value: Field, *stops: tuple[float, str]) -> Painting:
    """Return the picture whose colour each value chooses from stops (value, "#rrggbb") in rising order."""
    at = [stop for stop, _ in stops]
    colours = np.array([rgb(text) for _, text in stops], np.float32)
    return np.stack([np.interp(value, at, colours[:, each]) for each in range(3)], -1).astype(np.float32)


def rgb(text: str) -> Colour:
    """Return the colour of "#rrggbb", 0..1."""
    red, green, blue = (int(text[each : each + 2], 16) / 255 for each in (1, 3, 5))
    return red, green, blue


def mix(under: Painting, over: "Painting | Colour", part: Field | float) -> Painting:
    """Return `over` laid over `under`, by `part` 0..1."""
    part = np.clip(np.asarray(part, np.float32), 0, 1)
    part = part[..., None] if part.ndim == 2 else part
    return np.asarray(under + (np.asarray(over, np.float32) - under) * part, np.float32)


def soft(low: float, high: float, value: Field) -> Field:
    """Return 0 below `low`, 1 above `high`, and smoothly between; with `high` below `low` the other way round."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def blur(field: Field, pixels: float) -> Field:
    """Return a field or picture blurred by a Gaussian of that standard deviation."""
    if pixels < 8:
        return np.asarray(cv2.GaussianBlur(field, (0, 0), pixels), np.float32)
    by = 2 if pixels < 16 else 4  # as smooth from fewer pixels, and many times as fast
    small = cv2.resize(field, None, fx=1 / by, fy=1 / by, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), pixels / by)
    return np.asarray(cv2.resize(small, field.shape[1::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def lit(
    albedo: Painting,
    height: Field,
    light: tuple[float, float, float] = (-0.5, -0.6, 0.6),
    steep: float = 1.0,
    shine: float = 0.3,
    hard: float = 24.0,
    ambient: float = 0.25,
) -> Painting:
    """Return a relief in one light (Blinn and Phong), in the picture's own colours.

    Args:
        albedo: Its colours.
        height: In pixels.
        light: Where it comes from: right, down, out of the picture.
        steep: Exaggerates the height.
        shine: Strength of the highlights.
        hard: Their exponent: wet above 30, skin below 15.
        ambient: Light from everywhere.
    """
    dx, dy = (cv2.Sobel(height, cv2.CV_32F, *order, ksize=3, scale=steep / 8) for order in ((1, 0), (0, 1)))
    long = np.sqrt(dx * dx + dy * dy + 1)
    to, out = f32(light) / np.linalg.norm(light), f32((0, 0, 1))
    toward = (-dx * to[0] - dy * to[1] + to[2]) / long
    half = (to + out) / np.linalg.norm(to + out)
    glint = np.clip((-dx * half[0] - dy * half[1] + half[2]) / long, 0, 1) ** hard
    return np.asarray(albedo * (ambient + (1 - ambient) * np.clip(toward, 0, 1)[..., None]) + shine * glint[..., None])


def bloom(picture: Painting, strength: float = 0.5, above: float = 0.6) -> Painting:
    """Return the picture with light spilling from what is brighter than `above`."""
    bright = np.clip(picture - above, 0, None)
    spill = sum(blur(bright, size * picture.shape[0] / 768) for size in (4, 14, 42))
    return np.asarray(picture + strength * spill, np.float32)


def fog(picture: Painting, colour: Colour, seed: int, low: float, high: float, most: float = 0.8) -> Painting:
    """Return the picture with drifting fog, none above `low` of its height and `most` of it below `high`."""
    size = picture.shape[0]
    drift = clouds(size, seed, 2.0, 0.6, 3.0) * 0.7 + clouds(size, seed + 1, 1.5, 0.15, 2.0) * 0.3
    _, y = grid(size)
    return mix(picture, colour, most * soft(low, high, y + 0.35 * (drift - 0.5)) * soft(0.15, 0.75, drift))


def developed(picture: Painting, seed: int, contrast: float = 1.15, vignette: float = 0.5) -> Painting:
    """Return the picture as it is to be: highlights rolled off, corners darker, a little grain; 0..1."""
    size = picture.shape[0]
    x, y = grid(size)
    edge = np.hypot(x - 0.5, y - 0.5) / 0.72
    made = picture * (1 - vignette * soft(0.45, 1.1, edge))[..., None]
    made = np.clip(made, 0, None)
    made = np.where(made > 0.7, 0.7 + 0.3 * np.tanh((made - 0.7) / 0.3), made)
    made = np.clip(made, 0, 1)
    made = made + (contrast - 1) * (made - 0.5) * 4 * made * (1 - made)
    grain = np.random.default_rng(seed).standard_normal((size, size, 1)) * 0.012
    return np.asarray(np.clip(made + grain, 0, 1), np.float32)
