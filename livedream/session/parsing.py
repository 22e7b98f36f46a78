"""Formats of option values: from the text of a command line or a session file to a value, and back.

Every `parse` raises UserError, whose text begins with the wrong value and says what it should be.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from livedream import UserError, did_you_mean

Address = tuple[str, int]  # host, port
Size = tuple[int, int]  # width, height


@dataclass(frozen=True)
class Format:
    """The text form of a value.

    Attributes:
        parse: Reads a text.
        write: Gives the text that `parse` reads back. A number stays one, for JSON has numbers.
    """

    parse: Callable[[str], Any]
    write: Callable[[Any], str | float] = str


def size(text: str) -> Size:
    """Read WIDTHxHEIGHT."""
    width, _, height = text.partition("x")
    if not all(each.isascii() and each.isdigit() and 16 <= int(each) <= 8192 for each in (width, height)):
        raise UserError(f"{text}: should be WIDTHxHEIGHT, 16 to 8192 each, such as 1280x720")
    return int(width), int(height)


def number(text: str, low: float, high: float, what: str) -> float:
    """Read a number from `low` to `high`. what: how the error text describes it."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise UserError(f"{text}: should be {what}")
    return value


def port(text: str) -> int:
    """Read a port."""
    return int(number(text, 1, 65535, "a port, 1 to 65535"))


def rate(text: str) -> float:
    """Read frames per second."""
    return number(text, 1, 240, "frames a second, 1 to 240")


def positive(text: str) -> float:
    """Read a number above 0."""
    return number(text, 1e-3, 1e9, "a number above 0")


def seed(text: str) -> int:
    """Read the seed of a random generator."""
    what = "a whole number from 0 to 16777215"
    if not text.isascii() or not text.isdigit():
        raise UserError(f"{text}: should be {what}")
    return int(number(text, 0, 16777215, what))


def address(text: str) -> Address:
    """Read HOST:PORT."""
    from livedream.control.osc_address import host_port

    try:
        return host_port(text, "")
    except UserError as error:
        raise UserError(str(error).strip()) from None


def osc_address(text: str) -> str:
    """Read HOST:PORT or tcp://HOST:PORT; it stays a text."""
    address(text.removeprefix("tcp://"))
    return text


def address_or_off(text: str) -> Address | Literal["off"]:
    """Read HOST:PORT, or "off"."""
    return "off" if text == "off" else address(text)


def write_address(value: Address | Literal["off"]) -> str:
    """Write HOST:PORT, or "off"."""
    return value if isinstance(value, str) else f"{value[0]}:{value[1]}"


def tokens(text: str) -> Mapping[str, str]:
    """Read the page's tokens by role: none, TOKEN, or play:TOKEN,admin:TOKEN."""
    from livedream.web import access

    return access.parse(text)


def write_tokens(value: Mapping[str, str]) -> str:
    """Write the page's tokens."""
    from livedream.web import access

    return access.write(value)


def origin(text: str) -> str:
    """Read the origin of a page: null, file://, or SCHEME://HOST[:PORT]."""
    if not re.fullmatch(r"null|file://|[a-z][a-z0-9+.-]*://[^/\s]+", text.lower()):
        raise UserError(f"{text}: should be null, file:// or an origin such as https://example.org")
    return text.lower()


def host_name(text: str) -> str:
    """Read the name of a host, without a port."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?", text):
        raise UserError(f"{text}: should be a host name without a port, such as stage.lan")
    return text


def path(text: str) -> Path:
    """Read a path; ~ is the home folder."""
    return Path(text).expanduser()


def show_path(text: str) -> Path:
    """Read the path of a show."""
    if Path(text).suffix != ".show":
        raise UserError(f"{text}: a show's file ends in .show")
    return path(text)


def session_path(text: str) -> Path:
    """Read the path of a session."""
    if Path(text).suffix != ".session":
        from livedream.system import file_kind

        what = file_kind.advice(path(text), "a session")
        raise UserError(what or f"{text}: a session's file ends in .session; --model {text} plays a dream")
    return path(text)


def choice(*names: str) -> Callable[[str], str]:
    """Return a reader of one of these names."""

    def parse(text: str) -> str:
        if text not in names:
            raise UserError(f"{text}: should be one of {', '.join(names)}{did_you_mean(text, names)}")
        return text

    return parse


TEXT = Format(str)
PATH = Format(path)
SHOW = Format(show_path)
SESSION = Format(session_path)
SIZE = Format(size, lambda value: "x".join(map(str, value)))
RATE = Format(rate, float)
SECONDS = Format(positive, float)
SEED = Format(seed, int)
ADDRESS = Format(address, write_address)
OSC_ADDRESS = Format(osc_address)
ADDRESS_OR_OFF = Format(address_or_off, write_address)
TOKENS = Format(tokens, write_tokens)
ORIGIN = Format(origin)
HOST_NAME = Format(host_name)
