"""Mapping files: a controller's bindings as readable JSON, in midi/NAME.json for the controller NAME."""

import json
import logging
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from livedream import UserError
from livedream.control.midi.controls import ENCODINGS, MODES, Binding, parse_control
from livedream.parameters import Parameter
from livedream.system.atomic import atomic_write

log = logging.getLogger(__name__)

_BRIDGE_KEYS = ("type",)  # understood by `livedream midi` only


@dataclass(frozen=True)
class MappingFile:
    """A mapping file's content.

    Attributes:
        bindings: of one controller.
        types: by address, of another program's parameters that are no numbers: "trigger" or "bool".
    """

    bindings: tuple[Binding, ...] = ()
    types: dict[str, str] = field(default_factory=dict)

    def parameters(self) -> tuple[Parameter, ...]:
        """Return parameters for another program: their range is what the bindings cover, 0..1 by default."""
        made: dict[str, Parameter] = {}
        for each in self.bindings:
            low, high = (default if end is None else end for end, default in ((each.low, 0.0), (each.high, 1.0)))
            low, high = sorted((low, high))
            if each.value is not None:
                low, high = min(low, each.value), max(high, each.value)
            kind = self.types.get(each.address, "float")
            made[each.address] = Parameter(
                each.address, kind, low, high, min(max(0.0, low), high), always=_always(each)
            )
        return tuple(made.values())


def _always(binding: Binding) -> bool:
    """Whether every press is sent, also one with the value of the press before."""
    return binding.value is not None or binding.address.endswith(("/jump", "_jump"))


def path_of(folder: Path, controller: str) -> Path:
    """Return the mapping file of a controller in the folder of mapping files."""
    name = re.sub(r"[^\w .()+-]", "_", controller).strip(" .") or "controller"
    return folder / f"{name[:100]}.json"


def read(path: Path) -> MappingFile:
    """Read a mapping file. Raises UserError if it does not exist or is damaged."""
    try:
        lines = json.loads(path.read_text("utf-8"))["bindings"]
        if not isinstance(lines, list):
            raise TypeError("bindings is not a list")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise UserError(f"{path}: not a MIDI mapping ({what}); correct it, or learn the controls again") from None
    bindings: list[Binding] = []
    types: dict[str, str] = {}
    for n, line in enumerate(lines, 1):
        try:
            bindings.append(_parse(line))
            if "type" in line:
                types[bindings[-1].address] = _one_of(line["type"], ("float", "bool", "trigger"), "type")
        except (ValueError, KeyError, TypeError) as error:
            what = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise UserError(f"{path}: binding {n}: {what}; correct it, or learn the controls again") from None
    return MappingFile(tuple(bindings), types)


def load(folder: Path, controller: str) -> tuple[Binding, ...]:
    """Return what was learned on a controller; nothing if there is no file.

    Raises:
        UserError: the file is damaged. It stays where it is until the next `save` sets it aside.
    """
    path = path_of(folder, controller)
    return read(path).bindings if path.exists() else ()


def save(folder: Path, controller: str, bindings: Iterable[Binding]) -> Path:
    """Write the mapping file; a damaged one is kept beside it as NAME.damaged.json. Raises UserError."""
    path = path_of(folder, controller)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            try:
                read(path)
            except UserError:
                os.replace(path, _unused(path))
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from None
    lines = ",\n".join("    " + json.dumps(_to_json(each), ensure_ascii=False) for each in bindings)
    name = json.dumps(controller, ensure_ascii=False)
    text = f'{{\n  "controller": {name},\n  "bindings": [\n{lines}\n  ]\n}}\n'
    atomic_write(path, text.encode())
    return path


def _unused(path: Path) -> Path:
    """Return a path beside it that does not exist."""
    names = (f"{path.stem}.damaged{n}.json" for n in ("", *(f"-{n}" for n in range(2, 10_000))))
    return next(each for each in map(path.with_name, names) if not each.exists())


def _to_json(binding: Binding) -> dict[str, object]:
    """Return one binding as a line of the file."""
    line: dict[str, object] = {
        "control": binding.control.text,
        "channel": binding.control.channel + 1,
        "address": binding.address,
    }
    if binding.control.kind == "relative":
        line["encoding"] = binding.encoding
    for name in ("mode", "low", "high", "value"):
        if (value := getattr(binding, name)) is not None:
            line[name] = value
    return line


def _parse(line: object) -> Binding:
    """Return the binding that a line of the file describes. Raises ValueError, KeyError or TypeError."""
    if not isinstance(line, dict):
        raise TypeError("is not {…}")
    known = {"control", "channel", "address", "encoding", "mode", "low", "high", "value", *_BRIDGE_KEYS}
    if strange := sorted(line.keys() - known):
        raise ValueError(f"{strange[0]!r} is none of {', '.join(sorted(known))}")
    channel = line.get("channel", 1)
    if not isinstance(channel, int) or not isinstance(line["address"], str) or not isinstance(line["control"], str):
        raise TypeError("control and address are texts, channel is a whole number")
    numbers = {name: float(line[name]) for name in ("low", "high", "value") if line.get(name) is not None}
    return Binding(
        line["address"].strip("/"),
        parse_control(line["control"], channel - 1),
        _one_of(line.get("encoding", "twos"), ENCODINGS, "encoding"),
        _one_of(line["mode"], MODES, "mode") if line.get("mode") is not None else None,
        **numbers,
    )


def _one_of(text: object, words: tuple[str, ...], what: str) -> str:
    if not isinstance(text, str) or text not in words:
        raise ValueError(f"{what} {text!r} is none of {', '.join(words)}")
    return text
