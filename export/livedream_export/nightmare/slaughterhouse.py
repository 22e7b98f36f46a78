"""Slaughterhouse: flesh with fat and sinew, filthy tiles, and blood that runs down both."""

import numpy as np

from livedream_export.nightmare.brush import painted
from livedream_export.nightmare.light import Painting, bloom, blur, developed, gradient, lit, mix, rgb, soft
from livedream_export.nightmare.noise import Field, cells, clouds, f32, grid, moved, ridges, warped
from livedream_export.nightmare.tubes import Depths, curl


def paint(size: int) -> Painting:
    """Paint it, [size, size, 3], 0..1."""
    scale = size / 768
    picture, height = _tiles(size)
    hanging = _carcasses(size)
    there = blur((hanging.number > 0).astype(np.float32), 1.2)
    shade = moved(blur(there, 16 * scale), -0.03, -0.02)
    picture = lit(picture, height, (-0.3, -0.8, 0.5), 1.2, 0.22, 30, 0.42) * (1 - 0.8 * shade[..., None])
    flesh, swell = _flesh(size, hanging)
    relief = np.where(hanging.number > 0, hanging.z, 0).astype(np.float32) + swell * 9 * scale
    body = lit(flesh, relief, (-0.6, -0.5, 0.55), 0.8, 0.45, 36, 0.34) * np.float32(1.15)
    picture = mix(picture, body, there)
    picture = _blood(picture, size)
    picture = painted(picture, 31, (18.0, 8.0, 4.0, 2.2), keep=0.5, wander=0.2)
    return developed(bloom(picture, 0.3, 0.75), 32, 1.25, 0.5)


def _tiles(size: int) -> tuple[Painting, Field]:
    """Return a wall of old tiles, bent and broken, and its relief in pixels."""
    x, y = grid(size)
    bend, lean = (0.035 * (clouds(size, each, 2.2, 0.5) - 0.5) for each in (1, 2))
    row = (y + bend) * 9
    column = (x + lean) * 6 + 0.5 * (np.floor(row) % 2)
    gap = np.minimum(np.abs(row - np.round(row)) / 9, np.abs(column - np.round(column)) / 6)
    joint = soft(0.008, 0.002, gap)
    each = (np.floor(row) * 37 + np.floor(column) * 11).astype(int) % 97
    tone = np.random.default_rng(3).random(97).astype(np.float32)[each]
    grime = 0.6 * clouds(size, 4, 1.5, 0.4, 2.5) + 0.4 * clouds(size, 5, 1.1, 0.08)
    wall = gradient(
        grime + 0.18 * (tone - 0.5), (0.2, "#1d1a14"), (0.45, "#6d6650"), (0.65, "#a9a183"), (0.9, "#d6cfb0")
    )
    near, second, _ = cells(size, 70, 6)
    crack = soft(0.05, 0.0, warped(second - near, 0.04, 7, 0.08)) * soft(0.45, 0.7, clouds(size, 8, 2.0, 0.4))
    wall = mix(wall, rgb("#1a0f0a"), np.maximum(joint * 0.85, crack))
    return wall, np.asarray((8 * tone - 9 * joint - 6 * crack + 3 * grime) * size / 768, np.float32)


def _carcasses(size: int) -> Depths:
    """Return sides of meat that hang from the top, between chains."""
    depths, random = Depths(size), np.random.default_rng(9)
    for number, (at, long, thick) in enumerate(
        ((0.16, 0.8, 0.115), (0.5, 1.0, 0.15), (0.84, 0.74, 0.12), (0.33, 0.52, 0.07), (0.68, 0.6, 0.075)), 1
    ):
        line = curl((at * size, -0.05 * size), np.pi / 2, long * size, random.normal(0, 0.12, 6), 2.0 * size / 768)
        way = np.linspace(0, 1, len(line), dtype=np.float32)
        shape = 0.25 + 0.75 * np.clip(np.sin(np.pi * way), 0, 1) ** 0.6 * (0.8 + 0.25 * np.sin(way * 11 + number))
        depths.tube(number, line, (shape * thick * size).astype(np.float32), way * 0 - 0.02 * size * (number > 3))
    return depths


