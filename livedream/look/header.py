"""An ISF file read and checked, without OpenGL: the JSON in its first comment, ISF 2.0 and the older 1.0.

read(path) gives a Source. Whatever is wrong with a file becomes one UserError "PATH:LINE: what"; nothing in a file can
make reading long: its size, the number of its inputs and passes, and the nesting of its expressions are bounded.
"""

import json
import math
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from livedream import UserError
from livedream.look import expressions, glsl

BYTES = 1 << 19  # of a shader file
INPUTS = 128
PASSES = 64
IMAGES = 16
SAMPLES = 16384  # columns of an audio input
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
TYPES = ("event", "bool", "long", "float", "point2D", "color", "image", "audio", "audioFFT")
TEXTURES = ("image", "audio", "audioFFT")

Value = bool | int | float | tuple[float, ...]


@dataclass(frozen=True)
class Input:
    """Something of a look that can be moved, or a picture or sound it reads.

    default, low and high are bool (event, bool), int (long), float, (x, y) (point2D) or (r, g, b, a) (color), and None
    for an image. Of an audio input only `high` is set: how many columns it wants, None for as many as there are.
    `pixels`: a point2D without a range in the file, which its shader reads as pixels; here it is 0..1 of the picture
    like any other, and drawing multiplies by the size.
    """

    name: str
    type: str
    label: str
    default: Value | None = None
    low: Value | None = None
    high: Value | None = None
    values: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    pixels: bool = False


@dataclass(frozen=True)
class Pass:
    """One drawing of the shader. target None is the look's picture; width and height None are the picture's own."""

    target: str | None = None
    persistent: bool = False
    float: bool = False
    width: expressions.Expression | None = None
    height: expressions.Expression | None = None


@dataclass(frozen=True)
class Source:
    """A look as it stands in its file. Line numbers of `fragment` and `vertex` are those of the files."""

    path: Path
    title: str
    kind: str  # "generator" | "filter" (reads inputImage) | "transition" (startImage, endImage, progress)
    fragment: str
    vertex: str | None  # of the file of the same name that ends in .vs, if there is one
    vertex_path: Path
    inputs: tuple[Input, ...]
    passes: tuple[Pass, ...]  # at least one
    imported: Mapping[str, Path]
    imported_lines: Mapping[str, int]
    text: str = ""  # of the file, whole
    idle: tuple[Pass, ...] = ()  # buffers that an ISF 1 file keeps but never draws into
    description: str = ""
    credit: str = ""
    categories: tuple[str, ...] = ()
    version: str = ""  # of the specification: "1" where the file names none
    notes: tuple[str, ...] = field(default=())  # what was passed over


def read(path: str | Path) -> Source:
    """The look in the file `path`. UserError "PATH:LINE: what is wrong"."""
    path = Path(path)
    vertex_path = path.with_suffix(".vs")
    return parsed(path, _text(path), _text(vertex_path) if vertex_path.is_file() else None)


def parsed(path: Path, text: str, vertex: str | None) -> Source:
    """The look that a file `path` of this text would hold, and its .vs that vertex shader. UserError as in read."""
    start, end, header = _header(path, text)
    lines = _Lines(path, text, start, end)
    inputs, notes = _inputs(header, lines)
    names = {each.name: each for each in inputs}
    passes, idle = _passes(header, names, lines)
    imported, imported_lines = _imported(header, path, lines)
    _once(names, passes + idle, imported, lines)
    return Source(
        path=path,
        title=path.stem,
        kind=_kind(names),
        fragment=text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:],
        vertex=vertex,
        vertex_path=path.with_suffix(".vs"),
        inputs=inputs,
        passes=passes,
        imported=imported,
        imported_lines=imported_lines,
        text=text,
        idle=idle,
        description=_words(header.get("DESCRIPTION")),
        credit=_words(header.get("CREDIT")),
        categories=tuple(map(_words, _list(header, "CATEGORIES", lines, strict=False))),
        version=_words(header.get("ISFVSN")) or "1",
        notes=tuple(notes),
    )


class _Lines:
    """Where in the file something stands, for the messages."""

    def __init__(self, path: Path, text: str, start: int, end: int):
        self.path, self.text, self.start, self.end = path, text, start, end

    def of(self, word: str | None = None) -> int:
        at = self.text.find(json.dumps(word, ensure_ascii=False), self.start, self.end) if word else -1
        return self.text.count("\n", 0, max(at, self.start)) + 1

    def error(self, what: str, word: str | None = None) -> UserError:
        return UserError(f"{self.path}:{self.of(word)}: {what}")


