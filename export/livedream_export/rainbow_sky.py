"""The sky over the rainbow road: a panorama of nebulae, stars and planets."""

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Floats


def hue_light(h: ArrayLike) -> Floats:
    """Return fully saturated colours of hue h (turns), linear light, f32 [..., 3]."""
    turns = np.asarray(h, np.float32)[..., None] + np.array([0.0, 2 / 3, 1 / 3], np.float32)
    colours: Floats = np.clip(np.abs((turns % 1.0) * 6 - 3) - 1, 0, 1) ** 1.6
    return colours


def _cloud(rng: np.random.Generator, h: int, w: int, slope: float) -> Floats:
    """Return periodic fractal noise, about 0 ± 1: white noise with a power-law spectrum."""
    fy, fx = np.fft.fftfreq(h)[:, None] * h, np.fft.rfftfreq(w)[None] * w / 2.6
    f = np.sqrt(fy**2 + fx**2)
    f[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.standard_normal((h, w))) * f**-slope
    cloud = np.fft.irfft2(spectrum, (h, w))
    scaled: Floats = (cloud / cloud.std()).astype(np.float32)
    return scaled


def _blot(sky: Floats, x: float, y: float, radius: float, colour: Floats, power: float = 2.0) -> None:
    """Add a soft round light at (x, y), continued across the full turn."""
    h, w = sky.shape[:2]
    reach = int(radius * 3) + 2
    ys = np.arange(max(0, int(y) - reach), min(h, int(y) + reach + 1))
    xs = np.arange(int(x) - reach, int(x) + reach + 1)
    r = np.hypot(ys[:, None] - y, xs[None] - x) / radius
    sky[ys[:, None], xs[None] % w] += np.exp(-(r**power))[..., None] * np.asarray(colour, np.float32)


def _planet(sky: Floats, x: float, y: float, radius: float, hue: float, ring: bool) -> None:
    """Add a planet at (x, y)."""
    h, w = sky.shape[:2]
    reach = int(radius * 2.6) + 2
    ys = np.arange(max(0, int(y) - reach), min(h, int(y) + reach + 1))[:, None]
    xs = np.arange(int(x) - reach, int(x) + reach + 1)[None]
    dx, dy = (xs - x) / radius, (ys - y) / radius
    r = np.hypot(dx, dy)
    cover = np.clip((1 - r) * radius + 0.5, 0, 1)[..., None]
    z = np.sqrt(np.clip(1 - r**2, 0, 1))
    light = np.clip(-0.55 * dx - 0.45 * dy + 0.7 * z, 0.02, 1)
    bands = 0.8 + 0.2 * np.sin(7 * dy + 1.3 * np.sin(3 * dx))
    body = hue_light(hue + 0.06 * np.sin(5 * dy)) * 0.75 + 0.25
    body = body * (light * bands)[..., None]
    rim = np.exp(-((r - 1) ** 2) * 60)[..., None] * hue_light(np.float32(hue)) * 0.35
    patch = sky[ys, xs % w] * (1 - cover) + body * cover + rim * (1 - cover)
    if ring:
        tilt = np.hypot(dx + 0.3 * dy, (dy - 0.3 * dx) * 3.6)
        band = np.exp(-(((tilt - 1.75) / 0.3) ** 4)) * (0.75 + 0.25 * np.cos(tilt * 30))
        front = ((dy - 0.3 * dx) > 0) | (r > 1)
        patch = patch + (band * front)[..., None] * (hue_light(np.float32(hue + 0.12)) * 0.45 + 0.2)
    sky[ys, xs % w] = patch


def panorama(rng: np.random.Generator, width: int, height: int) -> Floats:
    """Return the panorama for pictures of a size, f32 [h, w, 3], linear light."""
    focal = 0.68 * width
    w, h = int(2 * np.pi * focal), int(height * 1.5)
    band = np.exp(-((np.linspace(-1.6, 1.6, h, dtype=np.float32)[:, None] + 0.3) ** 2))
    base, veil, core = (_cloud(rng, h, w, slope) for slope in (1.9, 1.7, 1.9))
    turn = np.linspace(0, 1, w, endpoint=False, dtype=np.float32)[None]
    # The palette changes with the heading: blue, violet, magenta, rose, and back, with teal and ember mists.
    hue_a = 0.77 + 0.13 * np.sin(2 * np.pi * turn) + 0.025 * veil
    hue_b = 0.76 + 0.27 * np.sin(2 * np.pi * turn + 1.9) + 0.02 * base
    glow = np.clip(0.5 + 0.5 * base, 0, None) ** 2 * band
    mist = np.clip(0.25 + 0.55 * veil, 0, None) ** 2 * band
    sky = (
        np.array([0.012, 0.008, 0.045], np.float32)
        + hue_light(hue_a) * (0.20 * glow)[..., None]
        + hue_light(hue_b) * (0.20 * mist)[..., None]
        + np.array([1.0, 0.75, 0.5], np.float32) * (0.10 * np.clip(core - 0.9, 0, None) ** 2 * band)[..., None]
    )
    unit = width / 672
    for _ in range(260):
        size = rng.uniform(0.9, 1.5) * unit
        tint = 0.7 + 0.3 * hue_light(np.float32(rng.uniform()))
        _blot(sky, rng.uniform(0, w), rng.uniform(0, h), size, tint * rng.uniform(0.2, 1.1))
    for _ in range(16):
        x, y, tint = rng.uniform(0, w), rng.uniform(0, 0.6 * h), 0.6 + 0.4 * hue_light(np.float32(rng.uniform()))
        _blot(sky, x, y, 2.0 * unit, tint * 2.0)
        _blot(sky, x, y, 9.0 * unit, tint * 0.12, power=1.0)
    for k in range(7):
        x = (k + rng.uniform(0.2, 0.8)) / 7 * w
        radius = rng.uniform(16, 46) * unit
        _planet(sky, x, rng.uniform(0.10, 0.36) * h, radius, rng.uniform(), ring=k % 2 == 0)
    light: Floats = sky.astype(np.float32)
    return light


def behind(panorama: Floats, focal: float, heading: float, x: Floats, y: Floats, slope: float) -> Floats:
    """Return the sky behind pixels x, y, f32 [..., 3].

    Args:
        panorama: as `panorama` makes it.
        focal: focal length, pixels.
        heading: of the viewer, radians.
        x: of the pixels, from the centre of the horizon.
        y: likewise.
        slope: of the road under the viewer.
    """
    h, turn = panorama.shape[:2]
    u = (x + np.float32(heading * focal)) % turn
    v = np.clip(y + np.float32(0.47 * h + slope * 0.5 * focal), 0, h - 1.001)
    iu, iv = u.astype(np.int32), v.astype(np.int32)
    fu, fv = (u - iu)[..., None], (v - iv)[..., None]
    flat = panorama.reshape(-1, 3)
    left, right, top = iu % turn, (iu + 1) % turn, iv * turn
    upper = flat[top + left] * (1 - fu) + flat[top + right] * fu
    top = top + turn
    lower = flat[top + left] * (1 - fu) + flat[top + right] * fu
    colours: Floats = upper * (1 - fv) + lower * fv
    return colours
