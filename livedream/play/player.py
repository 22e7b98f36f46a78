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

from livedream import UserError, alpha
from livedream.backend import Runner
from livedream.dream import noise
from livedream.dream.dream import Component, Dream
from livedream.frame import Picture
from livedream.parameters import KNOBS, Snapshot
from livedream.play.layers import Layers

PAST = 26  # latents that are remembered, of the last second of most dreams
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


class Player:
    """Plays one dream.

    load: makes a Runner of a Component (backend.cpu.load). deck: 0 or 1, keeps two decks' random numbers apart.
    Raises UserError for a dream that it cannot play.

    steps: taken since the start. lost: results that were not finite, and were not used.
    layers: those of the last picture, uint8 [H, W, 4] by name, from back to front; {} where the dream draws none.
    toward: where what is drawn is led to, while the dream itself goes on; None: nowhere. past: the last latents.
    trace: takes the latent of every step, f32 [Z], where it is a list: whoever keeps a show puts one there.
    """

    def __init__(self, dream: Dream, load: Callable[[Component], Runner], deck: int = 0):
        _playable(dream)
        self.dream, self.deck = dream, deck
        self.steps = self.lost = 0
        self.layers: dict[str, np.ndarray] = {}
        self.toward: Toward | None = None
        self.past: deque[np.ndarray] = deque(maxlen=PAST)
        self.trace: list[np.ndarray] | None = None
        self._layers = Layers(dream.layers)
        self._moment = 0.0  # seconds that it has moved for
        self._runners = {name: load(dream.components[name]) for name in ("step", "decode") if name in dream.components}
        self._knobs = np.stack([d.vector for d in dream.directions[:KNOBS]]) if dream.directions else None
        self._knob_addresses = [f"dream/knob/{i}" for i in range(1, len(dream.directions[:KNOBS]) + 1)]
        self._asked, self._added = None, None  # knobs and offsets, and what they come to
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
        """Go on where another player of the same dream is. states: by component, instead of asking its runners."""
        for name in ("steps", "lost", "toward", "past", "trace", "_seed", "_drawn", "_before", "_after", "_phase"):
            setattr(self, name, getattr(other, name))
        self._saved, self._moment = other._saved, other._moment
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
            self._start(values)
        if values["player/freeze"]:
            return
        self._moment += frames / fps
        for _ in range(frames):  # one by one, so that it is the same whether or not each was drawn
            self._phase += values["player/speed"] * self.dream.fps / fps
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
        latent = between(self._before.latent, self._after.latent, self._phase, self.dream.interpolation)
        toward = self.toward
        if toward is not None:
            latent = between(latent, toward.latent, toward.part, self.dream.interpolation)
        inputs = {**self._named(latent + self._offset(values)), **_controls(self.dream.components["decode"], values)}
        if self._before.noise is not None:  # it belongs to the step
            inputs["noise"] = mixed(self._before.noise, self._after.noise, self._phase)
            if toward is not None and toward.noise is not None:
                inputs["noise"] = mixed(inputs["noise"], toward.noise, toward.part)
        made = {name: _one(picture) for name, picture in self._runners["decode"](inputs).items()}
        if not self.dream.layers:
            return made["frame"]
        drawn = {name: made[f"layer.{name}"] for name in self.dream.layers}
        self.layers = self._layers.seen(drawn, self._moment, values)
        return alpha.over([*self.layers.values()])

    def _start(self, values: Snapshot) -> None:
        """Stand at the scene that the values name; without scenes, at the mean of the latents."""
        owner = "step" if "step" in self._runners else "decode"
        if self.dream.scenes:
            tensors = self.dream.scenes[values["dream/scene"]].tensors
            latent = np.concatenate([np.ravel(tensors[f"{owner}/{name}"]) for name in self.dream.latents])
        else:
            tensors, latent = {}, self.dream.mean
        for name, runner in self._runners.items():
            runner.state = self._first_state(name, tensors)
        here = Point(latent.astype(np.float32), self._decode_noise())
        self.past.clear()
        self.past.append(here.latent)
        self._after = self._following(here, values)
        self._before, self._phase = here, 0.0
        self._saved = self._states()

    def _following(self, here: Point, values: Snapshot) -> Point:
        """One step from `here`; takes the recurrent state along. The latent of `here` again if it went wrong."""
        heard, feedback = here.latent, values["dream/feedback"]
        if feedback:
            heard = heard + feedback * self._offset(values)
        if "step" not in self._runners:
            chance = noise.noise(self._seed, self.deck, "step", self._drawn, heard.size)
            white = (heard - self.dream.mean) / np.maximum(self.dream.std, 1e-6)
            white = WALK * white + np.sqrt(1 - WALK**2) * values["dream/temperature"] * chance
            latent = white * self.dream.std + self.dream.mean
            good = math.isfinite(latent @ latent)
        else:
            component, run = self.dream.components["step"], self._runners["step"]
            inputs = {**self._named(heard), **_controls(component, values)}
            for name, make in (("noise", noise.noise), ("uniform", noise.uniform)):
                if name in component.inputs:
                    inputs[name] = self._random(make, component)
            outputs = run(inputs)
            parts = [outputs["next." + name].ravel() for name in self.dream.latents]
            latent = parts[0] if len(parts) == 1 else np.concatenate(parts)
            good = math.isfinite(latent @ latent) and run.keep()
        self._drawn += 1
        self.steps += 1
        if not good:
            latent, self.lost = here.latent, self.lost + 1
        if self.steps % max(1, round(self.dream.fps)) == 0:
            self._saved = self._states()
        point = Point(latent.astype(np.float32, copy=False), self._decode_noise())
        self.past.append(point.latent)
        if self.trace is not None:
            self.trace.append(point.latent)
        return point

    def _states(self) -> dict[str, dict[str, np.ndarray]]:
        return {name: runner.state for name, runner in self._runners.items()}

    def _decode_noise(self) -> np.ndarray | None:
        component = self.dream.components["decode"]
        return self._random(noise.noise, component) if "noise" in component.inputs else None

    def _random(self, make, component: Component) -> np.ndarray:
        shape = component.inputs[make.__name__].shape
        return make(self._seed, self.deck, component.name, self._drawn, math.prod(shape)).reshape(shape)

    def _offset(self, values: Snapshot) -> np.ndarray:
        """What knobs and latent offsets add to the drawn latent, f32 [Z]."""
        asked = values["dream/latent"], [values[address] for address in self._knob_addresses]
        if asked != self._asked:  # twice a frame, and mostly nothing has moved
            self._added = np.asarray(asked[0], np.float32) * self.dream.std
            if self._knobs is not None:
                self._added = self._added + np.asarray(asked[1], np.float32) @ self._knobs
            self._asked = asked
        return self._added

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


def between(a: np.ndarray, b: np.ndarray, part: float, interpolation: str) -> np.ndarray:
    """Latent `part` of the way from a to b. Slerp after Shoemake 1985; lengths go linearly."""
    if interpolation == "none":
        return a
    if interpolation == "slerp":
        lengths = np.linalg.norm(a), np.linalg.norm(b)
        cosine = float(a @ b) / max(lengths[0] * lengths[1], 1e-12)
        if abs(cosine) < 0.999999 and min(lengths) > 0:  # else there is no angle, or no way to turn
            angle = math.acos(cosine)
            way = math.sin((1 - part) * angle) / lengths[0] * a + math.sin(part * angle) / lengths[1] * b
            return (way / math.sin(angle) * (lengths[0] + part * (lengths[1] - lengths[0]))).astype(np.float32)
    return a + np.float32(part) * (b - a)
