"""Paintings that the project makes itself, so that a style can be trained without anybody's pictures.

`--style painting:swirls` names one of PAINTINGS. They are in the public domain (CC0), and the same on every machine.
"""

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from livedream_export.arrays import Floats, Rgb

SIDE = 768  # pixels of a painting


def _noise(rng: np.random.Generator, cells: int, octaves: int = 4, side: int = SIDE) -> Floats:
    """Return smooth noise of about -1..1, f32 [side, side], whose largest shapes are side / cells pixels wide."""
    total = np.zeros((side, side), np.float32)
    for k in range(octaves):
        count = cells * 2**k + 3
        grid = rng.standard_normal((count, count)).astype(np.float32)
        total += cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC) * 0.5**k
    return np.asarray(total / (np.abs(total).max() + 1e-6))


def _lit(colour: Floats, height: Floats, strength: float) -> Rgb:
    """Light a painting from the upper left, as its relief of paint would be: f32 [H, W, 3] in 0..1 to uint8."""
    smooth = cv2.GaussianBlur(height, (0, 0), 0.8)
    dx, dy = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3), cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3)
    slope = (-dx - dy) * strength
    shade = np.clip(1 + slope, 0.55, 1.5)[..., None]
    gloss = np.clip(slope - 0.2, 0, 0.4)[..., None] * 0.4
    lit = np.clip(colour * shade + gloss, 0, 1)
    return np.asarray((lit * 255).round().astype(np.uint8))


class _Canvas:
    """Wet paint: colour f32 [SIDE, SIDE, 3] in 0..1 and the height of the paint, f32 [SIDE, SIDE]."""

    def __init__(self, ground: tuple[float, float, float]):
        self.colour = np.empty((SIDE, SIDE, 3), np.float32)
        self.colour[:] = ground
        self.height = np.zeros((SIDE, SIDE), np.float32)

    def stroke(self, path: Floats, width: float, colour: Floats, rng: np.random.Generator) -> None:
        """Draw a stroke of a bristle brush along a path [N, 2] of pixels (x, y)."""
        along = np.gradient(path, axis=0)
        along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-6
        across = np.stack([-along[:, 1], along[:, 0]], 1)
        taper = np.sin(np.linspace(0.12, 0.94, len(path)) * np.pi)[:, None] ** 0.4
        bristles = max(3, round(width * 0.8))
        places = np.linspace(-0.5, 0.5, bristles)
        load = rng.normal(0, 1, bristles)
        load = np.convolve(load, [0.25, 0.5, 0.25], "same")
        thick = max(1, round(1.35 * width / bristles))
        for place, paint in zip(places, load, strict=True):
            line = np.round((path + across * taper * place * width) * 8).astype(np.int32)
            shade = np.clip(colour + 0.055 * paint, 0, 1)
            cv2.polylines(self.colour, [line], False, shade.tolist(), thick, cv2.LINE_AA, 3)
            ridge = 0.5 + 0.22 * paint + 0.5 * abs(2 * place) ** 3  # paint is pushed to the edges of a stroke
            cv2.polylines(self.height, [line], False, float(ridge), thick, cv2.LINE_AA, 3)


def _follow(field: Callable[[Floats], Floats], start: Floats, length: float, step: float = 4.0) -> Floats:
    """Return a path [N, 2] of that length along the directions `field`, radians at points (x, y)."""
    points: list[NDArray[Any]] = [start]
    for _ in range(max(3, int(length / step))):
        angle = field(points[-1][None])[0]
        points.append(points[-1] + step * np.array([math.cos(angle), math.sin(angle)]))
    return np.asarray(points)


