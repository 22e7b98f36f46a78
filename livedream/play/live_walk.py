"""The walk of a dream that is played: steps by its recurrent network, a past to go back to, and idle recovery."""

import copy
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np

from livedream.backend import Runner
from livedream.dream.dream import Dream
from livedream.play import Floats, States, Values
from livedream.play.offsets import Offsets
from livedream.play.past import Past
from livedream.play.playhead import Playhead
from livedream.play.pull import Pull
from livedream.play.state import PlayerState, Point, Target, blend_points, chain_targets, weighed
from livedream.play.stepper import Stepper
from livedream.play.stuck import IdleRecovery
from livedream.play.walk import Walk

TRAIL = 24  # latents before the present ones that a state has, of the last second of most dreams
RESCUE = 2.0  # seconds of the fade from where a dream has come to rest to a scene


class LiveWalk(Walk):
    """Walks by the recurrent network, or by chance where the dream has none. See Walk for arguments.

    Attributes:
        past: What can be drawn again.
        playhead: Where in the past it is drawn, if not in the present.
        idle: Helps it when it comes to rest.
        pull: Where a live picture draws it to.
        saved_states: The networks' states, a second old at most; never written to.
    """

    NETWORKS: ClassVar[tuple[str, ...]] = ("step", "decode")

    def __init__(self, dream: Dream, runners: Mapping[str, Runner], deck: int, offsets: Offsets):
        super().__init__(dream, runners, deck, offsets)
        self.past = Past(dream, self.random)
        self.playhead = Playhead(self.past)
        self.idle = IdleRecovery(dream, self.random)
        self.pull = Pull(dream)
        self._stepper = Stepper(dream, runners.get("step"), self.random)
        self._trail: deque[Floats] = deque(maxlen=TRAIL + 2)  # the last latents, `before` and `after` among them
        self.saved_states: States = {}

    @property
    def position(self) -> float:
        """Where the dream itself is, in steps of its history."""
        return self.past.history.newest - 1 + self.phase

    @property
    def past_mode(self) -> str | None:
        return self.playhead.mode

    @property
    def unstuck(self) -> int:
        return self.idle.count

    @property
    def rescue_scene(self) -> int | None:
        return self.idle.scene

    def take_corrections(self) -> dict[str, float]:
        return self.playhead.take_corrections()

    def start(self, values: Values) -> None:
        rescued = self.idle.scene is not None and self.idle.scene == values["dream/scene"]
        shown = self.shown() if rescued else None
        here = self._put_at_scene(values)
        self._trail.clear()
        self._trail.append(here.latent)
        self.past.history.begin(here.latent, self.seed, self.random_step)
        self._leave(here, values)
        self.idle.forget()
        self.idle.scene = None
        self._save()
        self.playhead.go_live(values)
        if shown:
            self.playhead.fade(shown, RESCUE)

    def next_point(self, here: Point, values: Values) -> Point:
        feedback, made_from = values["dream/feedback"], self.pull.made_from(here.latent)
        if feedback:
            made_from = made_from + feedback * self.offsets.steering(made_from, values)
        latent, controls, ok = self._stepper(made_from, self.seed, self.random_step, values)
        self.random_step += 1
        self.steps += 1
        if ok:
            latent = self.idle.pushed(latent)
        else:
            latent, self.lost = here.latent, self.lost + 1
        if self.pull.weight:  # what is seen may stand still
            self.idle.forget()
        elif self.idle.stuck(latent) and values["player/unstick"] and not values["master/hold"]:
            self.idle.help(self.after.latent, self.steps, self.seed, self.random_step, values)
        latent = latent.astype(np.float32, copy=False)
        self._trail.append(latent)
        self.past.history.step(
            latent,
            self.seed,
            self.random_step,
            controls,
            None if made_from is here.latent else made_from,
            failed=not ok,
        )
        if self.steps % max(1, round(self.dream.step_rate)) == 0:
            self._save()
        return self.random.point(latent, self.seed, self.random_step)

    def steer(self, seconds: float, values: Values) -> None:
        playhead = self.playhead
        if "player/branch" in values.fired and playhead.at is not None:
            shown = self.shown()
            # Else the position is in the seam of a loop, or there is a fade on the way to it.
            alone = np.array_equal(shown.latent, self.past.point_at(playhead.at).latent)
            self.branch(playhead.at)
            playhead.go_live(values, None if alone else lambda: shown)
        playhead.steer(values, self.position, self.shown)
        playhead.elapse(seconds)
        self.pull.steer(seconds, values)
        if values["player/freeze"] or values["master/hold"] or not playhead.present:
            self.idle.scene = None

    def own_steps(self, steps: float) -> float:
        return self.playhead.move(steps, self.position)

    def whole_target(self) -> Target | None:
        past = self.playhead.shown()
        if self.dream.hop:
            return self._target_of_clips(past)
        targets = [each for each in (past and Target(*past), self.target, self.pull.target) if each]
        if len(targets) < 2:
            return targets[0] if targets else None
        here = self.present()
        for each in targets:
            here = blend_points(self.dream, here, *each)
        return Target(here, 1.0)

    def _target_of_clips(self, past: tuple[Point, float] | None) -> Target | None:
        aim = self.aim()
        if past is None:
            return aim
        point, weight = past
        clips = weighed(point.clips, weight)
        if aim is None:
            return Target(Point(point.latent, None, None, clips), 0.0)
        return aim._replace(point=aim.point._replace(clips=clips))

    def aim(self) -> Target | None:
        aim = super().aim()
        pulled = self.pull.target
        return aim if pulled is None else chain_targets(self.dream, aim, pulled)

    def soon(self) -> tuple[Point, ...]:
        numbers = self.playhead.soon()
        return (*map(self.past.point, numbers), self.before, self.after) if numbers else ()

    def pull_to(self, latent: Floats) -> None:
        self.pull.toward(latent)

    @property
    def pulled(self) -> Target | None:
        return self.pull.target

    def branch(self, position: float) -> None:
        """Go on from a position of the history with new random numbers, to another future.

        Of the decoder's states it takes the nearest that are kept.
        """
        history = self.past.history
        keys = [history.random_key(number) for number in history.around(position)[:2]]
        self.restore(self.state_at(position))
        self._settle(keys)
        self.jumped = True

    def state_at(self, position: float) -> PlayerState:
        """Return the state at a position of the history, with the random numbers of now.

        The recurrent network's state is exactly the one of then: the steps since states were saved, a second of them at
        most, are repeated. From longer ago than states are kept, it is the nearest.
        """
        history = self.past.history
        before, after, phase = history.around(position)
        trail = history.trail(before, TRAIL)
        states = history.states_before(after)[0] or {}
        return PlayerState(
            self.past.point(before),
            self.past.point(after),
            phase,
            self.seed,
            self.random_step,
            self.steps,
            decode_state=states.get("decode", {}),
            step_state=self._step_state_after(after),
            trail=np.stack(trail) if trail else None,
        )

    def state(self, complete: bool = True) -> PlayerState:
        state = super().state()
        step = self.runners.get("step") if complete else None
        return replace(state, step_state=dict(step.state) if step else {}, trail=self._stacked() if complete else None)

    def shown_state(self) -> PlayerState:
        if self.playhead.at is None:
            return self.state()
        # The decoder's own state is that of now: what it has drawn last it drew of the past.
        return replace(self.state_at(self.playhead.at), decode_state=dict(self.runners["decode"].state))

    def saved_state(self) -> PlayerState:
        return replace(
            super().saved_state(),
            decode_state=self.saved_states.get("decode", {}),
            step_state=self.saved_states.get("step", {}),
            trail=self._stacked(),
        )

    def restore(self, state: PlayerState) -> None:
        super().restore(state)
        self._trail.clear()
        self._trail.extend([*(() if state.trail is None else state.trail), state.before.latent, state.after.latent])

    def jump(self, state: PlayerState, values: Values) -> None:
        self.restore(state)
        self._settle()
        self.playhead.go_live(values)
        self.jumped = False

    def continue_from(self, other: Walk, state: PlayerState) -> None:
        super().continue_from(other, state)
        if not isinstance(other, LiveWalk):
            return
        self.past = other.past.copy()
        self.playhead = other.playhead.copy(self.past)
        self.idle, self.pull = other.idle.copy(), copy.copy(other.pull)
        self.saved_states = other.saved_states

    def _settle(self, keys: list[tuple[int, int]] | None = None) -> None:
        """Let the history go on from where it was put.

        keys: seed and count of the random numbers of the steps before and after, unless they are the last ones.
        """
        before, after = keys or [(self.seed, self.random_step - 1), (self.seed, self.random_step)]
        self.past.history.begin(self.before.latent, *before)
        self.past.history.step(self.after.latent, *after)
        self._save()
        self.idle.forget()

    def _save(self) -> None:
        self.saved_states = self.states()
        self.past.history.save(self.saved_states)

    def _step_state_after(self, number: int) -> dict[str, Floats]:
        """Return the recurrent network's state after a step of the history; {} without a network."""
        run = self.runners.get("step")
        states, missing = self.past.history.states_before(number)
        if run is None or states is None:
            return {}
        now, run.state = run.state, dict(states["step"])
        for each in missing:
            made = self.past.history.inputs(each)
            if not made.failed:
                self._stepper.repeat(made.latent, made.controls, made.seed, made.random_step)
        then, run.state = run.state, now
        return then

    def _stacked(self) -> Floats | None:
        trail = list(self._trail)[:-2]
        return np.stack(trail) if trail else None
