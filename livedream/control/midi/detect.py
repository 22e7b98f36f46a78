"""Detection of a control's kind from its first movements."""

from collections.abc import Sequence
from itertools import pairwise

from livedream.control.midi.controls import LSB, Control, Source
from livedream.control.midi.scale import steps

MOVEMENTS = 8  # examined of a newly learned control
TOGETHER = 0.05  # seconds between the two halves of 14 bits at most
TOUCH = 1.0  # seconds from the note that a touched motor fader sends to its movement at most
_FEWEST = 3  # movements that show a relative encoder
_FASTEST = 24  # steps in one message of a relative encoder
_ORDER = {  # encodings in the order of likelihood: an encoder is usually turned clockwise first
    "": ("twos", "offset", "signed"),
    "twos": ("signed", "offset"),
    "signed": ("twos", "offset"),
    "offset": ("signed", "twos"),
}


def pair(control: Control, source: Source, seconds: float, messages: int) -> Control | None:
    """Return the 14-bit control made of `control` and a second CC, or None if these two are no pair.

    Args:
        control: the CC that moved first.
        source: of the message that came next.
        seconds: between the last message of the first and this one.
        messages: from the first so far; with more than one, the low half was sent alone because the high half had
            not changed, so it does not come first.
    """
    if control.kind != "cc" or source[:2] != ("cc", control.channel) or seconds > TOGETHER:
        return None
    low = min(control.number, source[2])
    if low >= LSB or abs(control.number - source[2]) != LSB:
        return None
    return Control("cc14", control.channel, low, lsb_first=control.number > low and messages == 1)


def encoding(numbers: Sequence[int]) -> str | None:
    """Return the encoding of a relative encoder that sent these numbers, or None for an absolute control.

    An absolute control seldom sends one number twice in a row; steps are mostly alike.
    """
    repeats = sum(a == b for a, b in pairwise(numbers))
    if len(numbers) < _FEWEST or 2 * repeats < len(numbers) - 1:
        return None
    return next((each for each in _ORDER[""] if all(_likely(each, n) for n in numbers)), None)


def better_encoding(known: str, number: int) -> str:
    """Return the encoding to assume after an encoder that was thought to be `known` has sent `number`."""
    if _likely(known, number):
        return known
    return next((each for each in _ORDER[known] if _likely(each, number)), known)


def _likely(encoding: str, number: int) -> bool:
    return 0 < abs(steps(encoding, number)) <= _FASTEST
