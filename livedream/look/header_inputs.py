"""INPUTS of a look's header."""

import json
import math
from collections.abc import Sequence

from livedream.look.header_values import Json, Lines, as_bool, as_list, as_name, as_number, as_text
from livedream.look.source import Input

INPUTS = 128
COLUMNS = 16384  # most columns of an audio input
CHOICES = 1000
TYPES = ("event", "bool", "long", "float", "point2D", "point3D", "color", "image", "audio", "audioFFT")
MADMAPPER = {"int": "long", "floatrange": "point2D", "button": "event"}  # other names of types


def read(header: Json, lines: Lines) -> tuple[tuple[Input, ...], list[str]]:
    """Return the inputs in the file's order, and notes on what was ignored. Raises UserError."""
    listed = as_list(header, "INPUTS", lines)
    if len(listed) > INPUTS:
        raise lines.error(f"{len(listed)} inputs; at most {INPUTS}", "INPUTS")
    found: dict[str, Input] = {}
    notes = []
    pixels = _in_pixels(listed)
    for number, item in enumerate(listed):
        if not isinstance(item, dict):
            raise lines.error(f"input {number} must be an object with NAME and TYPE", "INPUTS")
        item = {**{key.upper(): value for key, value in item.items()}, **item}  # MadMapper also writes "Label"
        name = as_name(item.get("NAME"), f"the NAME of input {number}", lines)
        entry = _Item(name, item, lines).input(pixels)
        if name not in found:
            found[name] = entry
        elif found[name].type == entry.type:
            notes.append(f"a second input {name!r} is ignored")
        else:
            raise lines.error(f"two inputs are called {name!r}", name)
    return tuple(found.values()), notes


def _in_pixels(listed: Sequence[object]) -> bool:
    """Tell what points without a range mean, which files do not say.

    They are pixels, as in the early hosts, unless one of them starts at a fraction of the picture.
    """

    def fraction(value: object) -> bool:
        parts = value if isinstance(value, list) else []
        return any(isinstance(each, (int, float)) and 0 < each <= 1 for each in parts)

    open_ = [each for each in listed if isinstance(each, dict) and not each.keys() & {"MIN", "MAX"}]
    return not any(str(each.get("TYPE")).lower() == "point2d" and fraction(each.get("DEFAULT")) for each in open_)


