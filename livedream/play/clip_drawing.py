"""The pictures of a dream that draws clips: each is made once, and clips are joined to one stream without a seam.

What a clip is made from (latent, knobs, controls, preset) is decided on the frame on which it comes into sight, well
before it is seen. A live show never waits for one: what was drawn plays on until all that is wanted is ready, and is
crossfaded then. Everything else waits, so that the same values always make the same frames.
"""

import contextlib
import hashlib
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from livedream import UserError
from livedream.backend import Runner
from livedream.dream.dream import Component, Dream
from livedream.picture import Pixels
from livedream.picture.frame import Picture, host_pixels
from livedream.play import Values, clip_mix
from livedream.play.clip_maker import Clip, ClipMaker, Key
from livedream.play.drawing import Drawing, Inputs
from livedream.play.offsets import Offsets
from livedream.play.state import Moment, Point, aimed
from livedream.play.walk import Walk

FADE = 0.3  # seconds in which a jump is crossfaded, once its clips are ready
HUNG = 5.0  # seconds after which a device that makes a clip is given up
KEPT, BYTES = 4, 96 << 20  # clips that stay beside those in use: so many at least, and more in so much memory

Name = tuple[bytes, tuple[int, int] | None]  # latent and step: tells clips apart, whatever knobs add to them


class Part(NamedTuple):
    """A moment between the beginnings of two clips.

    Attributes:
        weight: Its share of the picture.
        before: The clip that is there.
        after: The clip that comes in; None: it stays out.
        phase: As of Moment; above 1 the clip before goes on to its end.
    """

    weight: float
    before: Key
    after: Key | None
    phase: float


class Leaving(NamedTuple):
    """What was drawn before a jump, and plays on until the jump's clips are ready.

    Attributes:
        parts: What it consists of.
        seconds: How long it has been fading; None: it is not yet.
    """

    parts: tuple[Part, ...] = ()
    seconds: float | None = None


@dataclass
class Stream:
    """Where a stream of clips is. Its values are replaced, never written to.

    Attributes:
        inputs: What clips in sight are made from.
        sight: The clips in sight.
        last: What was drawn last.
        leaving: What fades, or None.
        jumped: The dream was put elsewhere since.
    """

    inputs: dict[Key, Inputs] = field(default_factory=dict)
    sight: dict[Name, Key] = field(default_factory=dict)
    last: tuple[Part, ...] = ()
    leaving: Leaving | None = None
    jumped: bool = False

    def used(self) -> set[Key]:
        """Return the clips that it needs."""
        parts = (*self.last, *(self.leaving.parts if self.leaving else ()))
        return {*self.sight.values(), *(key for each in parts for key in (each.before, each.after) if key)}


