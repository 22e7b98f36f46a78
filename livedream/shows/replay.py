"""A show drawn again, frame by frame, from its file.

The dreams move as they moved then: by the recorded latents, with the values each frame was drawn with. Frames that
were not drawn then, because the machine was late, are drawn now, with the values of the next one that was.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from math import floor
from pathlib import Path

import numpy as np

from livedream import UserError
from livedream.backend import Runner, choose
from livedream.dream import read
from livedream.dream.dream import Component, Dream
from livedream.look.chain import Chain, Slot
from livedream.loop import master, mix, offline
from livedream.loop.deck import Deck
from livedream.loop.frame_composer import FrameComposer
from livedream.parameters import Parameter, Snapshot, Value
from livedream.picture.frame import Frame, Picture
from livedream.play import dream_parameters as tables
from livedream.play.player import Player
from livedream.play.recorded_walk import RecordedWalk
from livedream.play.state import PlayerState, Point, Target, blend_targets
from livedream.play.state_json import from_json
from livedream.shows.show_file import Kept, Look, Moved, Show, Tick
from livedream.shows.show_lines import LETTERS

Load = Callable[[Dream], Callable[[Component], Runner]]  # of a dream: what makes its runners


def loading(show: Show, device: str | None = None) -> Load:
    """Runs dreams on what `--device` names; None: on what drew them then, where that is here, else the processor.

    What it gives raises UserError for a device that was named and does not run the dream.
    """
    then = {kept.sha256: kept.providers.get("decode", "cpu") for kept in (*show.loads, *show.dreams)}

    def load(dream: Dream) -> Callable[[Component], Runner]:
        if device is None:
            with contextlib.suppress(UserError, KeyError):
                return choose.quick(dream, then[dream.sha256]).load
        return choose.quick(dream, device or "cpu").load

    return load


def dreams(show: Show) -> dict[str, Dream]:
    """The dreams that a show plays, by SHA-256: from where they lay, of those that ship, or from beside the show.

    Raises UserError for one that is not found, or is another one by now.
    """
    return {kept.sha256: _found(show, kept) for kept in (*show.dreams, *show.loads)}


def _found(show: Show, kept: Kept) -> Dream:
    name = kept.path.name
    places = [kept.path, read.MODELS / name, show.path.parent / name]
    there = {path: read.sha256(path) for path in places if path.is_file()}
    for path, sha256 in there.items():
        if sha256 == kept.sha256:
            return read.load(path)
    others = "".join(f"; {path} is another one ({(sha256 or 'unreadable')[:12]}…)" for path, sha256 in there.items())
    raise UserError(
        f"{show.path}: plays {kept.title} ({name}, SHA-256 {kept.sha256[:12]}…), which is not found"
        f"{others}; put that file beside the show"
    )


def frames(
    show: Show,
    found: dict[str, Dream],
    fps: float | None = None,
    size: tuple[int, int] | None = None,
    load: Load | None = None,
) -> Iterator[Frame]:
    """Every frame of the show. Numbers are the show's own where `fps` is the show's, as by default.

    found: what `dreams` gave. size: (width, height) that looks are drawn in, the show's by default. load: as `loading`
    gives it. Raises UserError.
    """
    return _Replay(show, found, fps or show.fps, size, load or loading(show)).frames()


def render(
    show: Show,
    path: str | Path,
    fps: float | None = None,
    size: tuple[int, int] | None = None,
    seconds: float | None = None,
    device: str | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Path:
    """Draw the show into a recording; returns the path taken, which is never an older file's.

    path: as of offline.render. fps, size: the show's by default. seconds: of its beginning. device: as of `loading`.
    Raises UserError.
    """
    fps = fps or show.fps
    count = max(1, round(min(seconds or show.seconds, show.seconds) * fps))
    drawn = islice(frames(show, dreams(show), fps, size, loading(show, device)), count)
    return offline.write(drawn, path, count, show.size, fps, size, progress)


class _Replay:
    """What the show is after the frame `at`: its decks, looks and values."""

    def __init__(self, show: Show, found: dict[str, Dream], fps: float, size: tuple[int, int] | None, load: Load):
        self._show, self._dreams, self._fps, self._load = show, found, fps, load
        self._exact = fps == show.fps
        self._chain = Chain()
        self._chain.transitions = tuple(Slot(each.name, _source(each)) for each in show.transitions)
        whole = size is not None and size != show.size
        self._compose = FrameComposer(self._chain, size or show.size, fps, live=False, whole=whole)
        self._decks = [Deck(n, self._player(n, kept)) for n, kept in enumerate(show.dreams)]
        self._values: dict[str, Value] = {}
        self._set(show.values)
        self._look(show.looks)
        for deck, moment, toward in zip(self._decks, show.moments, show.towards, strict=True):
            if moment is not None:
                deck.player.walk.restore(_heard(show, None, deck.player, moment))
            deck.player.blend_to(_fitted(show, deck.player, toward))
        self._picture: np.ndarray | Picture | None = None
        self._due: frozenset[str] = frozenset()  # what has fired since the last picture
        self._at = Fraction(0)

    def frames(self) -> Iterator[Frame]:
        step = Fraction(self._show.fps) / Fraction(self._fps)
        wanted = Fraction(self._show.first)  # where the next frame is, in frames of the show
        if self._show.frame is not None and all(self._show.moments):
            self._at = Fraction(self._show.frame)
            self._draw(mix.needed(self._decks, self._now()), self._now())
            if wanted == self._at:
                yield self._frame(self._now())
                wanted += step
        for tick in self._show.ticks():
            before = self._now()
            self._begin(tick)
            start, now = self._at, self._now()
            towards = [(deck.player.target, self._toward(tick, deck)) for deck in self._decks]
            while wanted < tick.number:
                self._move(wanted)
                values, part = now, float(max(wanted - start, 0) / max(tick.number - start, 1))
                if not self._exact and tick.number > start:
                    values = _between(before, now, part)
                for deck, ends in zip(self._decks, towards, strict=True):
                    deck.player.blend_to(blend_targets(deck.player.dream, *ends, part))
                with contextlib.ExitStack() as aside:
                    for deck in self._decks:
                        aside.enter_context(deck.player.drawing.untraced())
                    self._draw(self._drawn(tick, now), values)
                if self._picture is not None:
                    yield self._frame(values)
                wanted += step
            self._move(Fraction(tick.number))
            for letter, deck in zip(LETTERS, self._decks, strict=False):
                self._arrive(tick, deck.player, tick.decks[letter])
            shown = wanted == tick.number
            self._draw(self._drawn(tick, now), now, shown or self._exact)
            if shown and self._picture is not None:
                yield self._frame(now)
                wanted += step

    def _begin(self, tick: Tick) -> None:
        """Take what was new with this frame, and stand where its movement begins."""
        for letter, kept in tick.dreams.items():
            deck = self._decks[LETTERS.index(letter)]
            if deck.player.dream.sha256 != kept.sha256:
                deck.player = self._player(deck.number, kept)
        if tick.looks is not None:
            self._look(tick.looks)
        if tick.gone:
            self._values = {address: value for address, value in self._values.items() if address not in tick.gone}
        if tick.changed or tick.gone or tick.dreams:
            self._set(tick.changed)
        self._due |= tick.fired
        self._at = Fraction(tick.number - tick.moved)
        values = replace(self._now(), fired=tick.fired)
        for letter, deck in zip(LETTERS, self._decks, strict=False):
            latents = tick.decks[letter].latents
            if any(each.size != deck.player.dream.mean.size for each in latents):
                raise UserError(f"{self._show.path}: frame {tick.number}: a latent is not of this dream's length")
            _walk(deck.player).latents.extend(latents)
            deck.player.move(0, self._show.fps, values.below(deck.prefix))

    def _move(self, to: Fraction) -> None:
        """Let the dreams go on, in whole frames as they did then where nothing lies between."""
        values = self._now()
        while self._at < to:
            following = min(Fraction(floor(self._at) + 1), to)
            part, self._at = following - self._at, following
            for deck in self._decks:
                deck.player.move(1, self._show.fps / float(part), values.below(deck.prefix))

    def _toward(self, tick: Tick, deck: Deck) -> Target | None:
        """Where what is drawn on the way to a frame is led to by then."""
        moved, player = tick.decks[LETTERS[deck.number]], deck.player
        if moved.moment is None:
            return _fitted(self._show, player, moved.toward)
        at = _heard(self._show, tick.number, player, moved.moment)
        return Target(at.point(player.dream), 1.0)

    def _arrive(self, tick: Tick, player: Player, moved: Moved) -> None:
        """Stand where the other one stood when it was drawn."""
        if moved.phase is not None:
            _walk(player).arrive(moved.phase)
        if moved.states:
            try:
                _walk(player).set_decode_state(moved.states)
            except (KeyError, ValueError):
                raise UserError(f"{self._show.path}: a state does not fit {player.dream.title}") from None
        player.blend_to(_fitted(self._show, player, moved.toward))
        if moved.moment is not None:
            player.walk.restore(_heard(self._show, tick.number, player, moved.moment))

    def _drawn(self, tick: Tick, values: Snapshot) -> list[Deck]:
        """The decks to draw: at the show's own rate those that were drawn then, however late the machine was."""
        if self._exact:
            return [deck for deck in self._decks if LETTERS[deck.number] in tick.drawn]
        return mix.needed(self._decks, values) if tick.drawn else []

    def _draw(self, decks: Sequence[Deck], values: Snapshot, shown: bool = True) -> None:
        """Draw the decks' pictures, and what is made of them if it is shown."""
        for deck in decks:
            if not deck.draw(floor(self._at), values):
                why = deck.error or "its device failed; try --device cpu"
                raise UserError(f"{self._show.path}: frame {floor(self._at)} cannot be drawn: {why}")
        if decks and shown:
            self._picture = self._compose(self._decks, replace(values, fired=self._due), self._number())
            self._due = frozenset()

    def _number(self) -> int:
        return round(self._at * Fraction(self._fps) / Fraction(self._show.fps))

    def _frame(self, values: Snapshot) -> Frame:
        layers = {deck.prefix + name: each for deck in self._decks for name, each in deck.layers.items()}
        return Frame(self._picture, self._number(), fade=master.fade(values), layers=layers)

    def _player(self, number: int, kept: Kept) -> Player:
        dream = self._dreams[kept.sha256]
        return Player(dream, self._load(dream), number, RecordedWalk)

    def _now(self) -> Snapshot:
        return Snapshot(self._values)

    def _set(self, changed: Mapping[str, Value]) -> None:
        """Set values. Those that the show does not know, for it is older than they are, stand at their defaults."""
        names = [each.name for each in self._chain.transitions]
        table = tables.of([deck.player.dream for deck in self._decks], transitions=names)
        values = {address: each.start for address, each in table.parameters.items()} | self._values
        for address, value in changed.items():
            parameter = table.parameters.get(address)
            if parameter is not None and not _fits(parameter, value):
                raise UserError(f"{self._show.path}: {address} cannot be {value}")
            values[address] = value
        for address, each in table.parameters.items():
            if each.type == "vector" and f"{address}/0" in values:
                values[address] = tuple(float(values[f"{address}/{i}"]) for i in range(each.length))
        self._values = values

    def _look(self, looks: Sequence[Look]) -> None:
        there = {slot.name: slot for slot in self._chain.slots}
        slots = []
        for each in looks:
            slot = there.get(each.name)
            if each.text is None and slot is None:
                raise UserError(f"{self._show.path}: the look {each.name} has no text in this show")
            if each.text is not None and each.edited and slot is not None:
                slot.source = _source(each)
            elif each.text is not None:
                slot = Slot(each.name, _source(each))
            slots.append(slot)
        self._chain.slots = tuple(slots)


