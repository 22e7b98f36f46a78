"""Renders a rainbow road through space, the footage that the shipped dream was trained on.

Every pixel is a function of seed and time (numpy only), so anybody can render the same footage and train the same dream
again: `livedream train rainbow-road: --size 672x384 -o rainbow.onnx`. A ray through the pixel meets either the road, a
ribbon that bends, climbs and banks as sums of a few incommensurate waves, or the sky, a panorama of nebulae, stars and
planets that turns with the road. Edges are anti-aliased analytically, so no supersampling is needed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from livedream import UserError

from . import cache, rainbow_sky
from .arrays import Doubles, Floats, Rgb

VERSION = 1  # raise it when a pixel changes
SEED = 7
SECONDS = 240.0
FPS = 30.0
ASPECT = 1.75
SPEED = 12.0  # metres a second
HALF_WIDTH = 3.4  # half the road's width, metres
EYE = 2.0  # height above the road, metres
NEAR, FAR = 0.8, 170.0  # metres ahead between which the road is rendered
TILE = 6.0  # metres from one bright tile to the next
GATE = 36.0  # metres from one ring to the next
LAMP = 12.0  # metres from one pair of lamps to the next


@dataclass(frozen=True)
class Waves:
    """A smooth random function of the distance s along the road (metres): a sum of sines.

    Attributes:
        length: of each wave, metres.
        size: its amplitude.
        phase: in radians.
    """

    length: Doubles
    size: Doubles
    phase: Doubles

    def __call__(self, s: float | Doubles) -> Doubles:
        """Return the values at s."""
        s = np.asarray(s, np.float64)[..., None]
        waves: Doubles = (self.size * np.sin(2 * np.pi * s / self.length + self.phase)).sum(-1)
        return waves


@dataclass(frozen=True)
class World:
    """Road and sky.

    Attributes:
        heading: of the road, radians.
        height: of the road, metres.
        drift: of the viewer across the road, metres.
        sky: f32 [h, w, 3], linear light; its width is the full turn.
        focal: focal length, pixels.
        width: of the picture, pixels.
        height_px: of the picture, pixels.
    """

    heading: Waves
    height: Waves
    drift: Waves
    sky: Floats
    focal: float
    width: int
    height_px: int


def world(seed: int, width: int, height: int) -> World:
    """Lay out road and sky for frames of width x height pixels."""
    rng = np.random.default_rng(seed)

    def waves(lengths: list[float], sizes: list[float]) -> Waves:
        return Waves(np.array(lengths), np.array(sizes), rng.uniform(0, 2 * np.pi, len(lengths)))

    return World(
        heading=waves([2890.0, 610.0, 287.0, 163.0], [2.6, 0.5, 0.33, 0.16]),
        height=waves([397.0, 211.0, 127.0], [5.0, 2.2, 0.8]),
        drift=waves([181.0, 113.0], [0.9, 0.6]),
        sky=rainbow_sky.panorama(rng, width, height),
        focal=0.68 * width,
        width=width,
        height_px=height,
    )


@dataclass(frozen=True)
class _View:
    """The road as it is seen at one moment.

    Attributes:
        heading: of the viewer, radians.
        slope: of the road under the viewer.
        roll: of the picture, radians.
        ahead: distances ahead, metres.
        across: pixels by which the road's centre lies to the right at each.
        below: pixels by which it lies below the horizon.
    """

    heading: float
    slope: float
    roll: float
    ahead: Doubles
    across: Doubles
    below: Doubles


def _view(w: World, s0: float) -> _View:
    """Return the view at s0 metres."""
    ahead = np.geomspace(NEAR, FAR, 420)
    heading0 = float(w.heading(s0))
    step = np.diff(ahead, prepend=0.0)
    turn = w.heading(s0 + ahead) - heading0
    slope = float(w.height(s0 + 4.0) - w.height(s0)) / 4.0
    across = np.cumsum(np.sin(turn) * step) - float(w.drift(s0)) * np.exp(-ahead / 60.0)
    climb = w.height(s0 + ahead) - float(w.height(s0)) - slope * 0.75 * ahead
    roll = float(np.clip((w.heading(s0 + 14.0) - heading0) * 0.55, -0.35, 0.35))
    return _View(heading0, slope, roll, ahead, w.focal * across / ahead, w.focal * (EYE - climb) / ahead)


def frame(w: World, t: float) -> Rgb:
    """Render the picture at t seconds, [H, W, 3]."""
    s0 = SPEED * t
    view = _view(w, s0)
    yy, xx = np.mgrid[0 : w.height_px, 0 : w.width].astype(np.float32)
    xx -= w.width / 2 - 0.5
    yy -= w.height_px * 0.44
    cos, sin = np.float32(np.cos(view.roll)), np.float32(np.sin(view.roll))
    x, y = xx * cos + yy * sin, yy * cos - xx * sin
    picture = rainbow_sky.behind(w.sky, w.focal, view.heading, x, y, view.slope)
    hidden = _ground(w, view, picture, x, y, s0, t)

    def centre(d: float) -> tuple[float, float]:
        """Return the pixel and row of the road's centre at distance d."""
        return float(np.interp(d, view.ahead, view.across)), float(np.interp(d, view.ahead, view.below))

    for d in np.arange(GATE - s0 % GATE, 150.0, GATE)[::-1]:
        if d > 1.0:
            _gate(picture, x, y, *centre(d), d, w.focal, hidden)
    for d in np.arange(LAMP - s0 % LAMP, 110.0, LAMP)[::-1]:
        if d > 2.2:
            _lamps(picture, *centre(d), d, w, cos, sin)
    return _finish(picture)