def swirls() -> Rgb:
    """A night sky of thick strokes that run around stars: Prussian blue, cobalt, and yellows."""
    rng = np.random.default_rng(7)
    wind = cv2.GaussianBlur(_noise(rng, 2, 3), (0, 0), 12)
    eyes = [
        (190, 170, 120),
        (560, 130, 95),
        (395, 330, 150),
        (640, 420, 85),
        (120, 470, 95),
        (330, 610, 90),
        (600, 650, 120),
    ]

    def angles(points: Floats) -> Floats:
        x, y = points[:, 0], points[:, 1]
        inside = np.clip(points.astype(int), 0, SIDE - 1)
        bend = wind[inside[:, 1], inside[:, 0]] * 1.6 + 0.15
        vx, vy = np.cos(bend), np.sin(bend)
        for k, (a, b, radius) in enumerate(eyes):
            dx, dy = x - a, y - b
            far = np.hypot(dx, dy) + 1e-3
            weight = 3.2 * np.exp(-((far / radius) ** 2))
            turn = 1 if k % 2 else -1
            vx += weight * (-turn * dy / far - 0.25 * dx / far)
            vy += weight * (turn * dx / far - 0.25 * dy / far)
        return np.asarray(np.arctan2(vy, vx))

    night = np.array(
        [[0.05, 0.09, 0.27], [0.08, 0.20, 0.48], [0.16, 0.36, 0.66], [0.36, 0.58, 0.78], [0.66, 0.80, 0.82]]
    )
    fire = np.array([[0.93, 0.62, 0.12], [0.98, 0.80, 0.25], [1.0, 0.93, 0.62]])
    tone = _noise(rng, 5, 3)
    canvas = _Canvas((0.05, 0.09, 0.22))
    for count, width, length in ((2600, 19, 95), (3800, 12, 70), (3400, 8, 52)):
        for x, y in rng.uniform(-20, SIDE + 20, (count, 2)):
            at = np.clip(np.array([x, y]).astype(int), 0, SIDE - 1)
            rings = max(math.exp(-((math.hypot(x - a, y - b) / (0.62 * r)) ** 2)) for a, b, r in eyes)
            ripple = max(
                math.cos(math.hypot(x - a, y - b) / (r * 0.085))
                * math.exp(-((math.hypot(x - a, y - b) / (1.3 * r)) ** 2))
                for a, b, r in eyes
            )
            value = 1.6 + 2.1 * tone[at[1], at[0]] + 0.9 * ripple + rng.normal(0, 0.45)
            if rings > rng.uniform(0.35, 0.75):
                colour = fire[int(np.clip(rings * 3.2 + rng.normal(0, 0.5) - 0.6, 0, 2))]
            else:
                colour = night[int(np.clip(value, 0, 4))]
            start = np.array([x, y])
            canvas.stroke(
                _follow(angles, start, length * rng.uniform(0.6, 1.3)), width * rng.uniform(0.7, 1.25), colour, rng
            )
    return _lit(canvas.colour, canvas.height, 0.32)


def woodcut() -> Rgb:
    """A sea of carved waves, printed in three inks on cream paper: dark outlines, hollow lines, claws of foam."""
    rng = np.random.default_rng(11)
    x = np.arange(SIDE, dtype=np.float32)
    grid_y, grid_x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    paper, ink = np.array([0.93, 0.87, 0.73], np.float32), np.array([0.06, 0.11, 0.22], np.float32)
    seas = np.array([[0.10, 0.27, 0.48], [0.23, 0.45, 0.62], [0.52, 0.69, 0.74], [0.14, 0.34, 0.50]], np.float32)
    page = np.empty((SIDE, SIDE, 3), np.float32)
    page[:] = paper
    sky = np.clip(1.1 - grid_y / 240, 0, 1)[..., None]
    page = page * (1 - 0.35 * sky) + np.array([0.80, 0.45, 0.28], np.float32) * 0.35 * sky
    wobble = _noise(rng, 4, 5)
    grain = _noise(rng, 90, 2)
    for layer in range(11):
        base = 70 + layer * 68
        period = rng.uniform(210, 330)
        phase = rng.uniform(0, 1)
        turn = ((x / period + phase) % 1.0).astype(np.float32)
        crest = np.where(
            turn < 0.72, (turn / 0.72) ** 2.2, np.cos(np.clip(turn - 0.72, 0, 0.28) / 0.28 * np.pi / 2).clip(0) ** 0.8
        )
        top = base - 85 * crest - 16 * np.interp(x, np.linspace(0, SIDE, 9), rng.normal(0, 1, 9)).astype(np.float32)
        depth = grid_y - top[None, :] + 9 * wobble
        inside = depth > 0
        sea = seas[rng.integers(0, 4)]
        lines = np.sin(2 * np.pi * (depth + 16 * wobble) / (17 + 0.035 * depth)) - np.clip(0.75 - depth / 190, -1, 0.75)
        body = np.where((lines > 0.15 + 0.35 * np.sin(grid_x / 61 + layer))[..., None], sea, paper * 0.97)
        deep = np.clip((depth - 42) / 90, 0, 1)[..., None] > 0.5
        body = np.where(deep & (lines < 0.4)[..., None], sea * 0.72, body)
        page = np.where(inside[..., None], body, page)
        page = np.where((np.abs(depth) < 3.4 + 1.6 * wobble)[..., None], ink, page)
        page = np.where((np.abs(depth - 23 - 7 * wobble) < 1.7)[..., None], ink, page)
        _foam(page, top, turn, paper, ink, rng)
    worn = (grain > 0.62)[..., None]
    page = np.where(worn, page * 0.75 + paper * 0.25, page) + 0.018 * grain[..., None]
    return np.asarray((np.clip(cv2.GaussianBlur(page, (0, 0), 0.7), 0, 1) * 255).astype(np.uint8))


