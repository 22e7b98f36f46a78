"""Alien invasion: inside a ship of bone and metal, with the mother ship and its beam where the ribs open."""

import numpy as np

from livedream_export.nightmare.brush import painted
from livedream_export.nightmare.light import Painting, bloom, blur, developed, gradient, lit, mix, rgb, soft
from livedream_export.nightmare.noise import Field, clouds, f32, grid, ridges, warped
from livedream_export.nightmare.tubes import Depths

EYE = (0.5, 0.42)  # where the passage leads


def paint(size: int) -> Painting:
    """Paint it, [size, size, 3], 0..1."""
    scale = size / 768
    picture = _sky(size)
    depths = _hull(size)
    there = depths.number > 0
    height = np.where(there, depths.z, 0).astype(np.float32) + 5 * scale * _plates(size, depths)
    metal = gradient(
        0.55 * warped(clouds(size, 1, 1.3, 0.08), 0.02, 2) + 0.45 * clouds(size, 3, 1.8, 0.3),
        (0.15, "#2a3438"),
        (0.45, "#6f7d80"),
        (0.75, "#b4bcb0"),
        (0.95, "#e4e4cc"),
    )
    metal = mix(metal, rgb("#5a4634"), 0.5 * soft(0.5, 0.75, clouds(size, 4, 1.7, 0.15)))
    x, y = grid(size)
    to = np.stack([EYE[0] - x, EYE[1] - y], -1)
    cool = lit(metal, height, (-0.5, -0.7, 0.5), 0.55, 0.7, 40, 0.12)
    beam = lit(metal * f32((0.3, 1.0, 1.1)), height, (0.1, 0.75, 0.25), 0.55, 0.4, 25, 0.0)
    violet = lit(metal * f32((0.8, 0.3, 1.1)), height, (0.9, 0.1, 0.2), 0.55, 0.25, 20, 0.0)
    away = np.hypot(*np.moveaxis(to, -1, 0))
    body = 0.9 * cool + 0.9 * beam + 0.6 * violet
    body = body + 0.5 * np.exp(-away * 6)[..., None] * f32((0.2, 0.8, 0.85)) * soft(0.0, 0.5, metal.mean(-1))[..., None]
    deep = soft(-80 * scale, 150 * scale, np.where(there, depths.z, 0).astype(np.float32))
    body = mix(np.full_like(body, rgb("#123a44")), body, 0.35 + 0.65 * deep)
    shade = blur(there.astype(np.float32), 10 * scale)
    picture = mix(picture * (1 - 0.6 * shade)[..., None], body, blur(there.astype(np.float32), 0.8))
    picture = painted(picture, 81, (16.0, 7.0, 3.6, 2.0), keep=0.55, wander=0.12)
    return developed(bloom(picture, 0.55, 0.65), 82, 1.3)


def _sky(size: int) -> Painting:
    """Return a storm with the mother ship in it, and what is left of a town below."""
    x, y = grid(size)
    storm = 0.6 * warped(clouds(size, 11, 1.8, 0.4, 0.6), 0.2, 12) + 0.4 * warped(ridges(size, 13, 1.7, 0.25), 0.12, 14)
    sky = gradient(
        storm + 0.35 * np.exp(-np.hypot(x - EYE[0], y - EYE[1]) * 3),
        (0.15, "#060812"),
        (0.45, "#14243c"),
        (0.65, "#2a5a6e"),
        (0.85, "#7ac0c0"),
        (1.1, "#e6fff4"),
    )
    dx, dy = x - EYE[0], y - (EYE[1] - 0.09)
    fall = np.maximum(dy, 0)
    beam = soft(1.0, 0.3, np.abs(dx) / (0.03 + 0.34 * fall)) * soft(0.0, 0.03, dy)
    beam = beam * (0.6 + 0.6 * warped(clouds(size, 15, 1.6, 0.15, 3.0), 0.05, 16))
    sky = sky + (0.75 * beam)[..., None] * f32((0.55, 1.0, 0.95))
    disc = soft(1.0, 0.92, (dx / 0.2) ** 2 + (dy / 0.04) ** 2)
    dome = soft(1.0, 0.9, (dx / 0.085) ** 2 + ((dy + 0.02) / 0.06) ** 2) * (dy < 0.01)
    ring = np.sin(np.arcsin(np.clip(dx / 0.2, -1, 1)) * 22)
    hull = gradient(
        0.5 + 0.5 * ring * soft(0.02, -0.02, np.abs(dy) - 0.01) - 6 * dy,
        (0.1, "#04070a"),
        (0.6, "#33474e"),
        (1.0, "#b8d8d0"),
    )
    lamps = soft(0.5, 0.9, ring) * np.exp(-(((dy - 0.012 * (1 - (dx / 0.2) ** 2)) / 0.008) ** 2)) * disc
    ship = np.maximum(disc, dome)
    sky = mix(sky, hull, ship)
    sky = sky + lamps[..., None] * f32((1.2, 0.5, 1.3))
    return sky


