"""The one table of what a performer can move: addresses, ranges, present values.

Everything that controls (OSC, the page, later MIDI and presets) calls `Table.set` from any thread. The stage
calls `Table.tick` once a frame and draws from the immutable `Snapshot` it returns. What there is to move is
declared once, in the lists below; the address table, the page and feedback are all read from them.
"""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from types import MappingProxyType

Value = float | int | bool | str | tuple[float, ...]
TYPES = ("float", "int", "bool", "trigger", "choice", "vector", "text")


@dataclass(frozen=True)
class Parameter:
    """One named value.

    address: "player/speed": below the prefix, without a leading slash.
    type: "float"; "int"; "bool" (true above 0); "trigger"; "choice" (an index from 0, or one of `choices`);
        "vector" (`length` floats); "text": a command with a word, whose value is always "".
    low, high, default: in `unit`; a vector's default may be one number for all elements or a tuple of them.
    curve: how a fader's way maps to the range; "linear" is the only one so far.
    always: a choice or switch that acts whenever it is made, also of what was chosen before.
    glide: least seconds from one value to the next; None for what steps at once.
    jog: a step rather than a place: those of one frame add up, 0 is none, and the value is always the default.
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
    jog: bool = False
    doc: str = ""
    choices: tuple[str, ...] = ()
    length: int = 1

    def __post_init__(self):
        if self.type not in TYPES:
            raise ValueError(f"parameter {self.address}: no such type: {self.type!r}")
        default = self.default if isinstance(self.default, tuple) else (self.default,)
        if not all(self.low <= each <= self.high for each in default) or not math.isfinite(self.high - self.low):
            raise ValueError(f"parameter {self.address}: {self.low} <= {self.default} <= {self.high} does not hold")

    @property
    def start(self) -> Value:
        """The value before anybody moved it."""
        if self.type == "text":
            return ""
        if self.type != "vector":
            return {"float": float, "bool": bool}.get(self.type, int)(self.default)
        return self.default if isinstance(self.default, tuple) else (float(self.default),) * self.length


DEVIATIONS = "standard deviations"

UNSTICK = ("off", "nudge", "scene")
PLAYER = (
    Parameter("player/speed", "float", -8, 8, 1, glide=0.0, doc="1 is as the footage moved; below 0 back in the past"),
    Parameter("player/freeze", "bool", doc="the dream stands still; looks and master go on"),
    Parameter("player/seed", "int", 0, 16777215, 0, doc="start of the random numbers"),
    Parameter("player/reseed", "trigger", doc="begin the random numbers anew, from the seed"),
    Parameter("player/loop", "float", 0, 64, 0, "beats", doc="go round in the last beats of what was drawn; 0 is live"),
    Parameter("player/pingpong", "bool", doc="the loop goes to and fro"),
    Parameter("player/scrub", "float", default=1, doc="the place in loop or past that is held; 1 lets go"),
    Parameter("player/live", "trigger", doc="back to the present, which has stood still meanwhile"),
    Parameter("player/branch", "trigger", doc="go on from the moment of the past that is seen, to another future"),
    Parameter(
        "player/unstick",
        "choice",
        0,
        len(UNSTICK) - 1,
        1,
        doc="if the dream comes to rest: a small push, or over to the nearest scene at the next bar",
        choices=UNSTICK,
    ),
    Parameter("player/glide", "float", 0, 30, 0.05, "s", doc="time from one value to the next, of all that glides"),
)
SHARED = PLAYER[-1:]  # by all decks
LOADING = (
    Parameter("dream/load", "choice", 0, 0, doc="change the dream: to one that ships or lies in --dreams FOLDER"),
    Parameter("dream/reload", "trigger", doc="take the dream's file anew if it has changed on the disk"),
)
DREAM = (
    Parameter("dream/temperature", "float", 0, 2, 1, glide=0.0, doc="0 takes the likeliest way, 2 the wildest"),
    Parameter("dream/scene", "choice", 0, 0, doc="go to a start scene, by number from 0 or by name; acts on change"),
    Parameter("dream/scene/jump", "choice", 0, 0, doc="the same, and acts every time"),
    Parameter("dream/feedback", "float", glide=0.0, doc="how much of knobs and offsets the dream itself takes up"),
    Parameter("dream/unclip", "float", glide=0.0, doc="1 lets knobs and offsets go farther than the footage ever did"),
)
MODES = ("fade", "add", "screen", "multiply", "lighten", "darken", "difference")


def mix(transitions: Iterable[str] = ()) -> tuple[Parameter, ...]:
    """How two decks become one picture; transitions: the names of looks that lead from one to the other."""
    ways = (*MODES, *transitions)
    return (
        Parameter("mix/crossfade", "float", glide=0.0, doc="0 is the first deck, 1 the second"),
        Parameter("mix/mode", "choice", 0, len(ways) - 1, doc="how the second lies over the first", choices=ways),
    )


MASTER = (
    Parameter("master/fade", "float", default=1, glide=0.0, doc="0 is black, 1 the whole picture"),
    Parameter("master/fade/time", "float", 0, 60, 0, "s", doc="what a change of the fade takes at least"),
    Parameter("master/blackout", "bool", doc="black, at once or in the time below"),
    Parameter("master/blackout/time", "float", 0, 60, 0, "s", doc="what it takes to black and back"),
    Parameter("master/hold", "bool", doc="the outputs keep the last picture"),
    Parameter("master/panic", "trigger", doc="a good picture at once: all calm and seen, or the preset of --panic"),
)
UPSCALERS = ("off", "edge", "lanczos", "bilinear", "nearest")
FINISH = (
    Parameter(
        "master/upscale",
        "choice",
        0,
        len(UPSCALERS) - 1,
        doc="how a dream becomes as large as --size; off leaves that to each output",
        choices=UPSCALERS,
    ),
    Parameter("master/sharpness", "float", default=0.5, glide=0.0, doc="of the upscaler that follows edges"),
    Parameter("master/grain", "float", glide=0.0, doc="film grain"),
    Parameter("master/dither", "float", glide=0.0, doc="against bands in the dark"),
    Parameter("master/blend", "bool", doc="blended frames between those drawn, where drawing is slower than the rate"),
)
OUTPUT = (
    Parameter("output/add", "text", doc="send frames there too, as --out says it; a file is a name in --recordings"),
    Parameter("output/remove", "text", doc="end an output, by its name or by its number in /status"),
    Parameter("output/record", "bool", always=True, doc="record to a new file in --recordings; 0 ends it"),
    Parameter("output/screenshot", "trigger", doc="keep the next frame as a PNG in --recordings"),
)
SOURCES = ("internal", "midi", "link")
GRIDS = ("off", "beat", "bar")
TEMPO = (
    Parameter("tempo/bpm", "float", 20, 300, 120, "bpm", doc="beats a minute; shows what is followed, too"),
    Parameter("tempo/tap", "trigger", doc="beat time with it; acts from the fourth tap on"),
    Parameter("tempo/resync", "trigger", doc="this is the first beat of a bar of four"),
    Parameter("tempo/nudge", "float", -0.25, 0.25, 0, "beats", jog=True, doc="a step on, or back; 0 between two alike"),
    Parameter(
        "tempo/quantize",
        "choice",
        0,
        2,
        doc="what speed, loops, scenes, reseed, loads, presets wait for",
        choices=GRIDS,
    ),
    Parameter("tempo/source", "choice", 0, 2, doc="who sets the tempo", choices=SOURCES),
    Parameter("tempo/sync", "bool", doc="speed goes with the tempo: as it is at 120 bpm, twice at 240"),
)
PRESET = (
    Parameter("preset/store", "text", doc="keep this moment, by a name or a number from 0; replaces what has it"),
    Parameter("preset/recall", "text", doc="go to a preset, by name or number"),
    Parameter("preset/morph", "float", 0, 120, 2, "s", doc="time that recall and undo take, 0 is at once"),
    Parameter("preset/beats", "bool", doc="preset/morph is in beats instead of seconds"),
    Parameter("preset/undo", "trigger", doc="back to the moment before the last recall"),
    Parameter("preset/delete", "text", doc="forget a preset, by name or number"),
)
MIDI = (
    Parameter("midi/learn", "text", doc="an address: the next MIDI control that moves is bound to it; off: none is"),
    Parameter("midi/forget", "text", doc="an address: no MIDI control moves it any more"),
)
AUDIO = (
    Parameter("audio/gain", "float", 0, 16, 1, glide=0.0, doc="of what is heard"),
    Parameter("audio/attack", "float", 0, 1, 0.005, "s", doc="how fast the level and the bands rise"),
    Parameter("audio/release", "float", 0, 5, 0.2, "s", doc="how fast they fall"),
    Parameter("audio/threshold", "float", 0, 1, 0.5, doc="how clear an onset must be"),
)
SLOTS = 8  # of modulation
MODULATORS = (
    *("off", "sine", "triangle", "saw", "square", "random", "envelope"),
    *("level", "low", "mid", "high", "onset", "beat"),
)
NOTHING = "nothing"  # that a slot moves
FITS = ("contain", "cover", "stretch")  # how a picture of another shape is placed
FLIPS = ("none", "h", "v", "hv")
TURNS = ("0", "90", "180", "270")  # clockwise
CORNERS = (0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0)  # x, y of the whole window, from the top left one clockwise
KNOBS = 8
LATENTS = 256  # above this many, only the vector has an address
OFFSET_SECONDS = 1.0  # that a layer may be late at most


def knob(i: int, label: str = "", doc: str = "") -> Parameter:
    """Knob `i`, from 1, along the dream's i-th direction. A 7-bit controller's 64 is exactly 0."""
    text = ": ".join(each for each in (label, doc) if each) or "along a direction of the dream; MIDI 64 is exactly 0"
    return Parameter(f"dream/knob/{i}", "float", -3, 3, 0, DEVIATIONS, glide=0.0, doc=text)


def latent(i: int) -> Parameter:
    """The offset of latent `i`, from 0."""
    return Parameter(f"dream/latent/{i}", "float", -3, 3, 0, DEVIATIONS, glide=0.0, doc="added to one latent")


def latents(length: int) -> tuple[Parameter, ...]:
    """The offsets of all latents: the vector, and one address each where there are at most 256."""
    doc = f"added to the latents: {length} numbers"
    whole = Parameter("dream/latent", "vector", -3, 3, 0, DEVIATIONS, glide=0.0, doc=doc, length=length)
    return (whole, *(latent(i) for i in range(length) if length <= LATENTS))


def layer(name: str) -> tuple[Parameter, ...]:
    """How the layer called `name` of a dream that draws several lies in the picture."""
    gain, offset, mute = (f"layer/{name}/{each}" for each in ("gain", "offset", "mute"))
    return (
        Parameter(gain, "float", default=1, glide=0.0, doc="how much of the layer is seen"),
        Parameter(offset, "float", 0, OFFSET_SECONDS, 0, "s", glide=0.0, doc="how late the layer is"),
        Parameter(mute, "bool", doc="the layer is not seen"),
    )


def window(n: int) -> tuple[Parameter, ...]:
    """How window `n`, from 0 in the order of the outputs, shows the picture."""
    corners = "top left, top right, bottom right and bottom left corner of the picture: x and y, the window is 0…1"
    own = (
        Parameter("corners", "vector", -0.5, 1.5, CORNERS, doc=corners, length=8),
        Parameter("fit", "choice", 0, len(FITS) - 1, doc="how a picture of another shape is placed", choices=FITS),
        Parameter("flip", "choice", 0, len(FLIPS) - 1, doc="mirrored: sideways, upside down, both", choices=FLIPS),
        Parameter("rotate", "choice", 0, len(TURNS) - 1, doc="degrees clockwise, after the flip", choices=TURNS),
        Parameter("card", "bool", doc="a test card in the picture's place; key T"),
        Parameter("map", "bool", doc="drag the corners with the mouse; key M"),
        Parameter("fullscreen", "bool", doc="the whole of a screen; key F"),
    )
    return tuple(replace(each, address=f"window/{n}/{each.address}") for each in own)


def modulator(n: int) -> tuple[Parameter, ...]:
    """Slot `n`, from 1, of the modulation: what moves, what it moves, and how."""
    target = "what it moves, by its address: dream/knob/1; an element of a colour or a point: look/tint/colour/0"
    own = (
        Parameter("source", "choice", 0, len(MODULATORS) - 1, doc="what moves it", choices=MODULATORS),
        Parameter("target", "choice", 0, 0, doc=target, choices=(NOTHING,)),
        Parameter("depth", "float", -1, 1, 0.5, glide=0.0, doc="how much of the target's range it sweeps"),
        Parameter("offset", "float", -1, 1, 0, glide=0.0, doc="added to it, in parts of the target's range"),
        Parameter("rate", "float", 0, 32, 1, doc="cycles a second; with beats, and for beat, beats a cycle"),
        Parameter("beats", "bool", doc="the rate is in beats of the tempo, and cycles begin on beats"),
        Parameter("phase", "float", doc="where in its cycle it begins"),
        Parameter("attack", "float", 0, 10, 0, "s", doc="of the envelope, which onset and beat begin, too"),
        Parameter("decay", "float", 0, 10, 0.3, "s", doc="from its peak to the sustain level"),
        Parameter("sustain", "float", doc="level that it keeps while the gate is 1"),
        Parameter("release", "float", 0, 10, 0.3, "s", doc="from there to nothing"),
        Parameter("gate", "bool", doc="begins the envelope; 0 lets go of it"),
        Parameter("trigger", "trigger", doc="begins the envelope, which is let go after its decay; or an LFO's cycle"),
    )
    return tuple(replace(each, address=f"mod/{n}/{each.address}") for each in own)


def control(name: str, low: float, high: float, default, doc: str = "", length: int = 1) -> Parameter:
    """The parameter of a dream's input `control.NAME` (f32 [length]). ValueError for a name of ours."""
    if name in ("load", "reload", "scene", "knob", "latent"):
        raise ValueError(f"control.{name}: that name is taken; call it otherwise")
    kind = "float" if length == 1 else "vector"
    return Parameter(f"dream/{name}", kind, low, high, default, glide=0.0, doc=doc, length=length)


