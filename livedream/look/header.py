"""An ISF file read and checked, without OpenGL: the JSON in its first comment, ISF 2.0 and the older 1.0.

read(path) gives a Source. Whatever is wrong with a file becomes one UserError "PATH:LINE: what"; nothing in a file can
make reading long: its size, the number of its inputs and passes, and the nesting of its expressions are limited.
"""

import json
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from livedream import UserError
from livedream.look import header_inputs, header_passes, madmapper
from livedream.look.header_values import Json, Lines, as_list, as_text
from livedream.look.source import Import, Input, Pass, Source
from livedream.system import file_kind

BYTES = 1 << 19  # largest shader file


def read(path: str | Path) -> Source:
    """Return the look in the file `path`. Raises UserError "PATH:LINE: what is wrong"."""
    path = Path(path)
    if what := file_kind.advice(path, "a look"):
        raise UserError(f"{path}:1: {what}")
    vertex_path = path.with_suffix(".vs")
    return parse(path, _file_text(path), _file_text(vertex_path) if vertex_path.is_file() else None)


def parse(path: Path, text: str, vertex: str | None) -> Source:
    """Return the look that a file with this text would hold, beside a .vs file with that vertex shader.

    Raises UserError as `read` does.
    """
    start, end, header = _header(path, text)
    lines = Lines(path, text, start, end)
    inputs, notes = header_inputs.read(header, lines)
    if madmapper.EFFECT in text[end:] and not any(each.name == "inputImage" for each in inputs):
        inputs = (Input("inputImage", "image", "inputImage"), *inputs)  # MadMapper's effects have it without saying so
    names = {each.name: each for each in inputs}
    passes, idle = header_passes.read(header, names, lines)
    imported = header_passes.imported(header, path, lines)
    passes, aliases = header_passes.imported_passes(header, passes, lines)
    generators = tuple(each for each in madmapper.generators(header, lines) if each.name not in names)
    _check_unique(names, passes + idle, imported, lines)
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
        aliases=aliases,
        generators=generators,
        text=text,
        idle=idle,
        description=as_text(header.get("DESCRIPTION")),
        credit=as_text(header.get("CREDIT")),
        categories=tuple(map(as_text, as_list(header, "CATEGORIES", lines, strict=False))),
        version=as_text(header.get("ISFVSN")) or "1",
        notes=tuple(notes),
    )


def _file_text(path: Path) -> str:
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


def _header(path: Path, text: str) -> tuple[int, int, Json]:
    """Return start and end of the comment that holds the header, and its JSON."""

    def error(at: int, what: str) -> UserError:
        return UserError(f"{path}:{text.count(chr(10), 0, at) + 1}: {what}")

    start = text.find("/*")
    while start >= 0:  # comments before the header, such as a licence, are skipped
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
            corrected = _corrected(text[opening:stop])
            try:
                header, length = decoder.raw_decode(corrected)
            except json.JSONDecodeError:
                raise strict from None
            after = stop - (len(corrected) - length)
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


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _corrected(text: str) -> str:
    """Return JSON without the usual mistakes: keys without quotes at the start of a line, commas before a bracket,
    comments of //.

    Strings stay as they are.
    """
    text = re.sub(r'^([ \t{]*)([A-Za-z_]\w*)"?([ \t]*:)', r'\1"\2"\3', text, flags=re.MULTILINE)
    parts = re.split(r'("(?:[^"\\]|\\.)*")', text)
    if any("//" in part for part in parts[::2]):
        parts = re.split(r'("(?:[^"\\]|\\.)*")', _without_comments(text))
    parts[::2] = [re.sub(r",(?=\s*[\]}])", " ", part) for part in parts[::2]]
    return "".join(parts)


def _without_comments(text: str) -> str:
    """Return JSON without what stands behind // outside of strings."""
    return re.sub(r'("(?:[^"\\\n]|\\.)*")|//[^\n]*', lambda found: found[1] or "", text)


def _check_unique(
    inputs: Mapping[str, Input], passes: tuple[Pass, ...], imported: Mapping[str, Import], lines: Lines
) -> None:
    """Raise UserError if a name means two things among inputs, buffers and imported images."""
    targets = {each.target for each in passes if each.target}
    for name in sorted((targets & inputs.keys()) | (targets & imported.keys()) | (inputs.keys() & imported.keys())):
        raise lines.error(f"{name!r} is the name of two things", name)


def _kind(inputs: Mapping[str, Input]) -> str:
    def has(name: str, kind: str) -> bool:
        return name in inputs and inputs[name].type == kind

    if has("startImage", "image") and has("endImage", "image") and has("progress", "float"):
        return "transition"
    return "filter" if has("inputImage", "image") else "generator"