def _foam(page: Floats, top: Floats, turn: Floats, paper: Floats, ink: Floats, rng: np.random.Generator) -> None:
    """Draw the claws of foam along the crests of a wave, whose upper edge is at `top` [SIDE]."""
    dots = []
    for at in np.flatnonzero((turn > 0.45) & (turn < 0.93))[::7]:
        for _ in range(2):
            radius = float(rng.uniform(3.5, 9.5))
            dots.append((at + rng.normal(0, 5), top[at] + rng.normal(2, 7), radius))
        if rng.random() < 0.3:
            dots.append((at + rng.normal(14, 16), top[at] - abs(rng.normal(12, 16)), float(rng.uniform(1.2, 3.2))))
    for grow, colour in ((2.2, ink), (0.0, paper)):
        for a, b, radius in dots:
            centre = (int(a * 8), int(b * 8))
            cv2.circle(page, centre, int((radius + grow) * 8), colour.tolist(), -1, cv2.LINE_AA, 3)
    for a, b, radius in dots[::3]:
        if radius > 5:
            curl = (int(a * 8), int(b * 8)), (int(radius * 4.5), int(radius * 4.5))
            cv2.ellipse(page, *curl, float(rng.uniform(0, 360)), 0, 230, ink.tolist(), 1, cv2.LINE_AA, 3)


def glass() -> Rgb:
    """A stained-glass window: jewelled panes in dark lead, lit from behind."""
    rng = np.random.default_rng(5)
    grid_y, grid_x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    bend_x, bend_y = _noise(rng, 3, 3), _noise(rng, 3, 3)
    px, py = grid_x + 26 * bend_x, grid_y + 26 * bend_y
    seeds = [np.stack(np.meshgrid(np.arange(-40, SIDE + 80, 58), np.arange(-40, SIDE + 80, 58)), -1).reshape(-1, 2)]
    points = np.concatenate(seeds).astype(np.float32)
    points += rng.normal(0, 17, points.shape).astype(np.float32)
    roses = [(210, 240, 150), (560, 470, 185), (190, 640, 110), (610, 110, 105)]
    for a, b, radius in roses:
        far = np.hypot(points[:, 0] - a, points[:, 1] - b)
        points = points[far > radius]
        rings = []
        for k, ring in enumerate((0.0, 0.3, 0.58, 0.86)):
            count = (1, 6, 12, 18)[k]
            turns = 2 * np.pi * (np.arange(count) + 0.5 * (k % 2)) / count
            rings.append(np.stack([a + ring * radius * np.cos(turns), b + ring * radius * np.sin(turns)], 1))
        points = np.concatenate([points, np.concatenate(rings).astype(np.float32)])
    best = np.full((SIDE, SIDE), 1e9, np.float32)
    second, owner = best.copy(), np.zeros((SIDE, SIDE), int)
    for k, (a, b) in enumerate(points):
        far = np.hypot(px - a, py - b)
        nearer = far < best
        second = np.where(nearer, best, np.minimum(second, far))
        owner = np.where(nearer, k, owner)
        best = np.minimum(best, far)
    jewels = np.array(
        [0xCC121A, 0xED590F, 0xFAC229, 0x0F6B3D, 0x0D40AD, 0x1A8CB8, 0x6B1A80, 0xE6E0BD, 0x08246B, 0x9E0D29]
    )
    jewels = (jewels[:, None] >> np.array([16, 8, 0]) & 255).astype(np.float32) / 255
    kinds = np.array([jewels[rng.integers(0, len(jewels))] for _ in points])
    for a, b, radius in roses:
        far = np.hypot(points[:, 0] - a, points[:, 1] - b) / radius
        kinds = np.where((far < 0.15)[:, None], jewels[2], kinds)
        kinds = np.where(((far > 0.15) & (far < 0.45))[:, None], jewels[0], kinds)
        kinds = np.where(((far > 0.45) & (far < 0.7))[:, None], jewels[4], kinds)
        kinds = np.where(((far > 0.7) & (far < 0.95))[:, None], jewels[[1, 5]][np.arange(len(points)) % 2], kinds)
    kinds = np.clip(kinds * rng.uniform(0.75, 1.2, (len(points), 1)), 0, 1).astype(np.float32)
    edge = second - best
    glow = 0.72 + 0.5 * np.clip(edge / 34, 0, 1) * (0.8 + 0.35 * _noise(rng, 14, 4))
    page = np.clip(kinds[owner] * glow[..., None], 0, 1)
    streaks = _noise(rng, 40, 2) * 0.07 + _noise(rng, 9, 3) * 0.12
    page = np.clip(page + streaks[..., None] * page, 0, 1)
    lead = np.clip((7.5 + 2 * _noise(rng, 12, 2) - edge) / 2.0, 0, 1)[..., None]
    shine = np.clip(1 - np.abs(edge - 2.5) / 2.0, 0, 1)[..., None] * 0.10
    page = page * (1 - lead) + (np.array([0.05, 0.05, 0.06], np.float32) + shine) * lead
    return np.asarray((np.clip(page, 0, 1) * 255).astype(np.uint8))


PAINTINGS: dict[str, Callable[[], Rgb]] = {"swirls": swirls, "woodcut": woodcut, "glass": glass}
"""The paintings by name."""
