"""Draws a show again, frame by frame, from its file.

The dreams move as they moved then: by the recorded latents, with the values that each frame was drawn with. Frames that
were not drawn then, because the machine was late, are drawn now, with the values of the next one that was.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING

from livedream import UserError
from livedream.backend import Runner, choose
from livedream.dream import read
from livedream.dream.dream import Component, Dream
from livedream.effect import library as effects
from livedream.look.chain import Chain, Slot
from livedream.loop import master, mix, offline
from livedream.loop.deck import Deck
from livedream.loop.frame_composer import FrameComposer
from livedream.parameters import Parameter, Relations, Snapshot, Value
from livedream.picture import Pixels
from livedream.picture.frame import Frame, Picture
from livedream.play import dream_parameters as tables
from livedream.play.player import Player
from livedream.play.recorded_walk import RecordedWalk
from livedream.play.state import PlayerState, Point, Target, blend_targets
from livedream.play.state_json import from_json
from livedream.shows.effect_lines import EffectFile
from livedream.shows.replayed_effects import ReplayedEffects
from livedream.shows.replayed_input import ReplayedInput
from livedream.shows.show_file import DeckTick, DreamFile, Json, Look, Show, Tick
from livedream.shows.show_lines import LETTERS

if TYPE_CHECKING:
    from livedream.look.source import Source

Load = Callable[[Dream], Callable[[Component], Runner]]  # makes a dream's loader of runners


def loading(show: Show, device: str | None = None) -> Load:
    """Return what loads a show's dreams on a device.

    Args:
        show: Whose dreams.
        device: As of `--device`; None: what drew them then, where this machine has it, else the processor.

    Returns:
        A function that raises UserError for a device that was named and does not run the dream.
    """
    then = {played.sha256: played.providers.get("decode", "cpu") for played in (*show.loads, *show.dreams)}
    then |= {each.sha256: each.provider for each in show.effect_files}

    def load(dream: Dream) -> Callable[[Component], Runner]:
        if device is None:
            with contextlib.suppress(UserError, KeyError):
                return choose.quick(dream, then[dream.sha256]).load
        return choose.quick(dream, device or "cpu").load

    return load


def dreams(show: Show) -> dict[str, Dream]:
    """Return the dreams and effects that a show plays, by SHA-256.

    They are looked for where they were, among those that ship, and beside the show.

    Raises:
        UserError: One is not found, or its file has changed.
    """
    files: tuple[DreamFile | EffectFile, ...] = (*show.dreams, *show.loads, *show.effect_files)
    return {each.sha256: _found(show, each) for each in files}


def _found(show: Show, played: DreamFile | EffectFile) -> Dream:
    assert played.path is not None
    name = played.path.name
    places = [played.path, read.MODELS / name, read.EFFECTS / name, show.path.parent / name]
    there = {path: read.sha256(path) for path in places if path.is_file()}
    for path, sha256 in there.items():
        if sha256 == played.sha256:
            return read.load(path)
    others = "".join(f"; {path} is another one ({(sha256 or 'unreadable')[:12]}…)" for path, sha256 in there.items())
    raise UserError(
        f"{show.path}: plays {played.title} ({name}, SHA-256 {played.sha256[:12]}…), which is not found"
        f"{others}; put that file beside the show"
    )


def frames(
    show: Show,
    found: dict[str, Dream],
    fps: float | None = None,
    size: tuple[int, int] | None = None,
    load: Load | None = None,
    more: Sequence[Sequence[Dream]] = (),
) -> Iterator[Frame]:
    """Yield every frame of the show. Numbers are the show's own where `fps` is the show's, as by default.

    Args:
        show: What is drawn.
        found: Its dreams, as `dreams` returns them.
        fps: Frames a second, the show's by default.
        size: (width, height) that looks are drawn in, the show's by default.
        load: As `loading` returns it.
        more: Effects that each deck's pictures go through after those of the show.

    Raises:
        UserError: The show does not fit its dreams, or a frame cannot be drawn.
    """
    return _Replay(show, found, fps or show.fps, size, load or loading(show), more).frames()


def render(
    show: Show,
    path: str | Path,
    fps: float | None = None,
    size: tuple[int, int] | None = None,
    seconds: float | None = None,
    device: str | None = None,
    progress: Callable[[float], None] = lambda share: None,
    more: Sequence[str] = (),
) -> Path:
    """Draw the show into a recording.

    Args:
        show: What is drawn.
        path: As of offline.render.
        fps: Frames a second, the show's by default.
        size: (width, height) in pixels, the show's by default.
        seconds: How much of its beginning; None: all.
        device: As of `loading`.
        progress: Called with the share that is done, 0..1.
        more: Effects after those of the show, as `--effect` names them.

    Returns:
        The path that was written, which is never an older file's.

    Raises:
        UserError: The show cannot be drawn, or the recording not written.
    """
    fps = fps or show.fps
    count = max(1, round(min(seconds or show.seconds, show.seconds) * fps))
    added = [[effect for effect, _ in each] for each in effects.load_all(more, len(show.dreams))]
    drawn = islice(frames(show, dreams(show), fps, size, loading(show, device), added), count)
    return offline.write(drawn, path, count, show.size, fps, size, progress)


class _Replay:
    """The decks, looks and values of a show after the frame `_at`."""

    def __init__(
        self,
        show: Show,
        found: dict[str, Dream],
        fps: float,
        size: tuple[int, int] | None,
        load: Load,
        more: Sequence[Sequence[Dream]],
    ):
        self._show, self._dreams, self._fps, self._load = show, found, fps, load
        self._exact = fps == show.fps
        self._chain = Chain()
        self._chain.transitions = tuple(
            Slot(each.name, _source(each.path, each.name, each.text or "", each.vertex)) for each in show.transitions
        )
        whole = size is not None and size != show.size
        self._compose = FrameComposer(self._chain, size or show.size, fps, live=False, whole=whole)
        self._effects = ReplayedEffects(show, found, load, more)
        self._decks = [
            Deck(n, self._player(n, played), effects=chain)
            for n, (played, chain) in enumerate(zip(show.dreams, self._effects.chains, strict=True))
        ]
        self._live = ReplayedInput(show.path, show.live, show.size, self._decks)
        self._values: dict[str, Value] = {}
        self._relations = Relations({})
        self._set(show.values)
        self._look(show.looks)
        for deck, state, target in zip(self._decks, show.states, show.targets, strict=True):
            if state is not None:
                deck.player.restore(_state(show, None, deck.player, state))
            deck.player.blend_to(_fitted(show, deck.player, target))
        self._picture: Pixels | Picture | None = None
        self._due: frozenset[str] = frozenset()  # triggers that have fired since the last picture
        self._at = Fraction(0)

    def frames(self) -> Iterator[Frame]:
        step = Fraction(self._show.fps) / Fraction(self._fps)
        wanted = Fraction(self._show.first)  # the next frame, in frames of the show
        if self._show.frame is not None and all(self._show.states):
            self._at = Fraction(self._show.frame)
            self._draw(mix.needed(self._decks, self._now()), self._now())
            if wanted == self._at:
                yield self._frame(self._now())
                wanted += step
        for tick in self._show.ticks():
            before = self._now()
            self._begin(tick)
            start, now = self._at, self._now()
            targets = [(deck.player.target, self._target(tick, deck)) for deck in self._decks]
            while wanted < tick.number:
                self._move(wanted)
                values, part = now, float(max(wanted - start, Fraction(0)) / max(tick.number - start, Fraction(1)))
                if not self._exact and tick.number > start:
                    values = before.toward(now, part)
                for deck, ends in zip(self._decks, targets, strict=True):
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
            self._effects.expect(tick)
            for letter, deck in zip(LETTERS, self._decks, strict=False):
                if letter in tick.drawn:
                    deck.player.drawing.told = tick.decks[letter].waits
            self._draw(self._drawn(tick, now), now, shown or self._exact)
            self._effects.expect(None)
            if shown and self._picture is not None:
                yield self._frame(now)
                wanted += step

    def _begin(self, tick: Tick) -> None:
        """Take over what was new with this frame, and go to where its movement begins."""
        for letter, played in tick.dreams.items():
            deck = self._decks[LETTERS.index(letter)]
            if deck.player.dream.sha256 != played.sha256:
                deck.player = self._player(deck.number, played)
        if tick.looks is not None:
            self._look(tick.looks)
        self._effects.change(tick)
        if tick.gone:
            gone = set(map(self._relations.name, tick.gone))
            self._values = {address: value for address, value in self._values.items() if address not in gone}
        if tick.changed or tick.gone or tick.dreams:
            self._set(tick.changed)
        fired = frozenset(map(self._relations.name, tick.fired))
        self._due |= fired
        self._live.show(tick.live, self._now())
        self._at = Fraction(tick.number - tick.moved)
        values = replace(self._now(), fired=fired)
        for letter, deck in zip(LETTERS, self._decks, strict=False):
            latents = tick.decks[letter].latents
            if any(each.size != deck.player.dream.mean.size for each in latents):
                raise UserError(f"{self._show.path}: frame {tick.number}: a latent is not of this dream's length")
            _walk(deck.player).latents.extend(latents)
            deck.player.move(0, self._show.fps, values.below(deck.prefix))

    def _move(self, to: Fraction) -> None:
        """Move the dreams on, in whole frames as they moved then where nothing is drawn between."""
        values = self._now()
        while self._at < to:
            following = min(Fraction(floor(self._at) + 1), to)
            part, self._at = following - self._at, following
            for deck in self._decks:
                deck.player.move(1, self._show.fps / float(part), values.below(deck.prefix))

    def _target(self, tick: Tick, deck: Deck) -> Target | None:
        """Return what the picture is blended to when a frame is reached."""
        moved, player = tick.decks[LETTERS[deck.number]], deck.player
        if moved.state is None or player.dream.hop:  # one clip is not led into another: the state comes with its frame
            return _fitted(self._show, player, moved.target)
        at = _state(self._show, tick.number, player, moved.state)
        return Target(at.point(player.dream), 1.0)

    def _arrive(self, tick: Tick, player: Player, moved: DeckTick) -> None:
        """Go to where the other player was when the frame was drawn."""
        if moved.phase is not None:
            _walk(player).arrive(moved.phase)
        if moved.states:
            try:
                _walk(player).set_decode_state(moved.states)
            except (KeyError, ValueError):
                raise UserError(f"{self._show.path}: a state does not fit {player.dream.title}") from None
        player.blend_to(_fitted(self._show, player, moved.target))
        if moved.state is not None:
            player.restore(_state(self._show, tick.number, player, moved.state))

    def _drawn(self, tick: Tick, values: Snapshot) -> list[Deck]:
        """Return the decks to draw: at the show's own rate those that were drawn then, however late the machine was."""
        if self._exact:
            return [deck for deck in self._decks if LETTERS[deck.number] in tick.drawn]
        return mix.needed(self._decks, values) if tick.drawn else []

    def _draw(self, decks: Sequence[Deck], values: Snapshot, shown: bool = True) -> None:
        """Draw the decks' pictures, and compose them if the frame is shown."""
        for deck in decks:
            try:
                drawn = deck.draw(floor(self._at), values)
            except UserError as error:  # of an effect
                raise UserError(f"{self._show.path}: frame {floor(self._at)}: {error}") from None
            if not drawn:
                why = deck.error or "its device failed; try --device cpu"
                raise UserError(f"{self._show.path}: frame {floor(self._at)} cannot be drawn: {why}")
        if decks and shown:
            self._picture = self._compose(self._decks, replace(values, fired=self._due), self._number())
            self._due = frozenset()

    def _number(self) -> int:
        return round(self._at * Fraction(self._fps) / Fraction(self._show.fps))

    def _frame(self, values: Snapshot) -> Frame:
        assert self._picture is not None
        layers = {deck.prefix + name: each for deck in self._decks for name, each in deck.layers.items()}
        return Frame(self._picture, self._number(), fade=master.fade(values), layers=layers)

    def _player(self, number: int, played: DreamFile) -> Player:
        dream = self._dreams[played.sha256]
        return Player(dream, self._load(dream), number, RecordedWalk)

    def _now(self) -> Snapshot:
        return Snapshot(self._values)

    def _set(self, changed: Mapping[str, Value]) -> None:
        """Set values. Parameters that are newer than the show have their defaults."""
        names = [each.name for each in self._chain.transitions]
        table = tables.of([deck.player.dream for deck in self._decks], transitions=names)
        values = {address: each.start for address, each in table.parameters.items()} | self._values
        self._relations = relations = Relations(table.parameters)
        for name, value in changed.items():
            address = relations.name(name)
            parameter = table.parameters.get(address)
            if parameter is not None and not _fits(parameter, value):
                raise UserError(f"{self._show.path}: {address} cannot be {value}")
            values[address] = value
            if address in relations.elements and isinstance(value, tuple):  # older shows have only the whole
                values |= zip(relations.elements[address], value, strict=True)
        self._values = values | relations.wholes(values)

    def _look(self, looks: Sequence[Look]) -> None:
        there = {slot.name: slot for slot in self._chain.slots}
        slots: list[Slot] = []
        for each in looks:
            slot = there.get(each.name)
            if each.text is None:
                if slot is None:
                    raise UserError(f"{self._show.path}: the look {each.name} has no text in this show")
            else:
                source = _source(each.path, each.name, each.text, each.vertex)
                if each.edited and slot is not None:
                    slot.source = source
                else:
                    slot = Slot(each.name, source)
            slots.append(slot)
        self._chain.slots = tuple(slots)


