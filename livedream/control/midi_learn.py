"""What a control is, from its first movements."""

from collections.abc import Sequence
from itertools import pairwise

from livedream.control.midi_control import LSB, Control, Wire, steps

MOVEMENTS = 8  # of a new control that are looked at
TOGETHER = 0.05  # seconds between the two halves of 14 bits
TOUCH = 1.0  # seconds from the note that a motor fader sends when it is touched to its movement
_FEWEST = 3  # movements that show an endless encoder
_FASTEST = 24  # steps in one message of an endless encoder
_ORDER = {  # which to think of first: an encoder is turned clockwise first
    "": ("twos", "offset", "signed"),
    "twos": ("signed", "offset"),
    "signed": ("twos", "offset"),
    "offset": ("signed", "twos"),
}


def first(wire: Wire) -> Control:
    """What the first message of a control lets one think it is."""
    return Control(*wire)


def pair(control: Control, wire: Wire, apart: float, heard: int) -> Control | None:
    """The 14-bit control whose halves are `control`, `heard` so often, and what came `apart` seconds after by `wire`.

    A low half that was heard by itself for a while is not one that comes first: the high one had not changed.
    """
    if control.kind != "cc" or wire[:2] != ("cc", control.channel) or apart > TOGETHER:
        return None
    low = min(control.number, wire[2])
    if low >= LSB or abs(control.number - wire[2]) != LSB:
        return None
    return Control("cc14", control.channel, low, lsb_first=control.number > low and heard == 1)


def encoding(numbers: Sequence[int]) -> str | None:
    """How an endless encoder that sent these says its steps; None: it is a control that has a place.

    One that has a place does not say the same twice; steps are alike as a rule.
    """
    alike = sum(a == b for a, b in pairwise(numbers))
    if len(numbers) < _FEWEST or 2 * alike < len(numbers) - 1:
        return None
    return next((each for each in _ORDER[""] if all(_likely(each, n) for n in numbers)), None)


def better(known: str, number: int) -> str:
    """The encoding to think of from now on, when an encoder thought to be `known` has sent `number`."""
    if _likely(known, number):
        return known
    return next((each for each in _ORDER[known] if _likely(each, number)), known)


def _likely(encoding: str, number: int) -> bool:
    return 0 < abs(steps(encoding, number)) <= _FASTEST
