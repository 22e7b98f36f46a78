"""One named value that a performer can move, and everything that the other parts need to know about it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

Value = float | int | bool | str | tuple[float, ...]
TYPES = ("float", "int", "bool", "trigger", "choice", "vector", "text")
CURVES = ("linear", "log")
QUANTIZED = ("", "change", "effect")
_ADDRESSES = ("series", "vector", "acts_on", "time_of")  # fields that are the address of another parameter


@dataclass(frozen=True)
class Parameter:
    """One named value. Its fields are the only place that says how the parts of the instrument treat it.

    Attributes:
        address: "player/speed": below the OSC prefix, without a leading slash.
        type: "float"; "int"; "bool" (true above 0); "trigger"; "choice" (an index from 0, or one of `choices`);
            "vector" (`length` floats); "text": a command with a word, whose value is always "".
        low, high, default: in `unit`; a vector's default may be one number for all elements or a tuple of them.
        unit: "s", "beats", "bpm", or words.
        curve: how the travel of an on-screen fader maps to the range: "linear", or "log" for times and rates, which
            gives the small values most of the travel. Values in messages are always in `unit`.
        glide: least seconds from one value to the next; None for what steps at once.
        always: a choice or switch that acts whenever it is set, also to the value it has.
        counted: a trigger that acts for every message above 0, however close they come: a vote. In a snapshot's changes
            its value is how many came within the frame, `high` at most.
        jog: a step rather than a position: steps within one frame add up, 0 is none, and the value is always the
            default.
        doc: one line of help.
        choices: names of the values of a "choice".
        length: numbers in a "vector".

        label: a short human title; empty for one made from the address, see `title`.
        group: the heading it stands under on the page and on tablets; empty for the first part of the address.
        item: which one of several things in the group: a layer's or look's name, a window's or slot's number.
        deck: what the addresses of its deck begin with: "" for the first, "b/" for the second; None for no deck's own.
        series: the address that numbered siblings share: "dream/knob".
        vector: the address of the vector that this is an element of.
        whole: a vector whose elements have no addresses of their own.
        parts: names of a vector's elements, in their addresses: ("r", "g", "b", "a") of a colour.
        aliases: former addresses, which are still taken wherever an address is.
        hidden: the page shows no control for it, or one of its own making.
        pinned: the page keeps it in the row of buttons that is always within reach.
        risky: tablets mark it, for it should not be touched by mistake.
        admin: who has only the page's token for playing cannot set it: it writes files, sends the picture elsewhere,
            changes what plays or what the controllers do.
        takes_number: a "text" for which a number will do, so that buttons and MIDI can send it.

        local: its choices are files of this machine; a show from another one may hold a number beyond them.

        acts_on: the address of the choice that this one sets, firing every time: "dream/scene_jump".
        time_of: the address of the parameter whose least glide, in seconds, this one is: "master/fade_time".

        in_preset: presets keep its value; see `has_value`.
        in_session: session files keep its value.
        modulated: modulation can move it.
        quantized: "change": its changes wait for the beat that tempo/quantize chooses. "effect": it is taken at once,
            and what it prepares (a dream that is loaded) comes in on the beat.
        panic: the value that master/panic sets, True to fire a trigger; None: panic leaves it.
        panic_always: panic also sets it when it recalls a preset, which sets the others.
    """

    address: str
    type: str
    low: float = 0.0
    high: float = 1.0
    default: float | tuple[float, ...] = 0.0
    unit: str = ""
    curve: str = "linear"
    glide: float | None = None
    always: bool = False
    counted: bool = False
    jog: bool = False
    doc: str = ""
    choices: tuple[str, ...] = ()
    length: int = 1
    label: str = ""
    group: str = ""
    item: str = ""
    deck: str | None = None
    series: str = ""
    vector: str = ""
    whole: bool = False
    parts: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    hidden: bool = False
    pinned: bool = False
    risky: bool = False
    admin: bool = False
    takes_number: bool = False
    local: bool = False
    acts_on: str = ""
    time_of: str = ""
    in_preset: bool = True
    in_session: bool = True
    modulated: bool = False
    quantized: str = ""
    panic: float | bool | None = None
    panic_always: bool = False

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise ValueError(f"parameter {self.address}: no such type: {self.type!r}")
        if self.curve not in CURVES or self.quantized not in QUANTIZED:
            raise ValueError(f"parameter {self.address}: no such curve or quantization: {self.curve}, {self.quantized}")
        default = self.default if isinstance(self.default, tuple) else (self.default,)
        if not all(self.low <= each <= self.high for each in default) or not math.isfinite(self.high - self.low):
            raise ValueError(f"parameter {self.address}: {self.low} <= {self.default} <= {self.high} does not hold")

    @property
    def start(self) -> Any:  # a Value, of the type that `type` says
        """The value before anybody moved it."""
        if self.type == "text":
            return ""
        if isinstance(self.default, tuple):
            return self.default
        if self.type == "vector":
            return (float(self.default),) * self.length
        if self.type == "bool":
            return bool(self.default)
        return float(self.default) if self.type == "float" else int(self.default)

    @property
    def has_value(self) -> bool:
        """Whether it stays where it is put: it can be read, sent back, and kept in presets and sessions."""
        return self.type not in ("trigger", "text") and not self.jog and not self.acts_on

    @property
    def is_colour(self) -> bool:
        """Whether it is a colour: red, green, blue and alpha."""
        return self.parts == ("r", "g", "b", "a")

    @property
    def title(self) -> str:
        """A short human title."""
        text = self.label or self.address.rpartition("/")[2].replace("_", " ")
        return text[:1].upper() + text[1:]

    @property
    def heading(self) -> str:
        """The heading that it stands under."""
        return self.group or self.address.removeprefix(self.deck or "").partition("/")[0]

    def on_deck(self, prefix: str) -> "Parameter":
        """The same parameter of the deck whose addresses begin with `prefix`."""
        below = {name: prefix + text for name in _ADDRESSES if (text := getattr(self, name))}
        aliases = tuple(prefix + each for each in self.aliases)
        return replace(self, address=prefix + self.address, aliases=aliases, deck=prefix, **below)

    def within(self, value: Value) -> Value:
        """The value, kept within the range."""
        if isinstance(value, tuple):
            return tuple(min(max(each, self.low), self.high) for each in value)
        if isinstance(value, str):
            return value
        return min(max(value, self.low), self.high)


def alike(a: Parameter, b: Parameter) -> bool:
    """Whether a value of one is a value of the other."""
    return (a.type, a.low, a.high, a.choices, a.length) == (b.type, b.low, b.high, b.choices, b.length)


def grouped(group: str, parameters: Iterable[Parameter], **fields: Any) -> tuple[Parameter, ...]:
    """The parameters with this group, and with the other fields that all of them share."""
    return tuple(replace(each, group=group, **fields) for each in parameters)


def fitting_curve(low: float, high: float, default: float) -> str:
    """The curve for a range of somebody else's: "log" where the default lies in its lowest tenth, above the end."""
    return "log" if 0 < (default - low) / ((high - low) or 1) < 0.1 else "linear"


def of_control(
    address: str,
    low: float,
    high: float,
    default: float | tuple[float, ...],
    doc: str,
    length: int,
    parts: tuple[str, ...],
) -> Parameter:
    """Return the parameter of an input `control.NAME`, f32 [length], of a dream or an effect."""
    return Parameter(
        address,
        "float" if length == 1 else "vector",
        low,
        high,
        default,
        curve="linear" if isinstance(default, tuple) else fitting_curve(low, high, default),
        glide=0.0,
        doc=doc,
        length=length,
        parts=parts,
        modulated=True,
    )