def scenes(names: Iterable[str]) -> tuple[Parameter, Parameter]:
    """`dream/scene` and `dream/scene/jump` for scenes of these names."""
    names = tuple(names)
    at = {each.address: each for each in DREAM}
    return tuple(
        Parameter(address, "choice", 0, max(len(names) - 1, 0), doc=at[address].doc, choices=names)
        for address in ("dream/scene", "dream/scene/jump")
    )


def dream(
    scene_names: Iterable[str] = (),
    directions: Sequence[tuple[str, str]] = (("", ""),) * KNOBS,
    latent_length: int = 0,
    controls: Iterable[Parameter] = (),
) -> tuple[Parameter, ...]:
    """Every parameter of one dream, for `Table.replace("dream/", …)`.

    directions: (label, effect) of each knob. A control with the address of one of ours (`dream/temperature`)
    gives that one its own range.
    """
    named = {each.address: each for each in (*DREAM, *scenes(scene_names))}
    named |= {each.address: each for each in (knob(i, *pair) for i, pair in enumerate(directions[:KNOBS], 1))}
    named |= {each.address: each for each in (latents(latent_length) if latent_length else ())}
    named |= {each.address: each for each in controls}
    return tuple(named.values())


class _Refused(ValueError):
    """The arguments cannot be this parameter's value."""


