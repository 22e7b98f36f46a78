"""The player: turns time and parameter values into frames.

It keeps the two latents that the present moment lies between. Time moves it on; where it passes a latent the
recurrent network makes the next. Nothing here knows a clock, a window or a network library.
"""

from collections.abc import Callable

import numpy as np

from livedream import UserError
from livedream.backend import Runner
from livedream.dream import noise
from livedream.dream.dream import Component, Dream
from livedream.parameters import Snapshot

WALK = 0.97  # a: how much of a latent is left after one step of a dream that has no recurrent network


class Player:
    """Plays one dream.

    load: makes a Runner of a Component (backend.cpu.load). deck: 0 or 1, keeps two decks' random numbers apart.
    Raises UserError for a dream that it cannot play.

    steps: taken since the start. lost: steps whose result was not finite, and was not used.
    """

    def __init__(self, dream: Dream, load: Callable[[Component], Runner], deck: int = 0):
        _playable(dream)
        self.dream, self.deck = dream, deck
        self.steps = self.lost = 0
        self._decode = load(dream.components["decode"])
        self._step = load(dream.components["step"]) if "step" in dream.components else None
        self._knobs = np.stack([d.vector for d in dream.directions]) if dream.directions else None
        self._std = dream.std.astype(np.float32)
        self._seed, self._drawn_step = None, 0  # steps since the random numbers began
        self._decode_state = _zeros(dream.components["decode"])
        self._next_decode_state = self._decode_state
        self._start(0)

    @property
    def providers(self) -> dict[str, str]:
        """Who runs each component, by its name."""
        runners = {"step": self._step, "decode": self._decode}
        return {name: runner.provider for name, runner in runners.items() if runner is not None}

    def move(self, frames: int, fps: float, values: Snapshot) -> None:
        """Go on by `frames` output frames of 1/fps seconds, at the values' speed."""
        if values["player/seed"] != self._seed or "player/reseed" in values.fired:
            self._seed, self._drawn_step = values["player/seed"], 0
        if {"dream/scene", "dream/scene/jump"} & values.fired:
            self._start(values["dream/scene"])
        if self._after is None:
            self._advance(values)
        if values["player/freeze"]:
            return
        self._phase += frames * values["player/speed"] * self.dream.fps / fps
        while self._phase >= 1:
            self._phase -= 1
            self._before = self._after
            self._decode_state = self._next_decode_state
            self._advance(values)

    def draw(self, values: Snapshot) -> np.ndarray:
        """The picture of this moment: uint8 [H, W, 4], nobody else's."""
        latent = _between(self._before, self._after, self._phase, self.dream.interpolation)
        latent = latent + self._offset(values)
        component = self.dream.components["decode"]
        inputs = {**self._named(component, latent), **self._decode_state, **_controls(component, values)}
        for kind, make in (("noise", noise.noise), ("uniform", noise.uniform)):
            if kind in component.inputs:
                inputs[kind] = self._random(make, component, self._drawn_step - 1)
        if "noise" in inputs:  # belongs to the step; in between two are mixed at unit variance
            part = self._phase
            following = self._random(noise.noise, component, self._drawn_step)
            mixed = (1 - part) * inputs["noise"] + part * following
            inputs["noise"] = (mixed / np.hypot(1 - part, part)).astype(np.float32)
        outputs = self._decode(inputs)
        if self._decode_state:
            following = {name: outputs["next." + name] for name in self._decode_state}
            if all(np.isfinite(value).all() for value in following.values()):
                self._next_decode_state = following
        return outputs["frame"][0]

    def _start(self, scene: int) -> None:
        """Stand at a scene; without scenes, at the mean of the latents."""
        tensors = self.dream.scenes[scene].tensors if self.dream.scenes else {}
        named = {full.split("/", 1)[1]: value for full, value in tensors.items() if full.startswith("step/")}
        self._state = _zeros(self.dream.components["step"]) if self._step else {}
        self._state |= {name: value for name, value in named.items() if name in self._state}
        latents = [
            next((v for f, v in tensors.items() if f.endswith("/" + n)), None) for n in self.dream.latents
        ]
        if latents and all(value is not None for value in latents):
            self._before = np.concatenate([np.ravel(value) for value in latents]).astype(np.float32)
        else:
            self._before = self.dream.mean.astype(np.float32)
        self._after: np.ndarray | None = None
        self._phase = 0.0

    def _advance(self, values: Snapshot) -> None:
        """Make the latent after the next, from the one that now lies ahead."""
        here = self._before if self._after is None else self._after
        heard = here + values["dream/feedback"] * self._offset(values)
        if self._step is None:
            step = noise.noise(self._seed, self.deck, "step", self._drawn_step, here.size)
            white = (heard - self.dream.mean) / np.maximum(self._std, 1e-6)
            following = WALK * white + np.sqrt(1 - WALK**2) * values["dream/temperature"] * step
            following, state = following * self._std + self.dream.mean, {}
        else:
            component = self.dream.components["step"]
            inputs = {**self._named(component, heard), **self._state, **_controls(component, values)}
            for kind, make in (("noise", noise.noise), ("uniform", noise.uniform)):
                if kind in component.inputs:
                    inputs[kind] = self._random(make, component, self._drawn_step)
            outputs = self._step(inputs)
            following = np.concatenate([np.ravel(outputs["next." + name]) for name in self.dream.latents])
            state = {name: outputs["next." + name] for name in self._state}
        self._drawn_step += 1
        self.steps += 1
        if np.isfinite(following).all() and all(np.isfinite(value).all() for value in state.values()):
            self._after, self._state = following.astype(np.float32), state
        else:
            self._after, self.lost = here, self.lost + 1

    def _random(self, make, component: Component, step: int) -> np.ndarray:
        shape = component.inputs[make.__name__].shape
        return make(self._seed, self.deck, component.name, max(step, 0), int(np.prod(shape))).reshape(shape)

    def _offset(self, values: Snapshot) -> np.ndarray:
        """What knobs and latent offsets add to the drawn latent, f32 [Z]."""
        offset = np.asarray(values["dream/latent"], np.float32) * self._std
        if self._knobs is not None:
            turned = [values[f"dream/knob/{i}"] for i in range(1, min(len(self._knobs), 8) + 1)]
            offset = offset + np.asarray(turned, np.float32) @ self._knobs[: len(turned)]
        return offset

    def _named(self, component: Component, latent: np.ndarray) -> dict[str, np.ndarray]:
        """The flat latent as the component's inputs."""
        inputs, at = {}, 0
        for name in self.dream.latents:
            shape = component.inputs[name].shape
            size = int(np.prod(shape))
            inputs[name] = latent[at : at + size].reshape(shape).astype(np.float32)
            at += size
        return inputs


