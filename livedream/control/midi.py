"""MIDI: what a controller's messages do to the parameter table, and what the table's values have it show.

Knows nothing of ports: `hear` takes mido's messages from any thread, `lights` gives those that are to be sent back.
"""

import contextlib
import re
import threading
from collections.abc import Hashable, Iterable
from dataclasses import replace

import mido

from livedream.control import midi_learn
from livedream.control.midi_control import ENCODINGS, LSB, MODES, Binding, Control, Wire, number, place, steps
from livedream.control.tempo import Tempo
from livedream.parameters import Parameter, Table, Value

CLOCK = ("clock", "start", "stop", "continue", "songpos")
RECALL = "preset/recall"  # what a program change does; in a bridge it is "program/CHANNEL"
CHANNEL_MODE = 120  # CC numbers from here on are no controls
NEAR = 1.01 / 127  # of the range: so near to the value a control may be taken to be there
_CHOSEN = {"7bit", "14bit", "relative", *ENCODINGS, *MODES}  # that may follow an address


class Midi:
    """The bindings of one controller. Every method may be called from any thread.

    tempo: takes MIDI clock. takeover: a control that has a place moves nothing until it has come by the value.
    learning: the address that waits for a control, its value after it if it has one; or None.
    error: why the last thing asked for was not done, or None.
    messages: taken so far, without the clock's. news: set when bindings or lights are to be looked at.
    """

    def __init__(self, table: Table, tempo: Tempo | None = None, takeover: bool = True):
        self.learning: str | None = None
        self.error: str | None = None
        self.messages = 0
        self.news = threading.Event()
        self._table, self._tempo, self._takeover = table, tempo, takeover
        self._lock = threading.Lock()  # guards what follows
        self._all: list[_Bound] = []
        self._by: dict[Wire, _Bound] = {}
        self._address, self._asked = "", ""  # of what is learned, and how it is to be bound
        self._value: float | None = None
        self._new: _Bound | None = None  # what was learned last, while its movements are looked at
        self._dark: set[_Bound] = set()  # whose light a press has put out
        self._changed = False

    @property
    def bindings(self) -> tuple[Binding, ...]:
        with self._lock:
            return tuple(each.binding for each in self._all)

    def waiting(self) -> set[str]:
        """The addresses whose control has not yet come by the value."""
        with self._lock:
            return {each.binding.address for each in self._all if each.waiting}

    def replace(self, bindings: Iterable[Binding]) -> None:
        """These, and no others: another controller has come. Of two for one control, the later."""
        with self._lock:
            self._all, self._by, self._new, self._changed = [], {}, None, False
            for each in bindings:
                self._bind(_Bound(each))

    def changed(self) -> bool:
        """Whether anything was learned or forgotten since this was last asked."""
        with self._lock:
            changed, self._changed = self._changed, False
            return changed

    def learn(self, text: str) -> None:
        """Bind the next control that moves: "ADDRESS", after it a value that a press is to send, or what it is:
        7bit, 14bit, relative, twos, signed, offset, toggle, hold, follow. "off": nothing is learned any more.
        """
        address, *words = text.split()[:3] or [""]
        address = address.strip("/").removeprefix("livedream/")
        value = float(words.pop(0)) if words and re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", words[0]) else None
        with self._lock:
            self.learning, self._new = None, None
            self.error = None if address == "off" else self._refused(address, words, value)
            if address != "off" and not self.error:
                self._address, self._value, self._asked = address, value, words[0] if words else ""
                self.learning = address if value is None else f"{address} {value:g}"

    def forget(self, name: str) -> None:
        """Unbind whatever moves it: "ADDRESS", or "ADDRESS VALUE" where it was learned with one."""
        name = " ".join(name.split()).strip("/").removeprefix("livedream/")
        with self._lock:
            waited, self.learning = self.learning, None if self.learning == name else self.learning
            gone = [each for each in self._all if name in (each.binding.name, each.binding.address)]
            for each in gone:
                self._unbind(each)
            self.error = None if gone or waited == name else f"midi/forget {name[:80]}: nothing is bound to it"
            self._changed = self._changed or bool(gone)
        self.news.set()

    def hear(self, message: mido.Message, at: float) -> None:
        """Take a message that came at time.perf_counter() `at`."""
        if message.type in CLOCK:
            self._beat(message, at)
            return
        with self._lock:
            self.messages += 1
            if message.type == "program_change":
                for address in (RECALL, f"program/{message.channel + 1}"):
                    if address in self._table.parameters:
                        self._table.set(address, [message.program], "MIDI program change", repeats=True)
                return
            wire, said = _read(message)
            if wire is None:
                return
            if self.learning is not None and self._starts(wire, said):
                self._learned(wire, said, at)
            elif self._new is not None:
                self._look(wire, said, at)
            if (bound := self._by.get(wire)) is not None:
                self._move(bound, wire, said)

    def unheld(self) -> None:
        """The controller was unplugged: where its controls stand is not known any more."""
        with self._lock:
            for each in self._all:
                each.at = each.given = each.shown = each.msb = each.lsb = None
                each.pressed, each.waiting = False, False

    def lights(self, moved: Iterable[tuple[str, Hashable]] | None = None) -> list[mido.Message]:
        """What the controller is to be sent, so that it shows what is.

        moved: (address, sender) of what was applied since; None: of all. Nothing is said to the control that moved it
        itself, but to those that cannot know what they did: a pad that switches, an endless encoder's ring.
        """
        with self._lock:
            if moved is None:
                wanted = list(self._all)
            else:
                by = {address.removesuffix("/jump"): sender for address, sender in moved}
                wanted = [
                    each
                    for each in self._all
                    if _shows(each) in by and (by[_shows(each)] != each.sender or self._blind(each))
                ]
            dark, self._dark = self._dark, set()
            for each in dark:
                each.shown = None
            return [message for each in dict.fromkeys((*wanted, *dark)) for message in self._light(each)]

    # -- learning -------------------------------------------------------------------------------------------------

    def _refused(self, address: str, words: list[str], value: float | None) -> str | None:
        parameter = self._table.parameters.get(address)
        if parameter is None:
            return f"midi/learn {address[:80]}: no such parameter"
        if unknown := [each for each in words if each not in _CHOSEN]:
            return f"midi/learn {address}: {unknown[0][:20]!r} is none of {', '.join(sorted(_CHOSEN))}"
        if parameter.type == "vector":
            return f"midi/learn {address}: {parameter.length} numbers; bind its elements, {address}/0 and so on"
        if parameter.type == "text" and (value is None or not address.startswith("preset/")):
            return f"midi/learn {address}: a word, no number" + (
                "; say which, as in preset/recall 0" if address.startswith("preset/") else ""
            )
        return None

    def _starts(self, wire: Wire, said: int) -> bool:
        """Whether it is a control that begins to move, rather than a key that is let go."""
        kind, _, n = wire
        return not (kind == "note" and said == 0) and not (kind == "cc" and n >= CHANNEL_MODE)

    def _learned(self, wire: Wire, said: int, at: float) -> None:
        address, asked = self._address, self._asked
        control, encoding = midi_learn.first(wire), "twos"
        if wire[0] == "cc" and asked == "14bit" and wire[2] < 2 * LSB:
            control = Control("cc14", wire[1], wire[2] % LSB, lsb_first=wire[2] >= LSB)
        elif wire[0] == "cc" and asked in ("relative", *ENCODINGS):
            control, encoding = Control("relative", *wire[1:]), asked if asked in ENCODINGS else "twos"
        mode = asked if asked in MODES else None
        if mode is None and wire[0] == "cc" and said in (0, 127) and self._table.parameters[address].type == "bool":
            mode = "toggle"  # a button, rather than a knob that is turned past its middle
        bound = _Bound(Binding(address, control, encoding, mode, value=self._value))
        for each in [each for each in self._all if each.binding.address == address]:
            if each.binding.value == self._value:  # pads for several scenes stand side by side
                self._unbind(each)
        self._bind(bound)
        bound.sure = asked != "relative"
        if not asked or asked in MODES:
            bound.came, bound.heard = at, []
            self._new = bound
            self._look(wire, said, at)
        self.learning, self._changed = None, True
        self.news.set()

    def _look(self, wire: Wire, said: int, at: float) -> None:
        """Find out what the new control is; at first it is thought to be what its first message was."""
        bound = self._new
        binding, parameter = bound.binding, self._table.parameters.get(bound.binding.address)
        button = parameter is None or parameter.type in ("bool", "trigger") or binding.value is not None
        control, encoding = binding.control, binding.encoding
        if wire in control.wires:
            bound.heard.append(said)
            bound.came = at
            if control.kind == "cc" and not button and (found := midi_learn.encoding(bound.heard)):
                control, encoding = control._replace(kind="relative"), found
        elif found := midi_learn.pair(control, wire, at - bound.came, len(bound.heard)):
            control = found
        elif control.kind == "note" and wire[0] == "pitch" and not button and at - bound.came < midi_learn.TOUCH:
            control = midi_learn.first(wire)
        if control != binding.control:
            self._rebind(bound, control, encoding)
            bound.sure = control.kind != "relative"
        if len(bound.heard) >= midi_learn.MOVEMENTS or control.kind not in ("cc", "note"):
            self._new = None

    def _rebind(self, bound: "_Bound", control: Control, encoding: str) -> None:
        self._unbind(bound)
        bound.binding = replace(bound.binding, control=control, encoding=encoding)
        bound.at = bound.given = bound.msb = bound.lsb = None
        bound.waiting = False
        self._bind(bound)
        self._changed = True
        self.news.set()

    def _bind(self, bound: "_Bound") -> None:
        for wire in bound.binding.control.wires:
            if (old := self._by.get(wire)) is not None:
                self._unbind(old)
        self._all.append(bound)
        self._by.update(dict.fromkeys(bound.binding.control.wires, bound))

    def _unbind(self, bound: "_Bound") -> None:
        self._all = [each for each in self._all if each is not bound]
        self._by = {wire: each for wire, each in self._by.items() if each is not bound}

    # -- moving ---------------------------------------------------------------------------------------------------

    def _move(self, bound: "_Bound", wire: Wire, said: int) -> None:
        binding, control = bound.binding, bound.binding.control
        parameter = self._table.parameters.get(binding.address)
        if parameter is None:  # of another dream
            return
        if control.kind == "relative":
            self._turn(bound, parameter, said)
            return
        if control.kind == "cc14" and (said := bound.joined(wire, said)) is None:
            return
        at = said / 127 if control.kind == "note" else place(said, control.bits)
        bound.shown = said
        pressed = said > 0 if control.kind == "note" else at >= 0.5
        rises, falls = pressed and not bound.pressed, bound.pressed and not pressed
        rises = rises or (pressed and control.kind == "note")  # some pads never say that they were let go
        first, bound.pressed = bound.at is None, pressed
        if binding.value is not None or parameter.type in ("trigger", "bool", "text"):
            self._press(bound, parameter, rises, falls)
            bound.at = at
        elif control.kind == "note":
            self._strike(bound, parameter, at, rises, falls)
        elif parameter.jog:
            if not first:
                span = parameter.high - parameter.low
                self._set(bound, [(at - bound.at) * span])
            bound.at = at
        else:
            self._slide(bound, parameter, at)

    def _press(self, bound: "_Bound", parameter: Parameter, rises: bool, falls: bool) -> None:
        binding = bound.binding
        if binding.value is not None or parameter.type == "trigger":
            if rises:
                self._set(bound, [] if binding.value is None else [binding.value])
        elif binding.way == "toggle":
            if rises:
                self._set(bound, [not self._table.target(binding.address)])
        elif rises or falls:
            self._set(bound, [rises])
        if parameter.type != "trigger" and (rises or falls) and self._blind(bound):
            self._dark.add(bound)
            self.news.set()

    def _strike(self, bound: "_Bound", parameter: Parameter, at: float, rises: bool, falls: bool) -> None:
        """A key on a number: as hard as it is struck; of choices the next one."""
        if parameter.type == "choice" and bound.binding.way != "hold":
            if rises:
                count = parameter.high - parameter.low + 1
                self._set(bound, [parameter.low + (self._table.target(parameter.address) + 1 - parameter.low) % count])
        elif at > 0 or (falls and bound.binding.way == "hold"):
            self._set(bound, [_value(bound.binding, parameter, at)])
        bound.at = at

    def _slide(self, bound: "_Bound", parameter: Parameter, at: float) -> None:
        """Soft takeover: from where the value is, and only when the control has come by there."""
        target = self._table.target(parameter.address)
        wanted, before = _value(bound.binding, parameter, at), bound.at
        bound.at = at
        if self._takeover and target != bound.given and target != wanted:
            there = _place(bound.binding, parameter, target)
            passed = before is not None and (before - there) * (at - there) <= 0
            bound.waiting = not passed and abs(at - there) > NEAR
            if bound.waiting:
                return
        bound.waiting = False
        self._set(bound, [wanted])
        bound.given = self._table.target(parameter.address)

    def _turn(self, bound: "_Bound", parameter: Parameter, said: int) -> None:
        binding = bound.binding
        if not bound.sure:
            found = midi_learn.better(binding.encoding, said)
            if found != binding.encoding:
                binding = bound.binding = replace(binding, encoding=found)
                self._changed = True
                self.news.set()
            bound.turns.add(steps(found, said) > 0)
            bound.sure = len(bound.turns) == 2  # both ways were seen
        turned = steps(binding.encoding, said)
        if not turned:
            return
        low, high = _ends(binding, parameter)
        if parameter.type == "trigger":
            self._set(bound, [])
        elif parameter.type == "bool":
            self._set(bound, [turned > 0])
        elif parameter.jog:
            self._set(bound, [turned * (high - low) / 128])
        else:
            step = (high - low) / 128
            if parameter.type in ("int", "choice"):
                step = max(1, abs(step)) * (1 if high >= low else -1)
            ends = min(low, high), max(low, high)
            self._set(bound, [min(max(self._table.target(parameter.address) + turned * step, ends[0]), ends[1])])

    def _set(self, bound: "_Bound", arguments: list) -> None:
        self._table.set(bound.binding.address, arguments, bound.sender, repeats=True)

    # -- showing --------------------------------------------------------------------------------------------------

    def _light(self, bound: "_Bound") -> list[mido.Message]:
        binding, control = bound.binding, bound.binding.control
        parameter = self._table.parameters.get(binding.address)
        if parameter is None or control.kind == "pressure" or parameter.jog or parameter.type in ("trigger", "text"):
            return []
        with contextlib.suppress(KeyError):  # its dream has just gone
            target = self._table.target(_shows(bound))
            at = _place(binding, parameter, target) if binding.value is None else float(target == binding.value)
            top = (1 << control.bits) - 1
            said = round(at * top) if control.kind == "note" else number(at, control.bits)
            if said != bound.shown:
                bound.shown = said
                return _written(control, said)
        return []

    def _blind(self, bound: "_Bound") -> bool:
        """Whether the control cannot know itself what it did."""
        binding = bound.binding
        if binding.control.kind == "relative" or binding.value is not None:
            return True
        parameter = self._table.parameters.get(binding.address)
        return parameter is not None and parameter.type == "bool" and binding.way == "toggle"

    def _beat(self, message: mido.Message, at: float) -> None:
        if self._tempo is None:
            return
        if message.type == "clock":
            self._tempo.clock(at)
        elif message.type == "songpos":
            self._tempo.position(message.pos)
        else:
            {"start": self._tempo.start, "stop": self._tempo.stop, "continue": self._tempo.resume}[message.type]()


