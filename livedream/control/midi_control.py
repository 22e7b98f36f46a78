"""A MIDI control, what it sends, and what it is bound to. Numbers are those of messages: channels 0..15, CC 0..127."""

import re
from dataclasses import dataclass
from typing import NamedTuple

Wire = tuple[str, int, int]  # what a message comes by: ("cc", "note", "pitch" or "pressure", channel, number)

ENCODINGS = ("twos", "signed", "offset")  # of an endless encoder's steps
MODES = ("toggle", "hold", "follow")  # of a button: each press, while it is down, as it stands
LSB = 32  # the low seven bits of CC n come by CC n + 32


class Control(NamedTuple):
    """kind: "cc", "cc14", "relative", "note", "pitch" or "pressure". lsb_first: of a pair, CC n + 32 comes first."""

    kind: str
    channel: int
    number: int = 0
    lsb_first: bool = False

    @property
    def wires(self) -> tuple[Wire, ...]:
        """All that it sends messages by."""
        kind = "cc" if self.kind in ("cc14", "relative") else self.kind
        first = (kind, self.channel, self.number)
        return (first, (kind, self.channel, self.number + LSB)) if self.kind == "cc14" else (first,)

    @property
    def bits(self) -> int:
        return 14 if self.kind in ("cc14", "pitch") else 7

    @property
    def text(self) -> str:
        """As a mapping file has it, without the channel."""
        pair = (self.number + LSB, self.number) if self.lsb_first else (self.number, self.number + LSB)
        return {
            "cc": f"CC {self.number}",
            "cc14": "CC {}+{}".format(*pair),
            "relative": f"relative CC {self.number}",
            "note": f"note {self.number}",
            "pitch": "pitch bend",
            "pressure": "pressure",
        }[self.kind]

    @property
    def label(self) -> str:
        """As the page says it: the channel where it is not the first."""
        return self.text + (f" · {self.channel + 1}" if self.channel else "")


def control(text: str, channel: int) -> Control:
    """The control of such a `text`. ValueError."""
    if not 0 <= channel < 16:
        raise ValueError(f"no MIDI channel {channel + 1}; there are 1 to 16")
    if text in ("pitch bend", "pressure"):
        return Control(text.split()[0], channel)
    match = re.fullmatch(r"(relative )?(CC|note) (\d{1,3})(?:\+(\d{1,3}))?", text)
    numbers = [int(each) for each in match.groups()[2:] if each is not None] if match else []
    pair = len(numbers) == 2
    if not numbers or max(numbers) > 127 or (match[2] == "note" and (pair or match[1])) or (pair and match[1]):
        raise ValueError(f"no MIDI control: {text[:40]!r}; one is 'CC 21', 'CC 1+33', 'relative CC 7' or 'note 36'")
    if not pair:
        return Control("note" if match[2] == "note" else "relative" if match[1] else "cc", channel, numbers[0])
    if max(numbers) != min(numbers) + LSB or min(numbers) >= LSB:
        raise ValueError(f"no pair of CCs for 14 bits: {text!r}; the second is the first + {LSB}")
    return Control("cc14", channel, min(numbers), numbers[0] > numbers[1])


@dataclass(frozen=True)
class Binding:
    """What moves the parameter `address`.

    encoding: of "relative". mode: what a button does to a switch, or a note to a number; None: the usual.
    low, high: the part of the parameter's range that it covers; low above high turns it round. None: all of it.
    value: what a press sends, of a scene or a preset; None: what the parameter's type asks for.
    """

    address: str
    control: Control
    encoding: str = "twos"
    mode: str | None = None
    low: float | None = None
    high: float | None = None
    value: float | None = None

    @property
    def name(self) -> str:
        """What it is learned and forgotten by."""
        return self.address if self.value is None else f"{self.address} {self.value:g}"

    @property
    def way(self) -> str:
        """Its mode, also where that goes without saying."""
        return self.mode or ("toggle" if self.control.kind == "note" else "follow")


def place(number: int, bits: int = 7) -> float:
    """Where a control stands, 0..1. The middle number (64, 8192) is exactly 0.5, the highest exactly 1."""
    half = 1 << (bits - 1)
    return number / half / 2 if number <= half else 0.5 + (number - half) / (half - 1) / 2


def number(place: float, bits: int = 7) -> int:
    """The nearest number for a place in 0..1."""
    half = 1 << (bits - 1)
    return round(place * 2 * half) if place <= 0.5 else half + round((place - 0.5) * 2 * (half - 1))


def steps(encoding: str, number: int) -> int:
    """How far an endless encoder was turned, clockwise above 0."""
    if encoding == "twos":  # 1, 2 … one way, 127, 126 … the other
        return number - 128 if number > 63 else number
    if encoding == "signed":  # 1, 2 … one way, 65, 66 … the other
        return 64 - number if number > 64 else number % 64
    return number - 64  # 65, 66 … one way, 63, 62 … the other
