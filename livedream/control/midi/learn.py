"""MIDI learn: the next control that moves is bound to the address that waits."""

import re

from livedream.control.midi import detect
from livedream.control.midi.bindings import Bindings, BoundControl
from livedream.control.midi.controls import ENCODINGS, LSB, MODES, Binding, Control, Source
from livedream.control.osc_address import local_name
from livedream.parameters import Table

CHANNEL_MODE = 120  # CC numbers from here on are channel mode messages, such as "all notes off"
_WORDS = {"7bit", "14bit", "relative", *ENCODINGS, *MODES}  # may follow an address


class Learner:
    """Binds controls as they are moved. Not thread-safe: its owner holds a lock.

    Attributes:
        learning: the address that waits for a control, with its value if it has one; or None.
        error: why the last request was refused, or None.
    """

    def __init__(self, table: Table, bindings: Bindings, prefix: str):
        self.learning: str | None = None
        self.error: str | None = None
        self._table, self._bindings, self._prefix = table, bindings, prefix
        self._address, self._word = "", ""  # the parameter that waits, and the word after it
        self._value: float | None = None
        self._new: BoundControl | None = None  # the control that was learned last, while its movements are examined

    @property
    def wants_plain(self) -> bool:
        """Whether the next control is said to be a CC of its own, whatever its number means elsewhere."""
        return self.learning is not None and self._word == "7bit"

    def ask(self, text: str) -> None:
        """Wait for a control to bind.

        Args:
            text: "ADDRESS", after it optionally the value that a press sends, and what the control is: 7bit, 14bit,
                relative, twos, signed, offset, toggle, hold or follow. "off" to wait no longer.
        """
        address, *words = text.split()[:3] or [""]
        address = self._table.name(local_name(address, self._prefix))
        value = float(words.pop(0)) if words and re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", words[0]) else None
        self.learning, self._new = None, None
        self.error = None if address == "off" else self._refusal(address, words, value)
        if address != "off" and not self.error:
            self._address, self._value, self._word = address, value, words[0] if words else ""
            self.learning = address if value is None else f"{address} {value:g}"

    def reset(self) -> None:
        """Examine the movements of the last learned control no further: another controller was plugged in."""
        self._new = None

    def on_message(self, source: Source, data: int, at: float) -> bool:
        """Learn from a message. Returns whether a binding was made or changed."""
        if self.learning is not None and _starts(source, data):
            self._bind(source, data, at)
            return True
        return self._new is not None and self._examine(self._new, source, data, at)

    def _refusal(self, address: str, words: list[str], value: float | None) -> str | None:
        """Say why an address cannot be bound like this, or return None."""
        parameter = self._table.parameters.get(address)
        if parameter is None:
            return f"midi/learn {address[:80]}: no such parameter"
        if unknown := [each for each in words if each not in _WORDS]:
            return f"midi/learn {address}: {unknown[0][:20]!r} is none of {', '.join(sorted(_WORDS))}"
        if parameter.type == "vector":
            elements = [each for each in self._table.parameters if self._table.vector_of(each) == address]
            which = f"; bind one of them, {elements[0]} and so on" if elements else ", too many to bind them"
            return f"midi/learn {address}: has {parameter.length} elements{which}"
        if parameter.type == "text" and (value is None or not parameter.takes_number):
            hint = f"; add a number, as in {address} 0" if parameter.takes_number else ""
            return f"midi/learn {address}: takes a text, not a number{hint}"
        return None

    def _bind(self, source: Source, data: int, at: float) -> None:
        address, word = self._address, self._word
        control, encoding = Control(*source), "twos"
        if source[0] == "cc" and word == "14bit" and source[2] < 2 * LSB:
            control = Control("cc14", source[1], source[2] % LSB, lsb_first=source[2] >= LSB)
        elif source[0] == "cc" and word in ("relative", *ENCODINGS):
            control, encoding = Control("relative", *source[1:]), word if word in ENCODINGS else "twos"
        mode = word if word in MODES else None
        button = (source[0] == "cc" and data in (0, 127)) or (source[0] in ("nrpn", "rpn") and data in (0, 16383))
        if mode is None and button and self._table.parameters[address].type == "bool":
            mode = "toggle"  # a button, rather than a knob that is turned past its middle
        bound = BoundControl(Binding(address, control, encoding, mode, value=self._value))
        for each in [each for each in self._bindings.all if each.binding.address == address]:
            if each.binding.value == self._value:  # pads for several scenes stay side by side
                self._bindings.remove(each)
        self._bindings.add(bound)
        bound.encoding_known = word != "relative"
        if not word or word in MODES:
            bound.moved_at, bound.movements = at, []
            self._new = bound
            self._examine(bound, source, data, at)
        self.learning, self._bindings.changed = None, True

    def _examine(self, bound: BoundControl, source: Source, data: int, at: float) -> bool:
        """Correct what the new control is taken for; at first it is what its first message was."""
        binding, parameter = bound.binding, self._table.parameters.get(bound.binding.address)
        button = parameter is None or parameter.type in ("bool", "trigger") or binding.value is not None
        control, encoding = binding.control, binding.encoding
        if source in control.sources:
            bound.movements.append(data)
            bound.moved_at = at
            if control.kind == "cc" and not button and (found := detect.encoding(bound.movements)):
                control, encoding = control._replace(kind="relative"), found
        elif pair := detect.pair(control, source, at - bound.moved_at, len(bound.movements)):
            control = pair
        elif _fader_was_touched(control, source, at - bound.moved_at) and not button:
            control = Control(*source)
        corrected = control != binding.control
        if corrected:
            self._bindings.redefine(bound, control, encoding)
            bound.encoding_known = control.kind != "relative"
        if len(bound.movements) >= detect.MOVEMENTS or control.kind not in ("cc", "note"):
            self._new = None
        return corrected


def _starts(source: Source, data: int) -> bool:
    """Tell a control that begins to move from a key that is released or a channel mode message."""
    kind, _, number = source
    return not (kind == "note" and data == 0) and not (kind == "cc" and number >= CHANNEL_MODE)


def _fader_was_touched(control: Control, source: Source, seconds: float) -> bool:
    """Tell whether `control` was only the note of a motor fader's touch, and `source` is the fader itself."""
    return control.kind == "note" and source[0] in ("pitch", "nrpn") and seconds < detect.TOUCH
