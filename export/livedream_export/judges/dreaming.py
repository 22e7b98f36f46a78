"""One dream of some minutes, streamed past the judges: however long it is, only a few pictures are kept."""

from collections.abc import Callable

import numpy as np

from livedream.dream.dream import Dream
from livedream.play.player import Player

from ..features import Features
from . import novelty, playing
from .minutes import Scale, rolling
from .variety import reduced
from .watching import Watched
from .windows import LENGTH, change, evenly


class Whole:
    """What looks at more than a pair a second: windows, what is near the footage, pictures to keep.

    length: steps of the dream. windows: how many. kept: pictures at most, evenly over it, those reduced in size for
    variety. shown: of them as they are, for a person. known: the footage that pictures are looked for in, for the first
    `near` seconds several times a second.
    """

    def __init__(
        self,
        length: int,
        fps: float,
        windows: int,
        features: Features | None,
        kept: int,
        shown: int,
        known: novelty.Known,
        near: float,
    ):
        self.watched = Watched(windows, features)
        self.kept: list[np.ndarray] = []
        self.shown: list[np.ndarray] = []
        self._begins = set(np.linspace(0, length - LENGTH, windows).astype(int).tolist()) if windows else set()
        self._window: list[np.ndarray] = []
        self._keeps = set(evenly(length, kept).tolist())
        self._shows = set(evenly(length, 2 * shown + 1)[1::2].tolist())
        each = max(known.step, fps / novelty.RATE)
        self.novelty = novelty.Dreamt(known, each / known.step)
        end = min(length, near * fps)
        self._looks = {step for step in np.arange(0, end, each).round().astype(int).tolist() if step < length}
        within = {begin + k for begin in self._begins for k in range(LENGTH)}
        self._dense_until = end
        self.steps = within | self._keeps | self._shows | self._looks

    def see(self, step: int, picture: np.ndarray) -> None:
        """One of `steps`, in order."""
        if step in self._looks:
            self.novelty.add(picture)
        if step in self._keeps:
            self.kept.append(np.array(reduced(picture)))
        if step in self._shows:
            self.shown.append(np.array(picture))
        if self._window or step in self._begins:
            self._window.append(np.array(picture))
            if len(self._window) == LENGTH:
                self.watched.add(np.stack(self._window))
                self._window = []

    def glance(self, step: int, picture: np.ndarray) -> None:
        """A picture that is drawn once a second anyway."""
        if step >= self._dense_until:
            self.novelty.glance(picture)


def length(minutes: int, fps: float) -> int:
    """Steps up to the last second's pair of so many minutes: all that is looked at."""
    return round((60 * minutes - 1) * fps) + 2


def dream(
    dream: Dream,
    scale: Scale | None,
    own_change: float,
    features: Features | None,
    minutes: int,
    seed: int,
    temperature: float,
    tell: Callable[[str], None],
    whole: Whole | None = None,
    part: int = 60,
) -> dict:
    """The figures of one seed, ready for JSON.

    scale, features: None leaves Fréchet distances out. own_change: the footage's. whole: sees more of it. part: seconds
    from one Fréchet distance to the next. tell: called after each second.
    """
    player = Player(dream, playing.load)
    firsts = {round(second * dream.fps): second for second in range(60 * minutes)}
    steps = sorted({step + k for step in firsts for k in (0, 1)} | (whole.steps if whole else set()))
    changes, distances, seen, before = [], [], [], None
    for step, picture in playing.at(player, playing.still(dream, seed, temperature), steps):
        if whole and step in whole.steps:
            whole.see(step, picture)
        if step - 1 in firsts:  # the second of a pair; at one step a second the first of the next, too
            changes.append(change(before, picture))
            second = firsts[step - 1]
            tell(f"dreaming with seed {seed}, minute {second // 60 + 1} of {minutes} at temperature {temperature:g}")
            seen.append(before)
            if scale and len(seen) == part:
                distances.append(scale.apart(features(np.stack(seen))))
            seen = seen if len(seen) < part else []
        if step in firsts:
            before = np.array(picture)
            if whole:
                whole.glance(step, before)
    least = rolling(changes)
    worst = int(np.argmax(distances)) if distances else None
    return {
        "seed": seed,
        "steps": player.steps,
        "lost": player.lost,
        "unstuck": player.unstuck,
        "change": float(np.mean(changes)),
        "mean_change": float(np.mean(changes) / own_change),
        "least_change": float(least.min() / own_change),
        "least_change_at_s": int(least.argmin()),
        "frechet": distances,
        "worst_minute": worst + 1 if distances else None,
        "first_to_halves": distances[0] / scale.halves if distances and scale.halves else None,
        "worst_to_first": distances[worst] / distances[0] if distances else None,
    }
