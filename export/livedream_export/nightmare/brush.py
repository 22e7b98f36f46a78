"""Paints a picture over with brush strokes, coarse to fine, in oil that catches the light (after Hertzmann 1998).

Strokes run along the edges of what they paint and differ a little in colour and thickness, so that the result has
texture at every scale and nothing of the drawing's straight lines.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from livedream_export.nightmare.light import Painting, blur
from livedream_export.nightmare.noise import Field, clouds

Bytes = NDArray[np.uint8]
Places = NDArray[np.float64]

LONGEST = 8  # points of a stroke
SHIFT = 4  # OpenCV draws at 1/16 of a pixel


def painted(
    picture: Painting,
    seed: int,
    brushes: tuple[float, ...] = (20.0, 9.0, 4.5, 2.2),
    keep: float = 0.45,
    relief: float = 0.5,
    wander: float = 0.35,
) -> Painting:
    """Return the picture painted over.

    Args:
        picture: What to paint.
        seed: of the strokes.
        brushes: Their widths at 768 pixels, coarse to fine.
        keep: How much of the picture itself shows through, 0..1.
        relief: How strongly the light catches the paint.
        wander: How much strokes leave the direction of the edges.
    """
    size = picture.shape[0]
    random = np.random.default_rng(seed)
    canvas = np.round(np.clip(blur(picture, 12 * size / 768), 0, 1) * 255).astype(np.uint8)
    thick = np.zeros((size, size), np.uint8)
    for width in brushes:
        width = width * size / 768
        if width < 1.2:  # finer than pixels
            break
        goal = blur(picture, width * 0.5)
        _layer(canvas, thick, goal, _direction(goal, width, wander, seed), width, random)
    strokes = canvas.astype(np.float32) / 255
    made = strokes + (picture - strokes) * keep
    paint = blur(thick.astype(np.float32) / 255, 0.7)
    dx, dy = cv2.Sobel(paint, cv2.CV_32F, 1, 0), cv2.Sobel(paint, cv2.CV_32F, 0, 1)
    light = np.tanh((dx + dy) * 0.9)[..., None] * relief
    return np.asarray(np.clip(made * (1 + 0.45 * light) + 0.03 * light, 0, None), np.float32)


def _direction(goal: Painting, width: float, wander: float, seed: int) -> Field:
    """Return the angle of the edges at each pixel, radians."""
    grey = goal.mean(-1)
    dx, dy = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3), cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=3)
    xx, yy, xy = (blur(each, 1.5 * width + 1) for each in (dx * dx, dy * dy, dx * dy))
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2
    drift = clouds(grey.shape[0], seed + int(width * 16), 2.0, 0.3) - 0.5
    flat = np.exp(-np.sqrt(xx + yy) * 40)  # without edges they follow clouds
    return np.asarray(angle + 2 * np.pi * drift * (wander + (1 - wander) * 0.6 * flat), np.float32)


def _layer(
    canvas: Bytes, thick: Bytes, goal: Painting, angle: Field, width: float, random: np.random.Generator
) -> None:
    """Paint one size of brush, wherever the canvas is farthest from its goal."""
    size = canvas.shape[0]
    wrong = blur(np.abs(goal - canvas.astype(np.float32) / 255).mean(-1), width * 0.5)
    places = np.mgrid[: size / width : 0.9, : size / width : 0.9].reshape(2, -1).T[:, ::-1] * width
    places = places + random.normal(0, width * 0.5, places.shape)
    random.shuffle(places)
    near = _at(wrong, places) >= np.percentile(wrong, 35)
    places = places[near | (random.random(len(places)) > 0.75)]
    lines, points = _strokes(goal, angle, places, width, random)
    colours = _at(goal, places) * random.normal(1, 0.07, (len(places), 1)) + random.normal(0, 0.012, (len(places), 3))
    _bristles(canvas, thick, lines, points, colours, width, random)


def _at(field: Field, places: Places) -> Field:
    """Return the values at x and y of places [..., 2]."""
    column, row = (np.clip(places[..., each], 0, field.shape[0] - 1).astype(int) for each in (0, 1))
    return np.asarray(field[row, column])


def _strokes(
    goal: Painting, angle: Field, places: Places, width: float, random: np.random.Generator
) -> tuple[Places, NDArray[np.int64]]:
    """Return strokes [N, LONGEST, 2] along the edges, and how many points each has before its colour would be wrong."""
    here, last = places, _at(angle, places)
    lines, begun = [places], _at(goal, places)
    points = random.integers(4, LONGEST + 1, len(places))
    for number in range(1, LONGEST):
        way = _at(angle, here)
        way = np.where(np.cos(way - last) < 0, way + np.pi, way)
        here, last = here + width * np.stack([np.cos(way), np.sin(way)], -1), way
        lines.append(here)
        if number > 2:
            other = np.abs(_at(goal, here) - begun).sum(-1) > 0.35
            points = np.where(other, np.minimum(points, number), points)
    return np.stack(lines, 1), points


def _bristles(
    canvas: Bytes,
    thick: Bytes,
    lines: Places,
    points: NDArray[np.int64],
    colours: Field,
    width: float,
    random: np.random.Generator,
) -> None:
    """Draw strokes, each as parallel lines of slightly other colours and thicknesses."""
    count = max(2, min(7, int(width / 1.6)))
    ahead = np.gradient(lines, axis=1)
    side = np.stack([-ahead[..., 1], ahead[..., 0]], -1) / np.maximum(np.linalg.norm(ahead, axis=-1), 1e-6)[..., None]
    apart = np.linspace(-0.5, 0.5, count)[:, None, None] * width
    drawn = np.round((lines[:, None] + side[:, None] * apart) * 2**SHIFT).astype(np.int32)
    colour = np.clip(colours[:, None] * random.normal(1, 0.06, (len(lines), count, 1)), 0, 1) * 255
    paint = random.integers(0, 256, (len(lines), count)).tolist()
    wide = max(1, round(width / count * 1.3))
    for line, long, tints, heights in zip(drawn, points.tolist(), colour.tolist(), paint, strict=True):
        for bristle, tint, height in zip(line[:, :long], tints, heights, strict=True):
            cv2.polylines(canvas, [bristle], False, tint, wide, cv2.LINE_AA, SHIFT)
            cv2.polylines(thick, [bristle], False, height, wide, cv2.LINE_AA, SHIFT)
