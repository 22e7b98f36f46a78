"""NRPN and RPN: parameters of up to 14 bits that a controller names by a number before it sends their value.

CC 99 and 98 choose an NRPN, CC 101 and 100 an RPN; then CC 6 and 38 are the halves of its value, and CC 96 and 97 step
it. The choice stays until another one, so a controller may send it once for many values; 127 and 127 end it.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from livedream.control.midi.controls import Source
from livedream.control.midi.scale import data, position

KINDS = ("nrpn", "rpn")
_CHOOSE = {99: ("nrpn", 0), 98: ("nrpn", 1), 101: ("rpn", 0), 100: ("rpn", 1)}  # kind, and which half of the number
_VALUE = {6: "high", 38: "low", 96: "up", 97: "down"}
_NULL = [127, 127]


def chooses(control: int) -> bool:
    """Whether a CC chooses a parameter number."""
    return control in _CHOOSE


class Event(NamedTuple):
    """A movement of such a control: the value it is moved to, or the steps that it is moved by."""

    source: Source
    data: int = 0
    steps: int = 0


@dataclass
class _Value:
    """The value of one parameter number, as far as it is known.

    Attributes:
        high, low: its halves; a controller may have only the high one.
        low_first: whether the low half is sent before the high one.
    """

    high: int | None = None
    low: int | None = None
    low_first: bool = False


@dataclass
class _Channel:
    """What was chosen on a channel.

    Attributes:
        chosen: the kind of the number that was chosen last, or None after the null number.
        numbers: by kind, the halves of the number.
        only_low: whether the low half of a value has come since the choice, and the high one not yet.
        begun: whether any half of a value has come since the choice.
    """

    chosen: str | None = None
    numbers: dict[str, list[int]] = field(default_factory=lambda: {kind: [0, 0] for kind in KINDS})
    only_low: bool = False
    begun: bool = False


class ParameterNumbers:
    """Follows what a controller chooses on each channel, and joins the halves of the values."""

    def __init__(self) -> None:
        self._channels: dict[int, _Channel] = {}
        self._values: dict[Source, _Value] = {}

    def takes(self, channel: int, control: int) -> bool:
        """Whether a CC is part of a parameter number: 6, 38, 96 and 97 are as soon as one was chosen on the channel."""
        return control in _CHOOSE or (control in _VALUE and channel in self._channels)

    def take(self, channel: int, control: int, value: int) -> Event | None:
        """Take a CC that is part of a parameter number; return the movement that it completes."""
        state = self._channels.setdefault(channel, _Channel())
        if control in _CHOOSE:
            kind, half = _CHOOSE[control]
            state.numbers[kind][half] = value
            state.chosen = None if state.numbers[kind] == _NULL else kind
            state.begun = state.only_low = False
            return None
        if state.chosen is None:
            return None
        high, low = state.numbers[state.chosen]
        source = (state.chosen, channel, high << 7 | low)
        if _VALUE[control] in ("up", "down"):
            return Event(source, steps=1 if _VALUE[control] == "up" else -1)
        known = self._values.setdefault(source, _Value())
        joined = _high(known, value, state) if _VALUE[control] == "high" else _low(known, value, state)
        return None if joined is None else Event(source, joined)

    def reset(self) -> None:
        """Forget everything: the controller was unplugged."""
        self._channels, self._values = {}, {}


def _high(known: _Value, value: int, state: _Channel) -> int:
    """Join a high half. Without a low one it means the nearest number on the way, or is all that there is."""
    before, known.high = known.high, value
    known.low_first = state.only_low or (known.low_first and not state.begun)
    state.begun = True
    if state.only_low:
        state.only_low = False
    elif known.low is not None and before is not None and before != value:
        known.low = 127 if value < before else 0
    if known.low is None:
        return data(position(value), 14)
    return value << 7 | known.low


def _low(known: _Value, value: int, state: _Channel) -> int | None:
    """Join a low half; None where the high one is still to come."""
    known.low = value
    first = not state.begun
    state.begun, state.only_low = True, first
    if known.high is None or (first and known.low_first):
        return None
    return known.high << 7 | value
