"""What `livedream run` was asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from livedream import UserError
from livedream.output.window import display_available
from livedream.parameters import Value


@dataclass(frozen=True)
class RunOptions:
    """None: the default, which gives way where a place is taken."""

    models: Sequence[str] = ("rainbow.onnx",)  # one for each deck
    dreams: str | None = None  # the folder that others are loaded from
    looks: Sequence[str] = ()  # over the picture, in this order
    outputs: Sequence[str] = ()
    osc: tuple[str, int] | None = None
    osc_out: Sequence[str] = ()
    osc_prefix: str = "/livedream"
    web: tuple[str, int] | None = None
    web_off: bool = False
    size: tuple[int, int] = (1280, 720)
    fps: float = 30.0
    seed: int = 0
    seconds: float | None = None
    device: str = "auto"
    record: Path | None = None  # the show's file
    audio: str | None = None  # a device or a file to listen to
    link: bool = False  # the tempo is Ableton Link's
    midi: str | None = None  # a port's name, or part of it
    panic: str | None = None  # the preset that is seen after it, by name or number
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # of parameters: low and high
    values: Mapping[str, Value] = field(default_factory=dict)  # to begin with
    asked: Mapping[str, object] = field(default_factory=dict)  # all of this as a session's file has it
    save: Path | None = None  # that file, if it is to be kept
    remember: bool = False  # `--last` is to find it
    presets: Path | None = None  # their file; None: that of the dream, among the user's settings
    recordings: Path = Path()  # the folder of recordings and screenshots that are asked for in play


def default_outputs(wishes: RunOptions) -> list[str]:
    """A window where there is a screen; else the page, if there may be one."""
    if display_available():
        return ["window"]
    if wishes.web_off:
        raise UserError("no display here and --web off: name an output, such as --out show.mp4")
    return ["page"]
