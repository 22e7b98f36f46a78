"""Ghost town: a street of rotten boards that leads into the fog, and those who never left it."""

import cv2
import numpy as np

from livedream_export.nightmare import branches
from livedream_export.nightmare.brush import painted
from livedream_export.nightmare.light import Painting, bloom, blur, developed, fog, gradient, lit, mix, rgb, soft
from livedream_export.nightmare.noise import Field, cells, clouds, f32, grid, warped

EYE = (0.52, 0.56)  # where the street ends
FLOOR = 0.55  # the walls' foot, as rise over run from there


def paint(size: int) -> Painting:
    """Paint it, [size, size, 3], 0..1."""
    x, y = grid(size)
    away = np.hypot((x - EYE[0]) * 0.9, y - EYE[1])
    dust = 0.6 * warped(clouds(size, 1, 1.9, 0.5, 0.5), 0.15, 2) + 0.4 * warped(clouds(size, 3, 1.4, 0.1, 0.6), 0.04, 4)
    picture = gradient(
        0.55 * dust + 0.6 * np.exp(-away * 2.2), (0.2, "#2c2a26"), (0.45, "#6b6353"), (0.7, "#b3a683"), (1.0, "#ede3bd")
    )
    picture = _church(picture, size)
    picture = _street(picture, size)
    for side in (-1, 1):
        picture = _side(picture, size, side)
    mist = np.exp(-away * 5.5) * (0.55 + 0.7 * dust)
    picture = mix(picture, rgb("#d9cfae"), 0.85 * mist)
    picture = _ghosts(picture, size)
    picture = fog(picture, rgb("#b9ae92"), 5, 0.62, 1.05, 0.6)
    near = np.zeros((size, size), np.uint8)
    branches.tree(near, (0.985, 1.02), 1.05, 23, -np.pi / 2 - 0.25, 0.5)
    branches.tree(near, (-0.02, 0.2), 0.5, 25, 0.15, 0.5)
    picture = mix(picture, rgb("#14110d"), branches.part(near) * 0.95)
    picture = painted(picture, 71, (18.0, 8.0, 4.0, 2.2), keep=0.5, wander=0.15)
    return developed(bloom(picture, 0.35, 0.75), 72, 1.25, 0.45)


def _wood(along: Field, rise: Field, seed: int) -> tuple[Painting, Field]:
    """Return boards with grain, cracked grey paint and rot, and their relief, about 0..1.

    along: Metres along the wall. rise: Metres up it. Both float32 [H, W].
    """
    size = 768
    grain = clouds(size, seed, 1.2, 0.06, 0.06)
    patch = clouds(size, seed + 1, 1.7, 0.3)
    near, second, _ = cells(size, 500, seed + 2, 0.5)
    flake = soft(0.0, 0.09, second - near)
    board = np.floor(rise * 9)
    shift = np.random.default_rng(seed + 3).random(256).astype(np.float32)[board.astype(int) % 256]

    def looked_up(field: Field, scale: float) -> Field:
        u = (along * scale + shift * 0.7) * size % (2 * size)
        v = (rise * scale + shift) * size % (2 * size)
        return np.asarray(cv2.remap(np.tile(field, (2, 2)), u % size, v % size, cv2.INTER_LINEAR), np.float32)

    lines, rot, flakes = looked_up(grain, 0.35), looked_up(patch, 0.22), looked_up(flake, 0.3)
    gap: Field = soft(0.07, 0.02, np.abs(rise * 9 - np.round(rise * 9)))
    bare = gradient(
        lines + 0.15 * (shift - 0.5), (0.2, "#17120d"), (0.45, "#4a3d2e"), (0.7, "#7d6c52"), (0.9, "#a5947a")
    )
    paint = gradient(lines, (0.2, "#59665f"), (0.7, "#a3ab97")) * (0.55 + 0.45 * flakes[..., None])
    wood = mix(bare, paint, soft(0.5, 0.56, rot + 0.1 * (lines - 0.5)))
    wood = mix(wood, rgb("#080605"), np.maximum(gap * 0.9, soft(0.25, 0.15, rot) * 0.8))
    return wood, np.asarray(0.8 * lines + 0.5 * flakes - 1.2 * gap + 0.6 * shift, np.float32)


def _side(picture: Painting, size: int, side: int) -> Painting:
    """Return the picture with the houses of one side of the street; -1 is the left one."""
    x, y = grid(size)
    lean = 0.02 * (clouds(size, 30 + side, 2.3, 0.4) - 0.5)
    away = np.maximum((x - EYE[0] + lean) * side, 1e-3) + 0.001
    rise = -(y - EYE[1] + 0.6 * lean) / away + FLOOR  # metres above the ground
    along = 0.9 / (away + 0.06)
    picture = picture.copy()
    random = np.random.default_rng(40 + side)
    wood, relief = _wood(along, rise, 50 + side)
    wood = lit(wood, relief * 3.5 * size / 768, (-0.4 * side, -0.7, 0.5), 1.1, 0.08, 12, 0.4)
    start = 0.9 / 0.62
    while start < 9:
        long = random.uniform(0.55, 0.95) * (0.5 + 0.28 * start)
        high, step = random.uniform(1.25, 2.1), random.uniform(0.1, 0.35)
        part = (along - start) / long
        top = high + step * (np.abs(part - 0.5) < 0.3) + 0.1 * lean / 0.02 * random.normal(0, 0.4)
        body = (part > 0) * (part < 0.93) * soft(0.0, 0.02, top - rise) * soft(0.0, 0.02, rise)
        shade = 0.75 + 0.25 * soft(0, 0.15, part) * soft(0.93, 0.8, part)
        wall: Painting = wood * random.uniform(0.85, 1.35) * shade[..., None]
        for level in (0.42, 1.05):
            for each in (0.25, 0.68):
                if level + 0.3 > high or random.random() < 0.12:
                    continue
                wall = _window(wall, (part - each) / 0.13, (rise - level - 0.12) / 0.2, random)
        wall = mix(wall, rgb("#0c0a08"), 0.85 * soft(0.055, 0.03, np.abs(top - rise - 0.07)) * (rise < top))
        dark = blur(np.asarray(body, np.float32), 0.7)
        picture = mix(picture, wall, dark)
        start += long
    return picture


