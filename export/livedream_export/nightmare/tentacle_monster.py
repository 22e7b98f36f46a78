"""Tentacle monster: wet arms with suckers out of a dark sea, and eyes between them."""

import numpy as np

from livedream_export.nightmare.brush import painted
from livedream_export.nightmare.light import Painting, bloom, blur, developed, gradient, lit, mix, rgb, soft
from livedream_export.nightmare.noise import Field, clouds, f32, grid, ridges, spots, warped
from livedream_export.nightmare.tubes import Depths, curl


def paint(size: int) -> Painting:
    """Paint it, [size, size, 3], 0..1."""
    x, y = grid(size)
    deep = 0.55 * clouds(size, 1, 2.0, 0.6) + 0.45 * warped(ridges(size, 2, 1.8, 0.3), 0.2, 3)
    picture = gradient(deep, (0.1, "#02060c"), (0.45, "#0a3640"), (0.7, "#14686a"), (1.0, "#46c0a0"))
    depths = _arms(size)
    there = depths.number > 0
    skin = _skin(size, depths)
    height = np.where(there, depths.z, 0).astype(np.float32) + _suckers(depths) * 7 * size / 768
    cool = lit(skin, height, (-0.45, -0.7, 0.5), 0.9, 0.6, 40, 0.2)
    warm = lit(skin * f32((0.55, 0.3, 0.9)), height, (0.8, 0.5, 0.15), 0.9, 0.25, 20, 0.0)
    body = cool + 0.8 * warm
    behind = soft(-90 * size / 768, 120 * size / 768, np.where(there, depths.z, -200 * size / 768))
    body = mix(np.full_like(body, rgb("#0b3a44")), body, 0.3 + 0.7 * behind)
    shadow = blur(there.astype(np.float32), 9 * size / 768)
    picture = picture * (1 - 0.75 * shadow[..., None])
    picture = mix(picture, body, blur(there.astype(np.float32), 0.8))
    for number, (ex, ey, wide) in enumerate(((0.43, 0.4, 0.105), (0.66, 0.56, 0.06), (0.24, 0.62, 0.045))):
        picture = _eye(picture, x - ex, y - ey, wide, 70 + number)
    picture = painted(picture, 21, (16.0, 7.0, 3.6, 2.0), keep=0.55, wander=0.15)
    return developed(bloom(picture, 0.35, 0.7), 22, 1.3)


def _arms(size: int) -> Depths:
    random, depths = np.random.default_rng(33), Depths(size)
    for number in range(1, 37):
        level = number / 36
        edge = random.uniform(0, 2 * np.pi)
        start = (size * (0.5 + 0.74 * np.cos(edge)), size * (0.5 + 0.74 * np.sin(edge)))
        inward = edge + np.pi + random.normal(0, 0.5)
        hook = random.choice((-1, 1))
        turn = np.concatenate([random.normal(0, 0.5, 5), hook * np.linspace(0.3, 2.1, 4)])
        line = curl(start, inward, size * random.uniform(0.75, 1.25), turn, 1.6 * size / 768)
        way = np.linspace(0, 1, len(line), dtype=np.float32)
        thick = size * random.uniform(0.055, 0.105) * (0.55 + 0.45 * level)
        radii = (thick * (1 - way) ** 0.75 + 1).astype(np.float32)
        deep = size * (-0.16 + 0.24 * level) + size * 0.03 * np.sin(way * 7 + number)
        depths.tube(number, line, radii, deep.astype(np.float32))
    return depths


def _skin(size: int, depths: Depths) -> Painting:
    blotch = warped(spots(size, 5), 0.03, 6)
    fine = clouds(size, 7, 1.2, 0.06)
    tone = np.random.default_rng(8).random(64).astype(np.float32)[depths.number.astype(int)]
    dark = gradient(
        0.6 * fine + 0.4 * tone,
        (0.1, "#2c1748"),
        (0.4, "#6b2570"),
        (0.65, "#a33a6a"),
        (0.8, "#3a7c86"),
        (1.0, "#5ab0a0"),
    )
    skin = mix(dark, rgb("#c99a8e"), 0.35 * blotch * soft(0.1, -0.5, depths.across))
    belly = soft(0.0, 0.35, depths.across)
    return mix(skin, gradient(fine, (0.2, "#b5606a"), (0.8, "#f0bfae")), 0.85 * belly)


def _suckers(depths: Depths) -> Field:
    """Return the relief of two rows of suckers and of the wrinkles across the back, -1..1."""
    safe = np.maximum(depths.radius, 3)
    around = np.arcsin(np.clip(depths.across, -1, 1))  # angle around the tube
    relief = 0.18 * np.sin(depths.along / safe * 9) * soft(0.2, -0.3, depths.across)
    for row, offset in ((0.45, 0.0), (1.0, 0.5)):
        place = depths.along / (safe * 0.62) + offset
        away = np.hypot((place - np.round(place)) * 0.62, (around - row) * 1.0) / 0.27
        ring = np.exp(-(((away - 0.72) / 0.2) ** 2)) - 1.1 * np.exp(-((away / 0.45) ** 2))
        relief = relief + ring * (away < 1.5)
    return np.asarray(relief * np.minimum(depths.radius / 20, 1.4) * (depths.number > 0), np.float32)


def _eye(picture: Painting, dx: Field, dy: Field, wide: float, seed: int) -> Painting:
    size = picture.shape[0]
    wobble = 0.12 * (clouds(size, seed, 2.0, 0.15) - 0.5)
    away = np.hypot(dx, dy * 1.25) / wide + wobble
    lid = np.exp(-(((away - 1.12) / 0.16) ** 2))
    angle = np.arctan2(dy, dx)
    rays = clouds(size, seed + 5, 1.4, 0.05)
    strands = 0.5 + 0.5 * np.sin(angle * 38 + 9 * rays)
    iris = gradient(
        away + 0.15 * (rays - 0.5), (0.0, "#fff29a"), (0.35, "#f2b20c"), (0.7, "#9a4a05"), (0.95, "#2a0d02")
    ) * (0.65 + 0.5 * strands[..., None])
    slit = soft(1.0, 0.75, np.abs(dx) / (wide * 0.2 * np.sqrt(np.clip(1 - (dy / wide / 0.86) ** 2, 0.01, 1))))
    ball = mix(iris, rgb("#050203"), slit)
    ball = (
        ball * (0.35 + 0.75 * np.clip(1 - ((dx + wide * 0.2) ** 2 + (dy + wide * 0.3) ** 2) / wide**2, 0, 1))[..., None]
    )
    glint = np.exp(-((dx + wide * 0.32) ** 2 + (dy + wide * 0.34) ** 2) / (wide * 0.13) ** 2)
    made = mix(picture, rgb("#0a0408"), soft(1.45, 1.0, away) * 0.9)
    made = made + (lid * (0.25 + 0.5 * np.clip(-dy / wide + 0.3, 0, 1)))[..., None] * f32((0.55, 0.25, 0.35))
    made = mix(made, ball, soft(1.0, 0.93, away))
    return made + glint[..., None]
