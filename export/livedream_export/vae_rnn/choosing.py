"""Chooses the frames of the footage that become memories, when not all of them fit."""

from itertools import pairwise

import numpy as np

from ..arrays import Doubles, Flags, Indices, Rgb, Segments
from .appearance import Appearance

WIDEST = 4  # most frames from one memory to the next
STRETCH = 3.0  # seconds of a stretch that is kept of long footage


def runs(allowed: Indices, segments: Segments) -> list[Indices]:
    """Split the allowed frames into runs without a gap or a cut, of two frames at least if there is such a run."""
    found: list[Indices] = []
    for a, b in segments:
        inside = allowed[(allowed >= a) & (allowed < b)]
        found += np.split(inside, np.flatnonzero(np.diff(inside) > 1) + 1) if len(inside) else []
    long = [run for run in found if len(run) > 1]
    return long or found


def choose(
    frames: Rgb, runs: list[Indices], fps: float, count: int, appearance: Appearance
) -> tuple[Indices, Flags, Indices]:
    """Choose memories: their frames [M], whether the next one follows in time [M], and frames to the next [M].

    All frames are chosen if they fit. Else, the less they move, the wider apart, up to WIDEST frames; and if these are
    still too many, stretches of the footage that are most unlike each other.
    """
    total = sum(map(len, runs))
    if total > count * WIDEST * 0.75:
        runs = _stretches(frames, runs, fps, count * 2, appearance)
        total = sum(map(len, runs))
    if total <= count:
        picked = runs
    else:
        moved = [np.concatenate([[0.0], _moves(frames, run)]) for run in runs]
        usual = np.concatenate(moved).mean() + 1e-6
        picked = _spread(runs, [0.35 + each / usual for each in moved], count)
    chosen = np.concatenate(picked)
    onward = np.concatenate([np.arange(len(run)) < len(run) - 1 for run in picked])
    gaps = np.concatenate([np.append(np.diff(run), 1) for run in picked])
    return chosen, onward, gaps


def _moves(frames: Rgb, run: Indices) -> Doubles:
    """Return the mean absolute step from each frame of a run to the next, at a quarter of the size, [len - 1]."""
    small = [frames[k][::4, ::4].astype(np.int16) for k in run]
    return np.array([np.abs(b - a).mean() for a, b in pairwise(small)])


def _spread(runs: list[Indices], weights: list[Doubles], count: int) -> list[Indices]:
    """Return about `count` frames of all runs, at equal steps of motion, no two neighbours over WIDEST apart."""
    unit = sum(each.sum() for each in weights) / count
    for _ in range(20):
        picked = []
        for run, weight in zip(runs, weights, strict=True):
            kept, since, gone = [0], 0, 0.0
            for k in range(1, len(run)):
                gone += weight[k]
                if gone >= unit or k - since >= WIDEST:
                    kept.append(k)
                    since, gone = k, gone - unit if k - since < WIDEST else 0.0
            picked.append(run[kept])
        if sum(map(len, picked)) <= count:
            return picked
        unit *= 1.1
    return _longest(picked, count)


def _longest(runs: list[Indices], count: int) -> list[Indices]:
    """Return the longest runs that hold `count` frames together, in their order; of a single one its beginning."""
    order = sorted(range(len(runs)), key=lambda k: -len(runs[k]))
    fitting = int((np.cumsum([len(runs[k]) for k in order]) <= count).sum())
    return [runs[k][:count] for k in sorted(order[: max(1, fitting)])]


def _stretches(frames: Rgb, runs: list[Indices], fps: float, total: int, appearance: Appearance) -> list[Indices]:
    """Return stretches of the runs, about `total` frames together, each as unlike those before it as possible."""
    length = max(8, round(STRETCH * fps))
    parts = [run[k : k + length] for run in runs for k in range(0, max(1, len(run) - length // 2), length)]
    about = np.stack([appearance(frames, part[[0, len(part) // 2, -1]]).ravel() for part in parts])
    first = int(((about - about.mean(0)) ** 2).sum(1).argmin())
    order: list[int] = []
    nearest, taken = np.full(len(parts), np.inf), 0
    while taken < total and len(order) < len(parts):
        k = int(nearest.argmax()) if order else first
        order.append(k)
        taken += len(parts[k])
        nearest = np.minimum(nearest, ((about - about[k]) ** 2).sum(1))
        nearest[order] = -1
    joined: list[Indices] = []
    for k in sorted(order):
        if joined and k - 1 in order and joined[-1][-1] + 1 == parts[k][0]:
            joined[-1] = np.concatenate([joined[-1], parts[k]])
        else:
            joined.append(parts[k])
    return joined
