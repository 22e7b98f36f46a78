"""Live pictures that come in: what every source gives, and the table from which `--in SOURCE` is opened."""

import importlib
import re
from dataclasses import dataclass
from typing import Any, Protocol

from livedream import UserError, did_you_mean
from livedream.picture import Pixels


@dataclass(frozen=True, slots=True)
class LivePicture:
    """One picture of a source.

    Attributes:
        pixels: uint8 [H, W, 4], sRGB, straight alpha, top row first, of the source's present size; never written to
            again. Rotation and sample aspect have been applied: pixels are square and the right way up.
        at: When it was captured, in seconds of `time.perf_counter`; when it was decoded, where the source does not say.
        number: 1 for the first picture, and higher for every later one.
    """

    pixels: Pixels
    at: float
    number: int


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
    dropped: int
    latest: LivePicture | None

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
        usage: How it is written after `--in`; alternatives are separated by " | ".
        pattern: A regular expression that the whole address matches.
        where: The module below livedream.input.picture that opens it; imported when the kind is used.
        doc: What it is, in a few words: for error messages and the documentation.
    """

    usage: str
    pattern: str
    where: str
    doc: str


KINDS: tuple[Kind, ...] = ()


def open_source(text: str) -> LiveSource:
    """Make the source that `--in SOURCE` asks for, not yet started.

    Raises:
        UserError: The text asks for something that does not exist, or for a file that is not there.
    """
    kind = next((each for each in KINDS if re.fullmatch(each.pattern, text, re.IGNORECASE)), None)
    if kind is None:
        usages = ", ".join(each.usage for each in KINDS)
        close = did_you_mean(text, (re.split(r"[\[:]", each.usage)[0] for each in KINDS))
        raise UserError(f"--in {text}: no such input{close or f'; there are: {usages}'}")
    module = importlib.import_module(f"livedream.input.picture.{kind.where}")
    source: LiveSource = module.source(text)
    return source
