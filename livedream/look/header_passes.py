"""PASSES, PERSISTENT_BUFFERS and IMPORTED of a look's header."""

import json
from collections.abc import Mapping
from pathlib import Path

from livedream.look.expressions import Expression
from livedream.look.header_values import Json, Lines, as_bool, as_list, as_name, as_number
from livedream.look.source import Input, Pass

PASSES = 64
IMAGES = 16
NUMBERS = ("event", "bool", "long", "float")  # types of inputs that expressions may read


def read(header: Json, inputs: Mapping[str, Input], lines: Lines) -> tuple[tuple[Pass, ...], tuple[Pass, ...]]:
    """Return the passes in order, and the persistent buffers of an ISF 1 file that no pass draws into. UserError."""
    listed = as_list(header, "PASSES", lines) or [{}]
    if len(listed) > PASSES:
        raise lines.error(f"{len(listed)} passes; at most {PASSES}", "PASSES")
    older = _persistent_buffers(header, lines)
    known = {"WIDTH", "HEIGHT", *(each.name for each in inputs.values() if each.type in NUMBERS)}
    passes = []
    for number, item in enumerate(listed):
        if not isinstance(item, dict):
            raise lines.error(f"pass {number} must be an object", "PASSES")
        target = item.get("TARGET") or None
        if target is not None:
            target = as_name(target, f"the TARGET of pass {number}", lines)
        persistent = as_bool(item.get("PERSISTENT")) or target in older
        settings = {**older.get(target or "", {}), **item}
        passes.append(_pass(settings, target, persistent, f"pass {number}", known, lines))
    drawn = {each.target for each in passes}
    idle = []
    for name, settings in older.items():
        if name not in drawn:
            target = as_name(name, "the name of a persistent buffer", lines)
            idle.append(_pass(settings, target, True, f"buffer {target!r}", known, lines))
    return tuple(passes), tuple(idle)


def _persistent_buffers(header: Json, lines: Lines) -> dict[str, Json]:
    """Return the settings of ISF 1's buffers by name, written {"name": {"WIDTH": …}} or ["name", …]."""
    key = "PERSISTENT_BUFFERS"
    listed = header.get(key) or {}
    if isinstance(listed, list):
        listed = {each: {} for each in listed if isinstance(each, str)}
    if not isinstance(listed, dict) or len(listed) > PASSES:
        raise lines.error(f"{key} must be an object or a list of at most {PASSES} names", key)
    return {name: item if isinstance(item, dict) else {} for name, item in listed.items()}


def _pass(settings: Json, target: str | None, persistent: bool, what: str, known: set[str], lines: Lines) -> Pass:
    width, height = (_size(key, settings, what, known, lines) for key in ("WIDTH", "HEIGHT"))
    return Pass(target, persistent, as_bool(settings.get("FLOAT")), width, height)


def _size(key: str, settings: Json, what: str, known: set[str], lines: Lines) -> Expression | None:
    text = settings.get(key)
    if text is None or text == "":
        return None
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        text = repr(as_number(text, f"{key} of {what}", lines, key))
    if not isinstance(text, str):
        raise lines.error(f"{key} of {what} must be an expression, not {json.dumps(text)[:40]}", key)
    try:
        return Expression(text, known)
    except ValueError as wrong:
        raise lines.error(f"{key} of {what} {wrong}", text) from None


def imported(header: Json, path: Path, lines: Lines) -> tuple[dict[str, Path], dict[str, int]]:
    """Return the image files that the look in `path` imports, by name, and the lines that name them. UserError."""
    listed = header.get("IMPORTED") or {}
    if isinstance(listed, list):  # ISF 1 also allows [{"NAME": …, "PATH": …}]
        listed = {each.get("NAME"): each for each in listed if isinstance(each, dict)}
    if not isinstance(listed, dict) or len(listed) > IMAGES:
        raise lines.error(f"IMPORTED must be an object of at most {IMAGES} images", "IMPORTED")
    found, where = {}, {}
    for given, item in listed.items():
        name = as_name(given, "the name of an imported image", lines)
        file = item.get("PATH") if isinstance(item, dict) else item
        if not isinstance(file, str) or not file or "\0" in file:
            raise lines.error(f"the imported image {name!r} has no PATH", name)
        found[name] = path.parent / file.replace("\\", "/")
        where[name] = lines.of(file)
    return found, where
