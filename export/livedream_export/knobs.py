"""Finds the knobs of a dream, directions in its latents that visibly do something, and names them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from livedream.dream import write

from .arrays import Doubles, Floats, Rgba

KNOBS = 8
REACH = 2.0  # standard deviations to either side at which the effect is measured

# Names of knobs, by what grows as one turns them, and the least change from end to end for each; plain words first.
LEAST = {
    "brighter": 3.0,  # grey levels, like the others up to "detail"
    "contrast": 3.0,
    "colourful": 3.0,
    "warmer": 3.0,
    "greener": 3.0,
    "detail": 0.5,
    "to the right": 0.01,  # shares of the picture's side
    "upward": 0.01,
    "outward": 0.01,
}


def directions(latents: Floats) -> Floats:
    """Return principal directions of latents [N, Z], each one standard deviation long: f32 [at most 2 KNOBS, Z]."""
    _, spread, axes = np.linalg.svd(latents - latents.mean(0), full_matrices=False)
    vectors = axes[: 2 * KNOBS] * (spread[: 2 * KNOBS] / np.sqrt(max(1, len(latents) - 1)))[:, None]
    principal: Floats = vectors.astype(np.float32)
    return principal


def find(render: Callable[[Floats], Rgba], latents: Floats, scenes: Floats, reach: float = 0.0) -> list[dict[str, Any]]:
    """Return the metadata of the latents' principal directions, those that change the picture most first.

    One unit is one standard deviation of the footage along the direction, or `reach` if that is more.

    Args:
        render: turns latents [B, L] into pictures [B, H, W, 4].
        latents: of the footage, [N, Z].
        scenes: latents [S, L] at which the effect is measured; numbers that L has beyond Z stay as they are.
        reach: root mean square, in standard deviations of the latents.
    """
    vectors = directions(latents)
    lengths = np.sqrt(np.square(vectors / np.maximum(latents.std(0), 1e-6)).mean(1, keepdims=True))
    return strongest(render, vectors * np.maximum(1.0, reach / np.maximum(lengths, 1e-6)), scenes)


def strongest(render: Callable[[Floats], Rgba], vectors: Floats, scenes: Floats) -> list[dict[str, Any]]:
    """Return the metadata of the vectors [K, Z] that change the picture most, named, the strongest first.

    The effect is the mean absolute change of the picture by one unit, in grey levels. Takes the rest as `find` does.
    """
    effects, changes = [], []
    rest = scenes.shape[1] - vectors.shape[1]
    padded = np.pad(vectors, ((0, 0), (0, rest)))
    for vector in padded:
        low, high = (render(scenes + k * vector)[..., :3].astype(np.float32) for k in (-REACH, REACH))
        effects.append(np.abs(high - low).mean() / (2 * REACH))
        changes.append(features(high) - features(low))
    order = np.argsort(effects, kind="stable")[::-1][:KNOBS]
    named = names(np.stack(changes)[order])
    return [write.direction(name, sign * padded[k], effects[k]) for k, (name, sign) in zip(order, named, strict=True)]


def features(pictures: Floats) -> Doubles:
    """Return what knobs are named by, of pictures f32 [B, H, W, 3] in grey levels: [B, one for each of LEAST]."""
    red, green, blue = np.moveaxis(pictures, -1, 0)
    light = (0.299 * red + 0.587 * green + 0.114 * blue).astype(np.float64)
    rows = np.linspace(1, -1, light.shape[1])[:, None]  # up is positive
    columns = np.linspace(-1, 1, light.shape[2])
    mass = (light + 1) / (light + 1).sum((1, 2), keepdims=True)
    right, up = (mass * columns).sum((1, 2)), (mass * rows).sum((1, 2))
    edges = np.abs(np.diff(light, axis=1)).mean((1, 2)) + np.abs(np.diff(light, axis=2)).mean((1, 2))
    found = {
        "brighter": light.mean((1, 2)),
        "contrast": light.std((1, 2)),
        "colourful": np.ptp(pictures, -1).mean((1, 2)),
        "warmer": (red - blue).mean((1, 2)),
        "greener": (green - (red + blue) / 2).mean((1, 2)),
        "detail": edges,
        "to the right": right / 2,
        "upward": up / 2,
        "outward": (mass * np.hypot(rows, columns)).sum((1, 2)) / 2,
    }
    return np.stack([found[name] for name in LEAST], 1)


def names(changes: Doubles) -> list[tuple[str, int]]:
    """Return a unique name for each knob, and 1 or -1: the direction in which it does what its name says.

    A feature names a knob that changes it in the same direction in all scenes but one, and visibly; the strongest
    (against what the other knobs do to it) is named first. A knob without such a feature is "direction N".

    Args:
        changes: from end to end, in each of S scenes, [K, S, features].
    """
    mean = changes.mean(1)
    alike = (np.sign(changes) == np.sign(mean)[:, None]).sum(1) >= changes.shape[1] - 1
    seen = alike & (np.abs(mean) >= list(LEAST.values()))
    strength = np.where(seen, np.abs(mean) / (np.sqrt((mean**2).mean(0)) + 1e-9), 0.0)
    strength *= np.linspace(1.2, 1.0, len(LEAST))
    named = [(f"direction {k}", 1) for k in range(1, len(changes) + 1)]
    while strength.size and strength.max() > 0:
        knob, feature = (int(k) for k in np.unravel_index(strength.argmax(), strength.shape))
        named[knob] = list(LEAST)[feature], int(np.sign(mean[knob, feature]))
        strength[knob], strength[:, feature] = 0.0, 0.0
    return named
