"""The options of `livedream run`, each declared once.

A field of `RunOptions` that is made by `option` is an option: the command line, a session's file, `--help` and
docs/commands.md derive from it. To add one, add a field.
"""
# ruff: noqa: RUF009  # `option` returns dataclasses.field()

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from livedream import UserError
from livedream.control.osc_address import PREFIX
from livedream.session import parsing
from livedream.session.parsing import Address, Format, Size

if TYPE_CHECKING:
    from livedream.parameters import Value

GROUPS = ("picture", "outputs", "control", "session")
D = TypeVar("D")


@dataclass(frozen=True)
class Option:
    """One option: a field of `RunOptions` as the command line, a session's file and the documentation know it.

    Attributes:
        flag: How it is given, such as "--osc-out". A positional argument has no dashes.
        group: Its place in `--help`, one of GROUPS.
        help: What it does, beginning with a verb or a noun.
        default: The field's value if it is not given.
        metavar: A word that stands for the value. Empty for a switch, which takes none.
        format: How a value is read and written. Of a switch it is not used.
        several: Whether it may be given again. The field is then a sequence of texts.
        bare: The text that the flag alone stands for, where a value may be left out.
        shown_default: The default in words, where it is not the field's own.
        path: How a session's file holds paths relative to its own folder. "file": the text is a path. "file or
            name": it is a path if there is such a file. "output": it is a path if it ends as a film or picture does.
        kept: Where it is kept: "always", only in a session's "named" file (not in the one of `--last`), or "never".
    """

    flag: str
    group: str
    help: str
    default: object
    metavar: str = ""
    format: Format = parsing.TEXT
    several: bool = False
    bare: str = ""
    shown_default: str = ""
    path: Literal["", "file", "file or name", "output"] = ""
    kept: Literal["always", "named", "never"] = "always"

    @property
    def key(self) -> str:
        """Its key in a session's file: "osc_out"."""
        return self.flag.lstrip("-").replace("-", "_")

    @property
    def described(self) -> str:
        """The help, with the default after it."""
        default = self.shown_default
        if not default and self.metavar and self.default not in (None, ()):
            default = " ".join(self.default) if self.several else _plain(self.to_json(self.default))  # type: ignore[arg-type]  # a sequence of texts
        return f"{self.help} [{default}]" if default else self.help

    def to_json(self, value: object) -> object:
        """Return a value of the field as a session's file has it."""
        if self.several:
            return [str(each) for each in cast(Sequence[object], value)]
        return value if not self.metavar or value is None else self.format.write(value)


def option(flag: str, group: str, help: str, *, default: D, **more: Any) -> D:
    """Declare a field of `RunOptions` that is an option. The arguments are those of `Option`."""
    made = Option(flag, group, help, default, **more)
    return field(default=default, metadata={"option": made})


