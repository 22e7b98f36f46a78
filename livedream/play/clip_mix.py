"""How clips become one stream: which of their frames are seen at a moment, how much of each, and their mixture.

A clip begins `hop` frames after the last one. The frames that both have are crossfaded; a layer that is one picture for
the whole clip is crossfaded for as long as the next clip may be known. This is done evenly, so that no frame changes
more than others: an eased crossfade changes half as much again in its middle (bench/clips.py). Where two pictures
differ, their mixture is flatter than either; its contrast is raised to theirs, so that the stream does not grow pale at
every joint.
"""

from collections.abc import Sequence

import numpy as np

from livedream.picture import Pixels
from livedream.play import Floats

LEAD = 0.2  # share of a hop that is left for making the next clip before it begins to come in
LEAST_GAIN, MOST_GAIN = 1.01, 1.3  # of the contrast of a mixture
POINTS = 64  # of the shorter side, about, by which contrast is measured
ROWS = 32  # at a time: their sums stay in the processor's cache

Seen = tuple[bool, int, float]  # whether it is of the clip after, the frame's number, and its weight


def shared(length: int, hop: int) -> int:
    """Return how many frames of a clip are crossfaded with the last ones of the clip before."""
    return max(0, min(length - hop, hop - 1 - lead(hop)))


def lead(hop: int) -> int:
    """Return how many frames of a hop pass before the next clip may come in."""
    return min(max(1, round(LEAD * hop)), hop - 1)


def share_after(phase: float, length: int, hop: int, layer: int) -> float:
    """Return how much of the picture, 0..1, the clip after has at a phase (0..1); arguments as of `seen`."""
    if layer == 1 and length > 1:
        first = lead(hop) / hop
        return _limited((phase - first) / (1 - first))
    both = shared(length, hop)
    return _limited((phase * hop - hop + both + 1) / (both + 1))


def seen(phase: float, length: int, hop: int, layer: int, alone: bool = False) -> list[Seen]:
    """Return the frames that are seen of a layer at a moment; their weights add up to 1.

    Args:
        phase: 0 where the clip before has come in whole, 1 where the one after has; above 1 it goes on to its end.
        length: Frames of a clip.
        hop: Frames from the beginning of one to that of the next.
        layer: Frames of this layer: `length`, or 1.
        alone: Whether the clip after stays out.
    """
    weight = 0.0 if alone else share_after(min(phase, 1.0), length, hop, layer)
    both, at = shared(length, hop), phase * hop
    found: list[Seen] = []
    for after, place, part in ((False, both + at, 1 - weight), (True, at - hop + both, weight)):
        place = min(max(place, 0.0), layer - 1.0)
        first = int(place)
        between = place - first
        found += [(after, first, part * (1 - between)), (after, first + 1, part * between)]
    return [each for each in found if each[2] > 0]


def _limited(part: float) -> float:
    return min(max(part, 0.0), 1.0)


def mixed(pictures: Sequence[Pixels], weights: Sequence[float], opaque: bool) -> Pixels:
    """Return the mixture of pictures, uint8 [H, W, 4]; colours weigh as much as they cover.

    Args:
        pictures: Of one size, straight alpha.
        weights: Their shares; add up to 1.
        opaque: Whether all of them are.
    """
    parts = _levels(weights)
    chosen = [(picture, part) for picture, part in zip(pictures, parts, strict=True) if part]
    if len(chosen) == 1:
        return chosen[0][0]
    made = np.empty_like(pictures[0])
    for top in range(0, len(made), ROWS):
        rows = [(picture[top : top + ROWS], part) for picture, part in chosen]
        made[top : top + ROWS] = _sum(rows) if opaque else _covered_sum(rows)
    return _with_contrast(made, chosen) if opaque else made


def _with_contrast(made: Pixels, parts: Sequence[tuple[Pixels, int]]) -> Pixels:
    """Return a mixture with the contrast that its parts have, by their weights."""
    wanted, found = sum(part / 256 * _contrast(picture) for picture, part in parts), _contrast(made)
    gain = min(wanted / max(found, 1.0), MOST_GAIN)
    if gain <= LEAST_GAIN:
        return made
    levels = np.arange(256, dtype=np.float32)
    for channel in range(3):
        middle = np.float32(_points(made)[..., channel].mean())
        table = np.clip(np.rint(middle + np.float32(gain) * (levels - middle)), 0, 255).astype(np.uint8)
        made[..., channel] = table.take(made[..., channel])
    return made


def _contrast(picture: Pixels) -> float:
    """Return the standard deviation of the green, most of what the eye takes for brightness, in levels."""
    return float(_points(picture)[..., 1].std())


def _points(picture: Pixels) -> Pixels:
    """Return some of the pixels, evenly spread."""
    step = max(1, min(picture.shape[:2]) // POINTS)
    return picture[::step, ::step]


def _levels(weights: Sequence[float]) -> list[int]:
    """Return weights in 256ths that add up to 256."""
    ends = np.rint(np.cumsum(weights) / sum(weights) * 256).astype(int)
    return [int(each) for each in np.diff(ends, prepend=0)]


def _sum(rows: Sequence[tuple[Pixels, int]]) -> Pixels:
    total = np.full(rows[0][0].shape, 128, np.uint16)
    for picture, part in rows:
        total += picture * np.uint16(part)
    total >>= 8
    found: Pixels = total.astype(np.uint8)
    return found


def _covered_sum(rows: Sequence[tuple[Pixels, int]]) -> Pixels:
    cover: Floats = np.zeros(rows[0][0].shape[:2], np.float32)
    colours: Floats = np.zeros((*cover.shape, 3), np.float32)
    for picture, part in rows:
        each = picture[..., 3] * np.float32(part / 256)
        cover += each
        colours += picture[..., :3] * each[..., None]
    colours /= np.maximum(cover, 1e-3)[..., None]
    found: Pixels = np.rint(np.concatenate([colours, cover[..., None]], -1)).astype(np.uint8)
    return found
