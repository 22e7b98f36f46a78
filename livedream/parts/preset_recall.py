"""Presets of a running show: places that are stored, and recalled to the last bit by way of a morph.

A recall sets all parameters at once; what can glide glides there, what steps does so half-way.
"""

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from livedream import UserError, did_you_mean, one_line
from livedream.control import preset_file
from livedream.control.preset_file import Bank
from livedream.dream.dream import Dream
from livedream.loop.deck import Deck
from livedream.parameters import Snapshot, Table, Value
from livedream.parts.morph import DeckPlace, Morph, Place
from livedream.play.state_json import from_json, to_json

log = logging.getLogger("livedream.parts")

UNDONE = 16  # recalls that can be undone
_COMMANDS = ("preset/store", "preset/delete", "preset/recall")  # the order of those of one frame


class PresetRecall:
    """Stores and recalls the presets of the first deck's dream. Only the drawer thread calls `transform`.

    Args:
        decks: The show's.
        table: Its parameters.
        folder: Where the banks of all dreams are.
        file: One bank to use whatever plays, or None.
        beat: Returns the seconds of one beat at the tempo of now.

    Attributes:
        bank: The presets; None while they are read.
        error: Why the last command was not carried out, or not completely; None when it was.
        recalled: Name of the preset that was last recalled or stored.
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
        self.bank: Bank | None = None
        self.error: str | None = None
        self.recalled: str | None = None
        self._sha256 = ""  # identifies the dream whose bank is wanted
        self._commands: deque[tuple[str, str]] = deque(maxlen=64)  # (command, text) that wait for the bank, or the beat
        self._morph: Morph | None = None
        self._undo: deque[Place] = deque(maxlen=UNDONE)
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()  # None ends the thread
        self._thread = threading.Thread(target=self._work, name="presets", daemon=True)

    def start(self) -> None:
        """Begin to read and write banks; call once."""
        self._thread.start()

    def stop(self) -> None:
        """End; what was stored is in its file."""
        self._tasks.put(None)
        self._thread.join(2.0)

    def status(self) -> dict[str, object]:
        """Return the fields of `/status`; any thread."""
        bank, morph = self.bank, self._morph
        return {
            "preset": self.recalled,
            "preset_part": None if morph is None else round(morph.part, 3),
            "presets": [{"number": each.number, "name": each.name} for each in (bank.presets if bank else {}).values()],
            "preset_error": self.error,
        }

    def transform(self, values: Snapshot, number: int, seconds: float) -> Snapshot:
        """Carry out the commands of this frame and go on with the morph by `seconds`; the values stay as they are."""
        if self._morph is not None and self._morph.advance(values, seconds):
            self._morph = None
        dream = self._decks[0].player.dream
        if dream.sha256 != self._sha256 and (self._file is None or not self._sha256):
            self._sha256, self.bank = dream.sha256, None
            path = self._path(dream)
            self._tasks.put(lambda: self._read(path, dream.title, dream.sha256))
        for command in _COMMANDS:
            self._commands.extend((command, text) for text in values.texts.get(command, ()))
        if "preset/undo" in values.fired:
            self._commands.append(("preset/undo", ""))
        while self._commands and (bank := self.bank) is not None:
            command, text = self._commands[0]
            if command != "preset/store" and self._table.waits("preset/recall"):
                break
            self._commands.popleft()
            try:
                self.error = None
                self._carry_out(command, text, bank, values)
            except UserError as error:
                self._report(str(error))
            except Exception as error:  # a card that breaks when it is asked for its states
                self._report(f"{command} {text}: {one_line(error)}")
        return values

    def lacks(self, name: str) -> str | None:
        """Say that the first deck's dream has no preset of that name or number, or return None. To be called early."""
        dream = self._decks[0].player.dream
        bank = preset_file.read(self._path(dream), dream.title)
        if bank.find(name) is not None:
            return None
        names = [each.name for each in bank.presets.values()]
        there = ", ".join(f"{each.number} {each.name}" for each in bank.presets.values())[:200] or "none yet"
        return f"{dream.title} has no such preset{did_you_mean(name, names)}; there are: {there}"

    def _path(self, dream: Dream) -> Path:
        return self._file or self._folder / preset_file.file_name(dream.title, dream.sha256)

    def rescue(self, name: str, values: Snapshot, seconds: float) -> bool:
        """Recall a preset in `seconds`, whatever waits for the beat; False if there is none of that name or number."""
        preset = self.bank.find(name) if self.bank else None
        if preset is None:
            return False
        self._undo.append(self._here(values))
        self.recalled = preset.name
        self._go(self._place(preset), seconds)
        return True

    # -- the drawer thread ----------------------------------------------------------------------------------------

    def _carry_out(self, command: str, text: str, bank: Bank, values: Snapshot) -> None:
        seconds = values["preset/morph"] * (self._beat() if values["preset/beats"] else 1.0)
        if command == "preset/undo":
            if not self._undo:
                raise UserError("preset/undo: nothing was recalled")
            self._go(self._undo.pop(), seconds)
            self.recalled = None
        elif command == "preset/store":
            place = self._here(values)
            self.recalled = bank.store(text, place.values, map(_to_json, place.decks, self._decks)).name
            self._tasks.put(bank.write)
        elif command == "preset/delete":
            found = bank.delete(text)
            self.recalled = None if self.recalled == found.name else self.recalled
            self._tasks.put(bank.write)
        elif (preset := bank.find(text)) is None:
            raise bank.missing("recall", text)
        else:
            here = self._here(values)
            place = self._place(preset)
            self._undo.append(here)
            self.recalled = preset.name
            self._go(place, seconds)

    def _here(self, values: Snapshot) -> Place:
        """Return the place of this frame: as the performer has set it, and as far as a morph has come by now."""
        moving = self._morph.moved if self._morph else ()
        parameters = self._table.parameters
        now: dict[str, Value] = {}
        for address in preset_file.kept(parameters):
            value = values[address] if address in moving else self._table.target(address)
            now[address] = preset_file.chosen(parameters[address], value)
        return Place(now, tuple(_deck_place(deck, _speed(now.get(_speed_of(deck)))) for deck in self._decks))

    def _place(self, preset: preset_file.Preset) -> Place:
        """Return a preset as a place; report the decks of which only the parameters can be taken."""
        found: list[DeckPlace | None] = []
        wrong = []
        for deck, data in zip(self._decks, (*preset.decks, {}, {}), strict=False):
            dream, letter = deck.player.dream, "AB"[deck.number]
            place = None
            if data and data.get("sha256") != dream.sha256:
                wrong.append(f"deck {letter} plays another dream than {str(data.get('dream'))[:60]}")
            elif data and data.get("moment"):
                try:
                    speed = _speed(preset.values.get(_speed_of(deck)))
                    place = DeckPlace(from_json(data["moment"], dream), dream.sha256, speed)
                except (KeyError, TypeError, ValueError, AttributeError):
                    wrong.append(f"deck {letter}: its moment is damaged")
            found.append(place)
        if wrong:
            self._report(f"preset {preset.name}: {'; '.join(wrong)}; only its parameters are taken there")
        return Place(self._values(preset), tuple(found))

    def _values(self, preset: preset_file.Preset) -> dict[str, Value]:
        """Return a preset's values, without those of effects in whose place another one is; report these."""
        values, wrong = dict(preset.values), []
        for deck, data in zip(self._decks, preset.decks, strict=False):
            kept = data.get("effects")
            then = kept if isinstance(kept, dict) else {}
            for slot in deck.effects.slots:
                name = str(then.get(str(slot.number), slot.name))
                if name != slot.name:
                    wrong.append(f"effect {slot.number} of deck {'AB'[deck.number]} is {slot.name} and was {name[:60]}")
                    below = f"{deck.prefix}effect/{slot.number}/"
                    values = {address: each for address, each in values.items() if not address.startswith(below)}
        if wrong:
            self._report(f"preset {preset.name}: {'; '.join(wrong)}; its values are left as they are")
        return values

    def _go(self, place: Place, seconds: float) -> None:
        self._morph = Morph(place, seconds, self._decks, self._table, self)

    def _report(self, error: str) -> None:
        self.error = error
        log.warning("%s", error)

    # -- the thread that reads and writes -------------------------------------------------------------------------

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                task()
            except UserError as error:
                self._report(str(error))
            except Exception as error:
                log.exception("this is our bug: %s: %s", type(error).__name__, error)

    def _read(self, path: Path, title: str, sha256: str) -> None:
        bank = preset_file.read(path, title)
        if bank.trouble:
            self._report(bank.trouble)
        if sha256 == self._sha256:
            self.recalled, self.bank = None, bank


def _speed_of(deck: Deck) -> str:
    return f"{deck.prefix}player/speed"


def _speed(value: Value | None) -> float:
    """Return a stored player/speed. Raises ValueError for what is no number."""
    if value is None:
        return 1.0
    if isinstance(value, tuple):
        raise ValueError
    return float(value)


def _deck_place(deck: Deck, speed: float) -> DeckPlace | None:
    """Return where the deck is as it is seen: in its past, blended to a target, or drawn to a live picture, too."""
    player = deck.player
    if not player.walk.started:
        return None
    state = player.walk.shown_state().blended(player.target, player.dream).blended(player.walk.pulled, player.dream)
    return DeckPlace(state, player.dream.sha256, speed)


def _to_json(place: DeckPlace | None, deck: Deck) -> dict[str, Any]:
    data: dict[str, Any] = {"dream": deck.player.dream.title, "sha256": deck.player.dream.sha256}
    if slots := deck.effects.slots:
        data["effects"] = {str(each.number): each.name for each in slots}
    return data | ({"moment": to_json(place.state)} if place else {})
