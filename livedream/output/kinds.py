"""The kinds of outputs: one table. `parse` makes an Output from an `--out SINK[#key=value&…]`."""

import importlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

from livedream import UserError, did_you_mean
from livedream.output import Options, Output
from livedream.picture.placing import FITS, FLIPS, TURNS
from livedream.system import key_values
from livedream.system.secret import masked


@dataclass(frozen=True)
class Kind:
    """One kind of output.

    Attributes:
        usage: How it is written after `--out`; alternatives are separated by " | ".
        pattern: A regular expression that the whole sink matches.
        where: "module:class" below livedream.output; imported when the kind is used.
        keys: The keys that may follow the `#`.
        doc: What it is, in a few words: for error messages and the page.
    """

    usage: str
    pattern: str
    where: str
    keys: tuple[str, ...]
    doc: str


ENCODED = ("size", "fps", "codec", "bitrate", "fit", "layer", "name")
STREAM = (*ENCODED, "keyframe", "audio")
RAW = ("size", "fps", "fit", "layer", "name")  # uncompressed, to other programs
PLACED = ("size", "at", "border", "fit", "flip", "rotate", "card", "layer", "name")
STREAMED = "streams.stream:Stream"
RECORDED = "files.file:FileOutput"
KINDS: tuple[Kind, ...] = (
    Kind("window[:MONITOR]", r"window(:.+)?", "window:Window", PLACED, "a window here; MONITOR: number or name"),
    Kind("page", r"page", "page:Page", ("fps", "name"), "in the browser page"),
    Kind("ndi[:NAME]", r"ndi(:.+)?", "programs.ndi:Ndi", ("groups", *RAW), "over the network to NDI receivers"),
    Kind("omt[:NAME]", r"omt(:.+)?", "programs.omt:Omt", RAW, "over the network to OMT receivers"),
    Kind("camera[:DEVICE]", r"camera(:.+)?", "programs.camera:Camera", RAW, "a virtual camera"),
    Kind("spout[:NAME]", r"spout(:.+)?", "programs.spout:Spout", RAW, "to other programs (Windows)"),
    Kind("syphon[:NAME]", r"syphon(:.+)?", "programs.syphon:Syphon", RAW, "to other programs (macOS)"),
    Kind("FILE.mp4 | .mkv | .mov", r"(?![\w+.:-]+://).+\.(mp4|mkv|mov)", RECORDED, ENCODED, "a recording"),
    Kind("NAME-%06d.png", r"(?![\w+.:-]+://).+\.png", RECORDED, ENCODED, "a picture for each frame"),
    Kind("rtmp://… | rtmps://…", r"rtmps?://.+", STREAMED, STREAM, "pushed to a streaming server"),
    Kind("listen-rtmp://HOST:PORT/PATH", r"listen-rtmp://.+", STREAMED, STREAM, "OBS or a player fetches it"),
    Kind("listen-http://HOST:PORT/PATH", r"listen-http://.+", STREAMED, STREAM, "a player fetches it, as MPEG-TS"),
    Kind("udp://HOST:PORT", r"udp://.+", STREAMED, STREAM, "MPEG-TS to one address or a multicast group"),
    Kind("srt://[HOST]:PORT?…", r"srt://.+", STREAMED, STREAM, "calls HOST, or waits for callers without one"),
    Kind("whip:https://…", r"whip:https?://.+", STREAMED, STREAM, "pushed to a WebRTC server"),
    Kind("none", r"none", "none:Nowhere", ("fps", "name"), "nowhere; for measuring"),
)


