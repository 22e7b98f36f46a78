"""Inferno: flames that lick upwards, cracked lava, embers, and burnt spires."""

import numpy as np

from livedream_export.nightmare import branches
from livedream_export.nightmare.brush import painted
from livedream_export.nightmare.light import Painting, bloom, blur, developed, gradient, lit, mix, rgb, soft
from livedream_export.nightmare.noise import Field, cells, clouds, f32, grid, moved, ridges, warped


def paint(size: int) -> Painting:
    """Paint it, [size, size, 3], 0..1."""
    _, y = grid(size)
    heat = np.zeros((size, size), np.float32)
    for number, (stretch, largest) in enumerate(((4.0, 0.5), (3.5, 0.22), (3.0, 0.1))):
        tongues = ridges(size, 11 + number, 2.1, largest, stretch)
        sway = clouds(size, 31 + number, 2.2, largest * 0.9, 1.6) - 0.5
        lift = clouds(size, 41 + number, 2.0, largest * 0.6) - 0.5
        tongues = moved(tongues, 0.34 * largest * 2 * sway, 0.2 * lift)
        heat = np.maximum(heat, tongues * (0.75 + 0.4 * y) * (1.0, 0.8, 0.6)[number])
    heat = np.clip(heat * 0.85 + 0.45 * (clouds(size, 3, 2.2, 0.5, 2.0) - 0.4) + 0.35 * (y - 0.45), 0, 1.2)
    picture = gradient(
        heat, (0.0, "#0a0204"), (0.2, "#3a0507"), (0.4, "#9c1605"), (0.6, "#e8480a"), (0.8, "#ff9b1a"), (1.1, "#fff0b0")
    )

    crooked = np.zeros((size, size), np.uint8)  # burnt trees, like hands that reach out of the fire
    for number, (at, high) in enumerate(((0.1, 0.55), (0.33, 0.36), (0.63, 0.42), (0.88, 0.6))):
        branches.tree(crooked, (at, 0.86), high, 50 + number, gnarl=0.55)
    burnt = branches.part(crooked)
    edge = blur(burnt, 3) - burnt
    picture = mix(picture, rgb("#120304"), burnt * 0.95)
    picture = picture + np.clip(edge, 0, 1)[..., None] * f32((1.2, 0.45, 0.06))

    near, second, _ = cells(size, 90, 5, 0.55)
    crack = warped(second - near, 0.03, 7, 0.1)
    ground = soft(0.72, 0.86, y + 0.12 * (clouds(size, 8, 2.0, 0.3) - 0.5))
    rock = np.clip(crack, 0, 0.5) * 26 + 14 * clouds(size, 9, 1.5, 0.1)
    stone = lit(gradient(clouds(size, 10, 1.4, 0.1), (0.2, "#1a0a08"), (0.8, "#4a2418")), rock, (0.1, -0.8, 0.4), 1.3)
    lava = gradient(soft(0.16, 0.0, crack), (0.0, "#000000"), (0.35, "#b02004"), (0.7, "#ff7a10"), (1.0, "#ffe890"))
    picture = mix(picture, stone + lava, ground)

    picture = picture + _embers(size)[..., None] * f32((1.0, 0.62, 0.2)) * (0.4 + heat[..., None])
    picture = painted(picture, 13, keep=0.4, wander=0.3)
    return developed(bloom(picture, 0.5, 0.65), 14, 1.25)


def _embers(size: int) -> Field:
    """Return sparks that fly up, 0..1."""
    random, sparks = np.random.default_rng(12), np.zeros((size, size), np.uint8)
    for _ in range(900):
        (x, y), wide, sway = random.random(2) * size, random.exponential(0.9), random.normal(-1.5, 0.4)
        branches.line(sparks, (x, y), (x + np.cos(sway) * wide * 5, y + np.sin(sway) * wide * 5), wide)
    return branches.part(sparks)
