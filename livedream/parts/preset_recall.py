"""Presets of a running show: moments stored, found again to the last bit, and the way from one to the next.

A recall sets all parameters at once and has them glide there; what steps does so half-way. Meanwhile the dream goes on
as it was, and what is drawn is led over to the latents by which the preset was reached, so that the picture neither
jumps nor stops. At the end each player stands where it stood when the preset was stored, state and all.
"""

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from livedream import UserError, one_line
from livedream.control import preset_file
from livedream.control.preset_file import Bank
from livedream.loop.deck import Deck
from livedream.parameters import Snapshot, Table, Value
from livedream.play.state import PlayerState, Point, Target, chain_targets
from livedream.play.state_json import from_json, to_json

log = logging.getLogger("livedream.parts")

UNDONE = 16  # recalls that can be undone
HALF = 0.5  # of the way: where switches and choices change
SLACK = 1e-9  # seconds, as of the table's glides, so that both end on the same frame
_COMMANDS = ("preset/store", "preset/delete", "preset/recall")  # in this order, of one frame


@dataclass(frozen=True)
class Place:
    """A moment of the show. moments: of each deck, with its dream's SHA-256 and its speed then; or None."""

    values: Mapping[str, Value]
    moments: tuple[tuple[PlayerState, str, float] | None, ...]


@dataclass
class Morph:
    """A way to a place, of which `elapsed` seconds have gone.

    steps: what is still to be set half-way. begun: where what each deck draws was led to when this began.
    """

    moments: list[tuple[PlayerState, str, float] | None]
    seconds: float
    steps: dict[str, Value]
    begun: list[Target | None]
    elapsed: float = 0.0
    moved: set[str] = field(default_factory=set)  # what it moves