_NUMBERS = (float, int, Real)  # the usual ones first: to ask Real is slow


def _number(value) -> float | int:
    if not isinstance(value, _NUMBERS):
        raise _Refused(f"a {type(value).__name__} where a number is wanted")
    if not math.isfinite(value):
        raise _Refused("not a finite number")
    return value


def _one(arguments: Sequence):
    if len(arguments) != 1:
        raise _Refused(f"{len(arguments)} arguments where 1 is wanted")
    return arguments[0]


def _within(value, low: float, high: float):
    return min(max(value, low), high)


def _clamp(parameter: Parameter, value):
    return _within(value, parameter.low, parameter.high)


# Each takes a parameter and a message's arguments, and returns the value and whether it had to be clamped.
def _to_float(parameter, arguments):
    value = float(_number(_one(arguments)))
    if parameter.low <= value <= parameter.high:
        return value, False
    return float(_clamp(parameter, value)), True


def _to_int(parameter, arguments):
    value = round(_number(_one(arguments)))
    inside = int(_clamp(parameter, value))
    return inside, inside != value


def _to_bool(parameter, arguments):
    return _number(_one(arguments)) > 0, False


def _to_trigger(parameter, arguments):
    return (not arguments or _number(_one(arguments)) > 0), False


def _to_choice(parameter, arguments):
    value = _one(arguments)
    if not isinstance(value, str):
        index, clamped = _to_int(parameter, arguments)
        if not clamped or f"{value:g}" not in parameter.choices:
            return index, clamped
        value = f"{value:g}"  # 90 is no index of 0, 90, 180, 270, and yet clear
    if value not in parameter.choices:
        raise _Refused(f"no choice called {value[:40]!r}")
    return parameter.choices.index(value), False


