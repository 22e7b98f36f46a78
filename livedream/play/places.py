"""What lies between two moments of a dream: between neighbouring steps, and on the way from one place to another.

A place says where in its memories a dream is: place A, place B and the share of B, 0..1. Its numbers count memories, so
half-way between two that lie far apart is a third that has nothing to do with either. Over such a way one place passes
into the other instead.
"""

import math

import numpy as np

from livedream.dream.dream import Dream

NEAR = 2.0  # memories between two places that are taken for one
NOTHING = 1e-6  # the share of a place that is not seen


def between(dream: Dream, a: np.ndarray, b: np.ndarray, part: float) -> np.ndarray:
    """Latent `part` of the way from a step to the next, all f32 [Z]; places go linearly, whatever the latents do."""
    if dream.interpolation == "none":
        return a
    straight = a + np.float32(part) * (b - a)
    if dream.interpolation == "slerp":
        rest = dream.free
        straight[rest] = _turned(a[rest], b[rest], part)
    return straight


def across(dream: Dream, a: np.ndarray, b: np.ndarray, part: float) -> np.ndarray:
    """Latent `part` of the way from a to b, all f32 [Z], however far apart in the footage they are."""
    if part == 1:
        return b
    found = between(dream, a, b, part)
    if dream.places is not None and found is not a:
        found[dream.places] = mixed(a[dream.places], b[dream.places], part)
    return found


def mixed(a: np.ndarray, b: np.ndarray, part: float) -> np.ndarray:
    """The place `part` of the way from a to b, all f32 [3]: both are seen, and none between them.

    Where they are near each other they go as time does. Of up to four places two can be seen: the third takes as much
    from them as it has itself, so that nothing jumps where it becomes, or was, one of the two.
    """
    if part <= 0 or part >= 1:
        return a if part <= 0 else b
    shares = (1 - a[2], 1 - b[2]), (a[2], b[2])
    if all(abs(a[k] - b[k]) <= NEAR or max(each) <= NOTHING for k, each in enumerate(shares)):
        return a + np.float32(part) * (b - a)
    groups: list[list[float]] = []  # where it began, the sum of its places times their weights, and of the weights
    for (first, second, share), whole in ((map(float, a), 1 - part), (map(float, b), part)):
        for place, weight in ((first, whole * (1 - share)), (second, whole * share)):
            if weight <= NOTHING * whole:
                continue
            group = next((each for each in groups if abs(each[0] - place) <= NEAR), None)
            if group is None:
                groups.append(group := [place, 0.0, 0.0])
            group[1] += weight * place
            group[2] += weight
    order = sorted(range(len(groups)), key=lambda n: -groups[n][2])
    third = groups[order[2]][2] if len(order) > 2 else 0.0
    kept = [(groups[n][1] / groups[n][2], groups[n][2] - third) for n in sorted(order[:2])]
    (one, more), (other, less) = kept if len(kept) > 1 else (kept[0], (kept[0][0], 0.0))
    both = more + less
    return np.array([one, other, less / both if both > 0 else 0.0], np.float32)


def _turned(a: np.ndarray, b: np.ndarray, part: float) -> np.ndarray:
    """Slerp after Shoemake 1985; lengths go linearly."""
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    cosine = float(a @ b) / max(lengths[0] * lengths[1], 1e-12)
    if abs(cosine) < 0.999999 and min(lengths) > 0:  # else there is no angle, or no way to turn
        angle = math.acos(cosine)
        way = math.sin((1 - part) * angle) / lengths[0] * a + math.sin(part * angle) / lengths[1] * b
        return (way / math.sin(angle) * (lengths[0] + part * (lengths[1] - lengths[0]))).astype(np.float32)
    return a + np.float32(part) * (b - a)
