"""The knobs of a dream: directions in its latents that visibly do something, and what to call them."""

from collections.abc import Callable

import numpy as np

from livedream.dream import write

KNOBS = 8
REACH = 2.0  # standard deviations to either side at which the effect is measured

# What more of it is called, and how much it must change from end to end to be called so at all; plain words first.
LEAST = {
    "brighter": 3.0,  # grey levels, as all up to "detail"
    "contrast": 3.0,
    "colourful": 3.0,
    "warmer": 3.0,
    "greener": 3.0,
    "detail": 0.5,
    "to the right": 0.01,  # of the picture's side
    "upward": 0.01,
    "outward": 0.01,
}


def directions(latents: np.ndarray) -> np.ndarray:
    """Principal directions of latents f32 [N, Z], one standard deviation long each: f32 [at most 2 KNOBS, Z]."""
    _, spread, axes = np.linalg.svd(latents - latents.mean(0), full_matrices=False)
    vectors = axes[: 2 * KNOBS] * (spread[: 2 * KNOBS] / np.sqrt(max(1, len(latents) - 1)))[:, None]
    return vectors.astype(np.float32)


def find(
    draw: Callable[[np.ndarray], np.ndarray], latents: np.ndarray, scenes: np.ndarray, reach: float = 0.0
) -> list[dict]:
    """Metadata of the principal directions of the latents, f32 [N, Z], those that change the picture most first.

    One unit is one standard deviation of the footage along the direction, or goes `reach` far (root mean square, in the
    latents' standard deviations) if that is more. draw: latents [B, L] to uint8 [B, H, W, 4]. scenes: latents [S, L]
    of where the effect is seen; what L has more than Z stays as it is. Effect: mean absolute change of the picture by
    one unit, in grey levels.
    """
    vectors = directions(latents)
    lengths = np.sqrt(np.square(vectors / np.maximum(latents.std(0), 1e-6)).mean(1, keepdims=True))
    vectors = vectors * np.maximum(1.0, reach / np.maximum(lengths, 1e-6))
    effects, changes = [], []
    rest = scenes.shape[1] - vectors.shape[1]
    padded = np.pad(vectors, ((0, 0), (0, rest)))
    for vector in padded:
        low, high = (draw(scenes + k * vector)[..., :3].astype(np.float32) for k in (-REACH, REACH))
        effects.append(np.abs(high - low).mean() / (2 * REACH))
        changes.append(features(high) - features(low))
    order = np.argsort(effects, kind="stable")[::-1][:KNOBS]
    named = names(np.stack(changes)[order])
    return [write.direction(name, sign * padded[k], effects[k]) for k, (name, sign) in zip(order, named, strict=True)]


def features(pictures: np.ndarray) -> np.ndarray:
    """What can be named about pictures, f32 [B, H, W, 3] in grey levels: [B, one for each of LEAST]."""
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


def names(changes: np.ndarray) -> list[tuple[str, int]]:
    """A name of its own for each knob, and 1 or -1: which way it goes that way.

    changes [K, S, features]: from end to end, in each of S scenes. A feature names a knob that changes it alike in all
    scenes but one, by enough to be seen, the strongest (against what the other knobs do to it) first; a knob that
    nothing names is "direction N".
    """
    mean = changes.mean(1)
    alike = (np.sign(changes) == np.sign(mean)[:, None]).sum(1) >= changes.shape[1] - 1
    seen = alike & (np.abs(mean) >= list(LEAST.values()))
    strength = np.where(seen, np.abs(mean) / (np.sqrt((mean**2).mean(0)) + 1e-9), 0.0)
    strength *= np.linspace(1.2, 1.0, len(LEAST))
    named = [(f"direction {k}", 1) for k in range(1, len(changes) + 1)]
    while strength.size and strength.max() > 0:
        knob, feature = np.unravel_index(strength.argmax(), strength.shape)
        named[knob] = list(LEAST)[feature], int(np.sign(mean[knob, feature]))
        strength[knob], strength[:, feature] = 0.0, 0.0
    return named