def _playable(dream: Dream) -> None:
    if dream.is_effect:
        raise UserError(f"{dream.path}: an effect (only apply); this version plays dreams that draw (decode)")
    if dream.layers:
        raise UserError(
            f"{dream.path}: draws layers ({', '.join(dream.layers)}); this version plays one picture"
        )
    if dream.frames != 1:
        raise UserError(
            f"{dream.path}: draws clips of {dream.frames} frames; this version plays frame by frame"
        )


def _zeros(component: Component) -> dict[str, np.ndarray]:
    return {n: np.zeros(v.shape, np.float32) for n, v in component.inputs.items() if n.startswith("state.")}


def _controls(component: Component, values: Snapshot) -> dict[str, np.ndarray]:
    return {
        name: np.reshape(
            np.asarray(values["dream/" + name.removeprefix("control.")], np.float32), value.shape
        )
        for name, value in component.inputs.items()
        if name.startswith("control.")
    }


def _between(a: np.ndarray, b: np.ndarray, part: float, interpolation: str) -> np.ndarray:
    """Latent `part` of the way from a to b. Slerp after Shoemake 1985; lengths go linearly."""
    if interpolation == "none":
        return a
    if interpolation == "slerp":
        size_a, size_b = np.linalg.norm(a), np.linalg.norm(b)
        angle = np.arccos(np.clip(a @ b / max(size_a * size_b, 1e-12), -1, 1))
        if angle > 1e-3:
            way = (np.sin((1 - part) * angle) * a / size_a + np.sin(part * angle) * b / size_b) / np.sin(
                angle
            )
            return (way * (size_a + part * (size_b - size_a))).astype(np.float32)
    return a + np.float32(part) * (b - a)
