"""What knobs do: how much each changes the picture, and whether two of them do the same."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from .lpips import LEAST, Lpips
from .windows import change

SCENES = 6  # at which they are turned, to −2 and to +2
DEVIATIONS = 2.0


def measure(network: Lpips | None, shape: tuple[int, ...]) -> tuple[str, Callable[[np.ndarray, np.ndarray], float]]:
    """By what pictures of a shape are compared, and its name: LPIPS, or without its network grey levels."""
    if network is None or min(shape[:2]) < LEAST:
        return "mean change in grey levels", change
    return "LPIPS-AlexNet", lambda a, b: float(network(a[None], b[None])[0])


def figures(
    names: Sequence[str],
    scenes: Sequence[tuple[np.ndarray, Sequence[tuple[np.ndarray, np.ndarray]]]],
    neighbours: Sequence[tuple[np.ndarray, np.ndarray]],
    network: Lpips | None,
) -> dict | None:
    """Effect and independence of knobs, ready for JSON; None without any.

    names: of the knobs. scenes: of each the plain picture, uint8 [H, W, 3], and a pair for each knob: at −2 and +2.
    neighbours: pairs of pictures of scenes that follow each other, for scale.
    `alike` is the largest absolute correlation of two knobs' changes, from 0 to 1, each the mean over scenes of the
    picture at +2 less that at −2.
    """
    if not names or not scenes:
        return None
    by, apart = measure(network, scenes[0][0].shape)
    effects = np.array([[[apart(plain, each) for each in pair] for pair in turned] for plain, turned in scenes])
    maps = np.array(
        [
            np.mean([pair[1].astype(np.float32) - pair[0] for pair in each], 0).ravel()
            for each in zip(*(turned for _, turned in scenes), strict=True)
        ]
    )
    lengths = np.linalg.norm(maps, axis=1)
    alike, of = 0.0, []
    for a, b in itertools.combinations(range(len(names)), 2):
        together = abs(float(maps[a] @ maps[b])) / max(1e-9, float(lengths[a] * lengths[b]))
        if together > alike:
            alike, of = together, [names[a], names[b]]
    return {
        "measured_by": by,
        "scenes": len(scenes),
        "effects": {name: float(each) for name, each in zip(names, effects.mean((0, 2)), strict=True)},
        "neighbouring_scenes": float(np.mean([apart(*pair) for pair in neighbours])) if neighbours else None,
        "alike": alike,
        "alike_of": of,
    }
