"""How near a dream is to the footage, which frames of it, and whether it merely replays them in their order.

Pictures are compared as 16x16 small ones, whatever their size: what is seen, not its grain.
"""

from dataclasses import dataclass

import numpy as np

from .windows import evenly

SIDE = 16
RATE = 10.0  # pictures of the dream a second that are looked at
OWN = 3000  # frames of the footage at most whose nearest other one is looked for
MOST = 50_000  # frames of the footage that are looked through: 150 MB
APART = 1.0  # seconds that a frame's other one is away at least
PACE = 0.4, 1.8  # of the footage's, within which a run through it is a replay
EDGES = (0, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 64)  # of the histogram, grey levels; the last is open
ROWS, COLUMNS = 512, 8192  # dreamt and footage's pictures that are compared at a time: 16 MB


def small(pictures: np.ndarray) -> np.ndarray:
    """Pictures uint8 [N, H, W, 3] as float32 [N, 768]: means over 16x16 areas, 0..255."""
    down, across = (_areas(side) for side in pictures.shape[1:3])
    found = np.empty((len(pictures), SIDE * SIDE * 3), np.float32)
    for k, picture in enumerate(pictures):
        rows = (down @ picture.reshape(len(picture), -1)).reshape(SIDE, -1, 3)
        found[k] = np.einsum("xw,ywc->yxc", across, rows, optimize=True).ravel()
    return found


def _areas(side: int) -> np.ndarray:
    """How much each of `side` pixels counts in each of SIDE areas, float32 [SIDE, side]; a row sums up to 1."""
    edges = np.linspace(0, side, SIDE + 1)
    pixels = np.arange(side)
    shares = np.minimum(pixels + 1, edges[1:, None]) - np.maximum(pixels, edges[:-1, None])
    return (np.clip(shares, 0, None) * SIDE / side).astype(np.float32)


@dataclass(frozen=True)
class Nearest:
    """Of each picture, the footage's frame that is nearest, int64 [N], and how far, float32 [N], rms grey levels."""

    frame: np.ndarray
    distance: np.ndarray


class Known:
    """The footage, ready to be looked through. frames: uint8 [N, H, W, 3], a memory map will do.

    most: frames that are looked at. Of longer footage they are every second one, or every third…: `step`; it is then
    as footage of a lower rate, `fps`, and frames are counted so.
    """

    def __init__(self, frames: np.ndarray, fps: float, most: int = MOST):
        self.step = -(-len(frames) // most)
        self.fps, self.count = fps / self.step, -(-len(frames) // self.step)
        parts = range(0, len(frames), 64 * self.step)
        self._small = np.concatenate([small(frames[k : k + 64 * self.step : self.step]) for k in parts])
        self._middle = self._small.mean(0)  # taken away, so that float32 is enough
        self._small -= self._middle
        self._squares = np.square(self._small).sum(1)
        chosen = evenly(self.count, OWN)
        own = self._nearest(self._small[chosen], chosen).distance
        self.own = own[np.isfinite(own)]  # of its frames to their nearest other one; empty if it is too short

    def nearest(self, pictures: np.ndarray) -> Nearest:
        """Of small pictures [N, 768]."""
        return self._nearest(pictures - self._middle)

    def _nearest(self, centred: np.ndarray, numbers: np.ndarray | None = None) -> Nearest:
        """numbers: of frames of its own, which are not compared with what is within a second of them."""
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
    """Pictures of a dream, `RATE` a second, beside the footage, and later single ones for what of the footage they
    visit; what is kept of a picture is two numbers.
    """

    def __init__(self, known: Known, interval: float):
        """interval: between two pictures, in frames of the footage as it is known."""
        self.known, self.interval = known, interval
        self._in_a_row, self._single = _Found(known), _Found(known)

    def add(self, picture: np.ndarray) -> None:
        """The next picture, uint8 [H, W, 3]."""
        self._in_a_row.add(picture)

    def glance(self, picture: np.ndarray) -> None:
        """A picture of its own, uint8 [H, W, 3]."""
        self._single.add(picture)

    @property
    def figures(self) -> dict:
        """Ready for JSON: distances in grey levels, their histograms as shares, replay in seconds, coverage 0..1."""
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
    """The nearest frames of pictures, which are looked for as soon as there are enough."""

    def __init__(self, known: Known):
        self._known = known
        self._waiting: list[np.ndarray] = []
        self._found = [Nearest(np.zeros(0, np.int64), np.zeros(0, np.float32))]

    def add(self, picture: np.ndarray) -> None:
        self._waiting.append(small(picture[None])[0])
        if len(self._waiting) == ROWS:
            self._look()

    def _look(self) -> None:
        if self._waiting:
            self._found.append(self._known.nearest(np.stack(self._waiting)))
            self._waiting = []

    @property
    def nearest(self) -> Nearest:
        """Of all pictures so far."""
        self._look()
        frames, distances = ([getattr(each, name) for each in self._found] for name in ("frame", "distance"))
        return Nearest(np.concatenate(frames), np.concatenate(distances))


def shares(distances: np.ndarray) -> list[float]:
    """Which share of distances lies from each of EDGES to the next; the last takes all beyond. [] of none."""
    if not len(distances):
        return []
    counts = np.histogram(distances, [*EDGES, np.inf])[0]
    return [round(float(each), 4) for each in counts / len(distances)]


def replay(found: Nearest, interval: float, near: float | None) -> tuple[int, int]:
    """First picture, and length in pictures, of the longest run that goes through the footage as the footage goes.

    In it every picture is nearer than `near`, and the frame that is nearest goes on by 0.4 to 1.8 times `interval`
    (frames from one picture to the next); a single picture may be out of line, two in a row end it.
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


def in_order(frames: np.ndarray, interval: float) -> float:
    """Share of steps from picture to picture that go on in the footage's order at about its pace."""
    on = np.diff(frames)
    return float(np.mean((on >= PACE[0] * interval) & (on <= PACE[1] * interval))) if len(on) else 0.0
