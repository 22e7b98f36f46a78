"""Values of a look's header, checked; a mistake is named with its line."""

import json
import math
import re
from pathlib import Path

from livedream import UserError

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")

LARGEST = 1e38  # of a number in a header: a card computes with 32 bits, and a range must not overflow
Json = dict[str, object]  # an object of somebody else's JSON: nothing is known of its values


class Lines:
    """Finds the line of a word in the header, for messages.

    Args:
        path: the file.
        text: its text.
        start, end: where the header's comment lies in the text.
    """

    def __init__(self, path: Path, text: str, start: int, end: int) -> None:
        self.path, self.text, self.start, self.end = path, text, start, end

    def of(self, word: str | None = None) -> int:
        """Return the line of a string of the header, or the header's first."""
        at = self.text.find(json.dumps(word, ensure_ascii=False), self.start, self.end) if word else -1
        return self.text.count("\n", 0, max(at, self.start)) + 1

    def error(self, what: str, word: str | None = None) -> UserError:
        """Return a UserError that names the line of `word`."""
        return UserError(f"{self.path}:{self.of(word)}: {what}")


def as_text(value: object) -> str:
    """Return any JSON value as text; nothing is ""."""
    return value if isinstance(value, str) else "" if value is None else str(value)


def as_list(header: Json, key: str, lines: Lines, strict: bool = True) -> list[object]:
    """Return the list of this key, [] if there is none; a single value is an error, or if not `strict` a list."""
    value = header.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        if strict:
            raise lines.error(f"{key} must be a list", key)
        return [value]
    return value


def as_number(value: object, what: str, lines: Lines, word: str) -> float:
    """Return a finite number, also from a string or a boolean; `what` and `word` name it in messages."""
    try:
        if isinstance(value, (bool, int, float, str)) and math.isfinite(float(value)):
            return min(max(float(value), -LARGEST), LARGEST)
    except (ValueError, OverflowError):
        pass
    raise lines.error(f"{what} must be a number, not {json.dumps(value)[:40]}", word)


def as_bool(value: object) -> bool:
    """Tell whether JSON says yes in one of its many ways: true, 1, 1.0, "YES"."""
    if isinstance(value, str):
        return value.strip().lower() in ("1", "true", "yes", "on")
    return isinstance(value, (bool, int, float)) and value > 0


def as_name(name: object, what: str, lines: Lines) -> str:
    """Return a name that a shader can have."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise lines.error(f"{what} must be a GLSL name (letters, digits, _), not {json.dumps(name)[:40]}")
    return name
