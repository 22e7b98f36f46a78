"""A dream's random numbers: those that its networks take in, and those that move it without a network."""

import math
from typing import Protocol

from livedream.dream import noise
from livedream.dream.dream import Component, Dream
from livedream.play import Floats
from livedream.play.state import Point

PUSHES = 1 << 40  # steps from here on are never reached by a show: their numbers are for pushes


class _Stream(Protocol):
    def __call__(self, seed: int, deck: int, component: str, step: int, n: int, /) -> Floats: ...


class RandomNumbers:
    """The random numbers of one dream on one deck; they depend on seed and step only.

    Args:
        dream: Whose networks say what they take in.
        deck: 0 or 1; both decks have numbers of their own.
    """

    def __init__(self, dream: Dream, deck: int):
        self._deck, self._size = deck, dream.mean.size
        self._step, self._decode = dream.components.get("step"), dream.components["decode"]
        self._clips = dream.hop > 0
        self._streams: dict[str, _Stream] = {"noise": noise.noise, "uniform": noise.uniform}

    def decode_noise(self, seed: int, step: int) -> Floats | None:
        """Return the decoder's noise of a step, f32 in its input's shape; None for a dream without."""
        return self._of(self._decode, "noise", seed, step) if "noise" in self._decode.inputs else None

    def point(self, latent: Floats, seed: int, step: int) -> Point:
        """Return the point that a step with these random numbers has led to.

        Args:
            latent: What it has led to, f32 [Z].
            seed: Of the numbers.
            step: Their count since the seed.
        """
        return Point(latent, self.decode_noise(seed, step), (seed, step) if self._clips else None)

    def step_inputs(self, seed: int, step: int) -> dict[str, Floats]:
        """Return the random inputs of the recurrent network, by name."""
        component = self._step
        if component is None:
            return {}
        return {name: self._of(component, name, seed, step) for name in self._streams if name in component.inputs}

    def walk(self, seed: int, step: int) -> Floats:
        """Return standard normal numbers, f32 [Z], for a step without a network."""
        return noise.noise(seed, self._deck, "step", step, self._size)

    def push(self, seed: int, step: int) -> Floats:
        """Return standard normal numbers, f32 [Z], for a push after a step."""
        return self.walk(seed, PUSHES + step)

    def _of(self, component: Component, name: str, seed: int, step: int) -> Floats:
        shape = component.inputs[name].shape
        return self._streams[name](seed, self._deck, component.name, step, math.prod(shape)).reshape(shape)