class _Bound:
    """A binding with what is known of its control.

    at: where it stood last, 0..1. given: the value that it set last. shown: the number that it is known to show.
    waiting: for soft takeover. sure: nothing is to be found out about its encoding any more. turns: seen so far.
    came, heard: its movements since it was learned.
    """

    def __init__(self, binding: Binding):
        self.binding = binding
        self.at: float | None = None
        self.given: Value | None = None
        self.shown: int | None = None
        self.msb: int | None = None
        self.lsb: int | None = None
        self.pressed = self.waiting = False
        self.sure = True
        self.turns: set[bool] = set()
        self.came, self.heard = 0.0, []

    @property
    def sender(self) -> str:
        return f"MIDI {self.binding.control.label}"

    def joined(self, wire: Wire, said: int) -> int | None:
        """The number 0..16383 that a half makes with the other, or None: the other half is to come.

        Where the low half comes last, the high one by itself means the nearest number on the way.
        """
        control = self.binding.control
        if wire[2] == control.number:
            before, self.msb = self.msb, said
            if not control.lsb_first and before != said:
                self.lsb = 127 if before is not None and said < before else 0
            return said << 7 | (self.lsb or 0)
        self.lsb = said
        return None if control.lsb_first or self.msb is None else self.msb << 7 | said