def _window(wall: Painting, u: Field, v: Field, random: np.random.Generator) -> Painting:
    frame = soft(1.3, 1.2, np.maximum(np.abs(u), np.abs(v)))
    hole = soft(1.0, 0.92, np.maximum(np.abs(u), np.abs(v)))
    tilt = random.normal(0, 0.35)
    bar = np.maximum(soft(0.12, 0.06, np.abs(u)), soft(0.1, 0.05, np.abs(v)))
    plank = soft(0.2, 0.15, np.abs(v - tilt * u - random.normal(0, 0.3))) * (random.random() < 0.6)
    wall = mix(wall, wall * 1.5 + 0.04, frame * 0.8)
    wall = mix(wall, rgb("#050404"), hole * (1 - 0.7 * bar))
    return mix(wall, wall * 0.3 + f32(rgb("#6b5c46")), plank * frame * 0.85)


def _street(picture: Painting, size: int) -> Painting:
    x, y = grid(size)
    below = np.maximum(y - EYE[1], 1e-3)
    near, second, _ = cells(size, 420, 61)
    crack = np.tile(second - near, (2, 2)).astype(np.float32)
    u = ((x - EYE[0]) / below * 0.16 * size) % size
    v = (0.22 / below * size) % size
    flat = f32(cv2.remap(crack, u.astype(np.float32), v.astype(np.float32), cv2.INTER_LINEAR))
    fine = clouds(size, 62, 1.2, 0.08, 0.3)
    mud = gradient(
        0.6 * fine + 0.4 * clouds(size, 63, 1.8, 0.3, 0.4), (0.2, "#2b231a"), (0.5, "#6e5c43"), (0.85, "#b8a27a")
    )
    mud = lit(
        mix(mud, rgb("#120d08"), soft(0.16, 0.03, flat)),
        np.clip(flat, 0, 0.3) * 22 * below,
        (-0.4, -0.7, 0.5),
        1.2,
        0.1,
        14,
        0.4,
    )
    return mix(picture, mud, soft(0.0, 0.03, y - EYE[1] - 0.01))


def _church(picture: Painting, size: int) -> Painting:
    mask = np.zeros((size, size), np.uint8)
    cx, foot = EYE[0] + 0.005, EYE[1] + 0.02
    branches.polygon(
        mask,
        [(cx - 0.05, foot), (cx - 0.05, foot - 0.12), (cx, foot - 0.18), (cx + 0.05, foot - 0.12), (cx + 0.05, foot)],
    )
    branches.polygon(
        mask,
        [
            (cx - 0.022, foot),
            (cx - 0.018, foot - 0.24),
            (cx + 0.006, foot - 0.37),
            (cx + 0.026, foot - 0.24),
            (cx + 0.024, foot),
        ],
    )
    branches.line(
        mask, ((cx + 0.006) * size, (foot - 0.36) * size), ((cx + 0.014) * size, (foot - 0.44) * size), 4 * size / 768
    )
    branches.line(
        mask, ((cx - 0.012) * size, (foot - 0.415) * size), ((cx + 0.034) * size, (foot - 0.408) * size), 4 * size / 768
    )
    return mix(picture, rgb("#4a4335"), warped(branches.part(mask), 0.006, 64) * 0.8)


def _ghosts(picture: Painting, size: int) -> Painting:
    """Return the picture with figures that one can see through."""
    x, y = grid(size)
    for number, (at, foot, high) in enumerate(
        ((0.4, 0.84, 0.34), (0.6, 0.74, 0.22), (0.53, 0.68, 0.14), (0.7, 0.95, 0.5))
    ):
        u = (x - at) / high + 0.16 * (clouds(size, 80 + number, 2.0, 0.2, 1.5) - 0.5)
        v = (foot - y) / high  # 0 at the feet, 1 at the crown
        head = np.exp(-(((u / 0.085) ** 2 + ((v - 0.88) / 0.11) ** 2) ** 2))
        wide = 0.1 + 0.1 * soft(0.75, 0.0, v) - 0.05 * soft(0.62, 0.78, v)
        torn = clouds(size, 90 + number, 1.4, 0.06, 3.0)
        gown = soft(1.0, 0.55, np.abs(u) / wide) * soft(0.8, 0.72, v) * soft(-0.05, 0.45, v + 0.35 * (torn - 0.5))
        body = np.maximum(head, gown * (0.45 + 0.6 * torn))
        eyes = np.exp(-((((np.abs(u) - 0.032) / 0.02) ** 2 + ((v - 0.9) / 0.028) ** 2) ** 2))
        gape = np.exp(-(((u / 0.022) ** 2 + ((v - 0.825) / 0.04) ** 2) ** 2))
        pale = gradient(torn, (0.2, "#8f978c"), (0.8, "#f2f0dc"))
        glow = blur(np.asarray(body, np.float32), 0.05 * high * size)
        picture = mix(picture, rgb("#dfe2d2"), 0.35 * glow)
        picture = mix(picture, pale, 0.78 * body)
        picture = mix(picture, rgb("#0b0a09"), 0.9 * np.maximum(eyes, gape))
    return picture
