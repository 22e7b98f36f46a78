"""PASSES, PERSISTENT_BUFFERS and IMPORTED of a look's header."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeGuard

from livedream.look.expressions import Expression
from livedream.look.header_values import Json, Lines, as_bool, as_list, as_name, as_number, as_text
from livedream.look.source import Import, Input, Pass

PASSES = 64
IMAGES = 16
FACES = 6  # of a cube map
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


def imported(header: Json, path: Path, lines: Lines) -> dict[str, Import]:
    """Return the picture files that the look in `path` imports, by name. UserError.

    Whether they are there matters only where the shader reads them, so it is seen when it is compiled.
    """
    found = {}
    for name, item in _imports(header, lines):
        if isinstance(item, dict) and "PASSINDEX" in item and not item.get("PATH"):
            continue
        given = item.get("PATH") if isinstance(item, dict) else item
        files = [each for each in (given if isinstance(given, list) else [given]) if _is_file(each)]
        kind = as_text(item.get("TYPE")).lower() if isinstance(item, dict) else ""
        cube = kind in ("cube", "cubemap", "samplercube") or (not kind and len(files) == FACES)
        paths = tuple(path.parent / each.replace("\\", "/") for each in files)
        found[name] = Import(paths, cube, lines.of(files[0] if files else name))
    return found


def imported_passes(header: Json, passes: tuple[Pass, ...], lines: Lines) -> tuple[tuple[Pass, ...], dict[str, str]]:
    """Return the passes, and the names under which IMPORTED offers their buffers: by name, the buffer's. UserError.

    A pass that is imported and draws into no buffer gets one, which keeps its content.
    """
    changed, aliases = list(passes), {}
    for name, item in _imports(header, lines):
        if not isinstance(item, dict) or "PASSINDEX" not in item or item.get("PATH"):
            continue
        number = int(as_number(item["PASSINDEX"], f"PASSINDEX of {name!r}", lines, name))
        if not 0 <= number < len(passes):
            raise lines.error(f"{name!r} imports pass {number}; there are {len(passes)}, numbered from 0", name)
        target = changed[number].target
        if target is None:
            taken = {each.target for each in changed}
            target = name if name not in taken else f"isf_pass_{number}"
            changed[number] = replace(changed[number], target=target, persistent=True)
        if target != name:
            aliases[name] = target
    return tuple(changed), aliases


def _imports(header: Json, lines: Lines) -> list[tuple[str, object]]:
    """Return the entries of IMPORTED: {"name": {"PATH": …}}, or as ISF 1 also allows, [{"NAME": …, "PATH": …}]."""
    listed = header.get("IMPORTED") or {}
    if isinstance(listed, list):
        pairs = [(each.get("NAME"), each) for each in listed if isinstance(each, dict)]
    elif isinstance(listed, dict):
        pairs = list(listed.items())
    else:
        raise lines.error(f"IMPORTED must be an object of at most {IMAGES} images", "IMPORTED")
    if len(pairs) > IMAGES:
        raise lines.error(f"IMPORTED must be an object of at most {IMAGES} images", "IMPORTED")
    found: dict[str, object] = {}
    for name, item in pairs:
        found[as_name(name, "the name of an imported image", lines)] = item
    return list(found.items())


def _is_file(given: object) -> TypeGuard[str]:
    return isinstance(given, str) and bool(given) and "\0" not in given