class Presets:
    """The presets of the first deck's dream, or of `file` whatever plays. `shape` is the drawer's.

    folder: of all banks. beat: gives the seconds of one, of the tempo now.

    error: why the last thing asked for was not done, or not wholly, or None. recalled: the name of the last preset
    that was recalled or stored.
    """

    def __init__(
        self,
        decks: Sequence[Deck],
        table: Table,
        folder: Path,
        file: Path | None = None,
        beat: Callable[[], float] = lambda: 0.5,
    ):
        self._decks, self._table, self._folder, self._file, self._beat = decks, table, folder, file, beat
        self.error: str | None = None
        self.recalled: str | None = None
        self.bank: Bank | None = None  # None while it is read
        self._sha256 = ""  # of the dream whose bank is wanted
        self._asked: deque[tuple[str, str]] = deque(maxlen=64)  # (command, text) that wait for the bank, or the beat
        self._morph: Morph | None = None
        self._undo: deque[Place] = deque(maxlen=UNDONE)
        self._todo: queue.SimpleQueue = queue.SimpleQueue()  # what the thread is to do; None ends it
        self._thread = threading.Thread(target=self._work, name="presets", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End; what was stored is in its file."""
        self._todo.put(None)
        self._thread.join(2.0)

    def status(self) -> dict:
        """The fields of `/status`; any thread."""
        bank, morph = self.bank, self._morph
        part = None if morph is None else round(min(1.0, morph.elapsed / max(morph.seconds, SLACK)), 3)
        return {
            "preset": self.recalled,
            "preset_part": part,
            "presets": [{"number": each.number, "name": each.name} for each in (bank.presets if bank else {}).values()],
            "preset_error": self.error,
        }

    def transform(self, values: Snapshot, number: int, seconds: float) -> Snapshot:
        """What was asked for on this frame, and `seconds` more of the way; the values stay as they are."""
        if self._morph is not None:
            self._go_on(self._morph, values, seconds)
        dream = self._decks[0].player.dream
        if dream.sha256 != self._sha256 and (self._file is None or not self._sha256):
            self._sha256, self.bank = dream.sha256, None
            path = self._file or self._folder / preset_file.file_name(dream.title, dream.sha256)
            self._todo.put(lambda: self._read(path, dream.title, dream.sha256))
        for command in _COMMANDS:
            self._asked.extend((command, text) for text in values.texts.get(command, ()))
        if "preset/undo" in values.fired:
            self._asked.append(("preset/undo", ""))
        while self._asked and self.bank is not None:
            command, text = self._asked[0]
            if command != "preset/store" and self._table.waits("preset/recall"):
                break
            self._asked.popleft()
            try:
                self.error = None
                self._do(command, text, values)
            except UserError as error:
                self._tell(str(error))
            except Exception as error:  # a card that breaks as it is asked for its states
                self._tell(f"{command} {text}: {one_line(error)}")
        return values

    def rescue(self, name: str, values: Snapshot, seconds: float) -> bool:
        """Go to a preset now, whatever waits for the beat; False if there is none of that name or number."""
        preset = self.bank and self.bank.find(name)
        if not preset:
            return False
        self._undo.append(self._here(values))
        self.recalled = preset.name
        self._go(Place(preset.values, tuple(self._moments(preset))), values, seconds)
        return True

    # -- the drawer -----------------------------------------------------------------------------------------------

    def _do(self, command: str, text: str, values: Snapshot) -> None:
        bank = self.bank
        if command == "preset/undo":
            if not self._undo:
                raise UserError("preset/undo: nothing was recalled")
            self._go(self._undo.pop(), values)
            self.recalled = None
        elif command == "preset/store":
            place = self._here(values)
            self.recalled = bank.store(text, place.values, map(_deck, place.moments, self._decks)).name
            self._todo.put(bank.write)
        elif command == "preset/delete":
            found = bank.delete(text)
            self.recalled = None if self.recalled == found.name else self.recalled
            self._todo.put(bank.write)
        elif (preset := bank.find(text)) is None:
            raise bank.missing("recall", text)
        else:
            here = self._here(values)
            place = Place(preset.values, tuple(self._moments(preset)))
            self._undo.append(here)
            self.recalled = preset.name
            self._go(place, values)

    def _here(self, values: Snapshot) -> Place:
        """What is on this frame: what hands have asked for, and where a morph has come to by now."""
        moving = self._morph.moved if self._morph else ()
        there = self._table.parameters
        now = {
            each: preset_file.chosen(there[each], values[each] if each in moving else self._table.target(each))
            for each in preset_file.kept(there)
        }
        speeds = [now.get(f"{deck.prefix}player/speed", 1.0) for deck in self._decks]
        pairs = zip(self._decks, speeds, strict=True)
        return Place(now, tuple(_seen(deck, speed) for deck, speed in pairs))

    def _moments(self, preset: preset_file.Preset) -> list[tuple[PlayerState, str, float] | None]:
        """Of a stored one, those that its decks can stand in; says of the others why not."""
        found, wrong = [], []
        for deck, said in zip(self._decks, (*preset.decks, {}, {}), strict=False):
            dream, letter = deck.player.dream, "AB"[deck.number]
            at = None
            if said and said.get("sha256") != dream.sha256:
                wrong.append(f"deck {letter} plays another dream than {str(said.get('dream'))[:60]}")
            elif said and said.get("moment"):
                try:
                    speed = float(preset.values.get(f"{deck.prefix}player/speed", 1.0))
                    at = from_json(said["moment"], dream), dream.sha256, speed
                except (KeyError, TypeError, ValueError, AttributeError):
                    wrong.append(f"deck {letter}: its moment is damaged")
            found.append(at)
        if wrong:
            self._tell(f"preset {preset.name}: {'; '.join(wrong)}; only its parameters are taken there")
        return found

    def _go(self, place: Place, values: Snapshot, seconds: float | None = None) -> None:
        """Begin the way to a place from where everything is."""
        if seconds is None:
            seconds = values["preset/morph"] * (self._beat() if values["preset/beats"] else 1.0)
        begun = [deck.player.target for deck in self._decks]
        morph = Morph(list(place.moments), seconds, {}, begun)
        there = self._table.parameters
        for address, value in place.values.items():
            if address not in there:
                continue
            morph.moved.add(address)
            if there[address].glide is None:
                morph.steps[address] = value
            else:
                self._set(address, value, seconds)
        self._morph = morph
        if not seconds:
            self._step(morph)

    def _go_on(self, morph: Morph, values: Snapshot, seconds: float) -> None:
        hands = {address for address, _ in values.changes if values.senders.get(address) is not self}
        for address in hands & morph.moved:
            morph.moved.discard(address)
            morph.steps.pop(address, None)
        morph.elapsed += seconds
        arrived = morph.elapsed > morph.seconds - SLACK
        if morph.steps and (arrived or morph.elapsed >= HALF * morph.seconds):
            self._step(morph)
        for n, deck in enumerate(self._decks):
            at = morph.moments[n]
            below = values.below(deck.prefix)
            if at and (at[1] != deck.player.dream.sha256 or {"dream/scene", "dream/scene/jump"} & below.fired):
                at = morph.moments[n] = None  # another dream, or a hand that wants to be elsewhere
                morph.begun[n] = None
            if at is None:
                deck.player.blend_to(None)
            elif arrived:
                deck.player.blend_to(None)
                deck.restore(at[0])
                if f"{deck.prefix}player/seed" not in hands:
                    self._set(f"{deck.prefix}player/seed", at[0].seed, 0.0)
            else:
                deck.player.blend_to(self._toward(deck, morph, n))
        if arrived:
            self._morph = None

    def _toward(self, deck: Deck, morph: Morph, n: int) -> Target:
        at, _, speed = morph.moments[n]
        dream = deck.player.dream
        part = morph.elapsed / morph.seconds
        left = (morph.seconds - morph.elapsed) * max(speed, 0.0) * dream.fps  # backwards there is no way to it
        point = Point(at.approach(left, dream), at.point(dream).noise)
        return chain_targets(dream, morph.begun[n], Target(point, part * part * (3 - 2 * part)))

    def _step(self, morph: Morph) -> None:
        for address, value in morph.steps.items():
            self._set(address, value, 0.0)
        morph.steps = {}

    def _set(self, address: str, value: Value, seconds: float) -> None:
        arguments = value if isinstance(value, tuple) else (value,)
        self._table.set(address, arguments, self, repeats=True, seconds=seconds)

    def _tell(self, error: str) -> None:
        self.error = error
        log.warning("%s", error)

    # -- the thread that reads and writes -------------------------------------------------------------------------

    def _work(self) -> None:
        while (act := self._todo.get()) is not None:
            try:
                act()
            except UserError as error:
                self._tell(str(error))
            except Exception as error:
                log.exception("this is our bug: %s: %s", type(error).__name__, error)

    def _read(self, path: Path, title: str, sha256: str) -> None:
        bank = preset_file.read(path, title)
        if bank.trouble:
            self._tell(bank.trouble)
        if sha256 == self._sha256:
            self.recalled, self.bank = None, bank


def _seen(deck: Deck, speed: float) -> tuple[PlayerState, str, float] | None:
    """The moment that is seen: in the past, and on the way to another one, not the dream's own."""
    player = deck.player
    if not player.walk.started:
        return None
    at = player.walk.shown_state()
    return at.blended(player.target, player.dream), player.dream.sha256, speed


def _deck(at: tuple[PlayerState, str, float] | None, deck: Deck) -> dict:
    said = {"dream": deck.player.dream.title, "sha256": deck.player.dream.sha256}
    return said | ({"moment": to_json(at[0])} if at else {})