def parse(text: str, folder: Path | None = None) -> Output:
    """Make the output that `--out SINK[#key=value&…]` asks for, not yet started.

    Args:
        text: SINK[#key=value&…].
        folder: Set if the text comes from the network: files must then be bare names, and are put into this folder.

    Raises:
        UserError: The text asks for something that does not exist.
    """
    sink, given = _split(text)
    kind = next((each for each in KINDS if re.fullmatch(each.pattern, sink, re.IGNORECASE)), None)
    if kind is None:
        usages = ", ".join(each.usage for each in KINDS)
        close = did_you_mean(sink, (each.usage.partition("[")[0] for each in KINDS))
        raise UserError(f"--out {masked(sink)}: no such output{close or f'; there are: {usages}'}")
    values: dict[str, Any] = {}
    for key, value in (pair.split("=", 1) for pair in given.split("&") if pair):
        if key not in kind.keys:
            raise UserError(f"--out {masked(sink)}: no key {key!r}; it takes: {', '.join(kind.keys)}")
        try:
            values[key] = _PARSERS[key](value)
        except ValueError as error:
            shown = value if re.fullmatch(r"[^@/]*", value) else "***"  # a password may hold a # and go on here
            raise UserError(f"--out {masked(sink)}: {key}={shown}: {error}") from None
    module, class_name = kind.where.split(":")
    cls: type[Output] = getattr(importlib.import_module(f"livedream.output.{module}"), class_name)
    name = sink if cls.writes_files else masked(sink)
    if folder is not None and cls.writes_files:
        if Path(sink).name != sink or "\\" in sink or PureWindowsPath(sink).drive or (os.name == "nt" and ":" in sink):
            raise UserError(f"output {name}: give a name without a folder; the file is put into {folder}")
        sink = str(folder / sink)
    output = cls(Options(**{"sink": sink, "name": name} | values))
    output.argument = f"{sink}#{given}" if given else sink
    return output


def _split(text: str) -> tuple[str, str]:
    """The sink, and the `key=value&…` behind its last `#`."""
    match = re.fullmatch(r"(.*?)(?:#(\w+=[^&#]*(?:&\w+=[^&#]*)*))?", text, re.DOTALL)
    assert match  # it matches anything
    return match[1], match[2] or ""


def _bits(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([kM]?)", text)
    bits = float(match[1]) * {"": 1, "k": 1e3, "M": 1e6}[match[2]] if match else 0
    if not 50e3 <= bits <= 200e6:
        raise ValueError("should be bits a second, 50k to 200M, such as 4M or 2500k")
    return round(bits)


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text) or not 0.1 <= float(text) <= 20:
        raise ValueError("should be seconds, 0.1 to 20")
    return float(text)


def _fit(text: str) -> str:
    if text not in FITS:
        raise ValueError(f"should be one of {', '.join(FITS)}")
    return text


def _flip(text: str) -> str:
    if text not in FLIPS:
        raise ValueError(f"should be one of {', '.join(FLIPS)}")
    return text


def _turn(text: str) -> int:
    if text not in map(str, TURNS):
        raise ValueError(f"should be degrees clockwise: one of {', '.join(map(str, TURNS))}")
    return int(text)


def _point(text: str) -> tuple[int, int]:
    if not re.fullmatch(r"-?\d{1,5},-?\d{1,5}", text):
        raise ValueError("should be X,Y: pixels from the screen's top left corner, such as 100,50")
    x, y = text.split(",")
    return int(x), int(y)


def _switch(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError("should be 0 or 1")
    return text == "1"


def _layer(text: str) -> str:
    if not re.fullmatch(r"(b/)?\w+", text):
        raise ValueError("should be a layer's name, or b/NAME of the second deck's dream")
    return text


def _word(text: str) -> str:
    if not text:
        raise ValueError("is empty")
    return text


_PARSERS: dict[str, Callable[[str], object]] = {
    "size": key_values.size,
    "fps": key_values.rate,
    "bitrate": _bits,
    "keyframe": _seconds,
    "audio": _word,
    "fit": _fit,
    "flip": _flip,
    "rotate": _turn,
    "at": _point,
    "border": _switch,
    "card": _switch,
    "codec": _word,
    "name": _word,
    "groups": _word,
    "layer": _layer,
}
