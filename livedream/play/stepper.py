"""One step of a dream: its recurrent network makes the next latent, or chance does where it has none."""

import math
from collections.abc import Mapping
from typing import NamedTuple, cast

import numpy as np

from livedream.backend import Runner
from livedream.dream.dream import Component, Dream
from livedream.play import Floats, Values
from livedream.play.random_numbers import RandomNumbers

INERTIA = 0.97  # how much of a latent is left after a step without a network
CLIP_INERTIA = 0.98  # the same where steps are clips: the less they differ, the less is seen where they are joined


class Step(NamedTuple):
    """What one step made.

    Attributes:
        latent: f32 or f64 [Z].
        controls: The dream's own controls that it was made with, by input name.
        ok: False where something was not finite; the latent must not be used, and the state is as it was.
    """

    latent: Floats
    controls: Mapping[str, Floats]
    ok: bool


class Stepper:
    """Makes the steps of one dream.

    Args:
        dream: Whose steps.
        runner: Runs its recurrent network and keeps that one's state; None for a dream without.
        random: Its random numbers.
    """

    def __init__(self, dream: Dream, runner: Runner | None, random: RandomNumbers):
        self._dream, self._runner, self._random = dream, runner, random

    def __call__(self, latent: Floats, seed: int, step: int, values: Values) -> Step:
        """Take a step from `latent`, f32 [Z], with random numbers of that seed and step; the state goes along."""
        if self._runner is None:
            moved = self._by_chance(latent, self._random.walk(seed, step), values["dream/temperature"])
            return Step(moved, {}, math.isfinite(moved @ moved))
        controls = control_inputs(self._dream.components["step"], values)
        made = self._run(self._runner, latent, controls, seed, step)
        return Step(made, controls, math.isfinite(made @ made) and self._runner.keep())

    def repeat(self, latent: Floats, controls: Mapping[str, Floats], seed: int, step: int) -> None:
        """Take a step again as it was, for the state that it leaves."""
        if self._runner is not None:
            self._run(self._runner, latent, controls, seed, step)
            self._runner.keep()

    def _run(self, runner: Runner, latent: Floats, controls: Mapping[str, Floats], seed: int, step: int) -> Floats:
        inputs = {**latent_inputs(self._dream, latent), **controls, **self._random.step_inputs(seed, step)}
        outputs = runner(inputs)
        parts = [cast(Floats, outputs["next." + name]).ravel() for name in self._dream.latents]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _by_chance(self, latent: Floats, noise: Floats, temperature: float) -> Floats:
        """Take a step of an AR(1) process with the footage's mean and standard deviation."""
        dream = self._dream
        white = (latent - dream.mean) / np.maximum(dream.std, 1e-6)
        inertia = CLIP_INERTIA if dream.hop else INERTIA
        white = inertia * white + np.sqrt(1 - inertia**2) * temperature * noise
        moved: Floats = white * dream.std + dream.mean
        if dream.places is not None:
            moved[dream.places] = latent[dream.places]  # a place that moves by chance leads nowhere
        return moved


def latent_inputs(dream: Dream, latent: Floats) -> dict[str, Floats]:
    """Return the flat latent, f32 [Z], as a component's inputs by name."""
    component, inputs, at = dream.components["decode"], {}, 0
    for name in dream.latents:
        shape = component.inputs[name].shape
        size = math.prod(shape)
        inputs[name] = latent[at : at + size].reshape(shape)
        at += size
    return inputs


def control_inputs(component: Component, values: Values) -> dict[str, Floats]:
    """Return a component's own controls as the parameters have them, by input name."""
    return {
        name: np.reshape(np.asarray(values["dream/" + name.removeprefix("control.")], np.float32), value.shape)
        for name, value in component.inputs.items()
        if name.startswith("control.")
    }