class ClipDrawing(Drawing):
    """Draws the moments of one dream in clips. See Drawing for the first four arguments.

    Args:
        walk: Says what clips are led to, and which may be wanted soon.

    Attributes:
        stream: Where it is.
        clips: Those that are made, the last used last.
    """

    def __init__(self, dream: Dream, decode: Runner, load: Callable[[Component], Runner], offsets: Offsets, walk: Walk):
        super().__init__(dream, decode, load, offsets)
        self.stream = Stream()
        self.clips: OrderedDict[Key, Clip] = OrderedDict()
        outputs = dream.components["decode"].outputs
        drawn = {name: outputs[f"layer.{name}"] for name in dream.layers} or {"frame": outputs["frame"]}
        self._lengths = {name: value.shape[0] for name, value in drawn.items()}
        size = sum(int(np.prod(value.shape)) for value in drawn.values())
        self._most = max(KEPT, BYTES // size)
        self._walk = walk
        self._maker = ClipMaker(self._clip)

    def __call__(self, point: Point, seconds: float, values: Values) -> Pixels | Picture:
        stream = self.stream
        self._collect()
        parts = self._parts(point.clips, values)
        missing = self._ask(parts, values, ahead=not self.waits)
        if stream.jumped:
            self._leave()
        told, self.told = self.told, None
        self.waiting = bool(stream.last) and (bool(missing) and not self.waits if told is None else told)
        if self.waiting:
            if self._decode.provider != "cpu" and self._maker.busy_s > HUNG:
                raise UserError(f"{self._decode.provider}: no clip in {HUNG:g} s")
            if stream.leaving is None:
                self._leave()
            parts = stream.leaving.parts if stream.leaving else ()
        else:
            for key in missing:
                self._maker.wait(key)
                self._collect()
            stream.last = parts
            parts = self._with_leaving(parts)
        pictures = self._mixed(parts)
        self._forget()
        return self._composed(pictures, seconds, values)

    def elapse(self, seconds: float, steps: float) -> None:
        leaving = self.stream.leaving
        if leaving is not None:
            parts = tuple(each._replace(phase=max(0.0, each.phase + steps)) for each in leaving.parts)
            faded = None if leaving.seconds is None else leaving.seconds + seconds
            self.stream.leaving = Leaving(parts, faded)

    def begin(self, photo: Pixels | None) -> None:
        super().begin(photo)
        self.stream.jumped = True

    def remember(self, other: Drawing) -> None:
        if isinstance(other, ClipDrawing):
            self.clips = other.clips.copy()

    def continue_from(self, other: Drawing) -> None:
        super().continue_from(other)
        if isinstance(other, ClipDrawing):
            self.remember(other)
            self.stream = replace(other.stream)

    @contextlib.contextmanager
    def untraced(self) -> Iterator[None]:
        stream, self.stream = self.stream, replace(self.stream)
        try:
            with super().untraced():
                yield
        finally:
            self.stream = stream

    # -- which clips are needed ------------------------------------------------------------------------------------

    def _parts(self, moments: Iterable[Moment], values: Values) -> tuple[Part, ...]:
        """Return the moments with the clips that stand for them; one that comes into sight is decided on now."""
        before, self.stream.sight = self.stream.sight, {}
        self.stream.inputs = dict(self.stream.inputs)

        def clip(point: Point) -> Key:
            name = point.latent.tobytes(), point.made
            if name not in self.stream.sight:
                self.stream.sight[name] = before.get(name) or self._decide(point, values)
            return self.stream.sight[name]

        return tuple(Part(each.weight, clip(each.before), clip(each.after), min(each.phase, 1.0)) for each in moments)

    def _decide(self, point: Point, values: Values) -> Key:
        """Decide what a clip is made from, with the values of this frame."""
        inputs = self._inputs(aimed(self._dream, point, self._walk.aim()), values)
        digest = hashlib.blake2b(digest_size=16)
        for name, array in sorted({**inputs.recall, **inputs.decode}.items()):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        key = digest.digest()
        self.stream.inputs[key] = inputs
        return key

    def _ask(self, parts: Iterable[Part], values: Values, ahead: bool) -> list[Key]:
        """Have the clips in sight made, those that are seen first; ahead: also one that may be wanted soon.

        Returns:
            Those that are seen and not ready.
        """
        seen = [key for each in parts for key in self._seen(each)]
        wanted = [*dict.fromkeys([*seen, *self.stream.sight.values()])]
        for key in wanted:
            if key not in self.clips:
                self._maker.ask(key, self.stream.inputs[key])
        self._maker.only(wanted)
        if ahead and self._maker.idle:
            for key in (self._decide(point, values) for point in self._walk.soon()):
                if key not in self.clips:
                    self._maker.ask(key, self.stream.inputs[key])
                    break
        return [key for key in dict.fromkeys(seen) if key not in self.clips]

    def _seen(self, part: Part) -> list[Key]:
        """Return the clips that a part shows anything of."""
        dream, lengths = self._dream, set(self._lengths.values())
        after = [clip_mix.share_after(part.phase, dream.frames, dream.hop, length) for length in lengths]
        seen = [part.before] if min(after) < 1 else []
        return seen + ([part.after] if part.after and max(after) > 0 else [])

    def _collect(self) -> None:
        """Take what was made. Raises what a clip has failed with."""
        made, failed = self._maker.take()
        self.clips.update(made)
        for error in failed:
            raise error

    def _forget(self) -> None:
        """Give up the clips that were not used for the longest time, and what none is made from any more."""
        used = self.stream.used()
        self.stream.inputs = {key: each for key, each in self.stream.inputs.items() if key in used}
        spare = [key for key in self.clips if key not in used]
        for key in spare[: max(0, len(spare) - self._most)]:
            del self.clips[key]

    # -- jumps -------------------------------------------------------------------------------------------------------

    def _leave(self) -> None:
        """Let what was drawn last play on until what is wanted is ready, and fade then."""
        stream = self.stream
        # A clip that was not seen yet may not be ready, which must not show: a show does not know.
        last = tuple(
            each._replace(after=each.after if each.after in self._seen(each) else None) for each in stream.last
        )
        if stream.leaving is None:
            stream.leaving = Leaving(last) if last else None
        elif stream.leaving.seconds is not None:  # it jumps again in the middle of a fade
            stream.leaving = Leaving(self._faded(stream.leaving, last))
        stream.jumped = False

    def _with_leaving(self, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        """Return what is drawn with what is left of a fade."""
        stream = self.stream
        if stream.leaving is None:
            return parts
        leaving = stream.leaving._replace(seconds=stream.leaving.seconds or 0.0)
        stream.leaving = leaving if (leaving.seconds or 0.0) < FADE else None
        return self._faded(leaving, parts)

    def _faded(self, leaving: Leaving, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        part = min((leaving.seconds or 0.0) / FADE, 1.0)
        share = part * part * (3 - 2 * part)
        both = [each._replace(weight=each.weight * (1 - share)) for each in leaving.parts]
        both += [each._replace(weight=each.weight * share) for each in parts]
        return tuple(each for each in both if each.weight > 0)

    # -- pictures ----------------------------------------------------------------------------------------------------

    def _mixed(self, parts: Iterable[Part]) -> dict[str, Pixels]:
        """Return the picture of each layer, uint8 [H, W, 4]."""
        dream, found = self._dream, dict[str, Pixels]()
        for name, length in self._lengths.items():
            weights: defaultdict[tuple[Key, int], float] = defaultdict(float)
            for part in parts:
                alone = part.after is None
                for after, number, weight in clip_mix.seen(part.phase, dream.frames, dream.hop, length, alone):
                    weights[(part.after if after and part.after else part.before), number] += part.weight * weight
            clips = [self.clips[key] for key, _ in weights]
            pictures = [clip.pictures[name][number] for clip, (_, number) in zip(clips, weights, strict=True)]
            opaque = all(clip.opaque[name] for clip in clips)
            found[name] = clip_mix.mixed(pictures, [*weights.values()], opaque)
        for part in parts:
            for key in (part.before, part.after):
                if key is not None and key in self.clips:
                    self.clips.move_to_end(key)
        return found

    def _clip(self, inputs: Inputs) -> Clip:
        """Make a clip, in the maker's thread."""
        made = self._made(inputs)
        pictures = {name: _host(made[f"layer.{name}" if self._dream.layers else name]) for name in self._lengths}
        return Clip(pictures, {name: bool((each[..., 3] == 255).all()) for name, each in pictures.items()})


def _host(picture: object) -> Pixels:
    """Return uint8 [T, H, W, 4]; a single picture may still lie on a device."""
    return picture if isinstance(picture, np.ndarray) else host_pixels(picture)[None]  # type: ignore[arg-type]