def _ground(w: World, view: _View, picture: Floats, x: Floats, y: Floats, s0: float, t: float) -> Floats:
    """Add road and rails to a picture; return the distance of the road at each pixel, [H, W], 1e9 where there is none.

    x and y: of each pixel, from the centre of the horizon.
    """
    row = np.minimum.accumulate(view.below)  # a hill hides the road behind it
    row -= np.arange(len(row)) * 1e-5
    lut_y = np.arange(row[-1], 0.9 * w.width, 0.25)
    lut = np.interp(lut_y, row[::-1], view.ahead[::-1]).astype(np.float32)
    lut_centre = np.interp(lut, view.ahead, view.across).astype(np.float32)
    place = (y - np.float32(lut_y[0])) * 4
    far_below = np.zeros(1, np.float32), np.full(1, -10.0, np.float32)
    horizon = rainbow_sky.behind(w.sky, w.focal, view.heading, *far_below, view.slope)[0]
    below = slice(int(np.flatnonzero((place >= 0).any(1))[0]), None)  # rows that show any ground
    place, ground = place[below], picture[below]
    index = np.clip(place, 0, len(lut) - 2)
    i = index.astype(np.int32)
    part = index - i
    depth = lut[i] + (lut[i + 1] - lut[i]) * part
    centre = lut_centre[i] + (lut_centre[i + 1] - lut_centre[i]) * part
    pixel_q = depth / np.float32(w.focal * HALF_WIDTH)  # a pixel's width, in half widths of the road
    pixel_s = 4 * np.abs(lut[i + 1] - lut[i])  # a pixel's height, in metres along the road
    q = (x[below] - centre) * pixel_q

    fog = np.exp(-depth / 75.0)[..., None]
    road = _road(q, depth + np.float32(s0 % (TILE * GATE)), pixel_q, pixel_s, t)
    cover = np.clip((1.0 - np.abs(q)) / pixel_q + 0.5, 0, 1) * np.clip(place / 4, 0, 1)
    road = road * fog + (horizon * 1.4 + 0.05) * (1 - fog)
    ground += (road - ground) * cover[..., None]
    # The rails are a bright line on either edge, and its light on the space beside the road.
    beside = np.abs(np.abs(q) - 1.0)
    line = np.exp(-((beside / (0.022 + 0.7 * pixel_q)) ** 2)) + 0.30 * np.exp(-beside / 0.10)
    line *= np.exp(-depth / 90.0) * np.clip(place / 6, 0, 1)
    ground += line[..., None] * (rainbow_sky.hue_light(np.float32(0.55) + np.float32(0.12) * np.sign(q)) * 0.7 + 0.5)

    hidden: Floats = np.full(x.shape, 1e9, np.float32)
    hidden[below] = np.where(cover > 0.5, depth, np.float32(1e9))
    return hidden


