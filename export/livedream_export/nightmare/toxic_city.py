"""Toxic city: towers drowned in green smog, and slime that comes down over everything."""

import numpy as np

from livedream_export.nightmare.brush import painted
from livedream_export.nightmare.light import Painting, bloom, blur, developed, gradient, lit, mix, soft
from livedream_export.nightmare.noise import Field, clouds, f32, grid, moved, warped
from livedream_export.nightmare.tubes import Depths, curl

STREET = 0.82


def paint(size: int) -> Painting:
    """Paint it, [size, size, 3], 0..1."""
    x, y = grid(size)
    smog = 0.6 * warped(clouds(size, 1, 1.9, 0.5, 0.6), 0.2, 2) + 0.4 * warped(clouds(size, 3, 1.5, 0.15), 0.06, 4)
    picture = gradient(
        0.6 * smog + 0.4 * soft(0.05, 0.6, y) + 0.25 * np.exp(-(((x - 0.62) / 0.22) ** 2) - ((y - 0.3) / 0.25) ** 2),
        (0.15, "#08120a"),
        (0.4, "#244a0a"),
        (0.65, "#5f8f0c"),
        (0.85, "#b8dc28"),
        (1.05, "#f4ff9a"),
    )
    random = np.random.default_rng(5)
    for layer in range(4):
        picture = _row(picture, size, layer, random)
        thick = (
            soft(0.3, 0.8, clouds(size, 20 + layer, 1.8, 0.5, 0.5))
            * soft(0.15, 0.85, y)
            * (0.85, 0.8, 0.65, 0.3)[layer]
        )
        picture = mix(picture, gradient(smog, (0.2, "#28450a"), (0.8, "#b4d832")), thick)
    picture = _water(picture, size, y)
    picture = _slime(picture, size)
    picture = painted(picture, 51, (18.0, 8.0, 4.0, 2.2), keep=0.55, wander=0.15)
    return developed(bloom(picture, 0.6, 0.62), 52, 1.3)


def _row(picture: Painting, size: int, layer: int, random: np.random.Generator) -> Painting:
    """Return the picture with a row of towers before it, nearer with every layer."""
    x, y = grid(size)
    lean = 0.03 * (clouds(size, 30 + layer, 2.3, 0.4) - 0.5)
    at = -0.1
    while at < 1.05:
        wide = random.uniform(0.05, 0.1) * (0.8 + 0.35 * layer)
        top = random.uniform(0.1, 0.5) + 0.07 * layer
        tilt = random.normal(0, 0.03)
        px = (x - at + tilt * (y - STREET) + lean) / wide
        step = np.interp(px, (0.0, 0.18, 0.181, 0.8, 0.801, 1.0), (0.06, 0.06, 0.0, 0.0, 0.1, 0.1)).astype(np.float32)
        body = soft(-0.01, 0.01, px) * soft(1.01, 0.99, px) * soft(0, 0.004, y - top - step - 0.5 * lean)
        mast = soft(0.035, 0.0, np.abs(px - 0.5)) * soft(0, 0.01, y - top + 0.09)
        body = np.maximum(body, mast)
        rough = clouds(size, 40 + layer, 1.2, 0.08, 4.0)
        stone = gradient(rough, (0.2, "#040a06"), (0.6, "#182c10"), (0.95, "#3c5c20")) * (1.5 - 0.32 * layer)
        stone = stone * (0.55 + 0.6 * soft(0.9, 0.1, px))[..., None]
        picture = mix(picture, stone + _lights(px * wide, y - top, layer, random), body)
        at += wide * random.uniform(0.8, 2.2)
    return picture


def _lights(px: Field, py: Field, layer: int, random: np.random.Generator) -> Painting:
    """Return lit windows: some floors, some rooms, some of them in another colour."""
    apart, high = 0.007 + 0.003 * layer, 0.011 + 0.004 * layer
    column, row = np.floor(px / apart), np.floor(py / high)
    u, v = px / apart - column - 0.5, py / high - row - 0.5
    pane = soft(0.42, 0.3, np.abs(u)) * soft(0.4, 0.28, np.abs(v))
    chance = random.random((64, 64)).astype(np.float32)
    which = chance[row.astype(int) % 64, column.astype(int) % 64]
    dark = clouds(px.shape[0], 70 + layer, 2.0, 0.15)  # whole quarters have no light left
    bar = 0.62 + 0.5 * soft(0.62, 0.4, dark)
    glow = pane * (which > bar) * (0.35 + 2.2 * (which - bar))
    hue = gradient(
        chance[(row.astype(int) * 3) % 64, (column.astype(int) * 5 + 7) % 64],
        (0.0, "#caff3a"),
        (0.72, "#f2ff8a"),
        (0.8, "#ff2fa0"),
        (0.92, "#20f0e0"),
    )
    return np.asarray(hue * glow[..., None] * 1.2, np.float32)


def _water(picture: Painting, size: int, y: Field) -> Painting:
    """Return the picture with the street under poisoned water that mirrors it."""
    wave = clouds(size, 61, 1.4, 0.06, 0.2) - 0.5
    mirror = moved(picture, 0.05 * wave * soft(STREET, 1.0, y), 2 * (STREET - y) + 0.03 * wave)
    sheen = gradient(clouds(size, 62, 1.5, 0.12, 0.25), (0.3, "#06110a"), (0.6, "#4f7a10"), (0.8, "#d8ff50"))
    return mix(
        picture,
        mirror * 0.72 * f32((0.8, 1.0, 0.5)) + sheen * 0.32,
        soft(STREET - 0.004, STREET + 0.004, y + 0.01 * wave),
    )


def _slime(picture: Painting, size: int) -> Painting:
    random, depths = np.random.default_rng(63), Depths(size)
    scale = size / 768
    for _ in range(46):
        at, wide = random.random() * size, size * (0.005 + 0.022 * random.random() ** 2)
        long = size * min(0.05 + random.exponential(0.17), 0.75)
        line = curl((at, -0.03 * size), np.pi / 2, long, random.normal(0, 0.06, 6), 1.5 * scale)
        way = np.linspace(0, 1, len(line), dtype=np.float32)
        drop = np.exp(-(((way - 0.97) * long / wide / 1.6) ** 2))
        thin = wide * (0.45 + 0.9 * np.exp(-way * 7) + 0.75 * drop)
        depths.tube(1, line, thin.astype(np.float32), np.zeros(len(line), np.float32))
    for _ in range(60):  # bubbles
        bx, by = random.random() * size, size * random.uniform(STREET, 1.0)
        wide = size * (0.004 + 0.018 * random.random() ** 3)
        depths.tube(2, f32([(bx, by), (bx + 1, by)]), f32([wide, wide]), f32([0, 0]))
    top = soft(0.05, 0.035, grid(size)[1] + 0.05 * (clouds(size, 64, 2.0, 0.2) - 0.5))
    height = np.maximum(np.where(depths.number > 0, depths.z, 0), 14 * scale * blur(top, 5 * scale)).astype(np.float32)
    part = np.maximum(blur((depths.number > 0).astype(np.float32), 0.8), top)
    body = gradient(
        height / (22 * scale) + 0.35 * (clouds(size, 65, 1.8, 0.15) - 0.5),
        (0.0, "#1c4a02"),
        (0.4, "#5fc008"),
        (0.9, "#d4ff3c"),
    )
    wet = lit(body, height, (-0.5, -0.55, 0.6), 1.0, 0.85, 55, 0.45)
    picture = picture * (1 - 0.5 * moved(blur(part, 5 * scale), -0.008, -0.008)[..., None])
    return mix(picture, wet, part * 0.93)