class _Item:
    """One entry of INPUTS, by its name."""

    def __init__(self, name: str, item: Json, lines: Lines) -> None:
        self.name, self.item, self.lines = name, item, lines
        self.label = as_text(item.get("LABEL")) or name

    def input(self, pixels: bool) -> Input:
        """Return the input; pixels: what a point without a range means."""
        given = self.item.get("TYPE")
        word = given.strip().lower() if isinstance(given, str) else ""
        kind = next((each for each in TYPES if each.lower() == MADMAPPER.get(word, word).lower()), None)
        if kind is None:
            what = f"input {self.name!r} has the TYPE {json.dumps(given)[:40]}; one of {', '.join(TYPES)}"
            raise self.lines.error(what, self.name)
        if kind in ("event", "bool"):
            default = kind == "bool" and as_bool(self.item.get("DEFAULT"))
            return Input(self.name, kind, self.label, default, False, True)
        if kind == "float":
            return self._float()
        if kind == "long":
            return self._long()
        if kind == "point2D":
            return self._point(pixels and word == "point2d")
        if kind == "point3D":
            return self._vector(kind, (0.0,) * 3, (1.0,) * 3, self._numbers("DEFAULT", 3) or self._middle(3))
        if kind == "color":
            return self._vector(kind, (0.0,) * 4, (1.0,) * 4, self._numbers("DEFAULT", 4) or (1.0,) * 4)
        columns = self._number("MAX" if "MAX" in self.item else "SIZE") if kind != "image" else None
        high = None if columns is None else int(min(max(columns, 1), COLUMNS))
        return Input(self.name, kind, self.label, high=high)

    def _number(self, key: str) -> float | None:
        value = self.item.get(key)
        return None if value is None else as_number(value, f"{key} of input {self.name!r}", self.lines, self.name)

    def _numbers(self, key: str, count: int) -> tuple[float, ...] | None:
        value = self.item.get(key)
        if value is None:
            return None
        what = f"{key} of input {self.name!r}"
        if not isinstance(value, list) or not 1 <= len(value) <= 8:
            value = [as_number(value, what, self.lines, self.name)] * count
        numbers = [as_number(each, what, self.lines, self.name) for each in value]
        return tuple((numbers + [1.0] * count)[:count])  # a color of three has alpha 1

    def _range(self, low: float, high: float) -> tuple[float, float]:
        least, most = self._number("MIN"), self._number("MAX")
        return _ordered(low if least is None else least, high if most is None else most)

    def _float(self) -> Input:
        low, high = self._range(0.0, 1.0)
        default = self._number("DEFAULT")
        if default is None:
            default = (low + high) / 2
        return Input(self.name, "float", self.label, default, min(low, default), max(high, default))

    def _point(self, pixels: bool) -> Input:
        low, high, default = self._numbers("MIN", 2), self._numbers("MAX", 2), self._numbers("DEFAULT", 2)
        if low is None and high is None and pixels:
            middle = default is None or max(default) > 1  # a default in pixels of some picture unknown
            start = (0.5, 0.5) if middle else (0.0, 0.0)
            return Input(self.name, "point2D", self.label, start, (0.0, 0.0), (1.0, 1.0), pixels=True)
        return self._vector("point2D", (0.0,) * 2, (1.0,) * 2, default or self._middle(2))

    def _middle(self, count: int) -> tuple[float, ...]:
        low, high = self._numbers("MIN", count) or (0.0,) * count, self._numbers("MAX", count) or (1.0,) * count
        return tuple((a + b) / 2 for a, b in zip(low, high, strict=True))

    def _vector(self, kind: str, low: tuple[float, ...], high: tuple[float, ...], default: tuple[float, ...]) -> Input:
        """Return a vector's input in the range of the file, else low..high, widened to hold its default."""
        least, most = self._numbers("MIN", len(low)) or low, self._numbers("MAX", len(high)) or high
        ranges = [_ordered(a, b) for a, b in zip(least, most, strict=True)]
        lows = tuple(min(a, at) for (a, _), at in zip(ranges, default, strict=True))
        highs = tuple(max(b, at) for (_, b), at in zip(ranges, default, strict=True))
        return Input(self.name, kind, self.label, default, lows, highs)

    def _integer(self, value: object) -> int:
        number = as_number(value, f"a value of input {self.name!r}", self.lines, self.name)
        return int(min(max(number, -(2.0**31)), 2.0**31 - 1))

    def _long(self) -> Input:
        """Return a choice: VALUES with LABELS, or if the file has neither, the integers from MIN to MAX."""
        values, labels = self._choices()
        if len(values) > CHOICES or len(labels) > CHOICES:
            raise self.lines.error(f"input {self.name!r} has more than {CHOICES} values", self.name)
        if not values and labels:
            values = list(range(len(labels)))
        labels = (labels + [str(each) for each in values[len(labels) :]])[: len(values)]
        given = self._chosen(values, labels)
        if values:
            low, high = min(values), max(values)
            default = values[0] if given is None else self._integer(given)
        else:
            most = 1.0 if given is None else max(given, 1.0)
            low, high = map(self._integer, self._range(0.0, most))
            default = low if given is None else self._integer(given)
        low, high = min(low, default), max(high, default)
        return Input(self.name, "long", self.label, default, low, high, tuple(values), tuple(labels))

    def _choices(self) -> tuple[list[int], list[str]]:
        """Return VALUES and LABELS. MadMapper's values may be words, which are numbered from 0."""
        listed = as_list(self.item, "VALUES", self.lines)
        labels = [as_text(each) for each in as_list(self.item, "LABELS", self.lines)]
        if any(isinstance(each, str) and not _is_number(each) for each in listed):
            return list(range(len(listed))), [as_text(each) for each in listed] if len(labels) < len(listed) else labels
        return [self._integer(each) for each in listed], labels

    def _chosen(self, values: list[int], labels: list[str]) -> float | None:
        """Return DEFAULT: a number, or one of the words; the first where there is no such word."""
        given = self.item.get("DEFAULT")
        if isinstance(given, str) and labels and (given in labels or not _is_number(given)):
            low = [each.strip().lower() for each in labels]
            word = given.strip().lower()
            return float(values[low.index(word)]) if word in low else None
        return self._number("DEFAULT")


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _ordered(low: float, high: float) -> tuple[float, float]:
    return (low, high) if low <= high else (high, low)
