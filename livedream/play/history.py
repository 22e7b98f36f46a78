"""The steps of the last ten minutes, so that they can be drawn again and gone on from.

A step is numbered from 0 since the dream came in; position 7.25 lies a quarter of the way from step 7 to step 8. What
is kept of a step is its latent, what its random numbers were counted by (they are made again, not kept), the controls
that the recurrent network had, and once a second the states: kilobytes a second.
"""

import copy
from collections import deque
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from livedream.dream.dream import Dream

SECONDS = 600.0
LATENTS = 64 << 20  # bytes at most: spatial latents are large, and go back less far
STATES = 32 << 20
NEAR = 1e-6  # of a step: so near to one, it is meant

States = Mapping[str, Mapping[str, np.ndarray]]  # by component and input


class History:
    """Rings of what is kept; the oldest gives way. A dream of 64 latents takes 5 MB in all at 30 steps a second.

    newest: the number of the last step; -1 before the first.
    """

    def __init__(self, dream: Dream):
        size = dream.mean.size
        component = dream.components.get("step")
        self._shapes = {
            name: value.shape
            for name, value in (component.inputs.items() if component else ())
            if name.startswith("control.")
        }
        room = max(2, min(round(SECONDS * dream.fps) + 2, LATENTS // (4 * size)))
        # The system gives memory to these as they fill.
        self._latents = np.zeros((room, size), np.float32)
        self._counted = np.zeros((room, 2), np.int64)  # seed, and steps since it, of a step's own noise
        self._controls = np.zeros((room, sum(int(np.prod(shape)) for shape in self._shapes.values())), np.float32)
        self._begins = np.zeros(room, bool)  # the dream was put here: no step led to it
        self._failed = np.zeros(room, bool)  # the step's results were not used
        self._heard: dict[int, np.ndarray] = {}  # what a step was made from, where that was not the latent before it
        self._states: deque[tuple[int, States, int]] = deque()  # (after which step, states, bytes)
        self._bytes = 0
        self._room = room
        self.newest = -1

    def copy(self) -> "History":
        """Another with the same steps, and none of its own yet; takes as long as there are steps to copy."""
        other = copy.copy(self)
        steps = slice(0, min(self.newest + 1, self._room))
        for name in ("_latents", "_counted", "_controls", "_begins", "_failed"):
            ring = getattr(self, name)
            made = np.zeros_like(ring)  # the rest takes no memory
            made[steps] = ring[steps]
            setattr(other, name, made)
        other._heard, other._states = dict(self._heard), self._states.copy()
        return other

    @property
    def oldest(self) -> int:
        return max(0, self.newest + 1 - self._room)

    def begin(self, latent: np.ndarray, seed: int, drawn: int) -> None:
        """The dream is put at `latent`, f32 [Z]."""
        at = self._next(latent, seed, drawn)
        self._begins[at] = True

    def step(
        self,
        latent: np.ndarray,
        seed: int,
        drawn: int,
        controls: Mapping[str, np.ndarray] = MappingProxyType({}),
        heard: np.ndarray | None = None,
        failed: bool = False,
    ) -> None:
        """A step led to `latent`, f32 [Z]. seed, drawn: what its own random numbers are counted by.

        controls: the step's, where there was one. heard: the latent that it was made from, unless that is the one
        before.
        """
        at = self._next(latent, seed, drawn)
        self._begins[at], self._failed[at] = False, failed
        column = 0
        for name, shape in self._shapes.items():
            size = int(np.prod(shape))
            self._controls[at, column : column + size] = np.ravel(controls.get(name, 0))
            column += size
        if heard is not None:
            self._heard[self.newest] = heard

    def keep(self, states: States) -> None:
        """The states after the newest step."""
        size = sum(each.nbytes for of in states.values() for each in of.values())
        self._states.append((self.newest, states, size))
        self._bytes += size
        while len(self._states) > 1 and (self._bytes > STATES or self._states[1][0] < self.oldest):
            self._bytes -= self._states.popleft()[2]

    def latent(self, number: int) -> np.ndarray:
        """Of a step, f32 [Z], not to be written to."""
        return self._latents[number % self._room]

    def counted(self, number: int) -> tuple[int, int]:
        """Seed, and the count of steps, of a step's own random numbers."""
        seed, drawn = self._counted[number % self._room]
        return int(seed), int(drawn)

    def around(self, position: float) -> tuple[int, int, float]:
        """The steps that a position lies between, and the part of the way.

        Where the dream was put elsewhere there is no way, and the step before stands.
        """
        if abs(position - round(position)) < NEAR:  # a sum of parts that comes to a whole
            position = round(position)
        before = min(max(int(position), self.oldest), max(self.newest - 1, 0))
        part = min(max(position - before, 0.0), 1.0)
        if part < 1 and self._begins[(before + 1) % self._room]:
            return before, before, 0.0
        return before, min(before + 1, self.newest), part

    def way(self, number: int, steps: int) -> list[np.ndarray]:
        """The latents that led to a step, without its own, the oldest first, f32 [Z] each; so many at most."""
        found = []
        while len(found) < steps and number > self.oldest and not self._begins[number % self._room]:
            number -= 1
            found.append(self.latent(number))
        return found[::-1]

    def states(self, number: int) -> tuple[States | None, range]:
        """States to go on from after step `number`, and the steps that have to be made again first to have exactly
        those that were: at most a second of them.

        If none so old are kept, the nearest, and no steps; None if there are none at all.
        """
        for after, states, _ in reversed(self._states):
            if after <= number:
                if not any(self._begins[n % self._room] for n in range(after + 1, number + 1)):
                    return states, range(after + 1, number + 1)
                break
        nearest = min(self._states, key=lambda each: abs(each[0] - number), default=None)
        return (nearest[1] if nearest else None), range(0)

    def made_from(self, number: int) -> tuple[np.ndarray, int, int, dict[str, np.ndarray], bool]:
        """What a step was made from: latent, seed and count of the random numbers, controls; and whether it failed."""
        at, controls, column = number % self._room, {}, 0
        for name, shape in self._shapes.items():
            size = int(np.prod(shape))
            controls[name] = self._controls[at, column : column + size].reshape(shape)
            column += size
        seed, drawn = self.counted(number)
        heard = self._heard.get(number)
        return self.latent(number - 1) if heard is None else heard, seed, drawn - 1, controls, bool(self._failed[at])

    def _next(self, latent: np.ndarray, seed: int, drawn: int) -> int:
        self._heard.pop(self.oldest, None)
        self.newest += 1
        at = self.newest % self._room
        self._latents[at], self._counted[at] = latent, (seed, drawn)
        return at
