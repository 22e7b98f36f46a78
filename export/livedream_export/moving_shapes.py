"""Renders moving shapes, footage by which video GANs are compared: many short clips of one shape on a plain ground.

After the shape motion of Tulyakov et al., "MoCoGAN: Decomposing Motion and Content for Video Generation", CVPR 2018:
shapes of several kinds, sizes and colours go from left to right or from top to bottom along Bézier curves. Every pixel
is a function of seed and time (numpy only), anti-aliased by the distance to the edge, so anybody can render the same.
The pictures are dedicated to the public (CC0).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from livedream import UserError

from . import cache
from .arrays import Doubles, Floats, Rgb

NAME = "moving-shapes:"
VERSION = 1  # raise it when a pixel changes
SEED = 7
CLIPS = 400
LENGTH = 32  # frames of a clip
FPS = 25.0
ASPECT = 1.0
GROUND = (22, 24, 34)
COLOURS = (
    (235, 64, 52),
    (246, 150, 36),
    (250, 216, 60),
    (92, 200, 96),
    (70, 150, 250),
    (170, 100, 240),
    (244, 240, 232),
)
SMALLEST, LARGEST = 0.09, 0.19  # radius, in shorter sides
EDGE = 2.0  # pixels from a shape to the edge of the picture, at least
SINE = float(np.sin(np.pi / 3))


def _circle(x: Floats, y: Floats) -> Floats:
    return (np.hypot(x, y) - 1).astype(np.float32)


def _square(x: Floats, y: Floats) -> Floats:
    return (np.maximum(np.abs(x), np.abs(y)) - 0.88).astype(np.float32)


def _triangle(x: Floats, y: Floats) -> Floats:
    return (np.maximum(np.abs(x) * SINE - y * 0.5, y) - 0.5).astype(np.float32)


KINDS: dict[str, Callable[[Floats, Floats], Floats]] = {"circle": _circle, "square": _square, "triangle": _triangle}
"""Distances to the edge, negative inside, of points in radii right of and below the centre."""


@dataclass(frozen=True)
class Moving:
    """A shape on its way.

    Attributes:
        kind: a key of KINDS.
        colour: sRGB, 0 to 255.
        radius: in pixels.
        way: the four points of a Bézier curve, x and y in pixels, [4, 2].
    """

    kind: str
    colour: tuple[int, int, int]
    radius: float
    way: Doubles

    def at(self, t: float) -> Doubles:
        """Return its centre at t, 0 to 1."""
        weights = np.array([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3])
        centre: Doubles = weights @ self.way
        return centre


def shape(rng: np.random.Generator, width: int, height: int) -> Moving:
    """Choose a shape that stays within width x height pixels."""
    kinds = list(KINDS)
    kind, colour = kinds[rng.integers(len(kinds))], COLOURS[rng.integers(len(COLOURS))]
    radius = rng.uniform(SMALLEST, LARGEST) * min(width, height)
    along = int(rng.integers(2))  # 0: from left to right, 1: from top to bottom
    room = np.array([width, height]) - 2 * (radius + EDGE)
    way = rng.uniform(size=(4, 2))
    way[:, along] = np.sort(way[:, along]) * 0.3 + np.array([0.0, 0.2, 0.5, 0.7])
    return Moving(kind, colour, radius, way * room + radius + EDGE)


def frame(moving: Moving, t: float, width: int, height: int) -> Rgb:
    """Render a shape at t, 0 to 1 of its way, [height, width, 3]."""
    x, y = moving.at(t)
    right = ((np.arange(width) + 0.5 - x) / moving.radius)[None, :].astype(np.float32)
    below = ((np.arange(height) + 0.5 - y) / moving.radius)[:, None].astype(np.float32)
    covered = np.clip(0.5 - KINDS[moving.kind](right, below) * moving.radius, 0, 1)[..., None]
    ground, colour = np.array(GROUND, np.float32), np.array(moving.colour, np.float32)
    rendered: Rgb = np.rint(ground + covered * (colour - ground)).astype(np.uint8)
    return rendered


def frames(width: int, height: int, clips: int, seed: int = SEED) -> Iterator[Rgb]:
    """Render the frames of so many clips, one after the other, [height, width, 3]."""
    rng = np.random.default_rng(seed)
    for _ in range(clips):
        moving = shape(rng, width, height)
        for k in range(LENGTH):
            yield frame(moving, k / (LENGTH - 1), width, height)


def footage(name: str, size: tuple[int, int], progress: cache.Progress | None = None) -> cache.Footage:
    """Return the clips as training footage, a segment each.

    name: "moving-shapes:" or "moving-shapes:CLIPS"; UserError for another.
    """
    text = name.removeprefix(NAME)
    clips = int(text) if text.isdecimal() else 0 if text else CLIPS
    if not 2 <= clips <= 10_000:
        raise UserError(f"{name}: should be {NAME} or {NAME}CLIPS, 2 to 10000 of them, {LENGTH} frames each")
    width, height = size
    key = cache.key({"moving shapes": VERSION, "seed": SEED, "clips": clips, "size": [width, height]})
    count = clips * LENGTH
    source = cache.Source("moving-shapes", f"version {VERSION}", count / FPS)
    about = cache.About(range(LENGTH, count, LENGTH), [source])
    return cache.open_cached(key) or cache.write(
        key, frames(width, height, clips), size, FPS, lambda: about, count, progress
    )