def _to_vector(parameter, arguments):
    if len(arguments) != parameter.length:
        raise _Refused(f"{len(arguments)} arguments where {parameter.length} are wanted")
    values = tuple(float(_number(each)) for each in arguments)
    inside = tuple(float(_clamp(parameter, each)) for each in values)
    return inside, inside != values


TEXT = 1000  # characters at most
TEXTS = 16  # in one frame at most


def _to_text(parameter, arguments):
    value = _one(arguments)
    if not isinstance(value, str):
        value = f"{_number(value):g}"
    if not value.strip() or len(value) > TEXT:
        raise _Refused(f"{len(value)} characters where 1 to {TEXT} are wanted")
    return value.strip(), False


_COERCE = {
    "float": _to_float,
    "int": _to_int,
    "bool": _to_bool,
    "trigger": _to_trigger,
    "choice": _to_choice,
    "vector": _to_vector,
    "text": _to_text,
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What every parameter is on one frame. Never changes.

    fired: triggers that fire on this frame, and `dream/scene` or `dream/scene/jump` when a scene is to be
        taken: the number of it is this snapshot's `dream/scene` either way.
    event_at: time.perf_counter() seconds of the oldest change that this frame is the first to show, or None.
    changes: (address, target) of all that was applied on this frame. Setting them again does the same.
    senders: whose message each of them was, by address. at: when it arrived, in time.perf_counter() seconds.
    texts: all that was said to each "text" parameter, in order; they may hold passwords, and are in nothing else.
    """

    values: Mapping[str, Value]
    fired: frozenset[str] = frozenset()
    event_at: float | None = None
    changes: tuple[tuple[str, Value], ...] = ()
    senders: Mapping[str, Hashable] = field(default_factory=dict)
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    at: Mapping[str, float] = field(default_factory=dict)

    def __getitem__(self, address: str) -> Value:
        """The present value, part of the way there while it glides. KeyError for an unknown address."""
        return self.values[address]

    def __contains__(self, address: str) -> bool:
        return address in self.values

    def changed(self, values: Mapping[str, Value]) -> "Snapshot":
        """The same with other present values; what hands have applied stays what it was."""
        return replace(self, values=MappingProxyType({**self.values, **values})) if values else self

    def below(self, prefix: str) -> "Snapshot | Below":
        """The same as a deck sees it whose addresses begin with `prefix` ("b/")."""
        return Below(self, prefix) if prefix else self


class Below:
    """A Snapshot's values and what fires, by their addresses below a prefix."""

    __slots__ = ("_prefix", "_whole", "fired")

    def __init__(self, whole: Snapshot, prefix: str):
        self._whole, self._prefix = whole, prefix
        self.fired = frozenset(each.removeprefix(prefix) for each in whole.fired if each.startswith(prefix))

    def __getitem__(self, address: str) -> Value:
        try:
            return self._whole[self._prefix + address]
        except KeyError:  # both decks have it
            return self._whole[address]


class _Entry:
    """A parameter of the table with what it is going to (`target`) and on which way."""

    __slots__ = ("coerce", "elapsed", "elements", "origin", "parameter", "seconds", "target", "vector")

    def __init__(self, parameter: Parameter):
        self.parameter = parameter
        self.coerce = _COERCE[parameter.type]
        self.target = parameter.start
        self.origin = self.target
        self.elapsed = self.seconds = 0.0
        self.elements: tuple[str, ...] = ()  # of a vector whose elements have addresses of their own
        self.vector: str | None = None  # of such an element

    def present(self) -> Value:
        if self.elapsed >= self.seconds:
            return self.target
        part = self.elapsed / self.seconds
        if isinstance(self.target, tuple):
            return tuple(a + (b - a) * part for a, b in zip(self.origin, self.target, strict=True))
        return self.origin + (self.target - self.origin) * part


def _alike(a: Parameter, b: Parameter) -> bool:
    """Whether a value of one is a value of the other."""
    return (a.type, a.low, a.high, a.choices, a.length) == (b.type, b.low, b.high, b.choices, b.length)


class Table:
    """All parameters and their values. Every method may be called from any thread; `tick` from one only.

    hold: asked by `tick` about each address that is to be applied; True: not yet, the next tick asks again.
    counters: messages, clamped, unknown and malformed since the start.
    faults: the latest case of each, in words, for the log.
    limited: the addresses of all that `limit` keeps within limits.
    """

    SENDERS = 64  # remembered at a time, the least recently heard of is forgotten

    def __init__(self, parameters: Iterable[Parameter]):
        self.counters = {"messages": 0, "clamped": 0, "unknown": 0, "malformed": 0}
        self.faults: dict[str, str] = {}
        self.hold: Callable[[str], bool] = lambda address: False
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._values: dict[str, Value] = {}  # shared with the last snapshot: replaced, never written to
        self._pending: dict[str, tuple[Value, Hashable, float]] = {}  # value, sender, when it was asked for
        self._ways: dict[str, float] = {}  # of these, the seconds that they are to take, where that was said
        self._texts: dict[str, tuple[str, ...]] = {}
        self._gliding: set[str] = set()
        self._event_at: float | None = None
        self._said: OrderedDict[Hashable, dict[str, tuple]] = OrderedDict()  # by sender and address: last arguments
        self._limits: dict[str, tuple[float, float]] = {}
        self.limited: tuple[str, ...] = ()
        self._install([_Entry(each) for each in parameters])

    def limit(self, limits: Mapping[str, tuple[float, float]]) -> None:
        """Let these parameters, whenever they are there, be nothing outside of (low, high): their range is narrower.

        The address of a vector, or of knobs or latents ("dream/knob"), stands for all its elements.
        """
        with self._lock:
            self._limits = dict(limits)
            entries = list(self._entries.values())
            for entry in entries:
                entry.parameter = narrowed = self._narrowed(entry.parameter)
                if narrowed.type in ("float", "int"):
                    entry.target, entry.origin = _clamp(narrowed, entry.target), _clamp(narrowed, entry.origin)
                elif narrowed.type == "vector":
                    entry.target = tuple(_clamp(narrowed, each) for each in entry.target)
                    entry.origin = tuple(_clamp(narrowed, each) for each in entry.origin)
            self._install(entries)

    def replace(self, prefix: str, parameters: Iterable[Parameter]) -> None:
        """Put `parameters` in the place of all that begin with `prefix`: a dream came or went.

        The value of a parameter that was there before with the same range stays, and so does its glide.
        Raises ValueError for a parameter that does not begin with `prefix`.
        """
        parameters = tuple(parameters)
        for each in parameters:
            if not each.address.startswith(prefix):
                raise ValueError(f"parameter {each.address} does not begin with {prefix}")
        with self._lock:
            fresh = []
            for each in parameters:
                entry, old = _Entry(self._narrowed(each)), self._entries.get(each.address)
                if old and _alike(old.parameter, entry.parameter):
                    entry.target, entry.origin = old.target, old.origin
                    entry.elapsed, entry.seconds = old.elapsed, old.seconds
                else:  # what was said about the old one is not about this one
                    self._forget(each.address)
                fresh.append(entry)
            entries = list(self._entries.values())
            gone = [i for i, each in enumerate(entries) if each.parameter.address.startswith(prefix)]
            at = gone[0] if gone else len(entries)
            kept = [each for each in entries if not each.parameter.address.startswith(prefix)]
            for address in {entries[i].parameter.address for i in gone} - {each.address for each in parameters}:
                self._forget(address)
            self._install([*kept[:at], *fresh, *kept[at:]])

    def rechoose(self, address: str, choices: Sequence[str], chosen: str) -> None:
        """Give a choice other choices, of which it now stands at `chosen`, and nothing fires.

        A choice that was asked for and is not yet applied stays so, by its name.
        """
        choices = tuple(choices)
        with self._lock:
            asked = self._pending.pop(address, None)
            old = self._entries[address].parameter
            entry = _Entry(replace(old, choices=choices, high=max(len(choices) - 1, 0)))
            entry.target = entry.origin = choices.index(chosen)
            self._install([entry if each.parameter is old else each for each in self._entries.values()])
            if asked and old.choices[asked[0]] in choices:
                self._pending[address] = choices.index(old.choices[asked[0]]), *asked[1:]

    def forget(self, address: str) -> None:
        """Take the next message about it as an event, though its sender has said the same before."""
        with self._lock:
            for said in self._said.values():
                said.pop(address, None)

    def set(
        self,
        address: str,
        arguments: Sequence[float | int | bool | str] = (),
        sender: Hashable = "local",
        *,
        repeats: bool = False,
        seconds: float | None = None,
    ) -> bool:
        """Ask for a value; the next tick applies the latest. False, and counted, if it was refused.

        A value equal to the same sender's last one is no event: some senders say everything all the time, and
        what they have long said must not undo what another hand has done since. A sender that speaks only
        when it means it (a key, a button on the page, a preset) says repeats=True, or is "local".
        seconds: what a glide takes, whatever player/glide says; such a change is never held.
        """
        arguments = tuple(arguments)
        with self._lock:
            self.counters["messages"] += 1
            entry = self._entries.get(address)
            if entry is None:
                self._count("unknown", f"{address[:80]!r} from {sender}")
                return False
            said = None
            if not repeats and sender != "local" and entry.parameter.type != "text":
                said = self._of(sender)
                if arguments and said.get(address) == arguments and not address.endswith("/jump"):
                    return True
            try:
                value, clamped = entry.coerce(entry.parameter, arguments)
            except (ValueError, OverflowError) as error:
                self._count("malformed", f"{address} from {sender}: {error}")
                return False
            if clamped:
                self._count("clamped", f"{address} from {sender}")
            if said is not None and arguments:
                before = said.get(address)
                said[address] = arguments
                if entry.parameter.type == "trigger" and before is not None and before[0] > 0:
                    return True  # it was up already
            self._ask(entry, value, sender, seconds)
            return True

    def count(self, kind: str, what: str, messages: int = 0) -> None:
        """Count a fault that was found before the table was reached. kind: unknown or malformed."""
        with self._lock:
            self.counters["messages"] += messages
            self._count(kind, what)

    def target(self, address: str) -> Value:
        """Where a parameter is or is going to, from the moment it was set. KeyError if there is none."""
        with self._lock:
            entry = self._entries[address]
            if entry.parameter.jog:
                return entry.target
            names = entry.elements or (address,)
            values = tuple(
                self._pending[name][0] if name in self._pending else self._entries[name].target for name in names
            )
            return values if entry.elements else values[0]

    def tick(self, dt: float) -> Snapshot:
        """Apply what was asked for, move the glides on by `dt` seconds, and say what is."""
        with self._lock:
            held = {address for address in self._pending if address not in self._ways and self.hold(address)}
            pending = {address: each for address, each in self._pending.items() if address not in held}
            self._pending = {address: each for address, each in self._pending.items() if address in held}
            texts = {address: each for address, each in self._texts.items() if not self.hold(address)}
            self._texts = {address: each for address, each in self._texts.items() if address not in texts}
            event_at, self._event_at = self._event_at, None
            changes, fired = [], set()
            first = {each: pending[each] for each in pending if each == "player/glide" or each.endswith("/time")}
            if first:  # so that the others go by them
                pending = first | pending
            ways, self._ways = self._ways, {}
            for address, (value, *_) in pending.items():
                self._apply(address, value, changes, fired, ways.get(address))
            if changes or self._gliding:
                self._move(dt, changes)
            senders = {address: pending[address][1] for address, _ in changes}
            return Snapshot(
                MappingProxyType(self._values),
                frozenset(fired),
                event_at if changes else None,
                tuple(changes),
                senders,
                texts,
                {address: pending[address][2] for address, _ in changes},
            )

    def _install(self, entries: list[_Entry]) -> None:
        self._entries = {}
        for entry in entries:
            if entry.parameter.address in self._entries:
                raise ValueError(f"parameter {entry.parameter.address} is declared twice")
            self._entries[entry.parameter.address] = entry
            entry.elements, entry.vector = (), None
        for entry in entries:
            parameter = entry.parameter
            names = tuple(f"{parameter.address}/{i}" for i in range(parameter.length))
            if parameter.type == "vector" and all(name in self._entries for name in names):
                entry.elements = names
                for name in names:
                    self._entries[name].vector = parameter.address
        self.parameters: Mapping[str, Parameter] = MappingProxyType({a: e.parameter for a, e in self._entries.items()})
        if self._limits:
            self.limited = tuple(a for a, e in self._entries.items() if self._narrowed(e.parameter) is not e.parameter)
        self._gliding = {address for address, entry in self._entries.items() if entry.elapsed < entry.seconds}
        self._values = {address: entry.present() for address, entry in self._entries.items()}
        for entry in entries:
            if entry.elements:
                self._values[entry.parameter.address] = tuple(self._values[name] for name in entry.elements)

    def _forget(self, address: str) -> None:
        self._pending.pop(address, None)
        self._ways.pop(address, None)
        for said in self._said.values():
            said.pop(address, None)

    def _of(self, sender: Hashable) -> dict[str, tuple]:
        """What this sender said last, by address."""
        said = self._said.get(sender)
        if said is None:
            said = self._said[sender] = {}
            if len(self._said) > self.SENDERS:
                self._said.popitem(last=False)
        else:
            self._said.move_to_end(sender)
        return said

    def _count(self, kind: str, what: str) -> None:
        self.counters[kind] += 1
        self.faults[kind] = what

    def _ask(self, entry: _Entry, value: Value, sender: Hashable, seconds: float | None = None) -> None:
        address, now = entry.parameter.address, time.perf_counter()
        if entry.parameter.type == "trigger" and not value:
            return
        if entry.parameter.jog:
            if not value:
                return
            value = _clamp(entry.parameter, value + self._pending.get(address, (0.0,))[0])
        if entry.parameter.type == "text":
            self._texts[address] = (*self._texts.get(address, ()), value)[:TEXTS]
            return
        for name, each in zip(entry.elements, value, strict=True) if entry.elements else ((address, value),):
            self._pending[name] = (each, sender, now)
            self._ways.pop(name, None)
            if seconds is not None:
                self._ways[name] = seconds
        if entry.parameter.type == "choice":
            # A jump and a plain change of the same choice are one thing: the later one counts.
            other = address.removesuffix("/jump") if address.endswith("/jump") else f"{address}/jump"
            self._pending.pop(other, None)
        if self._event_at is None:
            self._event_at = now

    def _apply(self, address: str, value: Value, changes: list, fired: set, seconds: float | None) -> None:
        entry = self._entries[address]
        parameter = entry.parameter
        jump = address.endswith("/jump")
        if parameter.jog:
            changes.append((address, value))
            return
        if parameter.type == "trigger" or jump:
            fired.add(address)
        elif value == entry.target and not parameter.always and (seconds is None or entry.elapsed >= entry.seconds):
            return
        elif parameter.type == "choice":
            fired.add(address)
        if parameter.type != "trigger":
            glide = parameter.glide
            entry.origin = self._values[address] if glide is not None else value
            entry.target, entry.elapsed = value, 0.0
            if seconds is None:
                seconds = max(glide or 0.0, self._seconds("player/glide"), self._seconds(f"{address}/time"))
            entry.seconds = 0.0 if glide is None else seconds
            if entry.seconds > 0:
                self._gliding.add(address)
            if jump and (chosen := self._entries.get(address.removesuffix("/jump"))):
                chosen.target = value
        changes.append((address, value))

    def _seconds(self, address: str) -> float:
        entry = self._entries.get(address)
        return entry.target if entry else 0.0

    def _narrowed(self, parameter: Parameter) -> Parameter:
        """The parameter within its limits, if there are any for it, or for the vector that it is an element of."""
        parent, _, last = parameter.address.rpartition("/")
        limits = self._limits.get(parameter.address) or (self._limits.get(parent) if last.isdecimal() else None)
        if limits is None or parameter.type not in ("float", "int", "vector"):
            return parameter
        low, high = (float(_clamp(parameter, each)) for each in limits)
        if parameter.type == "int":
            low, high = math.ceil(low), math.floor(high)
        if low > high:
            return parameter
        each = parameter.default
        default = (
            tuple(_within(each, low, high) for each in each) if isinstance(each, tuple) else _within(each, low, high)
        )
        return replace(parameter, low=low, high=high, default=default)

    def _move(self, dt: float, changes: list) -> None:
        """Take all that was changed or glides to its present value, in a new dictionary."""
        values = dict(self._values)
        vectors = set()
        for address in {address for address, _ in changes} | self._gliding:
            entry = self._entries[address]
            # Some slack, so that 30 steps of 1/30 s make a second.
            entry.elapsed = entry.seconds if entry.elapsed + dt > entry.seconds - 1e-9 else entry.elapsed + dt
            if entry.elapsed >= entry.seconds:
                self._gliding.discard(address)
            values[address] = entry.present()
            if entry.vector:
                vectors.add(entry.vector)
            if address.endswith("/jump"):
                values[address.removesuffix("/jump")] = entry.target
        for address in vectors:
            values[address] = tuple(values[name] for name in self._entries[address].elements)
        self._values = values
