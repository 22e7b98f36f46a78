"""Where a dream starts from a photo: the latent that its `encode` gives, and a recurrent state that is used to it."""

from collections.abc import Callable
from typing import cast

import numpy as np

from livedream import UserError
from livedream.backend import Runner
from livedream.dream.dream import Component, Dream
from livedream.picture import Pixels
from livedream.play import Floats
from livedream.play.random_numbers import RandomNumbers
from livedream.play.state import PlayerState

WARM_UP = 12  # steps that the latent is held, so that the recurrent state arrives at it


class PhotoStart:
    """Turns photos into states of one dream. It has runners of its own, so that it works beside a player.

    Args:
        dream: Which one.
        load: Makes a Runner of a Component (backend.cpu.load).
        deck: 0 or 1; both decks have random numbers of their own.

    Raises:
        UserError: The dream has no `encode`.
    """

    def __init__(self, dream: Dream, load: Callable[[Component], Runner], deck: int = 0):
        encode = dream.components.get("encode")
        if encode is None or dream.is_effect:
            raise UserError(
                f"{dream.path}: cannot start from a photo: it has no encode; dreams of `livedream train` do"
            )
        self.size = encode.inputs["image"].shape[2], encode.inputs["image"].shape[1]
        self._dream, self._encode = dream, load(encode)
        self._step = load(dream.components["step"]) if "step" in dream.components else None
        self._random = RandomNumbers(dream, deck)

    def __call__(self, photo: Pixels, seed: int = 0, random_step: int = 1) -> PlayerState:
        """Return the state that shows a photo and goes on from there.

        Args:
            photo: uint8 [H, W, 4], opaque, in the dream's size (`picture.photo.read` or `fitted`).
            seed: Of the random numbers that it goes on with.
            random_step: Steps since these began from the seed, from 1: others lead to another future.

        Raises:
            UserError: The dream makes nothing finite of it.
        """
        found = self._encode({"image": photo[None]})
        latents = {name: cast(Floats, found[name]) for name in self._dream.latents}
        flat = np.concatenate([each.ravel() for each in latents.values()])
        states = self._warmed(latents)
        if not all(np.isfinite(each).all() for each in (flat, *states.values())):
            raise UserError(f"{self._dream.path}: what it encodes of this photo is not finite")
        here = self._random.point(flat, seed, random_step)
        # With phase 1 the first movement takes a step at once.
        return PlayerState(here, here, 1.0, seed, random_step, 0, step_state=states, photo=photo)

    def _warmed(self, latents: dict[str, Floats]) -> dict[str, Floats]:
        """Return the recurrent state after some of the likeliest steps with the latents held."""
        if self._step is None:
            return {}
        component, inputs = self._dream.components["step"], dict(latents)
        for name, value in component.inputs.items():
            if name.startswith("control."):
                control = self._dream.controls.get(name.removeprefix("control."))
                level = 0.0 if control is None or control.name == "temperature" else control.default
                inputs[name] = np.full(value.shape, level, np.float32)
            elif name in ("noise", "uniform"):
                inputs[name] = np.full(value.shape, 0.0 if name == "noise" else 0.5, np.float32)
        self._step.state = {
            name: np.zeros(value.shape, np.float32)
            for name, value in component.inputs.items()
            if name.startswith("state.")
        }
        for _ in range(WARM_UP):
            self._step(inputs)
            if not self._step.keep():
                break
        return dict(self._step.state)