def _read(message: mido.Message) -> tuple[Wire | None, int]:
    """What a message came by, and its number: 0..16383 of pitch bend, else 0..127."""
    kind = message.type
    if kind == "control_change":
        return ("cc", message.channel, message.control), message.value
    if kind in ("note_on", "note_off"):
        return ("note", message.channel, message.note), message.velocity if kind == "note_on" else 0
    if kind == "pitchwheel":
        return ("pitch", message.channel, 0), message.pitch + 8192
    if kind == "aftertouch":
        return ("pressure", message.channel, 0), message.value
    return None, 0


def _written(control: Control, said: int) -> list[mido.Message]:
    """The messages that bring a control to a number."""
    channel, n = control.channel, control.number
    if control.kind == "note":
        return [mido.Message("note_on", channel=channel, note=n, velocity=said)]
    if control.kind == "pitch":
        return [mido.Message("pitchwheel", channel=channel, pitch=said - 8192)]
    if control.kind == "cc14":
        halves = [(n, said >> 7), (n + LSB, said & 127)]
        pairs = halves[::-1] if control.lsb_first else halves
    else:
        pairs = [(n, said)]
    return [mido.Message("control_change", channel=channel, control=each, value=value) for each, value in pairs]


def _shows(bound: _Bound) -> str:
    """The address whose value it has its light by."""
    return bound.binding.address.removesuffix("/jump")


def _ends(binding: Binding, parameter: Parameter) -> tuple[float, float]:
    low = parameter.low if binding.low is None else binding.low
    high = parameter.high if binding.high is None else binding.high
    return min(max(low, parameter.low), parameter.high), min(max(high, parameter.low), parameter.high)


def _value(binding: Binding, parameter: Parameter, place: float) -> float | int:
    """The value of a place 0..1."""
    low, high = _ends(binding, parameter)
    if parameter.type not in ("int", "choice"):
        return low + (high - low) * place
    count = abs(round(high - low)) + 1
    index = min(int(place * count), count - 1)
    return round(low) + (index if high >= low else -index)


def _place(binding: Binding, parameter: Parameter, value: Value) -> float:
    """The place 0..1 of a value, at most as near as the binding's ends let it come."""
    low, high = _ends(binding, parameter)
    if parameter.type == "bool":
        return float(value)
    if parameter.type in ("int", "choice"):
        count = abs(round(high - low)) + 1
        at = (abs(value - round(low)) + 0.5) / count if (value - low) * (high - low) >= 0 else 0.0
    else:
        at = (value - low) / (high - low) if high != low else 0.0
    return min(max(at, 0.0), 1.0)
