"""What a player is at a moment, as a value: history, presets, shows and a change of backend all hand it on."""

import math
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from livedream.dream.dream import Dream
from livedream.picture import Pixels
from livedream.play import Floats, State
from livedream.play.places import crossfade, interpolate, mix_noise

LONGEST = 24.0  # steps; an approach to a state begins at most so long before it


class Point(NamedTuple):
    """A point that can be drawn.

    Attributes:
        latent: f32 [Z]; never written to.
        noise: The decoder's noise, f32 in its input's shape; None for a dream without.
        made: Of a dream in clips: seed and count of the random numbers of its step, which tell clips apart.
        clips: Of a dream in clips, where this is what is drawn at a moment: what of which clips.
    """

    latent: Floats
    noise: Floats | None
    made: tuple[int, int] | None = None
    clips: "tuple[Moment, ...]" = ()


class Moment(NamedTuple):
    """A moment between the beginnings of two clips.

    Attributes:
        before, after: What they are drawn from.
        phase: 0 where the clip before has come in whole, 1 where the one after has.
        weight: Its share of the picture, 0..1.
    """

    before: Point
    after: Point
    phase: float
    weight: float


class Target(NamedTuple):
    """A point that the picture is blended to while the dream itself goes on.

    Attributes:
        point: Where to. Of a dream in clips, its clips are drawn over the present, each with its own weight.
        weight: 0 is the dream's own picture, 1 the point's. Of a dream in clips, how far the latents of clips that are
            made meanwhile are led to the point's.
    """

    point: Point
    weight: float


@dataclass(frozen=True, eq=False)
class PlayerState:
    """All that decides what a player draws next. Its arrays are never written to.

    Attributes:
        before: The step before the present.
        after: The step after the present.
        phase: How far the present lies between the two: 0..1, above 1 where a step has failed.
        seed: Seed of the random numbers.
        random_step: Steps since the random numbers began from the seed.
        steps: Steps since the start.
        decode_state: The decoder's state.
        step_state: The recurrent network's state; {} where it was not asked for.
        trail: The latents before these two, f32 [n, Z], the oldest first; None where it was not asked for.
        photo: The picture that the dream starts from, uint8 [H, W, 4] in its size, opaque: it is drawn first, and then
            fades (still.py). None for most.
    """

    before: Point
    after: Point
    phase: float
    seed: int
    random_step: int
    steps: int
    decode_state: State = field(default_factory=dict)
    step_state: State = field(default_factory=dict)
    trail: Floats | None = None
    photo: Pixels | None = None

    @property
    def noise(self) -> Floats | None:
        """The decoder's noise that it is drawn with; None for a dream without."""
        if self.before.noise is None or self.after.noise is None:
            return None
        return mix_noise(self.before.noise, self.after.noise, self.phase)

    def point(self, dream: Dream) -> Point:
        """Return what is drawn in this state."""
        return Point(self.approach(0, dream), self.noise)

    def approach(self, steps: float, dream: Dream) -> Floats:
        """Return the latent, f32 [Z], from which this state is reached in `steps` steps (0 or more).

        The approach begins slowly, however long it takes, and ends as fast as the dream goes on afterwards.
        """
        latents = [*(() if self.trail is None else self.trail), self.before.latent, self.after.latent]
        end = len(latents) - 2 + self.phase
        longest = min(end, LONGEST)
        at = end - longest * (1 - math.exp(-steps / longest)) if longest > 0 else end
        first = min(int(at), len(latents) - 2)
        return interpolate(dream, latents[first], latents[first + 1], at - first)

    def blended(self, target: Target | None, dream: Dream) -> "PlayerState":
        """Return the state to go on from with the picture that is blended to `target`."""
        if target is None:
            return self
        if dream.hop:
            before, after = (aimed(dream, each, target) for each in (self.before, self.after))
            return replace(self, before=before, after=after, trail=None)
        here = self.point(dream)
        return replace(
            self,
            before=blend_points(dream, here, target.point, target.weight),
            after=blend_points(dream, self.after, target.point, target.weight),
            phase=0.0,
            trail=None,
        )


def interpolate_points(dream: Dream, a: Point, b: Point, phase: float) -> Point:
    """Return the point between a step and the next one; 0 is a, 1 is b."""
    if dream.hop:
        near = a if phase < 0.5 else b
        return near._replace(clips=(Moment(a, b, phase, 1.0),))
    latent = interpolate(dream, a.latent, b.latent, phase)
    return Point(latent, None if a.noise is None or b.noise is None else mix_noise(a.noise, b.noise, phase))


def blend_points(dream: Dream, a: Point, b: Point, weight: float) -> Point:
    """Return the blend of two points however far apart; 0 is a, 1 is b. The noise is a's where b has none."""
    latent = crossfade(dream, a.latent, b.latent, weight)
    noise = a.noise if a.noise is None or b.noise is None else mix_noise(a.noise, b.noise, weight)
    if not dream.hop:
        return Point(latent, noise)
    both = (*weighed(a.clips, 1 - weight), *weighed(b.clips, weight)) if a.clips and b.clips else a.clips or b.clips
    return Point(latent, noise, a.made, both)


def aimed(dream: Dream, point: Point, aim: Target | None) -> Point:
    """Return what a clip is drawn from: a point, as far as it is led to that of `aim`."""
    return point if aim is None else blend_points(dream, point, aim.point, aim.weight)


def weighed(moments: tuple[Moment, ...], weight: float) -> tuple[Moment, ...]:
    """Return moments with so much of their weight, without those that have none left."""
    return tuple(each._replace(weight=each.weight * weight) for each in moments if each.weight * weight > 0)


def draw_over(present: Point, moments: tuple[Moment, ...]) -> Point:
    """Return what is drawn where moments of other clips lie over the present's."""
    rest = max(0.0, 1 - sum(each.weight for each in moments))
    return present._replace(clips=(*weighed(present.clips, rest if rest > 1e-9 else 0.0), *moments))


def chain_targets(dream: Dream, first: Target | None, second: Target) -> Target:
    """Return the one target that does what the two do one after the other."""
    if first is None:
        return second
    weights = (1 - second.weight) * first.weight, second.weight
    weight = sum(weights)
    if weight == 0:
        return second
    latent = crossfade(dream, first.point.latent, second.point.latent, weights[1] / weight)
    noise = None
    if first.point.noise is not None and second.point.noise is not None:
        mixed = weights[0] * first.point.noise + weights[1] * second.point.noise
        noise = np.asarray(mixed / np.hypot(*weights), np.float32)
    return Target(Point(latent, noise), weight)


def blend_targets(dream: Dream, a: Target | None, b: Target | None, weight: float) -> Target | None:
    """Return the target between two; 0 is a, 1 is b. Without b it stays a until weight is 1."""
    end = b or a
    if weight == 1 or end is None:
        return b
    start = a or end._replace(weight=0.0)
    point = blend_points(dream, start.point, end.point, weight)
    if dream.hop:
        point = point._replace(clips=_between(start.point.clips, end.point.clips, weight))
    return Target(point, start.weight + weight * (end.weight - start.weight))


def _between(a: tuple[Moment, ...], b: tuple[Moment, ...], share: float) -> tuple[Moment, ...]:
    """Return the moments between two frames: on the way, where they are of the same clips; else those of b."""
    if [(each.before.made, each.after.made) for each in a] != [(each.before.made, each.after.made) for each in b]:
        return b
    return tuple(
        last._replace(phase=first.phase + share * (last.phase - first.phase), weight=last.weight)
        for first, last in zip(a, b, strict=True)
    )