def _road(q: Floats, s: Floats, pixel_q: Floats, pixel_s: Floats, t: float) -> Floats:
    """Return the road's colours: seven bands from red to violet, alternating tiles, and pulses that run ahead.

    q: position across the road, in half widths; s: along it, in metres.
    """
    band = (np.clip(q, -1, 1) + 1) * 3.5
    edge = np.abs(band - np.round(band))
    steps = np.floor(band) + 0.5
    soft = np.clip(pixel_q * 12, 0, 1)
    colour = rainbow_sky.hue_light((band * soft + steps * (1 - soft) - 0.5) / 6 * 0.80)
    wave = np.cos(2 * np.pi * s / TILE)
    sharp = np.clip(TILE / (8 * pixel_s + 0.4), 0.3, 6)
    tiles = 0.72 + 0.28 * np.tanh(wave * sharp) * np.clip(1.6 - 3.2 * pixel_s / TILE, 0, 1)
    pulse = np.exp(-(((s / GATE - 0.9 * t) % 1.0 - 0.5) ** 2) * 160) * 0.22
    seam = np.exp(-((edge / (0.03 + 3.5 * pixel_q)) ** 2)) * np.clip(1 - pixel_q * 14, 0, 1)
    shade = tiles * (0.62 + 0.38 * np.exp(-np.abs(q) * 0.8))
    colours: Floats = (colour * 0.78 + 0.015) * shade[..., None] + (pulse + 0.16 * seam)[..., None]
    return colours


def _gate(picture: Floats, x: Floats, y: Floats, cx: float, cy: float, d: float, focal: float, hidden: Floats) -> None:
    """Add a ring of light round the road; its hue follows the angle."""
    radius, thick = focal * 6.2 / d, max(1.1, focal * 0.17 / d)
    reach = radius + thick * 14
    rows = np.flatnonzero((np.abs(y - (cy - focal * 1.2 / d)) < reach).any(1))
    cols = np.flatnonzero((np.abs(x - cx) < reach).any(0))
    if not len(rows) or not len(cols):
        return
    box = (slice(rows[0], rows[-1] + 1), slice(cols[0], cols[-1] + 1))
    dx, dy = x[box] - np.float32(cx), y[box] - np.float32(cy - focal * 1.2 / d)
    away = np.abs(np.hypot(dx, dy) - np.float32(radius)) / np.float32(thick)
    light = np.exp(-(away**2)) * 1.5 + np.exp(-away / 4.0) * 0.28
    light *= (hidden[box] > d) * np.float32(np.exp(-d / 80.0) * min(1.0, (d - 1.0) / 3.0))
    tint = rainbow_sky.hue_light(np.arctan2(dx, -dy) / (2 * np.pi) + 0.25) * 0.85 + 0.15
    picture[box] += light[..., None] * tint


