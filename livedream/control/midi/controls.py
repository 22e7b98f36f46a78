"""MIDI controls, the messages that they send, and their bindings to parameters.

Channels are 0..15 and CC and note numbers 0..127, as in messages. The data of a message is the number that it carries:
0..127, or 0..16383 with 14 bits.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

Source = tuple[str, int, int]  # "cc", "note", "nrpn", "rpn", "pitch" or "pressure"; channel; number

ENCODINGS = ("twos", "signed", "offset")  # relative encoders: two's complement, sign bit, binary offset
MODES = ("toggle", "hold", "follow")  # buttons: switch at each press, momentary, on from the middle up
LSB = 32  # CC n + 32 carries the low seven bits of CC n


class Control(NamedTuple):
    """One knob, fader, encoder, wheel, button, key or pad of a controller.

    Attributes:
        kind: "cc", "cc14" (14-bit CC pair), "relative" (endless encoder), "note", "nrpn" or "rpn" (a parameter number),
            "pitch" or "pressure" (of a channel).
        channel: 0..15.
        number: of the CC, note or parameter; for "cc14" that of the high seven bits.
        lsb_first: whether CC n + 32 is sent before CC n, for "cc14".
    """

    kind: str
    channel: int
    number: int = 0
    lsb_first: bool = False

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources of its messages."""
        kind = "cc" if self.kind in ("cc14", "relative") else self.kind
        first = (kind, self.channel, self.number)
        return (first, (kind, self.channel, self.number + LSB)) if self.kind == "cc14" else (first,)

    @property
    def bits(self) -> int:
        """The resolution of its data: 14 or 7."""
        return 14 if self.kind in ("cc14", "nrpn", "rpn", "pitch") else 7

    @property
    def text(self) -> str:
        """Its name in a mapping file, without the channel."""
        pair = (self.number + LSB, self.number) if self.lsb_first else (self.number, self.number + LSB)
        return {
            "cc": f"CC {self.number}",
            "cc14": "CC {}+{}".format(*pair),
            "relative": f"relative CC {self.number}",
            "note": f"note {self.number}",
            "nrpn": f"NRPN {self.number}",
            "rpn": f"RPN {self.number}",
            "pitch": "pitch bend",
            "pressure": "pressure",
        }[self.kind]

    @property
    def label(self) -> str:
        """Its name on the page: with the channel, except for channel 1."""
        return self.text + (f" · {self.channel + 1}" if self.channel else "")


def parse_control(text: str, channel: int) -> Control:
    """Return the control that a mapping file calls `text`, on channel 0..15. Raises ValueError."""
    if not 0 <= channel < 16:
        raise ValueError(f"no MIDI channel {channel + 1}; there are 1 to 16")
    if text in ("pitch bend", "pressure"):
        return Control(text.split()[0], channel)
    if (numbered := re.fullmatch(r"(N?RPN) (\d{1,5})", text)) and int(numbered[2]) < 1 << 14:
        return Control(numbered[1].lower(), channel, int(numbered[2]))
    match = re.fullmatch(r"(relative )?(CC|note) (\d{1,3})(?:\+(\d{1,3}))?", text)
    numbers = [int(each) for each in match.groups()[2:] if each is not None] if match else []
    pair = len(numbers) == 2
    if match is None or max(numbers) > 127 or (match[2] == "note" and (pair or match[1])) or (pair and match[1]):
        raise ValueError(
            f"no MIDI control: {text[:40]!r}; one is 'CC 21', 'CC 1+33', 'relative CC 7', 'NRPN 135' or 'note 36'"
        )
    if not pair:
        return Control("note" if match[2] == "note" else "relative" if match[1] else "cc", channel, numbers[0])
    if max(numbers) != min(numbers) + LSB or min(numbers) >= LSB:
        raise ValueError(f"no pair of CCs for 14 bits: {text!r}; the second is the first + {LSB}")
    return Control("cc14", channel, min(numbers), numbers[0] > numbers[1])


@dataclass(frozen=True)
class Binding:
    """The binding of a control to a parameter.

    Attributes:
        address: of the parameter.
        control: what moves it.
        encoding: of a relative encoder, one of ENCODINGS.
        mode: of a button on a switch, or a note on a number, one of MODES; None for the default.
        low: the parameter's value at the control's lowest position; None for the lowest of its range.
        high: the parameter's value at the highest position, which may lie below `low`; None for the highest.
        value: what a press sends, such as the number of a scene or preset; None: by the parameter's type.
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
        """Its name for learning and forgetting: "ADDRESS" or "ADDRESS VALUE"."""
        return self.address if self.value is None else f"{self.address} {self.value:g}"

    @property
    def button_mode(self) -> str:
        """Its mode, or the default: notes toggle, CCs follow."""
        return self.mode or ("toggle" if self.control.kind == "note" else "follow")
