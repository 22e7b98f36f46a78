"""Haunted house: a crooked house under a moon that the clouds run across, with light in its windows."""

import cv2
import numpy as np

from livedream_export.nightmare import branches
from livedream_export.nightmare.branches import Mask
from livedream_export.nightmare.brush import painted
from livedream_export.nightmare.light import Painting, bloom, blur, developed, fog, gradient, mix, rgb, soft
from livedream_export.nightmare.noise import Field, clouds, f32, grid, moved, warped

# Left, right, eaves, ridge: boxes with gables, from the back to the front.
WINGS = (
    (0.30, 0.44, 0.42, 0.16),
    (0.58, 0.68, 0.36, 0.10),
    (0.25, 0.50, 0.52, 0.38),
    (0.46, 0.76, 0.50, 0.30),
    (0.40, 0.55, 0.60, 0.47),
    (0.66, 0.79, 0.62, 0.54),
)
GROUND = 0.80


def paint(size: int) -> Painting:
    """Paint it, [size, size, 3], 0..1."""
    x, y = grid(size)
    picture = _sky(size, x, y)
    far, near = np.zeros((size, size), np.uint8), np.zeros((size, size), np.uint8)
    for number, (at, high) in enumerate(((0.02, 0.45), (0.17, 0.33), (0.9, 0.4))):
        branches.tree(far, (at, GROUND), high, 60 + number, gnarl=0.4)
    picture = mix(picture, rgb("#1b2a3a"), branches.part(far) * 0.9)
    picture = fog(picture, rgb("#5f7f86"), 2, 0.5, 0.8, 0.6)
    picture = _house(picture, size, y)
    hill = soft(0, 0.012, y - GROUND - 0.05 * (clouds(size, 3, 2.0, 0.5) - 0.5) - 0.25 * (x - 0.5) ** 2)
    earth = gradient(
        warped(clouds(size, 4, 1.2, 0.08, 2.5), 0.02, 5), (0.2, "#05080b"), (0.7, "#16231f"), (1.0, "#3a4a38")
    )
    picture = mix(picture, earth, hill)
    picture = fog(picture, rgb("#7f9a94"), 6, 0.72, 1.0, 0.65)
    for number, (at, high) in enumerate(((-0.01, 0.95), (0.99, 0.8))):
        branches.tree(near, (at, 1.0), high, 71 + number, -np.pi / 2 + (0.25, -0.22)[number], 0.5)
    _graves(near)
    edge = np.clip(moved(blur(branches.part(near), 1.5), 0.003, 0.003) - branches.part(near), 0, 1)
    picture = mix(picture, rgb("#04060a"), branches.part(near))
    picture = fog(picture, rgb("#8fa69a"), 8, 0.88, 1.06, 0.75)
    picture = picture + edge[..., None] * f32(rgb("#5c7890")) * 0.3
    picture = painted(picture, 41, (18.0, 8.0, 4.0, 2.2), keep=0.5, wander=0.2)
    return developed(bloom(picture, 0.6, 0.6), 42, 1.3)


def _sky(size: int, x: Field, y: Field) -> Painting:
    away = np.hypot(x - 0.56, y - 0.24)
    turn = np.arctan2(y - 0.24, x - 0.56)
    streaks = moved(clouds(size, 11, 1.8, 0.5, 0.4), 0.08 * np.cos(turn * 2), 0.10 * np.sin(turn + 7 * away))
    streaks = 0.65 * warped(streaks, 0.12, 12) + 0.35 * warped(clouds(size, 13, 1.4, 0.12, 0.5), 0.05, 14)
    near = np.exp(-away * 3.4)
    sky = gradient(
        streaks * 0.75 + near * 0.55,
        (0.15, "#04060f"),
        (0.4, "#0d1b33"),
        (0.6, "#24465f"),
        (0.8, "#5f8a8c"),
        (1.05, "#cfd8a0"),
    )
    face = gradient(warped(clouds(size, 15, 1.3, 0.08), 0.02, 16), (0.2, "#a8a468"), (0.5, "#e6dc9a"), (0.8, "#fff8d0"))
    behind = soft(0.8, 0.45, streaks)
    return mix(sky, face * 1.1, soft(0.152, 0.146, away) * (0.35 + 0.65 * behind))