def _lamps(picture: Floats, cx: float, cy: float, d: float, w: World, cos: np.float32, sin: np.float32) -> None:
    """Add a pair of small lamps that float beside the road."""
    scale = w.focal / d
    for side, hue in ((-1.0, 0.50), (1.0, 0.88)):
        lx, ly = cx + side * (HALF_WIDTH + 0.9) * scale, cy - 0.9 * scale
        px = lx * cos - ly * sin + w.width / 2 - 0.5
        py = ly * cos + lx * sin + w.height_px * 0.44
        radius = max(0.9, 0.16 * scale)
        reach = int(radius * 7) + 2
        x0, x1 = max(0, int(px) - reach), min(w.width, int(px) + reach + 1)
        y0, y1 = max(0, int(py) - reach), min(w.height_px, int(py) + reach + 1)
        if x0 >= x1 or y0 >= y1:
            continue
        gy, gx = np.mgrid[y0:y1, x0:x1].astype(np.float32)
        r = np.hypot(gx - np.float32(px), gy - np.float32(py)) / np.float32(radius)
        light = (np.exp(-(r**2)) * 1.6 + np.exp(-r / 1.2) * 0.5) * np.float32(np.exp(-d / 70.0))
        picture[y0:y1, x0:x1] += light[..., None] * (rainbow_sky.hue_light(np.float32(hue)) * 0.8 + 0.2)


def _shoulder() -> NDArray[np.uint8]:
    """Return sRGB levels for light 0..4 in steps of 1/2000: linear in the dark, compressed towards white."""
    light = np.arange(8001) / 2000
    light = np.where(light < 0.5, light, 0.5 + 0.5 * np.tanh((light - 0.5) / 0.5))
    return (np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * 255 + 0.5).astype(
        np.uint8
    )


_SHOULDER = _shoulder()


def _finish(picture: Floats) -> Rgb:
    """Apply bloom, a soft shoulder and sRGB."""
    h, w = picture.shape[:2]
    small = picture.reshape(h // 8, 8, w // 8, 8, 3).mean((1, 3))
    small = np.clip(small - 0.30, 0, 3)
    for radius in (1, 2, 3):
        small = sum(np.roll(small, k, 0) for k in range(-radius, radius + 1)) / (2 * radius + 1)
        padded = np.pad(small, ((0, 0), (radius, radius), (0, 0)), mode="edge")
        small = sum(padded[:, k : k + w // 8] for k in range(2 * radius + 1)) / (2 * radius + 1)
    picture = picture + 0.30 * _enlarge(_enlarge(_enlarge(small)))
    finished: Rgb = _SHOULDER[(np.clip(picture, 0, 4) * 2000).astype(np.int16)]
    return finished


def _enlarge(a: Floats) -> Floats:
    """Enlarge to twice the size, bilinearly: f32 [2H, 2W, 3]."""
    for axis in (0, 1):
        first = np.concatenate([a.take([0], axis), a.take(range(a.shape[axis] - 1), axis)], axis)
        last = np.concatenate([a.take(range(1, a.shape[axis]), axis), a.take([-1], axis)], axis)
        pair = np.stack([0.75 * a + 0.25 * first, 0.75 * a + 0.25 * last], axis + 1)
        shape = list(a.shape)
        shape[axis] *= 2
        a = pair.reshape(shape)
    return a


def frames(width: int, height: int, seconds: float, seed: int = SEED, fps: float = FPS) -> Iterator[Rgb]:
    """Render the drive as pictures [height, width, 3], fps a second. Sides must be multiples of 8."""
    w = world(seed, width, height)
    for k in range(round(seconds * fps)):
        yield frame(w, k / fps)


def footage(name: str, size: tuple[int, int], progress: cache.Progress | None = None) -> cache.Footage:
    """Return the drive as training footage.

    name: "rainbow-road:" or "rainbow-road:SECONDS"; UserError for another.
    """
    text = name.removeprefix("rainbow-road:")
    try:
        seconds = float(text) if text else SECONDS
    except ValueError:
        seconds = 0.0
    if not 2 <= seconds <= 3600:
        raise UserError(f"{name}: should be rainbow-road: or rainbow-road:SECONDS, 2 to 3600 of them")
    width, height = size
    key = cache.key({"rainbow road": VERSION, "seed": SEED, "seconds": seconds, "size": [width, height]})
    about = cache.About(sources=[cache.Source("rainbow-road", f"version {VERSION}", seconds)])
    return cache.open_cached(key) or cache.write(
        key, frames(width, height, seconds), size, FPS, lambda: about, round(seconds * FPS), progress
    )
