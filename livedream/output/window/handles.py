"""The lines over the picture while its corners can be moved: outline, grid, and a handle for each corner."""

import functools

import numpy as np
from numpy.typing import NDArray

from livedream.output.window.placement import Placement, homography
from livedream.picture import letters

Points = NDArray[np.float64]  # [n, 2]
Line = tuple[float, ...]  # a row for `Painter.draw_lines`

GRID = 8  # parts of a side
RING = 13  # radius of a handle, in pixels of a window 720 high, like all lengths here
INSET = 16  # the least distance between a handle and the window's edge
LETTER = 8
HALO, PILL = (0.0, 0.0, 0.0, 0.55), (0.04, 0.04, 0.07, 0.85)
WHITE, SOFT, FAINT = (1.0, 1.0, 1.0, 1.0), (1.0, 1.0, 1.0, 0.75), (1.0, 1.0, 1.0, 0.32)
ACCENT = (0.56, 0.48, 1.0, 1.0)
HELP = "drag a corner · Tab next · arrows 1 px · Shift 10 px · R reset · Esc done"


def positions(corners: tuple[float, ...], across: int, down: int) -> Points:
    """The handles' positions, [4, 2]; all are inside the window, which is 0..1."""
    inset = INSET * _unit(down) / np.array([across, down])
    inside: Points = np.clip(np.reshape(corners, (4, 2)), inset, 1 - inset)
    return inside


def reach(down: int) -> float:
    """The largest distance from a handle, in pixels, at which the mouse takes hold of it."""
    return 3 * RING * _unit(down)


@functools.lru_cache(4)
def lines(placement: Placement, corner: int, across: int, down: int) -> NDArray[np.float32]:
    """The lines for `Painter.draw_lines`, in a window of `across` x `down` pixels; `corner`, 0 to 3, is chosen."""
    unit, size = _unit(down), np.array([across, down])
    corners = np.reshape(placement.corners, (4, 2)) * size
    found = _grid(placement, size, unit)
    for wide, ink in ((2.4, HALO), (1.1, ACCENT)):
        found += [(*a, *b, wide * unit, *ink) for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)]
    middle = size / 2
    for number, at in enumerate(positions(placement.corners, across, down) * size):
        chosen = number == corner
        ring = at + RING * unit * _circle()
        for wide, ink in ((3.2, HALO), (1.6, ACCENT if chosen else WHITE)):
            found += [(*a, *b, wide * unit, *ink) for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True)]
        found.append((*at, *at, (4 if chosen else 2) * unit, *(ACCENT if chosen else WHITE)))
        text = f"{number + 1}"
        if chosen:
            x, y = np.rint(corners[number]).astype(int)
            text += f" · {x}, {y}"
        way = (middle - at) / max(np.hypot(*(middle - at)), 1)
        along = len(text) * LETTER * unit / 2
        found += _label(text, at + way * (RING + 19) * unit + np.array([np.sign(way[0]) * along, 0]), LETTER * unit)
    width = min(LETTER * unit, 0.86 * across / len(HELP))
    return np.array(found + _label(HELP, np.array([across / 2, 0.64 * down]), width), np.float32)


def _grid(placement: Placement, size: NDArray[np.int_], unit: float) -> list[Line]:
    parts = np.linspace(0, 1, GRID + 1)[1:-1]
    upright = [((each, 0), (each, 1), each) for each in parts]
    found: list[Line] = []
    for a, b, each in upright + [(start[::-1], end[::-1], each) for start, end, each in upright]:
        ends = np.array([[*a, 1], [*b, 1]]) @ homography(placement.corners).T
        ends = ends[:, :2] / ends[:, 2:] * size
        half = abs(each - 0.5) < 1e-6
        found.append((*ends[0], *ends[1], (1.4 if half else 1.1) * unit, *HALO[:3], 0.3))
        found.append((*ends[0], *ends[1], (0.7 if half else 0.5) * unit, *(SOFT if half else FAINT)))
    return found


def _label(text: str, middle: Points, width: float) -> list[Line]:
    """A line of text on a dark pill, around `middle` (x, y); `width` of a letter in pixels."""
    half = len(text) * width / 2
    start = middle - [half, width]
    found: list[Line] = [(middle[0] - half, middle[1], middle[0] + half, middle[1], 1.5 * width, *PILL)]
    scale, pen = width / letters.ADVANCE, max(0.5, letters.PEN * width / letters.ADVANCE)
    for number, letter in enumerate(text):
        origin = start + np.array([number * width, 0])
        for line in letters.strokes(letter):
            points = origin + np.array(line) * scale
            pairs = zip(points, points[1:] if len(points) > 1 else points, strict=False)
            found += [(*a, *b, pen, *WHITE) for a, b in pairs]
    return found


def _circle() -> Points:
    angle = np.linspace(0, 2 * np.pi, 33)[:-1]
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _unit(down: int) -> float:
    return max(0.75, down / 720)