@dataclass(frozen=True)
class RunOptions:
    """A request to play. None stands for a default that depends on the machine."""

    models: Sequence[str] = option(
        "--model",
        "picture",
        "dream to play: a file, or the name of one that ships; give it again for a second deck",
        default=("rainbow.onnx",),
        metavar="DREAM",
        several=True,
        path="file or name",
    )
    input: str | None = option(
        "--in",
        "picture",
        "live picture that comes in: camera[:N], screen, ndi:NAME, FILE.mp4, rtmp://…; shown alone without --model",
        default=None,
        metavar="SOURCE",
        path="file or name",
    )
    dreams: str | None = option(
        "--dreams",
        "picture",
        "folder of dreams that can be loaded by name while playing",
        default=None,
        metavar="FOLDER",
        path="file",
    )
    effects: Sequence[str] = option(
        "--effect",
        "picture",
        "learned effect over a deck's picture: a file, or the name of one that ships; FILE#deck=b for the second deck; "
        "give it again for more",
        default=(),
        metavar="EFFECT[#deck=b]",
        several=True,
        path="file or name",
    )
    photos: str | None = option(
        "--photos",
        "picture",
        "folder of photos that a dream can start from, by name, while playing",
        default=None,
        metavar="FOLDER",
        path="file",
    )
    looks: Sequence[str] = option(
        "--look",
        "picture",
        "look over the picture: an ISF shader, or the name of one that ships; give it again for more",
        default=(),
        metavar="FILE.fs",
        several=True,
        path="file or name",
    )
    size: Size = option(
        "--size",
        "picture",
        "size of the output picture, windows and streams",
        default=(1280, 720),
        metavar="WxH",
        format=parsing.SIZE,
    )
    fps: float = option("--fps", "picture", "frames per second", default=30.0, metavar="FPS", format=parsing.RATE)
    seed: int = option(
        "--seed", "picture", "seed of the dream's random generator", default=0, metavar="SEED", format=parsing.SEED
    )
    device: str = option(
        "--device",
        "picture",
        "processor that runs the dream: auto, cpu, rtx, cuda, webgpu, …; `livedream doctor` lists all",
        default="auto",
        metavar="NAME",
    )
    outputs: Sequence[str] = option(
        "--out",
        "outputs",
        "where the picture goes: window[:MONITOR], page, FILE.mp4, rtmp://…, none; give it again for more",
        default=(),
        metavar="OUTPUT",
        several=True,
        shown_default="window; page without a display",
        path="output",
    )
    web: Address | Literal["off"] | None = option(
        "--web",
        "outputs",
        "address of the control page, or off",
        default=None,
        metavar="HOST:PORT|off",
        format=parsing.ADDRESS_OR_OFF,
        shown_default="127.0.0.1:8808",
    )
    web_token: Mapping[str, str] | None = option(
        "--web-token",
        "outputs",
        "tokens that the page asks for, one for playing and one for everything; none lets everybody in",
        default=None,
        metavar="play:TOKEN,admin:TOKEN|none",
        format=parsing.TOKENS,
        shown_default="new ones, if --web can be reached from the network",
    )
    web_host: Sequence[str] = option(
        "--web-host",
        "outputs",
        "further name by which the page may be asked for, such as one of a router's domain; give it again for more",
        default=(),
        metavar="NAME",
        format=parsing.HOST_NAME,
        several=True,
    )
    web_origin: Sequence[str] = option(
        "--web-origin",
        "outputs",
        "further origin that may connect; null and file:// let in any local HTML file and hidden frames of any website "
        "that is open on a machine that has access",
        default=(),
        metavar="ORIGIN",
        format=parsing.ORIGIN,
        several=True,
    )
    recordings: Path = option(
        "--recordings",
        "outputs",
        "folder for recordings and screenshots that are started while playing",
        default=Path(),
        metavar="FOLDER",
        format=parsing.PATH,
        shown_default="the current folder",
        path="file",
    )
    record: Path | None = option(
        "--record",
        "outputs",
        "record the performance for `livedream render`; every recording gets one beside it anyway",
        default=None,
        metavar="FILE.show",
        format=parsing.SHOW,
        path="file",
        kept="named",
    )
    osc: Sequence[str] = option(
        "--osc",
        "control",
        "address that OSC is received on; tcp://HOST:PORT receives it by TCP, too",
        default=(),
        metavar="HOST:PORT",
        format=parsing.OSC_ADDRESS,
        several=True,
        shown_default="127.0.0.1:9000",
    )
    osc_allow: Sequence[str] = option(
        "--osc-allow",
        "control",
        "host that OSC is taken from, besides this machine: a name, an IP or a network; give it again for more",
        default=(),
        metavar="HOST",
        several=True,
        shown_default="all that can reach --osc",
    )
    osc_out: Sequence[str] = option(
        "--osc-out",
        "control",
        "address that status and OSC feedback are sent to; give it again for more",
        default=(),
        metavar="HOST:PORT",
        several=True,
    )
    osc_prefix: str = option(
        "--osc-prefix", "control", "beginning of every OSC address", default=PREFIX, metavar="/PREFIX"
    )
    midi: str | None = option(
        "--midi",
        "control",
        "MIDI controller whose name contains this; ? lists them; the only one without a value",
        default=None,
        metavar="PORT",
        bare="*",
    )
    audio: str | None = option(
        "--audio",
        "control",
        "audio input: the name or number of a device, or a file; the default device without a value",
        default=None,
        metavar="DEVICE|FILE",
        bare="default",
        path="file or name",
    )
    link: bool = option("--link", "control", "follow the tempo of Ableton Link", default=False)
    presets: Path | None = option(
        "--presets",
        "control",
        "file that presets are kept in",
        default=None,
        metavar="FILE.json",
        format=parsing.PATH,
        shown_default="one for each dream, in the user's settings",
        path="file",
    )
    panic: str | None = option(
        "--panic", "control", "preset that master/panic recalls: its name or number", default=None, metavar="PRESET"
    )
    vote_word: str = option(
        "--vote-word",
        "control",
        "word that the audience votes about, the name of its knob",
        default="scarier",
        metavar="WORD",
    )
    session: Path | None = option(
        "session",
        "session",
        "session file to open; command-line options override it",
        default=None,
        metavar="FILE.session",
        format=parsing.SESSION,
        kept="never",
    )
    last: bool = option("--last", "session", "open the session that was played last", default=False, kept="never")
    save: Path | None = option(
        "--save",
        "session",
        "keep this session, with its current values, in a file that is updated while playing",
        default=None,
        metavar="FILE.session",
        format=parsing.SESSION,
        kept="never",
    )
    remember: bool = option(
        "--forget", "session", "do not remember this session for --last", default=True, kept="never"
    )
    seconds: float | None = option(
        "--seconds",
        "session",
        "stop after this many seconds",
        default=None,
        metavar="N",
        format=parsing.SECONDS,
        kept="named",
    )
    quiet: bool = option(
        "--quiet", "session", "print problems only, without the line of figures", default=False, kept="never"
    )
    json_log: bool = option(
        "--json-log",
        "session",
        "print one JSON object a line on standard output: time, level, event, message",
        default=False,
        kept="never",
    )
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Lowest and highest value of parameters, by address. Only a session's file has them."""
    values: Mapping[str, Value] = field(default_factory=dict)
    """Values of parameters at the start, by address. Only a session's file has them."""

    @property
    def live_alone(self) -> bool:
        """True if a live picture comes in and no dream was asked for."""
        return self.input is not None and self.models is OPTIONS["models"].default

    @property
    def web_off(self) -> bool:
        """True if there is to be no page."""
        return self.web == "off"

    def to_json(self) -> dict[str, object]:
        """Return the options that differ from their defaults, limits and values, as a session's file has them."""
        found = {
            each.key: each.to_json(value)
            for name, each in OPTIONS.items()
            if each.kept != "never" and (value := getattr(self, name)) != each.default
        }
        return found | {"limits": dict(self.limits), "values": dict(self.values)}


OPTIONS: Mapping[str, Option] = {
    each.name: each.metadata["option"] for each in fields(RunOptions) if "option" in each.metadata
}
"""All options, by the names of their fields."""


def default_outputs(options: RunOptions) -> list[str]:
    """Return a window where there is a display, else the page. Raises UserError if there can be neither."""
    from livedream.output.window import display_available

    if display_available():
        return ["window"]
    if options.web_off:
        raise UserError("no display here and --web off: name an output, such as --out show.mp4")
    return ["page"]


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
