"""Where a player stands, so that it, or another one of the same dream, can go on from there: for shows and presets."""

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from livedream.dream.dream import Component, Dream
from livedream.play.places import across, between
from livedream.play.player import Player, Point, Toward, mixed

FARTHEST = 24.0  # steps before the moment that a way to it begins


@dataclass(frozen=True)
class Moment:
    """Where a player stands.

    before, after: the latents it lies between, f32 [Z], phase (0..1) of the way. noises: the decoder's that go with
    them, in its input's shape; none for a dream without. drawn: steps since the random numbers began from `seed`.
    states: the decoder's, by input name; recurrent: those of the recurrent network, only where they were asked for.
    way: the latents before these two, f32 [n, Z], the oldest first, likewise.
    """

    before: np.ndarray
    after: np.ndarray
    phase: float
    seed: int
    drawn: int
    steps: int
    noises: tuple[np.ndarray, ...] = ()
    states: Mapping[str, np.ndarray] = field(default_factory=dict)
    recurrent: Mapping[str, np.ndarray] = field(default_factory=dict)
    way: np.ndarray | None = None

    def latent(self, steps: float, dream: Dream) -> np.ndarray:
        """What is drawn on the way to it, f32 [Z], when so many steps (0 or more) are left.

        The way begins slowly, however long that takes, and arrives as fast as the dream goes on afterwards.
        """
        points = [self.before, self.after] if self.way is None else [*self.way, self.before, self.after]
        end = len(points) - 2 + self.phase
        far = min(end, FARTHEST)
        at = end - far * (1 - math.exp(-steps / far)) if far > 0 else end
        first = min(int(at), len(points) - 2)
        return between(dream, points[first], points[first + 1], at - first)

    @property
    def noise(self) -> np.ndarray | None:
        """The decoder's that it is drawn with."""
        return mixed(*self.noises, self.phase) if self.noises else None

    def led(self, toward: Toward | None, dream: Dream) -> "Moment":
        """What is seen while it is led there, as a moment to go on from."""
        if toward is None:
            return self
        latent, part, noise = toward
        here = self.latent(0, dream)
        before, after = (across(dream, each, latent, part) for each in (here, self.after))
        noises = (mixed(self.noise, noise, part), mixed(self.noises[1], noise, part)) if self.noises else ()
        return replace(self, before=before, after=after, phase=0.0, noises=noises, way=None)


def moment(player: Player, whole: bool = False) -> Moment | None:
    """Where the player stands; None before its first frame. Asks its runners for the states.

    whole: with what it takes to go on from there, and of the past, if it is drawn there; else what it takes to be moved
    on.
    """
    if player._after is None:
        return None
    points, phase, recurrent, way = (player._before, player._after), player._phase, {}, []
    if whole and player.playhead.at is not None:
        *points, phase, recurrent, way = player.then(player.playhead.at)
    elif whole:
        step, way = player._runners.get("step"), [*player.past][:-2]
        recurrent = step.state if step else {}
    return Moment(
        *(each.latent.copy() for each in points),
        phase,
        player._seed,
        player._drawn,
        player.steps,
        tuple(each.noise for each in points if each.noise is not None),
        dict(player._runners["decode"].state),
        dict(recurrent),
        np.stack(way) if way else None,
    )


def stand(player: Player, at: Moment) -> None:
    """Have the player be there; of the recurrent network's states only if the moment has them."""
    noises = at.noises or (None, None)
    player._before, player._after = Point(at.before, noises[0]), Point(at.after, noises[1])
    player._phase, player._seed, player._drawn, player.steps = at.phase, at.seed, at.drawn, at.steps
    player.past.clear()
    player.past.extend([*(() if at.way is None else at.way), at.before, at.after])
    for name, states in (("step", at.recurrent), ("decode", at.states)):
        if states:
            player._runners[name].state = player._runners[name].state | states
    player._saved = player._states()


def told(at: Moment | None) -> dict | None:
    """A moment as JSON has it: arrays are base64 of little-endian f32."""
    if at is None:
        return None
    said = {name: packed(getattr(at, name)) for name in ("before", "after")}
    said |= {name: getattr(at, name) for name in ("phase", "seed", "drawn", "steps")}
    said["noises"] = [packed(each) for each in at.noises]
    said["states"] = {name: packed(each) for name, each in at.states.items()}
    if at.recurrent:
        said["recurrent"] = {name: packed(each) for name, each in at.recurrent.items()}
    if at.way is not None:
        said["way"] = packed(at.way)
    return said


def heard(said: dict, dream: Dream) -> Moment:
    """A moment of the dream from what `told` made. Raises KeyError, TypeError, ValueError or AttributeError."""
    decode, step, shape = dream.components["decode"], dream.components.get("step"), dream.mean.shape
    whole = {name: said[name] for name in ("seed", "drawn", "steps")}
    if not all(type(each) is int and 0 <= each < 1 << 53 for each in whole.values()):
        raise ValueError
    phase = float(said["phase"])
    if not 0 <= phase < 1e6:
        raise ValueError
    noises = tuple(unpacked(each).reshape(decode.inputs["noise"].shape) for each in said["noises"])
    if len(noises) != (2 if "noise" in decode.inputs else 0):
        raise ValueError
    return Moment(
        *(unpacked(said[name]).reshape(shape) for name in ("before", "after")),
        phase,
        **whole,
        noises=noises,
        states=_states(said["states"], decode),
        recurrent=_states(said["recurrent"], step) if "recurrent" in said else {},
        way=unpacked(said["way"]).reshape(-1, *shape) if "way" in said else None,
    )


def packed(array: np.ndarray) -> str:
    """Base64 of little-endian f32."""
    return base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode()


def unpacked(text: str) -> np.ndarray:
    """f32 [n]. Raises ValueError for what is none, or not finite."""
    array = np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float32)
    if not np.isfinite(array).all():
        raise ValueError("not finite")
    return array


def _states(said: dict, component: Component) -> dict[str, np.ndarray]:
    return {name: unpacked(each).reshape(component.inputs[name].shape) for name, each in said.items()}