def _flesh(size: int, on: Depths) -> tuple[Painting, Field]:
    """Return muscle with fat and ribs for the carcasses, and its relief, about 0..1."""
    around = np.arcsin(np.clip(on.across, -1, 1))
    fibre = warped(clouds(size, 11, 1.3, 0.12, 7.0), 0.06, 12, 0.25)
    fine = warped(clouds(size, 13, 1.0, 0.05, 10.0), 0.04, 14, 0.2)
    muscle = gradient(
        0.6 * fibre + 0.4 * fine, (0.15, "#2c0306"), (0.4, "#6e0a10"), (0.6, "#a81a1c"), (0.85, "#cf4a44")
    )
    marble = warped(ridges(size, 15, 1.7, 0.16, 2.5), 0.1, 16, 0.15)
    fat = soft(0.6, 0.85, marble) * soft(0.3, 0.6, clouds(size, 17, 2.0, 0.3))
    sheet = soft(0.5, 0.62, warped(clouds(size, 18, 1.9, 0.4, 1.6), 0.08, 19)) * 0.9
    ribs = soft(0.1, 0.75, np.sin(on.along / size * 95 + 2.2 * around + 2 * (clouds(size, 20, 2.0, 0.3) - 0.5)))
    cage = (
        ribs
        * soft(-0.35, 0.0, around)
        * soft(1.25, 0.8, around)
        * soft(0.3, 0.36, on.along / size)
        * soft(0.78, 0.7, on.along / size)
    )
    cage = cage * (on.number <= 3)
    cream = gradient(fine, (0.2, "#b98a6a"), (0.5, "#e3c4a0"), (0.8, "#f6e6cc"))
    flesh = mix(muscle, cream, np.maximum(fat, 0.75 * sheet * soft(0.35, 0.65, fine + 0.3 * fibre)))
    flesh = mix(flesh, cream * f32((1, 0.93, 0.86)), 0.85 * cage)
    flesh = mix(flesh, rgb("#3a0308"), 0.7 * soft(0.5, 0.15, ribs) * soft(0.2, 0.8, cage + (cage > 0)))
    return flesh, np.asarray(0.5 * fibre + 0.3 * fine + 0.7 * fat + 0.9 * cage, np.float32)


def _blood(picture: Painting, size: int) -> Painting:
    """Return the picture with blood thrown at it that runs down."""
    random, depths = np.random.default_rng(23), Depths(size)
    for _ in range(150):
        x, y = random.random(2) * size
        wide = size * (0.0025 + 0.02 * random.random() ** 4)
        depths.tube(1, f32([[x, y], [x + 1, y + wide * 0.4]]), f32([wide, wide * 0.8]), f32([0, 0]))
        if random.random() < 0.35:
            line = curl((x, y), np.pi / 2, size * random.exponential(0.16), random.normal(0, 0.12, 8), 1.5)
            thin = np.linspace(wide * 0.5, wide * 0.28, len(line), dtype=np.float32)
            thin[-4:] = wide * 0.5  # the drop at its end
            depths.tube(1, line, thin + 0.8, np.zeros(len(line), np.float32))
    throw = warped(clouds(size, 24, 1.25, 0.25), 0.12, 25, 0.15)
    pool = soft(0.66, 0.7, throw)
    drops = np.where(depths.number > 0, depths.z, 0).astype(np.float32)
    wet = np.clip(blur((drops > 0).astype(np.float32), 0.8) + pool, 0, 1)
    height = np.minimum(drops, 9 * size / 768) + 4 * blur(pool, 2)
    blood = lit(
        gradient(clouds(size, 26, 1.8, 0.2), (0.2, "#5a0004"), (0.8, "#b0060c")),
        height,
        (-0.6, -0.6, 0.5),
        1.2,
        0.75,
        60,
    )
    return mix(picture, blood, 0.93 * wet)
