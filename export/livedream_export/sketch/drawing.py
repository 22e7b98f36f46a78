"""Drawings as strokes: one size for all, few points where a line is straight, and as the network learns them."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..arrays import Floats

Stroke = NDArray[np.float64]  # points [N, 2], x to the right, y down
Drawing = list[Stroke]

SIDE = 1.7  # of the square of sides 2, -1 to 1, that a drawing fills
TOLERANCE = 0.015  # how far a line may lie from the drawing's, in the same units
LONGEST = 0.5  # distance of two points of a stroke at most, so that a long line is no single leap


def fitted(drawing: Sequence[Stroke]) -> Drawing:
    """Return a drawing in the middle of the square from -1 to 1, its longer side SIDE; none of it is cut off."""
    points = np.concatenate(list(drawing))
    low, high = points.min(0), points.max(0)
    scale = SIDE / max(float((high - low).max()), 1e-9)
    return [(stroke - (low + high) / 2) * scale for stroke in drawing]


def simplified(stroke: Stroke, tolerance: float = TOLERANCE) -> Stroke:
    """Leave out points that lie on the line between others (Ramer 1972; Douglas and Peucker 1973)."""
    kept = np.zeros(len(stroke), bool)
    kept[[0, -1]] = True
    waiting = [(0, len(stroke) - 1)]
    while waiting:
        a, b = waiting.pop()
        if b - a < 2:
            continue
        along = stroke[b] - stroke[a]
        length = float(np.hypot(*along))
        beside = stroke[a + 1 : b] - stroke[a]
        if length > 1e-12:
            off = np.abs(along[0] * beside[:, 1] - along[1] * beside[:, 0]) / length
        else:
            off = np.hypot(*beside.T)
        far = int(off.argmax())
        if off[far] > tolerance:
            middle = a + 1 + far
            kept[middle] = True
            waiting += [(a, middle), (middle, b)]
    return stroke[kept]


def divided(stroke: Stroke, longest: float = LONGEST) -> Stroke:
    """Divide lines that are longer than `longest` into equal parts."""
    points = [stroke[:1]]
    for a, b in pairwise(stroke):
        parts = max(1, int(np.ceil(np.hypot(*(b - a)) / longest)))
        points.append(a + (b - a) * (np.arange(1, parts + 1) / parts)[:, None])
    return np.concatenate(points)


def prepared(drawing: Sequence[Stroke]) -> Drawing:
    """Return a drawing fitted, simplified and divided, without strokes that are no line."""
    strokes = [divided(simplified(stroke)) for stroke in fitted(drawing)]
    return [stroke for stroke in strokes if len(stroke) > 1]


def sequence(drawing: Sequence[Stroke]) -> Floats:
    """Return a drawing as the network learns it, f32 [N, 5].

    Each row is the way to the next point (dx, dy) and, as three flags, what comes after it: the pen stays down, it is
    lifted, or the drawing ends (Ha and Eck 2017). The way to the first point is from the middle of the square.
    """
    rows, here = [], np.zeros(2)
    for stroke in drawing:
        ways = np.diff(np.concatenate([here[None], stroke]), axis=0)
        flags = np.zeros((len(stroke), 3))
        flags[:-1, 0] = flags[-1, 1] = 1
        rows.append(np.concatenate([ways, flags], 1))
        here = stroke[-1]
    found = np.concatenate(rows).astype(np.float32)
    found[-1, 2:] = 0, 0, 1
    return found


def strokes(rows: Floats) -> Drawing:
    """Return the drawing of a sequence f32 [N, 5]."""
    points = np.cumsum(rows[:, :2].astype(np.float64), axis=0)
    ends = np.flatnonzero(rows[:, 2] < 0.5) + 1
    found, begin = [], 0
    for end in [*ends.tolist(), len(points)]:
        if end - begin > 1:
            found.append(points[begin:end])
        begin = end
    return found


def distance(one: Floats, other: Floats) -> float:
    """Return how far the lines of two sequences lie apart: the mean way to the other's nearest point, the farther way.

    Infinite where either has no line.
    """
    both = []
    for rows in (one, other):
        lines = [divided(stroke, 0.05) for stroke in strokes(rows)]
        if not lines:
            return float("inf")
        both.append(np.concatenate(lines))
    apart = np.hypot(*(both[0][:, None] - both[1][None]).transpose(2, 0, 1))
    return float(max(apart.min(0).mean(), apart.min(1).mean()))
