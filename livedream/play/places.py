"""Interpolation of latents: between neighbouring steps, and from one place in the footage to another.

A place says where in its memories a dream is, in three latents: memory A, memory B and the weight of B (0..1). Memories
are counted, so the number half-way between two distant memories is a third one that has nothing to do with either.
Between distant places the pictures are therefore cross-faded.
"""

import math
from typing import Any

import numpy as np

from livedream.dream.dream import Dream
from livedream.play import Floats

NEAR = 2.0  # memories; two places that are nearer than this are taken for one
NEGLIGIBLE = 1e-6  # the weight of a place that is not visible
NOWHERE = -1.0  # a place that a knob does not lead to
REACH = 9.0  # amount of a knob at which only the place that it leads to would be visible
SWAY = 6.0  # memories that the place moves either way, half a second: it must not stand still


def interpolate(dream: Dream, a: Floats, b: Floats, weight: float) -> Floats:
    """Interpolate from a step's latent to the next one's, as the dream asks for; places always linearly.

    Args:
        dream: Says how: "linear", "slerp" or "none".
        a: f32 [Z], the step before.
        b: f32 [Z], the step after.
        weight: 0 is a, 1 is b.
    """
    if dream.interpolation == "none":
        return a
    straight: Floats = a + np.float32(weight) * (b - a)
    if dream.interpolation == "slerp":
        rest = dream.free
        straight[rest] = _slerp(a[rest], b[rest], weight)
    return straight


def crossfade(dream: Dream, a: Floats, b: Floats, weight: float) -> Floats:
    """Blend two latents, f32 [Z], however far apart in the footage they are; 0 is a, 1 is b."""
    if weight == 1:
        return b
    found = interpolate(dream, a, b, weight)
    if dream.places is not None and found is not a:
        found[dream.places] = mix_places(a[dream.places], b[dream.places], weight)
    return found


def mix_places(a: Floats, b: Floats, weight: float) -> Floats:
    """Cross-fade two places, f32 [3]: both are visible, and no place between them.

    Places that are near each other are interpolated. Of up to four memories two can be visible: the weight of the third
    is taken from both, so that nothing jumps when it becomes, or ceases to be, one of the two.
    """
    if weight <= 0 or weight >= 1:
        return a if weight <= 0 else b
    shares = (1 - a[2], 1 - b[2]), (a[2], b[2])
    if all(abs(a[k] - b[k]) <= NEAR or max(each) <= NEGLIGIBLE for k, each in enumerate(shares)):
        return np.asarray(a + np.float32(weight) * (b - a), np.float32)
    groups: list[list[float]] = []  # the first memory, the sum of memories times weights, the sum of weights
    for (first, second, share), whole in ((map(float, a), 1 - weight), (map(float, b), weight)):
        for memory, part in ((first, whole * (1 - share)), (second, whole * share)):
            if part <= NEGLIGIBLE * whole:
                continue
            group = next((each for each in groups if abs(each[0] - memory) <= NEAR), None)
            if group is None:
                groups.append(group := [memory, 0.0, 0.0])
            group[1] += part * memory
            group[2] += part
    order = sorted(range(len(groups)), key=lambda n: -groups[n][2])
    third = groups[order[2]][2] if len(order) > 2 else 0.0
    kept = [(groups[n][1] / groups[n][2], groups[n][2] - third) for n in sorted(order[:2])]
    (one, more), (other, less) = kept if len(kept) > 1 else (kept[0], (kept[0][0], 0.0))
    both = more + less
    return np.array([one, other, less / both if both > 0 else 0.0], np.float32)


def lead(place: Floats, towards: float, away: float, amount: float) -> Floats:
    """Cross-fade a place, f32 [3], to where a knob leads; it plays to and fro there as fast as the dream moves on.

    Args:
        place: Where the dream is.
        towards: The memory that the knob leads to above 0, or NOWHERE.
        away: The same below 0.
        amount: The knob's.
    """
    there = towards if amount > 0 else away
    if there < 0 or amount == 0:
        return place
    first, second, share = map(float, place)
    there = max(there + (1 - share) * _sway(first) + share * _sway(second), 0.0)
    return mix_places(place, np.array([there, there, 0], np.float32), min(abs(amount) / REACH, 1.0))


def _sway(memory: float) -> float:
    """Return a triangle wave over the memories, from -SWAY to SWAY."""
    return abs(memory % (4 * SWAY) - 2 * SWAY) - SWAY


def mix_noise(a: Floats, b: Floats, weight: float) -> Floats:
    """Blend two arrays of noise at unit variance; 0 is a, 1 is b."""
    return np.asarray(((1 - weight) * a + weight * b) / np.hypot(1 - weight, weight), np.float32)


def _slerp(a: Floats, b: Floats, weight: float) -> Floats:
    """Interpolate spherically (Shoemake 1985); lengths change linearly."""
    lengths = np.float32(np.linalg.norm(a)), np.float32(np.linalg.norm(b))
    product: Any = lengths[0] * lengths[1]
    cosine = float(a @ b) / (product if product > 1e-12 else 1e-12)
    # Otherwise there is no angle, or no plane to rotate in.
    if abs(cosine) < 0.999999 and lengths[0] > 0 and lengths[1] > 0:
        angle = math.acos(cosine)
        way = math.sin((1 - weight) * angle) / lengths[0] * a + math.sin(weight * angle) / lengths[1] * b
        length = lengths[0] + weight * (lengths[1] - lengths[0])
        return np.asarray(way / math.sin(angle) * length, np.float32)
    return np.asarray(a + np.float32(weight) * (b - a), np.float32)
