"""Fright night: faces without flesh come out of the dark and scream, in the light of carved pumpkins."""

import numpy as np

from livedream_export.nightmare.brush import painted
from livedream_export.nightmare.light import Painting, bloom, blur, developed, fog, gradient, lit, mix, rgb, soft
from livedream_export.nightmare.noise import Field, clouds, f32, grid, ridges, warped


def paint(size: int) -> Painting:
    """Paint it, [size, size, 3], 0..1."""
    x, y = grid(size)
    dark = 0.6 * warped(clouds(size, 1, 1.9, 0.5), 0.2, 2) + 0.4 * warped(ridges(size, 3, 1.7, 0.3), 0.15, 4)
    picture = gradient(dark + 0.35 * (y - 0.5), (0.2, "#04020a"), (0.5, "#1c0f38"), (0.75, "#4a2470"), (1.0, "#a04a50"))
    random = np.random.default_rng(7)
    places = [(random.uniform(0.02, 0.98), random.uniform(0.02, 0.3), random.uniform(0.05, 0.08)) for _ in range(16)]
    places += [(random.uniform(0.0, 1.0), random.uniform(0.2, 0.5), random.uniform(0.075, 0.11)) for _ in range(10)]
    places += [(0.1, 0.52, 0.15), (0.88, 0.5, 0.16), (0.31, 0.38, 0.14), (0.7, 0.33, 0.13), (0.5, 0.55, 0.23)]
    for number, (at, level, wide) in enumerate(places):
        far = 1 - min(wide / 0.2, 1)
        picture = _face(picture, (x - at) / wide, (y - level) / wide, number, far)
    picture = fog(picture, rgb("#3a2058"), 5, 0.5, 0.9, 0.5)
    for number, (at, level, wide) in enumerate(((0.13, 0.86, 0.13), (0.86, 0.88, 0.14), (0.62, 0.95, 0.09))):
        picture = _pumpkin(picture, (x - at) / wide, (y - level) / wide, 40 + number)
    picture = painted(picture, 61, (16.0, 7.0, 3.6, 2.0), keep=0.5, wander=0.2)
    return developed(bloom(picture, 0.6, 0.62), 62, 1.3)


def _face(picture: Painting, u: Field, v: Field, number: int, far: float) -> Painting:
    """Return the picture with a face of radius 1 at the middle of u, v; `far` 0 is near, 1 is in the dark."""
    size = picture.shape[0]
    random = np.random.default_rng(100 + number)
    lean, gape, long = random.normal(0, 0.28), random.uniform(0.25, 0.5), random.uniform(1.25, 1.6)
    drag = 0.16
    u, v = u * np.cos(lean) + v * np.sin(lean), -u * np.sin(lean) + v * np.cos(lean)
    u = u + drag * (clouds(size, 200 + number % 7, 2.2, 0.2) - 0.5)
    v = (v + drag * (clouds(size, 300 + number % 5, 2.2, 0.2) - 0.5)) / long
    jaw = 1 - 0.42 * soft(0.0, 1.0, v)  # narrow below
    away = (u / jaw) ** 2 + v**2
    dome = np.sqrt(np.clip(1 - away, 0, 1))
    inside = soft(1.0, 0.94, away)

    def hollow(cu: float, cv: float, wide: float, high: float, tilt: float = 0.0) -> Field:
        du, dv = u - cu, v - cv - tilt * (u - cu)
        return np.asarray(np.exp(-(((du / wide) ** 2 + (dv / high) ** 2) ** 2)), np.float32)

    tilt = random.uniform(0.2, 0.5)
    sockets = np.maximum(hollow(-0.36, -0.14, 0.25, 0.2, tilt), hollow(0.36, -0.14, 0.26, 0.21, -tilt))
    nose = np.maximum(hollow(-0.07, 0.2, 0.07, 0.11, 0.8), hollow(0.07, 0.2, 0.07, 0.11, -0.8))
    mouth = hollow(0, 0.42 + gape * 0.55, 0.27, gape * 0.62)
    cheeks = np.maximum(hollow(-0.55, 0.42, 0.18, 0.26), hollow(0.55, 0.42, 0.18, 0.26))
    edge = np.exp(-(((mouth - 0.45) / 0.28) ** 2))
    teeth = edge * soft(0.1, 0.55, np.abs(np.sin(u * 24 + 0.6 * np.sin(v * 9)))) * soft(0.3, 0.24, np.abs(u))
    brow = hollow(0, -0.38, 0.75, 0.1)
    rough = warped(clouds(size, 400 + number % 5, 1.3, 0.06), 0.02, 9)
    crack = soft(0.78, 0.95, ridges(size, 500 + number % 4, 1.8, 0.1))
    reach = float(np.sqrt(1 / max(float(np.mean(away < 1)), 1e-5)))  # the picture's side over the face's
    tall = size / reach * 0.85
    height = tall * (dome - 0.42 * sockets - 0.3 * nose - 0.45 * mouth - 0.16 * cheeks + 0.1 * brow + 0.13 * teeth)
    height = blur(height + 0.03 * tall * rough - 0.03 * tall * crack, 0.8 + tall * 0.012)
    bone = gradient(rough, (0.15, "#6f6250"), (0.45, "#b9ab8c"), (0.75, "#e8dfc0"))
    bone = mix(bone, rgb("#3d2a28"), 0.6 * crack)
    below = lit(bone * f32((1.15, 0.6, 0.2)), height, (0.15, 0.85, 0.28), 1.1, 0.2, 18, 0.03)
    above = lit(bone * f32((0.42, 0.45, 0.95)), height, (-0.5, -0.7, 0.4), 1.1, 0.15, 18, 0.06)
    made = below * 1.15 + above * 0.75
    hole = np.clip(np.maximum(np.maximum(sockets, nose), mouth * 1.1 - 0.8 * teeth), 0, 1)
    made = made * (1 - 0.93 * soft(0.3, 0.8, hole))[..., None]
    pupils = np.maximum(hollow(-0.35, -0.12, 0.05, 0.04), hollow(0.35, -0.12, 0.05, 0.04))
    if number % 3 == 0 or far < 0.3:
        made = made + (pupils + 0.35 * blur(pupils, 2 + tall * 0.06))[..., None] * f32((1.3, 0.28, 0.05))
    made = mix(made, rgb("#120a24"), 0.75 * far)
    behind = blur(inside, 3 + tall * 0.15)
    return mix(picture * (1 - 0.75 * behind)[..., None], made, inside)