def _walk(player: Player) -> RecordedWalk:
    assert isinstance(player.walk, RecordedWalk)
    return player.walk


def _source(look: Look):
    from livedream.look import header

    return header.parse(look.path, look.text, look.vertex)


def _fits(parameter: Parameter, value: Value) -> bool:
    """Whether it is a value of the parameter."""
    if parameter.type == "vector":
        return isinstance(value, tuple) and len(value) == parameter.length
    if isinstance(value, tuple):
        return False
    return parameter.low <= value <= parameter.high or parameter.local


def _heard(show: Show, number: int | None, player: Player, said: dict) -> PlayerState:
    try:
        return from_json(said, player.dream)
    except (KeyError, TypeError, ValueError, AttributeError):
        where = ":1: the moment that the show begins at" if number is None else f": the moment of frame {number}"
        raise UserError(f"{show.path}{where} does not fit {player.dream.title}") from None


def _fitted(show: Show, player: Player, toward: Target | None) -> Target | None:
    if toward is None:
        return None
    inputs = player.dream.components["decode"].inputs
    try:
        latent, chance = toward.point
        noise = None if chance is None else chance.reshape(inputs["noise"].shape)
        return Target(Point(latent.reshape(player.dream.mean.shape), noise), toward.weight)
    except (KeyError, ValueError):
        raise UserError(f"{show.path}: a latent that a preset led to does not fit {player.dream.title}") from None


def _between(before: Snapshot, after: Snapshot, part: float) -> Snapshot:
    """The second's values, those that glide `part` of the way there."""
    values = dict(after.values)
    for address, value in after.values.items():
        last = before.values.get(address)
        if isinstance(value, float) and isinstance(last, float) and value != last:
            values[address] = last + part * (value - last)
    return Snapshot(values)