def _house(picture: Painting, size: int, y: Field) -> Painting:
    random = np.random.default_rng(17)
    boards = clouds(size, 18, 1.1, 0.05, 0.15)
    stain = clouds(size, 19, 1.6, 0.2, 3.0)
    for left, right, eaves, ridge in WINGS:
        walls, tiles, lights = (np.zeros((size, size), np.uint8) for _ in range(3))
        middle, over = (left + right) / 2 + random.normal(0, 0.012), 0.018
        branches.polygon(walls, [(left, eaves), (right, eaves - 0.01), (right, 0.9), (left, 0.9)])
        branches.polygon(walls, [(left, eaves + 0.005), (middle, ridge + 0.02), (right, eaves)])
        branches.polygon(tiles, _thick(left - over, eaves + 0.02, middle, ridge, 0.022))
        branches.polygon(tiles, _thick(middle, ridge, right + over, eaves + 0.015, 0.022))
        branches.polygon(tiles, [(middle - 0.003, ridge), (middle, ridge - 0.06), (middle + 0.003, ridge)])
        _windows(lights, left, right, eaves, random)
        # The whole wing leans as the wind has bent it.
        sway = 0.02 * (clouds(size, 90 + int(left * 99), 2.4, 0.5) - 0.5)
        wall, roof, panes = (moved(branches.part(each), 2 * sway, sway) for each in (walls, tiles, lights))
        shade = gradient(
            0.5 * boards + 0.5 * stain + 0.12 * (0.5 - y),
            (0.2, "#05070c"),
            (0.5, "#1a2028"),
            (0.7, "#39454c"),
            (0.95, "#7d8a82"),
        )
        side = moved(wall, -0.012, 0)
        picture = mix(picture, shade * (0.55 + 0.45 * side[..., None]), wall)
        shingle = gradient(clouds(size, 20, 1.0, 0.04, 0.4), (0.2, "#020308"), (0.8, "#232c3c"))
        picture = mix(picture, shingle, roof)
        flicker = clouds(size, 21, 1.5, 0.1)
        fire = gradient(flicker, (0.2, "#a83a06"), (0.5, "#ffa024"), (0.8, "#fff0a0"))
        picture = mix(picture, fire * 1.15, panes)
        picture = picture + blur(panes, 10 * size / 768)[..., None] * f32((0.55, 0.26, 0.05))
    return picture


def _thick(ax: float, ay: float, bx: float, by: float, deep: float) -> list[tuple[float, float]]:
    return [(ax, ay), (bx, by), (bx, by + deep), (ax, ay + deep)]


def _windows(panes: Mask, left: float, right: float, eaves: float, random: np.random.Generator) -> None:
    size, count = panes.shape[0], max(1, round((right - left) / 0.055))
    top = eaves - 0.035
    while top < GROUND - 0.06:
        for number in range(count):
            x = left + (right - left) * (number + 0.5) / count + random.normal(0, 0.003)
            wide, high = 0.011 + 0.003 * random.random(), 0.034 + 0.008 * random.random()
            if random.random() < 0.5 or (top < eaves and count > 1 and number not in (count // 2, count - 1)):
                continue
            lean = random.normal(0, 0.003)
            branches.polygon(
                panes,
                [
                    (x - wide, top + high),
                    (x - wide + lean, top),
                    (x + lean, top - 0.014),
                    (x + wide + lean, top),
                    (x + wide, top + high),
                ],
            )
            bars = np.zeros_like(panes)
            for share in (0.35, 0.7):
                level = (top + high * share) * size
                branches.line(
                    bars,
                    ((x - wide) * size, level),
                    ((x + wide) * size, level + random.normal(0, 1.5)),
                    1.6 * size / 768,
                )
            branches.line(
                bars, ((x + lean) * size, (top - 0.02) * size), (x * size, (top + high) * size), 1.8 * size / 768
            )
            np.copyto(panes, cv2.subtract(panes, bars))
        top += 0.085


def _graves(mask: Mask) -> None:
    random = np.random.default_rng(22)
    for _ in range(13):
        x, y = random.uniform(0.05, 0.95), random.uniform(0.9, 1.0)
        high, lean = 0.05 + 0.09 * (y - 0.86) / 0.14, random.normal(0, 0.25)
        wide = high * 0.34
        ring = [
            (-wide, 0.0),
            (-wide, -high * 0.7),
            (-wide * 0.7, -high * 0.92),
            (0.0, -high),
            (wide * 0.7, -high * 0.92),
            (wide, -high * 0.7),
            (wide, 0.0),
        ]
        if random.random() < 0.4:  # a cross
            arm = wide * 0.28
            ring = [
                (-arm, 0.0),
                (-arm, -high * 0.6),
                (-wide, -high * 0.6),
                (-wide, -high * 0.78),
                (-arm, -high * 0.78),
                (-arm, -high),
                (arm, -high),
                (arm, -high * 0.78),
                (wide, -high * 0.78),
                (wide, -high * 0.6),
                (arm, -high * 0.6),
                (arm, 0.0),
            ]
        branches.polygon(mask, [(x + dx - lean * dy, y + dy) for dx, dy in ring])