def _text(path: Path) -> str:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise UserError(f"{path}:1: not a file that can be read")
        if found.st_size > BYTES:
            raise UserError(f"{path}:1: {found.st_size >> 10} kB; a shader may have {BYTES >> 10} kB")
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise UserError(f"{path}:1: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if b"\0" in data:
        raise UserError(f"{path}:1: not a text file")
    text = data.decode("utf-8-sig", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _header(path: Path, text: str) -> tuple[int, int, dict]:
    """Start and end of the comment that holds the header, and what it says."""

    def error(at: int, what: str) -> UserError:
        return UserError(f"{path}:{text.count(chr(10), 0, at) + 1}: {what}")

    start = text.find("/*")
    while start >= 0:  # comments before the header, a licence say, are passed over
        opening = start + 2
        while opening < len(text) and text[opening].isspace():
            opening += 1
        if text[opening : opening + 1] == "{":
            break
        close = text.find("*/", start + 2)
        start = text.find("/*", close + 2) if close >= 0 else -1
    if start < 0:
        raise error(0, "no ISF header; the file must begin with a comment /*{ … }*/ that holds its JSON")

    decoder = json.JSONDecoder(strict=False, parse_constant=_refused)
    try:
        try:
            header, after = decoder.raw_decode(text, opening)
        except json.JSONDecodeError as strict:
            stop = text.find("*/", opening)
            stop = len(text) if stop < 0 else stop
            mended = _mended(text[opening:stop])
            try:
                header, length = decoder.raw_decode(mended)
            except json.JSONDecodeError:
                raise strict from None
            after = stop - (len(mended) - length)
    except json.JSONDecodeError as wrong:
        raise error(wrong.pos, f"the header is not JSON: {wrong.msg}") from None
    except (ValueError, RecursionError) as wrong:
        what = "nested too deep" if isinstance(wrong, RecursionError) else str(wrong).split(";")[0]
        raise error(opening, f"the header is not JSON: {what}") from None
    close = text.find("*/", after)
    if close < 0:
        raise error(start, "the comment of the header is never closed")
    if text[after:close].strip():
        raise error(after, f"the header has {text[after:close].strip()[:20]!r} after its JSON")
    return start, close + 2, header


def _refused(constant: str):
    raise ValueError(f"{constant} is no number")


def _mended(text: str) -> str:
    """JSON with what people get wrong by hand: keys without their quotes at the start of a line, and commas before a
    closing bracket. Strings are left alone."""
    text = re.sub(r'^([ \t{]*)([A-Za-z_]\w*)"?([ \t]*:)', r'\1"\2"\3', text, flags=re.MULTILINE)
    parts = re.split(r'("(?:[^"\\]|\\.)*")', text)
    parts[::2] = [re.sub(r",(?=\s*[\]}])", " ", part) for part in parts[::2]]
    return "".join(parts)


def _words(value) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _list(header: dict, key: str, lines: _Lines, strict: bool = True) -> list:
    value = header.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        if strict:
            raise lines.error(f"{key} must be a list", key)
        return [value]
    return value


def _number(value, what: str, lines: _Lines, word: str) -> float:
    try:
        if isinstance(value, (bool, int, float, str)) and math.isfinite(float(value)):
            return float(value)
    except (ValueError, OverflowError):
        pass
    raise lines.error(f"{what} must be a number, not {json.dumps(value)[:40]}", word)


def _yes(value) -> bool:
    """JSON's many ways to say yes: true, 1, 1.0, "YES"."""
    if isinstance(value, str):
        return value.strip().lower() in ("1", "true", "yes", "on")
    return isinstance(value, (bool, int, float)) and value > 0


def _inputs(header: dict, lines: _Lines) -> tuple[tuple[Input, ...], list[str]]:
    listed = _list(header, "INPUTS", lines)
    if len(listed) > INPUTS:
        raise lines.error(f"{len(listed)} inputs; at most {INPUTS}", "INPUTS")
    found: dict[str, Input] = {}
    notes = []
    pixels = _in_pixels(listed)
    for number, item in enumerate(listed):
        if not isinstance(item, dict):
            raise lines.error(f"input {number} must be an object with NAME and TYPE", "INPUTS")
        name = _name(item.get("NAME"), f"the NAME of input {number}", lines)
        made = _input(name, item, lines, pixels)
        if name not in found:
            found[name] = made
        elif found[name].type == made.type:
            notes.append(f"a second input {name!r} is passed over")
        else:
            raise lines.error(f"two inputs are called {name!r}", name)
    return tuple(found.values()), notes


def _name(name, what: str, lines: _Lines) -> str:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise lines.error(f"{what} must be a GLSL name (letters, digits, _), not {json.dumps(name)[:40]}")
    if name in glsl.TAKEN or name.startswith(("gl_", "isf_")):
        raise lines.error(f"{what} cannot be {name!r}, which has a meaning of its own in a shader", name)
    return name


def _in_pixels(listed: list) -> bool:
    """What points without a range mean, which files do not say: pixels as in the early hosts, but for a file in which
    one of them starts at a fraction of the picture."""

    def fraction(value) -> bool:
        parts = value if isinstance(value, list) else []
        return any(isinstance(each, (int, float)) and 0 < each <= 1 for each in parts)

    open_ = [each for each in listed if isinstance(each, dict) and not each.keys() & {"MIN", "MAX"}]
    return not any(str(each.get("TYPE")).lower() == "point2d" and fraction(each.get("DEFAULT")) for each in open_)


def _input(name: str, item: dict, lines: _Lines, pixels: bool) -> Input:
    given = item.get("TYPE")
    kind = next((each for each in TYPES if isinstance(given, str) and each.lower() == given.strip().lower()), None)
    if kind is None:
        raise lines.error(f"input {name!r} has the TYPE {json.dumps(given)[:40]}; one of {', '.join(TYPES)}", name)
    label = _words(item.get("LABEL")) or name

    def number(key: str, otherwise: float | None = None) -> float | None:
        value = item.get(key)
        return otherwise if value is None else _number(value, f"{key} of input {name!r}", lines, name)

    def vector(key: str, count: int) -> tuple[float, ...] | None:
        value = item.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not 1 <= len(value) <= 8:
            value = [_number(value, f"{key} of input {name!r}", lines, name)] * count
        value = [_number(each, f"{key} of input {name!r}", lines, name) for each in value]
        return tuple((value + [1.0] * count)[:count])  # a color of three has alpha 1

    if kind in ("event", "bool"):
        return Input(name, kind, label, kind == "bool" and _yes(item.get("DEFAULT")), False, True)
    if kind == "float":
        low, high = _ordered(number("MIN", 0.0), number("MAX", 1.0))
        default = number("DEFAULT")
        default = (low + high) / 2 if default is None else default
        return Input(name, kind, label, default, min(low, default), max(high, default))
    if kind == "long":
        return _long(name, item, label, number, lines)
    if kind == "point2D":
        low, high, default = vector("MIN", 2), vector("MAX", 2), vector("DEFAULT", 2)
        if low is None and high is None and pixels:
            middle = default is None or max(default) > 1  # a default in pixels of some picture unknown
            return Input(name, kind, label, (0.5,) * 2 if middle else (0.0,) * 2, (0.0,) * 2, (1.0,) * 2, pixels=True)
        low, high = low or (0.0, 0.0), high or (1.0, 1.0)
        default = default or tuple((a + b) / 2 for a, b in zip(low, high, strict=True))
        low, high = zip(*map(_ordered, low, high), strict=True)
        return Input(name, kind, label, default, tuple(map(min, low, default)), tuple(map(max, high, default)))
    if kind == "color":
        default = vector("DEFAULT", 4) or (1.0,) * 4
        low, high = vector("MIN", 4) or (0.0,) * 4, vector("MAX", 4) or (1.0,) * 4
        low, high = zip(*map(_ordered, low, high), strict=True)
        return Input(name, kind, label, default, tuple(map(min, low, default)), tuple(map(max, high, default)))
    columns = number("MAX") if kind != "image" else None
    return Input(name, kind, label, high=None if columns is None else int(min(max(columns, 1), SAMPLES)))


def _ordered(low: float, high: float) -> tuple[float, float]:
    return (low, high) if low <= high else (high, low)


def _long(name: str, item: dict, label: str, number, lines: _Lines) -> Input:
    """A choice: VALUES with LABELS, or where the file has neither, the whole numbers from MIN to MAX."""

    def whole(value) -> int:
        return int(min(max(_number(value, f"a value of input {name!r}", lines, name), -(2.0**31)), 2.0**31 - 1))

    values = [whole(each) for each in _list(item, "VALUES", lines)]
    labels = [_words(each) for each in _list(item, "LABELS", lines)]
    if len(values) > 1000 or len(labels) > 1000:
        raise lines.error(f"input {name!r} has more than 1000 values", name)
    if not values and labels:
        values = list(range(len(labels)))
    labels = (labels + [str(each) for each in values[len(labels) :]])[: len(values)]
    default = number("DEFAULT")
    if values:
        low, high = min(values), max(values)
        default = values[0] if default is None else whole(default)
    else:
        most = 1.0 if default is None else max(default, 1.0)
        low, high = map(whole, _ordered(number("MIN", 0.0), number("MAX", most)))
        default = low if default is None else whole(default)
    return Input(name, "long", label, default, min(low, default), max(high, default), tuple(values), tuple(labels))


def _passes(header: dict, inputs: dict[str, Input], lines: _Lines) -> tuple[tuple[Pass, ...], tuple[Pass, ...]]:
    """The passes in order, and the persistent buffers of an ISF 1 file that no pass draws into."""
    listed = _list(header, "PASSES", lines) or [{}]
    if len(listed) > PASSES:
        raise lines.error(f"{len(listed)} passes; at most {PASSES}", "PASSES")
    older = header.get("PERSISTENT_BUFFERS") or {}  # ISF 1: {"name": {"WIDTH": …}} or ["name", …]
    if isinstance(older, list):
        older = {each: {} for each in older if isinstance(each, str)}
    if not isinstance(older, dict) or len(older) > PASSES:
        raise lines.error(
            f"PERSISTENT_BUFFERS must be an object or a list of at most {PASSES} names", "PERSISTENT_BUFFERS"
        )
    known = {
        "WIDTH",
        "HEIGHT",
        *(each.name for each in inputs.values() if each.type in ("event", "bool", "long", "float")),
    }

    def size(key: str, item: dict, what: str) -> expressions.Expression | None:
        text = item.get(key)
        if text is None or text == "":
            return None
        if isinstance(text, (int, float)) and not isinstance(text, bool):
            text = repr(_number(text, f"{key} of {what}", lines, key))
        if not isinstance(text, str):
            raise lines.error(f"{key} of {what} must be an expression, not {json.dumps(text)[:40]}", key)
        try:
            return expressions.Expression(text, known)
        except ValueError as wrong:
            raise lines.error(f"{key} of {what} {wrong}", text) from None

    def made(item: dict, target: str | None, what: str, persistent: bool) -> Pass:
        is_float = _yes(item.get("FLOAT"))
        return Pass(target, persistent, is_float, size("WIDTH", item, what), size("HEIGHT", item, what))

    passes = []
    for number, item in enumerate(listed):
        if not isinstance(item, dict):
            raise lines.error(f"pass {number} must be an object", "PASSES")
        target = item.get("TARGET") or None
        if target is not None:
            target = _name(target, f"the TARGET of pass {number}", lines)
        before = older.get(target) if isinstance(older.get(target), dict) else {}
        persistent = _yes(item.get("PERSISTENT")) or target in older
        passes.append(made({**before, **item}, target, f"pass {number}", persistent))
    drawn = {each.target for each in passes}
    idle = []
    for name, item in older.items():
        if name not in drawn:
            name = _name(name, "the name of a persistent buffer", lines)
            idle.append(made(item if isinstance(item, dict) else {}, name, f"buffer {name!r}", True))
    return tuple(passes), tuple(idle)


def _imported(header: dict, path: Path, lines: _Lines) -> tuple[dict[str, Path], dict[str, int]]:
    listed = header.get("IMPORTED") or {}
    if isinstance(listed, list):  # ISF 1 also allows [{"NAME": …, "PATH": …}]
        listed = {each.get("NAME"): each for each in listed if isinstance(each, dict)}
    if not isinstance(listed, dict) or len(listed) > IMAGES:
        raise lines.error(f"IMPORTED must be an object of at most {IMAGES} images", "IMPORTED")
    found, where = {}, {}
    for name, item in listed.items():
        name = _name(name, "the name of an imported image", lines)
        file = item.get("PATH") if isinstance(item, dict) else item
        if not isinstance(file, str) or not file or "\0" in file:
            raise lines.error(f"the imported image {name!r} has no PATH", name)
        found[name] = path.parent / file.replace("\\", "/")
        where[name] = lines.of(file)
    return found, where


def _once(inputs: Mapping, passes: tuple[Pass, ...], imported: Mapping, lines: _Lines) -> None:
    """A name means one thing: an input, a buffer or an imported image."""
    targets = {each.target for each in passes if each.target}
    for name in sorted((targets & inputs.keys()) | (targets & imported.keys()) | (inputs.keys() & imported.keys())):
        raise lines.error(f"{name!r} is the name of two things", name)


def _kind(inputs: dict[str, Input]) -> str:
    def has(name: str, kind: str) -> bool:
        return name in inputs and inputs[name].type == kind

    if has("startImage", "image") and has("endImage", "image") and has("progress", "float"):
        return "transition"
    return "filter" if has("inputImage", "image") else "generator"