def _hull(size: int) -> Depths:
    """Return ribs around the passage, the pipes behind them, and a spine along its floor."""
    depths, random = Depths(size), np.random.default_rng(21)
    for number in range(46):
        _pipe(depths, number, random)
    for number in range(8):
        for side in (-1, 1):
            _rib(depths, number, side)
    for number in range(16):
        _vertebra(depths, number)
    return depths


def _pipe(depths: Depths, number: int, random: np.random.Generator) -> None:
    """Add a pipe that runs into the distance."""
    size, eye = depths.size, np.array(EYE) * depths.size
    angle = 2 * np.pi * number / 46 + random.normal(0, 0.05)
    far = np.linspace(0.95, 0.2, 170) ** 1.2 * size * random.uniform(0.95, 1.1)
    sway = angle + 0.06 * np.sin(np.linspace(0, random.uniform(3, 9), 170) + number)
    line = eye + far[:, None] * np.stack([np.cos(sway), 1.02 * np.sin(sway)], 1)
    thick = far * random.uniform(0.025, 0.06) * (1 + 0.18 * np.sin(np.linspace(0, 70, 170) ** 1.05))
    depths.tube(1 + number, line, thick, np.full(170, -60 * size / 768))


def _rib(depths: Depths, number: int, side: int) -> None:
    """Add one half of a rib, the nearest one being number 0; side: -1 or 1."""
    far = depths.size * 0.86 * 0.8**number
    way = np.linspace(0, 1, 260)
    angle = np.pi / 2 + side * (0.1 + 2.85 * way)
    wave = 1 + 0.04 * np.sin(way * 9 + number)
    line = np.array(EYE) * depths.size + far * np.stack([np.cos(angle) * 0.98 * wave, np.sin(angle) * wave], 1)
    knots = 1 + 0.2 * np.abs(np.sin(way * 19)) ** 3
    thick = far * 0.085 * (1 - 0.75 * way**1.6) * knots
    depths.tube(50 + 2 * number + (side > 0), line, thick, np.full(260, far * 0.25 - 30 * depths.size / 768))


def _vertebra(depths: Depths, number: int) -> None:
    """Add a bone of the spine, the nearest one being number 0."""
    far = depths.size * 0.74 * 0.86**number
    for offset, wide in ((0.0, 0.075), (-0.11, 0.045), (0.11, 0.045)):
        x, y = EYE[0] * depths.size + offset * far, EYE[1] * depths.size + far * 0.93
        line = np.array([(x, y), (x, y - far * 0.05)])
        depths.tube(70 + number, line, np.array([far * wide, far * wide * 0.7]), np.array([far * 0.3, far * 0.3]))


def _plates(size: int, depths: Depths) -> Field:
    """Return the relief of segments and cables on the tubes, about -1..1."""
    safe = np.maximum(depths.radius, 2)
    ring = depths.along / safe
    cut = np.cos(ring * 7) ** 2
    groove = np.exp(-((np.sin(np.arcsin(np.clip(depths.across, -1, 1)) * 3) / 0.25) ** 2))
    fine = clouds(size, 22, 1.2, 0.05) - 0.5
    return np.asarray(
        np.minimum(safe / 18, 1.4) * (0.7 * cut - 0.5 * groove) * (depths.number > 0) + 0.25 * fine, np.float32
    )
