"""The player: turns time and parameter values into frames.

It keeps the two latents that the present moment lies between. Time moves it on; where it passes a latent the
recurrent network makes the next. The states stay with what runs the networks, perhaps on a graphics card. Nothing
here knows a clock, a window or a network library.
"""

import math
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from livedream import UserError
from livedream.backend import Runner
from livedream.dream import noise
from livedream.dream.dream import Component, Dream
from livedream.parameters import KNOBS, UNSTICK, Snapshot
from livedream.picture import alpha
from livedream.picture.frame import Picture
from livedream.play import clip
from livedream.play.history import History
from livedream.play.layers import Layers
from livedream.play.places import across, between
from livedream.play.playhead import Drawn, Playhead
from livedream.play.recall import Recall
from livedream.play.stuck import Stuck

PAST = 26  # latents that are remembered, of the last second of most dreams
PUSH, HARDEST = 0.5, 2.0  # standard deviations that a dream at rest is pushed by within a second
AGAIN = 60.0  # seconds within which the same trouble is thought to go on
RESCUE = 2.0  # seconds from where a dream has come to rest to a scene
WALK = 0.97  # a: how much of a latent is left after one step of a dream that has no recurrent network


class Point(NamedTuple):
    """A latent, f32 [Z], and the decoder's noise that goes with it."""

    latent: np.ndarray
    noise: np.ndarray | None


class Toward(NamedTuple):
    """Where what is drawn is led to: `part` (0..1) of the way from the dream's own latent to this one, f32 [Z].

    noise: the decoder's that goes with it.
    """

    latent: np.ndarray
    part: float
    noise: np.ndarray | None = None


class Then(NamedTuple):
    """What a player was: the latents it lay between, `part` of the way, the recurrent network's states after them, and
    the latents before them, f32 [Z] each, the oldest first.
    """

    before: Point
    after: Point
    part: float
    recurrent: dict[str, np.ndarray]
    way: list[np.ndarray]


