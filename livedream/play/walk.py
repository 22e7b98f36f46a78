"""A dream's walk through its latents: where it is, and how it goes on from step to step."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np

from livedream.backend import Runner
from livedream.dream.dream import Dream
from livedream.play import Floats, States, Values
from livedream.play.offsets import Offsets
from livedream.play.random_numbers import RandomNumbers
from livedream.play.scene import first_state, scene_latent
from livedream.play.state import PlayerState, Point, Target, blend_points, draw_over, interpolate_points


class Walk(ABC):
    """Where a dream is among its latents. What its steps are, and whether it has a past, a subclass says.

    Args:
        dream: Whose latents.
        runners: Run its networks and keep their states, by component; those of NETWORKS that the dream has.
        deck: 0 or 1; both decks have random numbers of their own.
        offsets: What knobs and latent offsets add.

    Attributes:
        started: False before it was first put at a scene.
        before, after: The steps around the present.
        phase: How far the present lies between the two: 0..1, above 1 where a step has failed.
        seed: Seed of the random numbers; -1 before the first.
        random_step: Steps since the random numbers began from the seed.
        steps: Steps since the start.
        lost: Steps and states that were not finite and not used.
        target: Where the picture is blended to while the dream itself goes on, or None.
        jumped: It was put elsewhere by itself (a branch), which a show has to record; see `take_jump`.
    """

    NETWORKS: ClassVar[tuple[str, ...]]

    def __init__(self, dream: Dream, runners: Mapping[str, Runner], deck: int, offsets: Offsets):
        self.dream, self.runners, self.offsets = dream, runners, offsets
        self.random = RandomNumbers(dream, deck)
        self.started = False
        self.before = self.after = Point(np.zeros_like(dream.mean), None)
        self.phase = 0.0
        self.seed, self.random_step = -1, 0
        self.steps = self.lost = 0
        self.target: Target | None = None
        self.jumped = False
        self._trace: list[Floats] | None = None

    @property
    def past_mode(self) -> str | None:
        """What is drawn of the past: "scrub", "loop" or "past"; None: the present."""
        return None

    @property
    def unstuck(self) -> int:
        """How often idle recovery has helped it."""
        return 0

    @property
    def rescue_scene(self) -> int | None:
        """The scene that idle recovery wants it to go to, or None."""
        return None

    def take_corrections(self) -> dict[str, float]:
        """Return the parameters, by address, that have to be set because they are no longer true; each once."""
        return {}

    def trace(self, on: bool) -> None:
        """Collect the latents of its steps for `take_trace`, or no longer."""
        if on != (self._trace is not None):
            self._trace = [] if on else None

    def take_trace(self) -> list[Floats]:
        """Return the latents, f32 [Z], of the steps since it was last asked; none where they are not collected."""
        if not self._trace:
            return []
        taken, self._trace = self._trace, []
        return taken

    @property
    def pulled(self) -> Target | None:
        """Where a live picture draws the dream to; None: nowhere."""
        return None

    def pull_to(self, latent: Floats) -> None:
        """Let a live picture, whose latent is f32 [Z], draw the dream from now on, as far as the parameters say."""
        return  # a walk that was recorded goes where it went

    @abstractmethod
    def next_point(self, here: Point, values: Values) -> Point:
        """Take one step from `here`; the networks' states go along."""

    def reseed(self, values: Values) -> None:
        """Begin the random numbers anew where the parameters ask for it."""
        if values["player/seed"] != self.seed or "player/reseed" in values.fired:
            self.seed, self.random_step = values["player/seed"], 0

    def start(self, values: Values) -> None:
        """Go to the scene that the parameters name, with its states."""
        here = self._put_at_scene(values)
        self._leave(here, values)

    def steer(self, seconds: float, values: Values) -> None:
        """Do what the parameters ask for on this frame, `seconds` after the last one."""
        return  # a walk without a past is where it is

    def advance(self, steps: float, values: Values, enough: Callable[[], bool]) -> bool:
        """Go on by so many steps, also in part.

        Args:
            steps: Less than 0 is backwards.
            values: The deck's.
            enough: Asked before each step; True leaves out the rest of the way.

        Returns:
            Whether the whole way was gone.
        """
        self.phase += self.own_steps(steps)
        while self.phase >= 1:
            if enough():
                self.phase %= 1
                return False
            following = self._step(self.after, values)
            self.before, self.after = self.after, following
            self.lost += not self.runners["decode"].keep()
            self.phase -= 1
        return True

    def own_steps(self, steps: float) -> float:
        """Return how far the dream itself goes, in steps, when the picture goes on by `steps`."""
        return max(steps, 0.0)

    def present(self) -> Point:
        """Return the point where the dream itself is."""
        return interpolate_points(self.dream, self.before, self.after, self.phase)

    def shown(self) -> Point:
        """Return the point that is drawn, before offsets."""
        target = self.whole_target()
        if target is not None and self.dream.hop:
            return draw_over(self.present(), target.point.clips)
        return self.present() if target is None else blend_points(self.dream, self.present(), *target)

    def whole_target(self) -> Target | None:
        """Return where the picture is blended to in all; None: the present is drawn."""
        return self.target

    def aim(self) -> Target | None:
        """Return what the clips that are made now are led to; None: nothing but the dream itself."""
        return self.target if self.target is not None and self.target.weight > 0 else None

    def soon(self) -> tuple[Point, ...]:
        """Return the points whose clips may be wanted next, beside those that are drawn."""
        return ()

    def state(self, complete: bool = True) -> PlayerState:
        """Return the dream's own state; reads the networks' states back from their devices.

        Args:
            complete: With the recurrent network's state and the trail, to go on from; else what it takes to draw.
        """
        decode = dict(self.runners["decode"].state)
        return PlayerState(
            self.before, self.after, self.phase, self.seed, self.random_step, self.steps, decode_state=decode
        )

    def shown_state(self) -> PlayerState:
        """Return the complete state of what is drawn, which may lie in the past."""
        return self.state()

    def saved_state(self) -> PlayerState:
        """Return the dream's own state without asking a device: the networks' states are a second old at most."""
        return PlayerState(self.before, self.after, self.phase, self.seed, self.random_step, self.steps)

    def restore(self, state: PlayerState) -> None:
        """Be in that state. Of networks whose state it does not have, the state stays."""
        self.before, self.after, self.phase = state.before, state.after, state.phase
        self.seed, self.random_step, self.steps = state.seed, state.random_step, state.steps
        self.started = True
        for name, own in (("step", state.step_state), ("decode", state.decode_state)):
            if own and name in self.runners:
                self.runners[name].state = {**self.runners[name].state, **own}

    def jump(self, state: PlayerState, values: Values) -> None:
        """Go on from that state, and draw it now."""
        self.restore(state)

    def take_jump(self) -> bool:
        """Return whether it was put elsewhere by itself since it was last asked."""
        jumped, self.jumped = self.jumped, False
        return jumped

    def continue_from(self, other: "Walk", state: PlayerState) -> None:
        """Go on where another walk of the same dream is, with copies of all that it has.

        Args:
            other: Its device may hang, and answer long after the other walk was given up.
            state: The other walk's.
        """
        if other.started:
            self.restore(state)
        self.lost, self.target, self.jumped = other.lost, other.target, other.jumped
        self._trace = other.traced()

    def traced(self) -> list[Floats] | None:
        """Return a copy of the latents that are collected; None where they are not."""
        return None if self._trace is None else list(self._trace)

    def states(self) -> States:
        """Return the networks' states, read back from their devices."""
        return {name: runner.state for name, runner in self.runners.items()}

    def _put_at_scene(self, values: Values) -> Point:
        dream = self.dream
        tensors: Mapping[str, Floats] = {}
        latent = dream.mean
        if dream.scenes:
            tensors, latent = dream.scenes[values["dream/scene"]].tensors, scene_latent(dream, values["dream/scene"])
        for name, runner in self.runners.items():
            runner.state = first_state(dream.components[name], tensors)
        return self.random.point(latent.astype(np.float32), self.seed, self.random_step)

    def _leave(self, here: Point, values: Values) -> None:
        """Take the first step from where it was put."""
        self.after = self._step(here, values)
        self.before, self.phase, self.started = here, 0.0, True

    def _step(self, here: Point, values: Values) -> Point:
        point = self.next_point(here, values)
        if self._trace is not None:
            self._trace.append(point.latent)
        return point
