"""How near a dream is to the footage, to which frames, and whether it merely replays them in order.

Pictures are compared at 16x16, whatever their size: by their content, not their grain.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Floats, Indices, Rgb
from .windows import evenly

SIDE = 16
RATE = 10.0  # pictures of the dream a second that are looked up
OWN = 3000  # most frames of the footage whose nearest other frame is looked up
MOST = 50_000  # most frames of the footage that are searched: 150 MB
APART = 1.0  # seconds that separate a frame from its nearest other one, at least
PACE = 0.4, 1.8  # shares of the footage's speed, between which a run through it is a replay
# Limits of the histogram in grey levels; the last one is open.
EDGES = (0, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 64)
ROWS, COLUMNS = 512, 8192  # pictures of dream and footage that are compared at a time: 16 MB


def small(pictures: Rgb) -> Floats:
    """Reduce pictures [N, H, W, 3] to means over 16x16 areas, 0..255: f32 [N, 768]."""
    down, across = (_areas(side) for side in pictures.shape[1:3])
    found = np.empty((len(pictures), SIDE * SIDE * 3), np.float32)
    for k, picture in enumerate(pictures):
        rows = (down @ picture.reshape(len(picture), -1)).reshape(SIDE, -1, 3)
        found[k] = np.einsum("xw,ywc->yxc", across, rows, optimize=True).ravel()
    return found


def _areas(side: int) -> Floats:
    """Return the weight of each of `side` pixels in each of SIDE areas, f32 [SIDE, side]; a row adds up to 1."""
    edges = np.linspace(0, side, SIDE + 1)
    pixels = np.arange(side)
    shares = np.minimum(pixels + 1, edges[1:, None]) - np.maximum(pixels, edges[:-1, None])
    weights: Floats = (np.clip(shares, 0, None) * SIDE / side).astype(np.float32)
    return weights


@dataclass(frozen=True)
class Nearest:
    """The nearest frame of the footage for each picture.

    Attributes:
        frame: its number, int64 [N].
        distance: root mean square, grey levels, f32 [N].
    """

    frame: Indices
    distance: Floats


class Known:
    """The footage, ready to be searched.

    Attributes:
        step: every how many frames one is searched: more than 1 for long footage, which then has a lower rate.
        fps: that rate; frames are numbered by it.
        count: how many frames are searched.
        own: distance of its frames to their nearest other one; empty for footage that is too short.
    """

    def __init__(self, frames: Rgb, fps: float, most: int = MOST):
        """Take frames [N, H, W, 3], which may be a memory map; most: how many are searched at most."""
        self.step = -(-len(frames) // most)
        self.fps, self.count = fps / self.step, -(-len(frames) // self.step)
        parts = range(0, len(frames), 64 * self.step)
        self._small = np.concatenate([small(frames[k : k + 64 * self.step : self.step]) for k in parts])
        self._middle = self._small.mean(0)  # subtracted, so that float32 is precise enough
        self._small -= self._middle
        self._squares = np.square(self._small).sum(1)
        chosen = evenly(self.count, OWN)
        own = self._nearest(self._small[chosen], chosen).distance
        self.own = own[np.isfinite(own)]

    def nearest(self, pictures: Floats) -> Nearest:
        """Return the nearest frames of small pictures [N, 768]."""
        return self._nearest(pictures - self._middle)

    def _nearest(self, centred: Floats, numbers: Indices | None = None) -> Nearest:
        """Search; numbers: those of frames of the footage itself, for which frames within a second do not count."""
        frame = np.zeros(len(centred), np.int64)
        least = np.full(len(centred), np.inf, np.float32)
        for row in range(0, len(centred), ROWS):
            rows = slice(row, row + ROWS)
            for column in range(0, self.count, COLUMNS):
                columns = slice(column, column + COLUMNS)
                apart = self._squares[columns] - 2 * (centred[rows] @ self._small[columns].T)
                if numbers is not None:
                    away = np.abs(np.arange(self.count)[columns] - numbers[rows, None])
                    apart[away <= APART * self.fps] = np.inf
                best = apart.argmin(1)
                found = apart[np.arange(len(best)), best]
                better = found < least[rows]
                least[rows] = np.where(better, found, least[rows])
                frame[rows] = np.where(better, best + column, frame[rows])
        squares = np.maximum(0, least + np.square(centred).sum(1)) / centred.shape[1]
        return Nearest(frame, np.sqrt(squares).astype(np.float32))


class Dreamt:
    """Pictures of a dream, `RATE` a second, looked up in the footage, and later single ones, to see where it goes.

    Only two numbers of a picture are kept.
    """

    def __init__(self, known: Known, interval: float):
        """Look up in `known`; interval: frames of it from one picture to the next."""
        self.known, self.interval = known, interval
        self._in_a_row, self._single = _Found(known), _Found(known)

    def add(self, picture: Rgb) -> None:
        """Add the next picture, [H, W, 3]."""
        self._in_a_row.add(picture)

    def add_single(self, picture: Rgb) -> None:
        """Add a picture that does not follow on the last, [H, W, 3]."""
        self._single.add(picture)

    @property
    def figures(self) -> dict[str, Any]:
        """Figures, ready for JSON: distances in grey levels, histograms as shares, replay in seconds, coverage 0..1."""
        known, found = self.known, self._in_a_row.nearest
        near = float(np.median(known.own)) if len(known.own) else None
        start, length = replay(found, self.interval, near)
        seconds = self.interval / known.fps
        through = np.concatenate([found.frame, self._single.nearest.frame])
        visited = np.unique((through / known.fps).astype(int))
        return {
            "pictures": len(found.frame),
            "single_pictures": len(through) - len(found.frame),
            "distance": float(np.median(found.distance)),
            "distance_footage": near,
            "histogram": {"edges": list(EDGES), "dream": shares(found.distance), "footage": shares(known.own)},
            "replay_s": round(length * seconds, 3),
            "replay_at_s": round(start * seconds, 3),
            "replay_of_s": round(float(found.frame[start] / known.fps), 3),
            "in_order": in_order(found.frame, self.interval),
            "coverage": len(visited) / int(np.ceil(known.count / known.fps)),
        }


class _Found:
    """The nearest frames of pictures, which are looked up as soon as there are enough."""

    def __init__(self, known: Known):
        self._known = known
        self._waiting: list[Floats] = []
        self._found = [Nearest(np.zeros(0, np.int64), np.zeros(0, np.float32))]

    def add(self, picture: Rgb) -> None:
        self._waiting.append(small(picture[None])[0])
        if len(self._waiting) == ROWS:
            self._look()

    def _look(self) -> None:
        if self._waiting:
            self._found.append(self._known.nearest(np.stack(self._waiting)))
            self._waiting = []

    @property
    def nearest(self) -> Nearest:
        """Those of all pictures so far."""
        self._look()
        frames = np.concatenate([each.frame for each in self._found])
        return Nearest(frames, np.concatenate([each.distance for each in self._found]))


def shares(distances: Floats) -> list[float]:
    """Return the share of distances between each of EDGES and the next, and beyond the last; [] without any."""
    if not len(distances):
        return []
    counts = np.histogram(distances, [*EDGES, np.inf])[0]
    return [round(float(each), 4) for each in counts / len(distances)]


def replay(found: Nearest, interval: float, near: float | None) -> tuple[int, int]:
    """Return first picture and length, in pictures, of the longest run in the footage's order.

    In it every picture is nearer than `near`, and the nearest frame advances by 0.4 to 1.8 times `interval` (frames
    from one picture to the next); a single picture may be an exception, two in a row end it.
    """
    if near is None or not len(found.frame):
        return 0, 0
    low, high = (pace * interval for pace in PACE)
    begun = np.arange(len(found.frame))
    good = found.distance < near
    best = 0, 0
    for k in range(1, len(begun)):
        if good[k]:
            for back in (1, 2):
                if k >= back and good[k - back]:
                    on = found.frame[k] - found.frame[k - back]
                    if low * back <= on <= high * back:
                        begun[k] = min(begun[k], begun[k - back])
            if k - begun[k] > best[1]:
                best = int(begun[k]), int(k - begun[k])
    return best


def in_order(frames: Indices, interval: float) -> float:
    """Return the share of steps from picture to picture that follow the footage's order at about its speed."""
    on = np.diff(frames)
    return float(np.mean((on >= PACE[0] * interval) & (on <= PACE[1] * interval))) if len(on) else 0.0