class Player:
    """Plays one dream.

    load: makes a Runner of a Component (backend.cpu.load). deck: 0 or 1, keeps two decks' random numbers apart.
    Raises UserError for a dream that it cannot play.

    steps: taken since the start. lost: results that were not finite and memories that were damaged, and were not used.
    layers: those of the last picture, uint8 [H, W, 4] by name, from back to front; {} where the dream draws none.
    toward: where what is drawn is led to, while the dream itself goes on; None: nowhere. past: the last latents.
    history: its steps of the last minutes; playhead: where in them it is drawn, if not in the present.
    put: it was put somewhere by `branch`, which a show has to be told; whoever tells it sets it back.
    unstuck: how often it was stuck, and was helped. rescue: the scene that it would then go to; None: none.
    trace: takes the latent of every step, f32 [Z], where it is a list: whoever keeps a show puts one there.
    """

    def __init__(self, dream: Dream, load: Callable[[Component], Runner], deck: int = 0):
        _playable(dream)
        self.dream, self.deck = dream, deck
        self.steps = self.lost = self.unstuck = 0
        self.layers: dict[str, np.ndarray] = {}
        self.toward: Toward | None = None
        self.past: deque[np.ndarray] = deque(maxlen=PAST)
        self.history, self.put = History(dream), False
        self.playhead = Playhead(self.history, dream.fps, self._place, self._mix)
        self.rescue: int | None = None
        self._free = dream.free
        self._stuck = Stuck(dream.std[self._free], dream.fps)
        self._helped = -math.inf, 0  # at which step it was last, and how often in a row
        self._push: tuple[np.ndarray, int] | None = None  # in all, and steps that it has been given for
        self.trace: list[np.ndarray] | None = None
        self._layers = Layers(dream.layers)
        self._moment = 0.0  # seconds that it has moved for
        self._runners = {name: load(dream.components[name]) for name in ("step", "decode") if name in dream.components}
        self._recall = Recall(dream, load) if dream.memories else None
        directions = [each.vector[self._free] for each in dream.directions[:KNOBS]]
        self._knobs = np.stack(directions) if directions else None
        self._knob_addresses = [f"dream/knob/{i}" for i in range(1, len(directions) + 1)]
        self._asked, self._added, self._adds = None, None, False  # knobs and offsets, what they come to, is that any
        self._mean, self._std = dream.mean[self._free], np.maximum(dream.std, np.float32(1e-6))[self._free]
        self._seed, self._drawn = None, 0  # steps since the random numbers began
        self._before: Point | None = None
        self._after: Point | None = None
        self._phase = 0.0  # of the way from the one to the other
        self._saved: dict[str, dict[str, np.ndarray]] = {}  # states by component, a second old at most

    @property
    def providers(self) -> dict[str, str]:
        """Who runs each component, by its name."""
        return {name: runner.provider for name, runner in self._runners.items()}

    def moved_to(self, load: Callable[[Component], Runner]) -> "Player":
        """The same dream at the same moment on other runners; what ran before may have broken.

        The latents are as they were; the states as they were saved, within a second.
        """
        other = Player(self.dream, load, self.deck)
        other.take_over(self, self._saved)
        return other

    def take_over(self, other: "Player", states: dict[str, dict[str, np.ndarray]] | None = None) -> None:
        """Go on where another player of the same dream is, with copies of all that it has: its device may hang, and
        answer long after it was given up. states: by component, instead of asking its runners.
        """
        for name in ("steps", "lost", "toward", "_seed", "_drawn", "_before", "_after", "_phase"):
            setattr(self, name, getattr(other, name))
        self.past, self.trace = other.past.copy(), None if other.trace is None else list(other.trace)
        self._saved, self._moment = other._saved, other._moment
        self.unstuck, self.rescue, self._stuck = other.unstuck, other.rescue, other._stuck.copy()
        self._helped, self._push = other._helped, other._push
        self.history, self.put = other.history.copy(), other.put
        self.playhead = other.playhead.copy(self.history, self._place, self._mix)
        self._layers = other._layers.copy()
        if self._after is None:  # it had not begun
            return
        for name, state in (other._states() if states is None else states).items():
            self._runners[name].state = state

    def move(self, frames: int, fps: float, values: Snapshot, enough: Callable[[], bool] = lambda: False) -> None:
        """Go on by `frames` output frames of 1/fps seconds, at the values' speed.

        enough: asked before each step; True leaves out what is still to be moved.
        """
        if values["player/seed"] != self._seed or "player/reseed" in values.fired:
            self._seed, self._drawn = values["player/seed"], 0
        if self._after is None or {"dream/scene", "dream/scene/jump"} & values.fired:
            seen = None if self.rescue is None or self.rescue != values["dream/scene"] else self._standing()
            self._start(values)
            self.playhead.leave(values)
            if seen:
                self.playhead.fade(seen, RESCUE)
        self._steer(frames / fps, values)
        if values["player/freeze"] or values["master/hold"] or not self.playhead.present:
            self.rescue = None
        if values["player/freeze"]:
            return
        self._moment += frames / fps
        for _ in range(frames):  # one by one, so that it is the same whether or not each was drawn
            self._phase += self._ahead(values["player/speed"] * self.dream.fps / fps)
            while self._phase >= 1:
                if enough():
                    self._phase %= 1
                    return
                following = self._following(self._after, values)
                self._before, self._after = self._after, following
                self.lost += not self._runners["decode"].keep()
                self._phase -= 1

    def draw(self, values: Snapshot) -> np.ndarray | Picture:
        """The picture of this moment: uint8 [H, W, 4], nobody else's."""
        latent, chance = self._standing()
        named = self._named(latent + self._offset(values, latent))
        inputs = {**named, **_controls(self.dream.components["decode"], values)}
        if chance is not None:
            inputs["noise"] = chance
        if self._recall:
            inputs |= self._recall(named | _controls(self.dream.components["recall"], values))
            self.lost += self._recall.lost
        made = {name: _one(picture) for name, picture in self._runners["decode"](inputs).items()}
        if not self.dream.layers:
            return made["frame"]
        drawn = {name: made[f"layer.{name}"] for name in self.dream.layers}
        self.layers = self._layers.seen(drawn, self._moment, values)
        return alpha.over([*self.layers.values()])

    @property
    def led(self) -> Toward | None:
        """Where what is drawn is led to in all: to its past, and from there to where `toward` says."""
        past = self.playhead.drawn()
        if past is None:
            return self.toward
        (latent, chance), part = past
        if self.toward is None:
            return Toward(latent, part, chance)
        here = self._mix(self._present(), (latent, chance), part)
        latent, chance = self._mix(here, (self.toward.latent, self.toward.noise), self.toward.part)
        return Toward(latent, 1.0, chance)

    def then(self, position: float) -> Then:
        """What it was at a position of its history.

        The recurrent state is to the bit that of then: the steps since states were last kept, a second of them at most,
        are made again. If from so long ago none are kept, it is the nearest that are.
        """
        before, after, part = self.history.around(position)
        return Then(
            self._kept(before), self._kept(after), part, self._recurrent(after), self.history.way(before, PAST - 2)
        )

    def branch(self, position: float) -> None:
        """Go on from a position of the history, with new random numbers: to another future.

        Of a decoder's states it has the nearest that are kept.
        """
        numbers = self.history.around(position)[:2]
        counted = [self.history.counted(each) for each in numbers]
        then, states = self.then(position), self.history.states(numbers[1])[0]
        for name, state in {**(states or {}), "step": then.recurrent}.items():
            if name in self._runners:
                self._runners[name].state = state
        self._before, self._after, self._phase = then.before, then.after, then.part
        self.past.clear()
        self.past.extend([*then.way, then.before.latent, then.after.latent])
        self.settled(*counted)
        self.put = True

    def settled(self, before: tuple[int, int] | None = None, after: tuple[int, int] | None = None) -> None:
        """It was put between two other latents: that is where its history goes on, and it is drawn there.

        before, after: what the random numbers of the two are counted by, unless they are the last ones.
        """
        here = self._seed, self._drawn
        self.history.begin(self._before.latent, *(before or (here[0], here[1] - 1)))
        self.history.step(self._after.latent, *(after or here))
        self._saved = self._states()
        self.history.keep(self._saved)
        self._stuck.forget()
        self._push = None

    def _steer(self, seconds: float, values: Snapshot) -> None:
        """Go where in the past the hands want it, or on from there."""
        playhead = self.playhead
        if "player/branch" in values.fired and playhead.at is not None:
            whole = np.array_equal(self._standing()[0], self._place(playhead.at)[0])
            seen = self._standing()
            self.branch(playhead.at)
            playhead.leave(values, None if whole else lambda: seen)  # else it is at a seam, or on the way
        playhead.steer(values, self._position(), self._standing)
        playhead.wait(seconds)

    def _ahead(self, steps: float) -> float:
        """So many steps on; those of them that the dream itself makes."""
        return self.playhead.move(steps, self._position())

    def _position(self) -> float:
        """Where the dream itself is, in steps of its history."""
        return self.history.newest - 1 + self._phase

    def _present(self) -> Drawn:
        latent = between(self.dream, self._before.latent, self._after.latent, self._phase)
        if self._before.noise is None:
            return latent, None
        return latent, mixed(self._before.noise, self._after.noise, self._phase)  # it belongs to the step

    def _standing(self) -> Drawn:
        """What is drawn now, before offsets."""
        led = self.led
        return self._present() if led is None else self._mix(self._present(), (led.latent, led.noise), led.part)

    def _mix(self, a: Drawn, b: Drawn, part: float) -> Drawn:
        """What is drawn `part` of the way from a to b; a's noise if b has none."""
        latent = across(self.dream, a[0], b[0], part)
        return latent, a[1] if b[1] is None else mixed(a[1], b[1], part)

    def _place(self, position: float) -> Drawn:
        """What was drawn at a position of the history."""
        before, after, part = self.history.around(position)
        a, b = self._kept(before), self._kept(after)
        latent = between(self.dream, a.latent, b.latent, part)
        return latent, None if a.noise is None else mixed(a.noise, b.noise, part)

    def _kept(self, number: int) -> Point:
        return Point(self.history.latent(number), self._decode_noise(self.history.counted(number)))

    def _start(self, values: Snapshot) -> None:
        """Stand at the scene that the values name; without scenes, at the mean of the latents."""
        if self.dream.scenes:
            tensors = self.dream.scenes[values["dream/scene"]].tensors
            latent = self._scene(values["dream/scene"])
        else:
            tensors, latent = {}, self.dream.mean
        for name, runner in self._runners.items():
            runner.state = self._first_state(name, tensors)
        here = Point(latent.astype(np.float32), self._decode_noise())
        self.past.clear()
        self.past.append(here.latent)
        self.history.begin(here.latent, self._seed, self._drawn)
        self._after = self._following(here, values)
        self._before, self._phase = here, 0.0
        self._stuck.forget()
        self._push = self.rescue = None
        self._saved = self._states()
        self.history.keep(self._saved)

    def _following(self, here: Point, values: Snapshot) -> Point:
        """One step from `here`; takes the recurrent state along. The latent of `here` again if it went wrong."""
        heard, feedback, controls = here.latent, values["dream/feedback"], {}
        if feedback:
            heard = heard + feedback * self._offset(values, heard)
        if "step" not in self._runners:
            chance = noise.noise(self._seed, self.deck, "step", self._drawn, heard.size)
            white = (heard - self.dream.mean) / np.maximum(self.dream.std, 1e-6)
            white = WALK * white + np.sqrt(1 - WALK**2) * values["dream/temperature"] * chance
            latent = white * self.dream.std + self.dream.mean
            if self.dream.places is not None:
                latent[self.dream.places] = heard[self.dream.places]  # by chance it goes nowhere
            good = math.isfinite(latent @ latent)
        else:
            run = self._runners["step"]
            controls = _controls(self.dream.components["step"], values)
            outputs = run(self._of_step(heard, controls, (self._seed, self._drawn)))
            parts = [outputs["next." + name].ravel() for name in self.dream.latents]
            latent = parts[0] if len(parts) == 1 else np.concatenate(parts)
            good = math.isfinite(latent @ latent) and run.keep()
        self._drawn += 1
        self.steps += 1
        if not good:
            latent, self.lost = here.latent, self.lost + 1
        elif self._push:
            latent = self._pushed(latent)
        if self._stuck.step(latent[self._free]) and values["player/unstick"] and not values["master/hold"]:
            self._help(values)
        point = Point(latent.astype(np.float32, copy=False), self._decode_noise())
        self.past.append(point.latent)
        self.history.step(point.latent, self._seed, self._drawn, controls, heard if feedback else None, failed=not good)
        if self.steps % max(1, round(self.dream.fps)) == 0:
            self._saved = self._states()
            self.history.keep(self._saved)
        if self.trace is not None:
            self.trace.append(point.latent)
        return point

    def _help(self, values: Snapshot) -> None:
        """It has come to rest: push it, the harder the more often lately, or have it go to the nearest scene."""
        last, times = self._helped
        times = times + 1 if self.steps - last < AGAIN * self.dream.fps else 0
        self._helped = self.steps, times
        self.unstuck += 1
        if values["player/unstick"] == UNSTICK.index("scene") and self.dream.scenes:
            ways = [(self._scene(n) - self._after.latent)[self._free] for n in range(len(self.dream.scenes))]
            away = [np.linalg.norm(way / self._std) for way in ways]
            self.rescue = int(np.argsort(away)[times % len(away)])  # if the nearest did not help, the next
        else:
            # Numbers of the step's own stream that no show will come to.
            chance = noise.noise(self._seed, self.deck, "step", (1 << 40) + self._drawn, self.dream.mean.size)
            self._push = (min(PUSH * 2**times, HARDEST) * self.dream.std * chance).astype(np.float32), 0

    def _pushed(self, latent: np.ndarray) -> np.ndarray:
        push, given = self._push
        seconds = max(2, round(self.dream.fps))
        part = (1 - math.cos(2 * math.pi * (given + 0.5) / seconds)) / seconds  # comes and goes gently; 1 in all
        self._push = (push, given + 1) if given + 1 < seconds else None
        return latent + np.float32(part) * push

    def _scene(self, number: int) -> np.ndarray:
        """A scene's latent, [Z]."""
        owner, tensors = "step" if "step" in self._runners else "decode", self.dream.scenes[number].tensors
        return np.concatenate([np.ravel(tensors[f"{owner}/{name}"]) for name in self.dream.latents])

    def _recurrent(self, number: int) -> dict[str, np.ndarray]:
        """The recurrent network's states after a step of the history; {} without one."""
        run = self._runners.get("step")
        states, missing = self.history.states(number)
        if run is None or states is None:
            return {}
        now, run.state = run.state, states["step"]
        for each in missing:
            latent, seed, drawn, controls, failed = self.history.made_from(each)
            if not failed:
                run(self._of_step(latent, controls, (seed, drawn)))
                run.keep()
        then, run.state = run.state, now
        return then

    def _of_step(self, latent: np.ndarray, controls: dict, counted: tuple[int, int]) -> dict[str, np.ndarray]:
        """The inputs of a step. counted: seed and count of its random numbers."""
        component = self.dream.components["step"]
        inputs = {**self._named(latent), **controls}
        for name, make in (("noise", noise.noise), ("uniform", noise.uniform)):
            if name in component.inputs:
                inputs[name] = self._random(make, component, counted)
        return inputs

    def _states(self) -> dict[str, dict[str, np.ndarray]]:
        return {name: runner.state for name, runner in self._runners.items()}

    def _decode_noise(self, counted: tuple[int, int] | None = None) -> np.ndarray | None:
        component = self.dream.components["decode"]
        if "noise" not in component.inputs:
            return None
        return self._random(noise.noise, component, counted or (self._seed, self._drawn))

    def _random(self, make, component: Component, counted: tuple[int, int]) -> np.ndarray:
        shape = component.inputs[make.__name__].shape
        return make(counted[0], self.deck, component.name, counted[1], math.prod(shape)).reshape(shape)

    def _offset(self, values: Snapshot, latent: np.ndarray) -> np.ndarray:
        """What knobs and latent offsets add to a latent, f32 [Z], as far as it is let."""
        asked = values["dream/latent"], [values[address] for address in self._knob_addresses]
        if asked != self._asked:  # twice a frame, and mostly nothing has moved
            self._added = np.asarray(asked[0], np.float32) * self.dream.std[self._free]
            if self._knobs is not None:
                self._added = self._added + np.asarray(asked[1], np.float32) @ self._knobs
            self._asked, self._adds = asked, bool(self._added.any())
        added = self._added
        if self._adds:
            added = clip.limited(latent[self._free], added, self._mean, self._std, values["dream/unclip"])
        if self.dream.places is None:
            return added
        whole = np.zeros_like(latent)
        whole[self._free] = added
        return whole

    def _named(self, latent: np.ndarray) -> dict[str, np.ndarray]:
        """The flat latent as a component's inputs."""
        component, inputs, at = self.dream.components["decode"], {}, 0
        for name in self.dream.latents:
            shape = component.inputs[name].shape
            inputs[name] = latent[at : at + math.prod(shape)].reshape(shape)
            at += math.prod(shape)
        return inputs

    def _first_state(self, component: str, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """A component's states as a scene's tensors say, zero where they do not."""
        return {
            name: tensors.get(value.full, np.zeros(value.shape, np.float32))
            for name, value in self.dream.components[component].inputs.items()
            if name.startswith("state.")
        }


def _playable(dream: Dream) -> None:
    if dream.is_effect:
        raise UserError(f"{dream.path}: an effect (only apply); this version plays dreams that draw (decode)")
    if dream.frames != 1:
        raise UserError(f"{dream.path}: draws clips of {dream.frames} frames; this version plays frame by frame")


def _one(picture: np.ndarray | Picture) -> np.ndarray | Picture:
    """The only one of uint8 [1, H, W, 4]."""
    return picture[0] if isinstance(picture, np.ndarray) else picture


def _controls(component: Component, values: Snapshot) -> dict[str, np.ndarray]:
    return {
        name: np.reshape(np.asarray(values["dream/" + name.removeprefix("control.")], np.float32), value.shape)
        for name, value in component.inputs.items()
        if name.startswith("control.")
    }


def mixed(a: np.ndarray, b: np.ndarray, part: float) -> np.ndarray:
    """Noise `part` of the way from a to b, f32, at unit variance."""
    return (((1 - part) * a + part * b) / np.hypot(1 - part, part)).astype(np.float32)
