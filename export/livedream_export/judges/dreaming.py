"""Measures one dream of some minutes as a stream: however long it is, only a few pictures are kept."""

from collections.abc import Callable
from typing import Any

import numpy as np

from livedream.dream.dream import Dream
from livedream.play.player import Player

from ..arrays import Doubles, Rgb
from ..features import Features
from . import novelty, playing
from .minutes import Scale, rolling
from .variety import reduced
from .watching import Watched
from .windows import LENGTH, change, evenly


class Observer:
    """Measures what needs more than a pair a second: windows, similarity to the footage, pictures to keep.

    Attributes:
        watched: measurements of the windows.
        kept: pictures for variety, reduced.
        shown: pictures for a person, as they are.
        novelty: similarity to the footage.
        steps: those whose pictures it wants.
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
        """Choose the steps to observe.

        Args:
            length: steps of the dream.
            fps: steps a second.
            windows: how many.
            features: None leaves Fréchet distances out.
            kept: most pictures for variety, evenly over the dream.
            shown: most pictures for a person.
            known: the footage in which pictures are looked up.
            near: seconds for which they are looked up several times a second; later it is once a second.
        """
        self.watched = Watched(windows, features)
        self.kept: list[Rgb] = []
        self.shown: list[Rgb] = []
        self._begins = set(np.linspace(0, length - LENGTH, windows).astype(int).tolist()) if windows else set()
        self._window: list[Rgb] = []
        self._keeps = set(evenly(length, kept).tolist())
        self._shows = set(evenly(length, 2 * shown + 1)[1::2].tolist())
        each = max(known.step, fps / novelty.RATE)
        self.novelty = novelty.Dreamt(known, each / known.step)
        end = min(length, near * fps)
        self._looked_up = {step for step in np.arange(0, end, each).round().astype(int).tolist() if step < length}
        within = {begin + k for begin in self._begins for k in range(LENGTH)}
        self._dense_until = end
        self.steps: set[int] = within | self._keeps | self._shows | self._looked_up

    def on_frame(self, step: int, picture: Rgb) -> None:
        """Take the picture of one of `steps`, in order."""
        if step in self._looked_up:
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

    def on_second(self, step: int, picture: Rgb) -> None:
        """Take a picture that is rendered once a second anyway."""
        if step >= self._dense_until:
            self.novelty.add_single(picture)


def length(minutes: int, fps: float) -> int:
    """Return the steps up to the last second's pair of so many minutes."""
    return round((60 * minutes - 1) * fps) + 2


def measure(
    dream: Dream,
    scale: Scale | None,
    own_change: float,
    features: Features | None,
    minutes: int,
    seed: int,
    temperature: float,
    tell: Callable[[str], None],
    observer: Observer | None = None,
    part: int = 60,
) -> dict[str, Any]:
    """Return the figures of a dream with one seed, ready for JSON.

    Args:
        dream: the dream.
        scale: of the footage; None leaves Fréchet distances out.
        own_change: the footage's mean change, grey levels.
        features: None leaves Fréchet distances out.
        minutes: length of the dream.
        seed: of its random numbers.
        temperature: of the dream.
        tell: called with what is being done, after each second.
        observer: gets more pictures.
        part: seconds from one Fréchet distance to the next.
    """
    player = Player(dream, playing.load)
    firsts = {round(second * dream.fps): second for second in range(60 * minutes)}
    steps = sorted({step + k for step in firsts for k in (0, 1)} | (observer.steps if observer else set()))
    changes: list[float] = []
    distances: list[float] = []
    pictures: list[Rgb] = []
    before: Rgb | None = None
    for step, picture in playing.at(player, playing.still(dream, seed, temperature), steps):
        if observer and step in observer.steps:
            observer.on_frame(step, picture)
        if step - 1 in firsts and before is not None:  # at one step a second it is the first of the next pair, too
            changes.append(change(before, picture))
            second = firsts[step - 1]
            tell(f"dreaming with seed {seed}, minute {second // 60 + 1} of {minutes} at temperature {temperature:g}")
            pictures.append(before)
            if scale and features and len(pictures) == part:
                distances.append(scale.distance(features(np.stack(pictures))))
            pictures = pictures if len(pictures) < part else []
        if step in firsts:
            before = np.array(picture)
            if observer:
                observer.on_second(step, before)
    return {
        "seed": seed,
        "steps": player.steps,
        "lost": player.lost,
        "unstuck": player.unstuck,
        **_change_figures(rolling(changes), changes, own_change),
        **_frechet_figures(distances, scale),
    }


def _change_figures(least: Doubles, changes: list[float], own_change: float) -> dict[str, Any]:
    return {
        "change": float(np.mean(changes)),
        "mean_change": float(np.mean(changes) / own_change),
        "least_change": float(least.min() / own_change),
        "least_change_at_s": int(least.argmin()),
    }


def _frechet_figures(distances: list[float], scale: Scale | None) -> dict[str, Any]:
    if not distances:
        return {"frechet": [], "worst_minute": None, "first_to_halves": None, "worst_to_first": None}
    worst = int(np.argmax(distances))
    return {
        "frechet": distances,
        "worst_minute": worst + 1,
        "first_to_halves": distances[0] / scale.halves if scale and scale.halves else None,
        "worst_to_first": distances[worst] / distances[0],
    }
