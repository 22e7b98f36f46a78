"""A performance moved again: a player that is told the latents instead of making them.

What it is told is what `taken` and `moment.moment` say of the player that performed.
"""

import contextlib
from collections import deque
from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np

from livedream.backend import Runner
from livedream.dream.dream import Component, Dream
from livedream.parameters import Snapshot
from livedream.play.places import across
from livedream.play.player import Player, Point, Toward, mixed


def taken(player: Player) -> tuple[list[np.ndarray], float]:
    """The latents of the steps since it was last asked, if it keeps a trace, and the phase now."""
    latents = player.trace
    if latents:
        player.trace = []
    return latents or [], player._phase


class Replayed(Player):
    """Moves as another one moved.

    latents: of the steps to come, f32 [Z] each; `move` takes them, and no step more than there are.
    """

    def __init__(self, dream: Dream, load: Callable[[Component], Runner], deck: int = 0):
        super().__init__(dream, lambda part: _Silent() if part.name == "step" else load(part), deck)
        self.latents: deque[np.ndarray] = deque()
        self._load = load
        self._aside: Runner | None = None

    def carry(self, states: Mapping[str, np.ndarray]) -> None:
        """Have these states of the decoder, f32 by input name. Raises KeyError and ValueError for what does not fit."""
        inputs = self.dream.components["decode"].inputs
        run = self._runners["decode"]
        run.state = run.state | {name: each.reshape(inputs[name].shape) for name, each in states.items()}

    def move(self, frames: int, fps: float, values: Snapshot, enough: Callable[[], bool] = lambda: False) -> None:
        super().move(frames, fps, values, lambda: enough() or not self.latents)

    def _steer(self, seconds: float, values: Snapshot) -> None:
        """Where in the past the other one was drawn, `toward` says."""

    def _ahead(self, steps: float) -> float:
        return max(steps, 0.0)

    def lead(self, before: Toward | None, after: Toward | None, part: float = 1.0) -> None:
        """Draw what is led to `after` when part is 1, and to what lies between the two when it is less (0..1)."""
        if part == 1 or before is after is None:
            self.toward = after
            return
        b = after or before
        a = before or b._replace(part=0.0)
        noise = None if b.noise is None else mixed(a.noise, b.noise, part)
        latent = across(self.dream, a.latent, b.latent, part)
        self.toward = Toward(latent, a.part + part * (b.part - a.part), noise)

    def arrive(self, phase: float) -> None:
        """Take the steps that are left, and stand at `phase`: where the other one stood then."""
        while self.latents and self._after is not None:
            self._before, self._after = self._after, self._following(self._after, None)
            self._runners["decode"].keep()
        self._phase = phase

    @contextlib.contextmanager
    def aside(self):
        """What is drawn meanwhile leaves no trace in decoder and layers: the other one did not draw it."""
        kept, layers = self._runners["decode"], self._layers
        self._layers = layers.copy()
        if kept.state:
            if self._aside is None:
                self._aside = self._load(self.dream.components["decode"])
            self._aside.state = kept.state
            self._runners["decode"] = self._aside
        try:
            yield
        finally:
            self._runners["decode"], self._layers = kept, layers

    def _following(self, here: Point, values: Snapshot | None) -> Point:
        self._drawn += 1
        self.steps += 1
        return Point(self.latents.popleft() if self.latents else here.latent, self._decode_noise())


class _Silent:
    """In the place of the recurrent network, which is not asked."""

    provider = "show"
    state: ClassVar[dict] = {}

    def keep(self) -> bool:
        return True
