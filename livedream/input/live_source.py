"""Live pictures that come in: what every source gives, and the table from which `--in SOURCE` is opened."""

import importlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from livedream import UserError, did_you_mean
from livedream.input.picture.process import ProcessSource
from livedream.input.picture.shot import Asked, LivePicture
from livedream.system import key_values
from livedream.system.secret import masked

__all__ = ["KINDS", "LivePicture", "LiveSource", "open_source"]


class LiveSource(Protocol):
    """A source of live pictures with a thread of its own. All attributes may be read from any thread, without waiting.

    Attributes:
        name: Of the source, without secrets: "camera", "ndi:STAGE (cam 1)", "rtmp://host/live/***".
        kind: "camera", "screen", "file", "ndi", "stream", "spout" or "syphon".
        state: "starting", "up", "retrying" (it broke or is not there, `error` says how, and it is tried again) or
            "failed" (only the user can mend it, `error` says how).
        error: One line about what is wrong, or None.
        note: One line about what goes well ("1280x720, 30 fps, MJPEG"), or None.
        received: Pictures that came from the source.
        dropped: Pictures that came, but were replaced by a newer one before they were shown or handed over.
        latest: The newest picture. It is held when the source goes away; None until there was one.
    """

    name: str
    kind: str
    state: str
    error: str | None
    note: str | None
    received: int

    @property
    def dropped(self) -> int: ...
    @property
    def latest(self) -> LivePicture | None: ...

    def start(self) -> None:
        """Begin to receive. Return at once and raise nothing: what goes wrong is in `state` and `error`."""

    def stop(self) -> None:
        """Stop receiving, within a second whatever the far end does."""

    def status(self) -> dict[str, Any]:
        """Return its part of `/status`: name, kind, state, error, note, received, dropped, size and age_ms."""
        ...


@dataclass(frozen=True)
class Kind:
    """One kind of source.

    Attributes:
        name: As of LiveSource's `kind`.
        usage: How it is written after `--in`; alternatives are separated by " | ".
        pattern: A regular expression that the whole address matches.
        where: The module below livedream.input.picture: `check(asked)` returns the source's name or raises UserError,
            `pictures(asked, report)` yields Shots, in a process of its own.
        keys: The keys that may follow a `#`.
        doc: What it is, in a few words: for error messages and the documentation.
    """

    name: str
    usage: str
    pattern: str
    where: str
    keys: tuple[str, ...]
    doc: str


# A file comes last: its name may be anything.
STREAMS = (
    "rtmp://… | rtmps://… | srt://… | udp://… | rtsp://… | http://… | listen-rtmp://HOST:PORT/PATH | listen-http://…"
)
KINDS: tuple[Kind, ...] = (
    Kind("camera", "camera[:NUMBER or NAME]", r"camera(:.+)?", "camera", ("size", "fps"), "a camera or capture card"),
    Kind("screen", "screen[:NUMBER]", r"screen(:\d+)?", "screen", ("size", "at", "fps"), "what this screen shows"),
    Kind("ndi", "ndi:NAME", r"ndi:.+", "ndi", (), "from the network by NDI; a part of the name is enough; ndi:? lists"),
    Kind("spout", "spout[:NAME]", r"spout(:.+)?", "spout", (), "from another program (Windows)"),
    Kind("syphon", "syphon[:NAME]", r"syphon(:.+)?", "syphon", (), "from another program (macOS)"),
    Kind("stream", STREAMS, r"(listen-)?(rtmps?|srt|udp|rtsps?|https?)://.*", "stream", (), "fetched, or sent to us"),
    Kind("file", "FILE.mp4 | PICTURE.jpg | NAME-%04d.png", r"(?![\w+.-]+:/).+", "file", ("fps",), "again and again"),
)


def open_source(text: str) -> LiveSource:
    """Make the source that `--in SOURCE[#key=value&…]` asks for, not yet started.

    Raises:
        UserError: The text asks for something that does not exist, or for a file that is not there.
    """
    address, given = _split(text)
    kind = next((each for each in KINDS if re.fullmatch(each.pattern, address, re.IGNORECASE | re.DOTALL)), None)
    if kind is None or (kind.name == "file" and _is_no_path(address)):
        usages = ", ".join(each.usage for each in KINDS)
        close = did_you_mean(re.split(":", address)[0], (re.split(r"\W", each.usage)[0] for each in KINDS))
        raise UserError(f"--in {masked(address)}: no such input{close or f'; there are: {usages}'}")
    values: dict[str, Any] = {}
    for key, value in (pair.split("=", 1) for pair in given.split("&") if pair):
        if key not in kind.keys:
            takes = f"it takes: {', '.join(kind.keys)}" if kind.keys else "it takes none"
            raise UserError(f"--in {masked(address)}: no key {key!r}; {takes}")
        try:
            values[key] = _PARSERS[key](value)
        except ValueError as error:
            raise UserError(f"--in {masked(address)}: {key}={value}: {error}") from None
    asked = Asked(address, **values)
    module = f"livedream.input.picture.{kind.where}"
    name: str = importlib.import_module(module).check(asked)
    return ProcessSource(kind.name, name, module, asked)


def _split(text: str) -> tuple[str, str]:
    """The address, and the `key=value&…` behind its last `#`."""
    keys = "|".join(_PARSERS)
    match = re.fullmatch(rf"(.*?)(?:#((?:{keys}|\w+)=[^&#/]*(?:&\w+=[^&#/]*)*))?", text, re.DOTALL)
    assert match  # it matches anything
    return match[1], match[2] or ""


def _is_no_path(text: str) -> bool:
    """Whether a text that no kind matches is not meant to be a file, either."""
    path = Path(text)
    return not path.exists() and not path.suffix and "/" not in text and "\\" not in text and "%" not in text


def _point(text: str) -> tuple[int, int]:
    if not re.fullmatch(r"\d{1,5},\d{1,5}", text):
        raise ValueError("should be X,Y: pixels from the screen's top left corner, such as 100,50")
    x, y = text.split(",")
    return int(x), int(y)


_PARSERS = {"size": key_values.size, "fps": key_values.rate, "at": _point}