def _pumpkin(picture: Painting, u: Field, v: Field, seed: int) -> Painting:
    size = picture.shape[0]
    u = u + 0.1 * (clouds(size, seed, 2.2, 0.2) - 0.5)
    v = v / 0.85 + 0.1 * (clouds(size, seed + 5, 2.2, 0.2) - 0.5)
    lobes = np.abs(np.sin(np.arcsin(np.clip(u, -1, 1)) * 4.0)) ** 0.5
    away = u**2 + v**2
    dome = np.sqrt(np.clip(1 - away, 0, 1)) * (0.86 + 0.14 * lobes)
    inside = soft(1.0, 0.95, away)
    rough = clouds(size, seed + 9, 1.3, 0.07)
    skin = gradient(rough, (0.2, "#7a2a04"), (0.5, "#d8620a"), (0.85, "#ff9a2e"))
    made = lit(skin, dome * size * 0.12, (-0.4, -0.7, 0.4), 1.0, 0.3, 22, 0.16)
    stem = soft(0.1, 0.07, np.abs(u - 0.1 * (v + 1.2))) * soft(-1.35, -1.3, v) * soft(-0.85, -0.95, v)
    made = mix(made, gradient(rough, (0.2, "#1a2408"), (0.8, "#5a6a28")), stem)
    side = np.abs(np.abs(u) - 0.38)
    eyes = soft(0.0, 0.04, v + 0.52 - 1.4 * side) * soft(-0.08, -0.12, v - 0.25 * np.abs(u)) * soft(0.26, 0.22, side)
    grin = (
        soft(0.0, 0.04, v - 0.12 - 0.3 * (0.5 - u * u))
        * soft(0.62, 0.58, v + 0.7 * u * u)
        * soft(0.72, 0.68, np.abs(u))
    )
    fangs = soft(0.35, 0.5, np.abs(np.abs(u * 3.3 - np.round(u * 3.3)) * 2 - 0.1 * v))
    carved = np.maximum(eyes, grin * np.maximum(fangs, soft(0.18, 0.1, np.abs(v - 0.36 + 0.5 * u * u))))
    flame = gradient(
        clouds(size, seed + 11, 1.6, 0.06) + 0.25 * v, (0.2, "#ff7a08"), (0.6, "#ffd040"), (0.9, "#fff8c0")
    )
    made = mix(made, flame * 1.2, carved)
    out = np.maximum(inside, stem)
    glow = blur(np.asarray(carved * inside, np.float32), size * 0.03)
    return mix(picture, made, out) + glow[..., None] * f32((0.9, 0.36, 0.05))
