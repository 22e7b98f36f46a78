"""The steps of the last ten minutes, so that they can be drawn again and gone on from.

Steps are numbered from 0 since the dream came in; position 7.25 is a quarter of the way from step 7 to step 8. A step
is kept as its latent, the seed and count of its random numbers (which are made again), the controls that the recurrent
network had, and once a second the networks' states: kilobytes a second.
"""

import copy
from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from livedream.dream.dream import Dream
from livedream.play import Floats, States

SECONDS = 600.0
LATENTS = 64 << 20  # bytes at most: spatial latents are large, and go back less far
STATES = 32 << 20  # bytes at most
NEAR = 1e-6  # steps; a position as near to a step as this is that step


class SavedStates(NamedTuple):
    """The networks' states after a step.

    Attributes:
        number: The step.
        states: By component and input.
        size: Bytes.
    """

    number: int
    states: States
    size: int


class StepInputs(NamedTuple):
    """What a step was made from.

    Attributes:
        latent: f32 [Z].
        seed: Seed of its random numbers.
        random_step: Their count since the seed.
        controls: By input name.
        failed: Its results were not used.
    """

    latent: Floats
    seed: int
    random_step: int
    controls: dict[str, Floats]
    failed: bool


class History:
    """Rings of what is kept of steps; the oldest gives way. 64 latents take 5 MB in all at 30 steps a second.

    Attributes:
        newest: Number of the last step; -1 before the first.
        saved: The states that are kept, the oldest first.
    """

    def __init__(self, dream: Dream):
        size = dream.mean.size
        component = dream.components.get("step")
        self._shapes = {
            name: value.shape
            for name, value in (component.inputs.items() if component else ())
            if name.startswith("control.")
        }
        room = max(2, min(round(SECONDS * dream.step_rate) + 2, LATENTS // (4 * size)))
        # The system gives memory to these as they fill.
        self._latents = np.zeros((room, size), np.float32)
        self._random = np.zeros((room, 2), np.int64)  # seed and count of a step's own random numbers
        self._controls = np.zeros((room, sum(int(np.prod(shape)) for shape in self._shapes.values())), np.float32)
        self._begins = np.zeros(room, bool)  # the dream was put here: no step led to it
        self._failed = np.zeros(room, bool)  # the step's results were not used
        self._inputs: dict[int, Floats] = {}  # the latents that steps were made from, unless from the step before
        self._bytes = 0  # size of the saved states
        self._room = room
        self._clips = dream.hop > 0
        self.saved: deque[SavedStates] = deque()
        self.newest = -1

    @property
    def oldest(self) -> int:
        """Number of the oldest step that is kept."""
        return max(0, self.newest + 1 - self._room)

    @property
    def nbytes(self) -> int:
        """Bytes of the rings once they are full."""
        return sum(each.nbytes for each in (self._latents, self._random, self._controls, self._begins, self._failed))

    def copy(self) -> "History":
        """Return an independent history of the same steps; takes as long as there are steps."""
        other = copy.copy(self)
        other.detach()
        return other

    def detach(self) -> None:
        """Share no array with the history that this one was copied from."""
        steps = min(self.newest + 1, self._room)
        self._latents, self._controls = _copied(self._latents, steps), _copied(self._controls, steps)
        self._random, self._begins = _copied(self._random, steps), _copied(self._begins, steps)
        self._failed = _copied(self._failed, steps)
        self._inputs, self.saved = dict(self._inputs), self.saved.copy()

    def begin(self, latent: Floats, seed: int, random_step: int) -> None:
        """Put the dream at `latent`, f32 [Z], without a step that leads there."""
        at = self._next(latent, seed, random_step)
        self._begins[at] = True

    def step(
        self,
        latent: Floats,
        seed: int,
        random_step: int,
        controls: Mapping[str, Floats] = MappingProxyType({}),
        made_from: Floats | None = None,
        failed: bool = False,
    ) -> None:
        """Add a step.

        Args:
            latent: What it led to, f32 [Z].
            seed: Seed of its own random numbers.
            random_step: Their count since the seed.
            controls: The recurrent network's, by input name.
            made_from: The latent that it was made from, f32 [Z]; None: the step before.
            failed: Its results were not used.
        """
        at = self._next(latent, seed, random_step)
        self._begins[at], self._failed[at] = False, failed
        column = 0
        for name, shape in self._shapes.items():
            size = int(np.prod(shape))
            self._controls[at, column : column + size] = np.ravel(controls.get(name, 0))
            column += size
        if made_from is not None:
            self._inputs[self.newest] = made_from

    def save(self, states: States) -> None:
        """Keep the networks' states after the newest step."""
        size = sum(each.nbytes for state in states.values() for each in state.values())
        self.saved.append(SavedStates(self.newest, states, size))
        self._bytes += size
        while len(self.saved) > 1 and (self._bytes > STATES or self.saved[1].number < self.oldest):
            self._bytes -= self.saved.popleft().size

    def latent(self, number: int) -> Floats:
        """Return a step's latent, f32 [Z]."""
        latent: Floats = self._latents[number % self._room].copy()
        return latent

    def random_key(self, number: int) -> tuple[int, int]:
        """Return seed and count of a step's own random numbers."""
        seed, random_step = self._random[number % self._room]
        return int(seed), int(random_step)

    def around(self, position: float) -> tuple[int, int, float]:
        """Return the steps before and after a position, and its phase between them.

        Where the dream was put elsewhere nothing lies between, and the step before stands for both; but any clip may
        follow any other.
        """
        if abs(position - round(position)) < NEAR:  # a sum of parts that comes to a whole
            position = round(position)
        before = min(max(int(position), self.oldest), max(self.newest - 1, 0))
        phase = min(max(position - before, 0.0), 1.0)
        if phase < 1 and not self._clips and self._begins[(before + 1) % self._room]:
            return before, before, 0.0
        return before, min(before + 1, self.newest), phase

    def trail(self, number: int, steps: int) -> list[Floats]:
        """Return the latents that led to a step, without its own, the oldest first, at most `steps` of them."""
        found: list[Floats] = []
        while len(found) < steps and number > self.oldest and not self._begins[number % self._room]:
            number -= 1
            found.append(self.latent(number))
        return found[::-1]

    def states_before(self, number: int) -> tuple[States | None, range]:
        """Return states to go on from to step `number`, and the steps to repeat first: at most a second of them.

        If none so old are kept, they are the nearest, and no step is repeated; None if there are none at all.
        """
        for after, states, _ in reversed(self.saved):
            if after <= number:
                if not any(self._begins[n % self._room] for n in range(after + 1, number + 1)):
                    return states, range(after + 1, number + 1)
                break
        nearest = min(self.saved, key=lambda each: abs(each.number - number), default=None)
        return (nearest.states if nearest else None), range(0)

    def inputs(self, number: int) -> StepInputs:
        """Return what a step was made from."""
        at, controls, column = number % self._room, {}, 0
        for name, shape in self._shapes.items():
            size = int(np.prod(shape))
            controls[name] = self._controls[at, column : column + size].reshape(shape)
            column += size
        seed, random_step = self.random_key(number)
        latent = self._inputs.get(number)
        before = self.latent(number - 1) if latent is None else latent
        return StepInputs(before, seed, random_step - 1, controls, bool(self._failed[at]))

    def _next(self, latent: Floats, seed: int, random_step: int) -> int:
        self._inputs.pop(self.oldest, None)
        self.newest += 1
        at = self.newest % self._room
        self._latents[at], self._random[at] = latent, (seed, random_step)
        return at


Number = TypeVar("Number", bound=np.generic)


def _copied(ring: NDArray[Number], steps: int) -> NDArray[Number]:
    made = np.zeros_like(ring)  # what is not copied takes no memory yet
    made[:steps] = ring[:steps]
    return made
