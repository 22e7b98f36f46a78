"""How a picture is placed in a window: fit, flip, quarter turns, and four corners that it is pinned to.

The picture is flipped, turned clockwise and fitted into a canvas of the window's size. The canvas is then mapped onto
the quadrilateral of the corners by the only projective map (homography) that takes its corners there. A projector that
stands at an angle does the same to a flat wall, so this can undo it.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from livedream.picture.fit import placed
from livedream.picture.placing import BEYOND, FITS, FLIPS, TURNS, WHOLE

Matrix = NDArray[np.float64]  # [3, 3], acts on (x, y, 1)

MIN_SIDE = 0.01  # shortest side of a quadrilateral, the window being 1
MIN_SINE = 0.01  # smallest sine of the angle between two sides


@dataclass(frozen=True, slots=True)
class Placement:
    """A picture's placement.

    Attributes:
        fit: One of FITS.
        flip: One of FLIPS.
        rotate: One of TURNS.
        corners: x, y of the canvas's top left, top right, bottom right and bottom left corner. The window is 0..1, y
            grows downwards, and corners may lie outside by BEYOND.

    Raises:
        ValueError: One of these has no such value, or the corners are no convex quadrilateral.
    """

    fit: str = "contain"
    flip: str = "none"
    rotate: int = 0
    corners: tuple[float, ...] = WHOLE

    def __post_init__(self) -> None:
        if self.fit not in FITS or self.flip not in FLIPS or self.rotate not in TURNS:
            raise ValueError(f"no such placement: {self.fit}, {self.flip}, {self.rotate}")
        if not is_convex(self.corners):
            raise ValueError(f"no convex quadrilateral: {self.corners}")

    @property
    def mapped(self) -> bool:
        """Whether the corners are not the window's own."""
        return self.corners != WHOLE

    def moved(self, corner: int, x: float, y: float) -> "Placement":
        """The same with one corner (0 to 3) elsewhere, or itself if the corners would not be convex."""
        x, y = (min(max(each, -BEYOND), 1 + BEYOND) for each in (x, y))
        corners = (*self.corners[: 2 * corner], x, y, *self.corners[2 * corner + 2 :])
        return replace(self, corners=corners) if is_convex(corners) else self


def is_convex(corners: tuple[float, ...]) -> bool:
    """Whether these eight numbers are a convex quadrilateral, clockwise on the screen, and not nearly a line."""
    points = np.reshape(np.asarray(corners, float), (-1, 2))
    if points.shape != (4, 2) or not (np.abs(points - 0.5) <= 0.5 + BEYOND + 1e-9).all():
        return False
    sides = np.roll(points, -1, axis=0) - points
    lengths = np.hypot(*sides.T)
    if lengths.min() < MIN_SIDE:
        return False
    x, y = (sides / lengths[:, None]).T
    return bool((x * np.roll(y, -1) - y * np.roll(x, -1) > MIN_SINE).all())


def homography(corners: tuple[float, ...]) -> Matrix:
    """The map that takes (0, 0), (1, 0), (1, 1), (0, 1) to the four corners (Heckbert 1989, "Fundamentals of Texture
    Mapping and Image Warping", 2.2.3).
    """
    p0, p1, p2, p3 = np.reshape(corners, (4, 2)).astype(float)
    a, b, rest = p1 - p2, p3 - p2, p0 - p1 + p2 - p3
    g, h = np.linalg.solve(np.stack([a, b], axis=1), rest)
    x, y = p1 - p0 + g * p1, p3 - p0 + h * p3
    return np.array([[x[0], y[0], p0[0]], [x[1], y[1], p0[1]], [g, h, 1.0]])


def turned(flip: str, rotate: int) -> Matrix:
    """The map from points of the flipped and turned picture to points of the original one; both 0..1."""
    across, down = -1.0 if "h" in flip else 1.0, -1.0 if "v" in flip else 1.0
    flipped = np.array([[across, 0, across < 0], [0, down, down < 0], [0, 0, 1.0]])
    quarter = np.array([[0, 1.0, 0], [-1.0, 0, 1.0], [0, 0, 1.0]])
    turns: Matrix = np.linalg.matrix_power(quarter, rotate // 90)
    return flipped @ turns


def rectangle(placement: Placement, picture: tuple[int, int], across: int, down: int) -> tuple[int, int, int, int]:
    """(x, y, w, h) of a picture of (width, height) on the canvas of `across` x `down` pixels, y from the bottom."""
    width, height = picture[::-1] if placement.rotate % 180 else picture
    return placed(width, height, across, down, placement.fit)


def upright(placement: Placement, across: int, down: int) -> tuple[int, int]:
    """(width, height) of a picture that fills the canvas of `across` x `down` pixels pixel by pixel."""
    return (down, across) if placement.rotate % 180 else (across, down)


def mapping(
    placement: Placement, picture: tuple[int, int], across: int, down: int
) -> tuple[Matrix, NDArray[np.float64]]:
    """How a window of `across` x `down` pixels is drawn from a picture of (width, height).

    Returns:
        back: The map from points of the window (pixels, y from the bottom, as in OpenGL) to points of the picture
            (0..1, y from the top).
        edges: [4, 3]. Each row times a point of the window is the point's distance in pixels from one side of the
            visible quadrilateral, positive inside.
    """
    x, y, w, h = rectangle(placement, picture, across, down)
    left, top, right, bottom = x / across, 1 - (y + h) / down, (x + w) / across, 1 - y / down
    pixels = np.array([[across, 0, 0], [0, -down, down], [0, 0, 1.0]]) @ homography(placement.corners)
    onto = np.array([[right - left, 0, left], [0, bottom - top, top], [0, 0, 1.0]])
    back = turned(placement.flip, placement.rotate) @ np.linalg.inv(pixels @ onto)
    left, top, right, bottom = max(left, 0.0), max(top, 0.0), min(right, 1.0), min(bottom, 1.0)
    seen = np.array([[left, top, 1], [right, top, 1], [right, bottom, 1], [left, bottom, 1], [left, top, 1]])
    points = seen @ pixels.T
    points = points[:, :2] / points[:, 2:]
    edges = []
    for (ax, ay), (bx, by) in pairwise(points):  # clockwise on the screen: inside is to the right
        nx, ny = by - ay, ax - bx
        length = np.hypot(nx, ny)
        edges.append([nx / length, ny / length, -(nx * ax + ny * ay) / length])
    return back / np.abs(back).max(), np.array(edges)
