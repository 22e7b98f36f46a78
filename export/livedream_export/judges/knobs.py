"""Effect of knobs: how much each changes the picture, and whether two of them do the same."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..arrays import Rgb
from .lpips import LEAST, Lpips
from .windows import change

SCENES = 6  # at which they are turned, to −2 and to +2

Turned = tuple[Rgb, Sequence[tuple[Rgb, Rgb]]]  # a scene's picture, and for each knob the pictures at −2 and at +2


def measure(network: Lpips | None, shape: tuple[int, ...]) -> tuple[str, Callable[[Rgb, Rgb], float]]:
    """Return name and function by which pictures of a shape are compared: LPIPS, or without its network grey levels."""
    if network is None or min(shape[:2]) < LEAST:
        return "mean change in grey levels", change
    return "LPIPS-AlexNet", lambda a, b: float(network(a[None], b[None])[0])


def figures(
    names: Sequence[str],
    scenes: Sequence[Turned],
    neighbours: Sequence[tuple[Rgb, Rgb]],
    network: Lpips | None,
) -> dict[str, Any] | None:
    """Return effect and independence of knobs, ready for JSON; None without any.

    `alike` is the largest absolute correlation of two knobs' changes, from 0 to 1; a change is the mean over scenes of
    the picture at +2 less that at −2.

    Args:
        names: of the knobs.
        scenes: pictures [H, W, 3].
        neighbours: pairs of pictures of scenes that follow each other, for scale.
        network: of LPIPS.
    """
    if not names or not scenes:
        return None
    by, distance = measure(network, scenes[0][0].shape)
    effects = np.array([[[distance(plain, each) for each in pair] for pair in turned] for plain, turned in scenes])
    maps = np.array(
        [
            np.mean([pair[1].astype(np.float32) - pair[0] for pair in each], 0).ravel()
            for each in zip(*(turned for _, turned in scenes), strict=True)
        ]
    )
    lengths = np.linalg.norm(maps, axis=1)
    alike: float = 0.0
    of: list[str] = []
    for a, b in itertools.combinations(range(len(names)), 2):
        correlation = abs(float(maps[a] @ maps[b])) / max(1e-9, float(lengths[a] * lengths[b]))
        if correlation > alike:
            alike, of = correlation, [names[a], names[b]]
    return {
        "measured_by": by,
        "scenes": len(scenes),
        "effects": {name: float(each) for name, each in zip(names, effects.mean((0, 2)), strict=True)},
        "neighbouring_scenes": float(np.mean([distance(*pair) for pair in neighbours])) if neighbours else None,
        "alike": alike,
        "alike_of": of,
    }
