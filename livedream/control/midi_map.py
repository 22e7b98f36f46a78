"""What a controller's knobs are bound to, in a file of its name that a person can read: midi/NAME.json."""

import json
import logging
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from livedream import UserError
from livedream.control.midi_control import ENCODINGS, MODES, Binding, control
from livedream.parameters import Parameter
from livedream.system.atomic import atomic_write

log = logging.getLogger(__name__)

_OF_BRIDGE = ("type",)  # what a line may say besides, for `livedream midi`


@dataclass(frozen=True)
class Map:
    """bindings: of one controller. types: by address, where another program's parameter is no number: "trigger" or
    "bool"."""

    bindings: tuple[Binding, ...] = ()
    types: dict[str, str] = field(default_factory=dict)

    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters of a program that nothing else is known of: what the bindings cover, 0..1 else."""
        made = {}
        for each in self.bindings:
            low, high = (default if end is None else end for end, default in ((each.low, 0.0), (each.high, 1.0)))
            low, high = sorted((low, high))
            if each.value is not None:
                low, high = min(low, each.value), max(high, each.value)
            kind = self.types.get(each.address, "float")
            made[each.address] = Parameter(
                each.address, kind, low, high, min(max(0.0, low), high), always=each.value is not None
            )
        return tuple(made.values())


def path_of(folder: Path, controller: str) -> Path:
    """The file of a controller in the folder of mapping files."""
    name = re.sub(r"[^\w .()+-]", "_", controller).strip(" .") or "controller"
    return folder / f"{name[:100]}.json"


def read(path: Path) -> Map:
    """What is in the file. UserError, one line, if it is not there or damaged."""
    try:
        held = json.loads(path.read_text("utf-8"))
        lines = held["bindings"]
        if not isinstance(lines, list):
            raise TypeError("bindings is no list")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else error
        raise UserError(f"{path}: is no mapping of MIDI controls ({what}); mend it, or learn them again") from None
    bindings, types = [], {}
    for n, line in enumerate(lines, 1):
        try:
            bindings.append(_binding(line))
            if "type" in line:
                types[bindings[-1].address] = _one_of(line["type"], ("float", "bool", "trigger"), "type")
        except (ValueError, KeyError, TypeError) as error:
            what = f"no {error}" if isinstance(error, KeyError) else error
            raise UserError(f"{path}: binding {n}: {what}; mend it, or learn them again") from None
    return Map(tuple(bindings), types)


def load(folder: Path, controller: str) -> tuple[Binding, ...]:
    """What was learned on a controller; nothing where there is no file. A damaged file stays; it is said and set aside
    by the next `save`. Raises UserError for it."""
    path = path_of(folder, controller)
    return read(path).bindings if path.exists() else ()


def save(folder: Path, controller: str, bindings: Iterable[Binding]) -> Path:
    """Write the file, whole; one that cannot be read is kept beside it as NAME.damaged.json. UserError."""
    path = path_of(folder, controller)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            try:
                read(path)
            except UserError:
                os.replace(path, _free(path))
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from None
    lines = ",\n".join("    " + json.dumps(_line(each), ensure_ascii=False) for each in bindings)
    name = json.dumps(controller, ensure_ascii=False)
    text = f'{{\n  "controller": {name},\n  "bindings": [\n{lines}\n  ]\n}}\n'
    atomic_write(path, text.encode())
    return path


def _free(path: Path) -> Path:
    """A name beside it that nothing has."""
    names = (f"{path.stem}.damaged{n}.json" for n in ("", *(f"-{n}" for n in range(2, 10_000))))
    return next(each for each in map(path.with_name, names) if not each.exists())


def _line(binding: Binding) -> dict:
    """One binding as the file has it."""
    line = {"control": binding.control.text, "channel": binding.control.channel + 1, "address": binding.address}
    if binding.control.kind == "relative":
        line["encoding"] = binding.encoding
    for name in ("mode", "low", "high", "value"):
        if (value := getattr(binding, name)) is not None:
            line[name] = value
    return line


def _binding(line: dict) -> Binding:
    """ValueError, KeyError or TypeError for what is none."""
    if not isinstance(line, dict):
        raise TypeError("is not {…}")
    known = {"control", "channel", "address", "encoding", "mode", "low", "high", "value", *_OF_BRIDGE}
    if strange := sorted(line.keys() - known):
        raise ValueError(f"{strange[0]!r} is none of {', '.join(sorted(known))}")
    channel = line.get("channel", 1)
    if not isinstance(channel, int) or not isinstance(line["address"], str) or not isinstance(line["control"], str):
        raise TypeError("control and address are words, channel is a whole number")
    numbers = {name: float(line[name]) for name in ("low", "high", "value") if line.get(name) is not None}
    return Binding(
        line["address"].strip("/"),
        control(line["control"], channel - 1),
        _one_of(line.get("encoding", "twos"), ENCODINGS, "encoding"),
        _one_of(line["mode"], MODES, "mode") if line.get("mode") is not None else None,
        **numbers,
    )


def _one_of(text, words: tuple[str, ...], what: str) -> str:
    if text not in words:
        raise ValueError(f"{what} {text!r} is none of {', '.join(words)}")
    return text
