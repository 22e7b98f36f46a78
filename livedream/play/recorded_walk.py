"""The walk of a dream in a show that is drawn again: it is given the latents instead of making them."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import ClassVar

from livedream.backend import Runner
from livedream.dream.dream import Dream
from livedream.play import Floats, Values
from livedream.play.offsets import Offsets
from livedream.play.state import Point
from livedream.play.walk import Walk


class RecordedWalk(Walk):
    """Walks as another one walked. Where in the past that one was drawn, its targets say. See Walk for arguments.

    Attributes:
        latents: Of the steps to come, f32 [Z] each; no step is taken without one.
    """

    NETWORKS: ClassVar[tuple[str, ...]] = ("decode",)

    def __init__(self, dream: Dream, runners: Mapping[str, Runner], deck: int, offsets: Offsets):
        super().__init__(dream, runners, deck, offsets)
        self.latents: deque[Floats] = deque()

    def next_point(self, here: Point, values: Values) -> Point:
        return self._take(here)

    def advance(self, steps: float, values: Values, enough: Callable[[], bool]) -> bool:
        return super().advance(steps, values, lambda: enough() or not self.latents)

    def arrive(self, phase: float) -> None:
        """Take the steps that are left, and go to `phase`: where the other walk was then."""
        while self.latents and self.started:
            self.before, self.after = self.after, self._take(self.after)
            self.runners["decode"].keep()
        self.phase = phase

    def set_decode_state(self, state: Mapping[str, Floats]) -> None:
        """Give the decoder these states, f32 by input name. Raises KeyError and ValueError for what does not fit."""
        inputs, run = self.dream.components["decode"].inputs, self.runners["decode"]
        run.state = run.state | {name: each.reshape(inputs[name].shape) for name, each in state.items()}

    def _take(self, here: Point) -> Point:
        self.random_step += 1
        self.steps += 1
        latent = self.latents.popleft() if self.latents else here.latent
        return self.random.point(latent, self.seed, self.random_step)