def _walk(player: Player) -> RecordedWalk:
    assert isinstance(player.walk, RecordedWalk)
    return player.walk


def _source(path: Path | None, name: str, text: str, vertex: str | None) -> "Source":
    from livedream.look import header

    return header.parse(path or Path(name), text, vertex)


def _fits(parameter: Parameter, value: Value) -> bool:
    """Return whether it is a value of the parameter."""
    if parameter.type == "vector":
        return isinstance(value, tuple) and len(value) == parameter.length
    if isinstance(value, tuple | str):
        return False
    return parameter.low <= value <= parameter.high or parameter.local


def _state(show: Show, number: int | None, player: Player, data: Json) -> PlayerState:
    try:
        return from_json(data, player.dream)
    except (KeyError, TypeError, ValueError, AttributeError):
        where = ":1: the moment that the show begins at" if number is None else f": the moment of frame {number}"
        raise UserError(f"{show.path}{where} does not fit {player.dream.title}") from None


def _fitted(show: Show, player: Player, target: Target | None) -> Target | None:
    if target is None:
        return None
    inputs = player.dream.components["decode"].inputs

    def fitted(point: Point) -> Point:
        noise = None if point.noise is None else point.noise.reshape(inputs["noise"].shape)
        return Point(point.latent.reshape(player.dream.mean.shape), noise, point.made)

    try:
        clips = [each._replace(before=fitted(each.before), after=fitted(each.after)) for each in target.point.clips]
        return Target(fitted(target.point)._replace(clips=tuple(clips)), target.weight)
    except (KeyError, ValueError):
        raise UserError(f"{show.path}: a latent that a preset led to does not fit {player.dream.title}") from None
