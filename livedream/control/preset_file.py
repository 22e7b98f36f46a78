"""A bank of presets: parameter values and the decks' states, by number and name, in a file of its own.

The file is JSON with a line for each value. The contents of a deck's state are up to parts/preset_recall.py.

    {"livedream presets": 1, "dream": title, "presets": [
     {"number": 0, "name": "dawn", "stored": ISO 8601, "values": {address: value}, "decks": [{…}]}]}
"""

import datetime
import json
import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livedream import UserError
from livedream.parameters import Parameter, Value
from livedream.system.atomic import atomic_write

FORMAT = 1
MOST = 1000  # presets in a bank: numbers 0 to 999
LONGEST = 80  # characters of a name
LARGEST = 1 << 28  # bytes of a file

Data = dict[str, Any]  # as JSON has it


def kept(parameters: Mapping[str, Parameter]) -> list[str]:
    """Return the addresses whose values a preset has. A vector stands for its elements."""
    return [address for address, each in parameters.items() if each.in_preset and each.has_value]


def chosen(parameter: Parameter, value: Value) -> Value:
    """Return the value; for a choice its name, which stays right when the choices change."""
    if parameter.type == "choice" and isinstance(value, int) and value < len(parameter.choices):
        return parameter.choices[value]
    return value


@dataclass(frozen=True)
class Preset:
    """One preset.

    Attributes:
        number: 0 to 999.
        name: never a number other than its own.
        stored: ISO 8601.
        values: by address; choices by their names.
        decks: each deck's state as JSON has it, opaque here.
    """

    number: int
    name: str
    stored: str
    values: Mapping[str, Value]
    decks: tuple[Data, ...]


class Bank:
    """The presets of a file.

    Attributes:
        presets: by number.
        trouble: what is wrong with the file that was read, or None. A damaged file is moved aside before writing.
    """

    def __init__(self, path: Path, dream: str = ""):
        self.path, self.dream = path, dream
        self.presets: dict[int, Preset] = {}
        self.trouble: str | None = None

    def find(self, text: str) -> Preset | None:
        """Return the preset of that number or name."""
        if text.isdecimal():
            return self.presets.get(int(text[:9]))
        return next((each for each in self.presets.values() if each.name == text), None)

    def store(self, text: str, values: Mapping[str, Value], decks: Iterable[Data]) -> Preset:
        """Store a preset under a number, or a name: at its old number, or the first free one. Raises UserError."""
        old = self.find(text)
        if old is not None:
            number, name = old.number, old.name
        elif text.isdecimal():
            number, name = int(text[:9]), str(int(text[:9]))
        else:
            number = next((each for each in range(MOST) if each not in self.presets), MOST)
            name = text
        if number >= MOST or len(name) > LONGEST:
            raise UserError(f"preset/store: {text[:80]!r}: numbers go from 0 to {MOST - 1}, names to {LONGEST} letters")
        now = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
        made = Preset(number, name, now, dict(values), tuple(decks))
        self.presets = dict(sorted({**self.presets, number: made}.items()))
        return made

    def delete(self, text: str) -> Preset:
        """Delete the preset of that number or name; return it. Raises UserError."""
        found = self.find(text)
        if found is None:
            raise self.missing("delete", text)
        self.presets = {number: each for number, each in self.presets.items() if each is not found}
        return found

    def missing(self, command: str, text: str) -> UserError:
        """Return the error for a preset that is not there."""
        names = ", ".join(f"{each.number} {each.name}" for each in self.presets.values())[:200] or "none yet"
        return UserError(f"preset/{command}: no preset {text[:80]!r}; there are: {names}")

    def write(self) -> None:
        """Write the file atomically; a damaged one is moved aside first. Raises UserError."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.trouble is not None:
                os.rename(self.path, _aside(self.path))
                self.trouble = None
        except FileNotFoundError:  # somebody else removed it
            self.trouble = None
        except OSError as error:
            raise UserError(f"{self.path}: presets cannot be kept there: {error.strerror}") from None
        atomic_write(self.path, _text(self.dream, self.presets.values()).encode())


def read(path: Path, dream: str = "") -> Bank:
    """Return the bank in a file, for the dream of that title, or an empty one. Never raises: see `trouble`."""
    bank = Bank(path, dream)
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST)
        found = json.loads(text)
        version = found["livedream presets"]
        if type(version) is not int or version < 1:
            raise ValueError
        if version > FORMAT:
            bank.trouble = f"{path}: presets of a newer livedream; update livedream to use them"
            return bank
        presets = list(found["presets"])
    except FileNotFoundError:
        return bank
    except OSError as error:
        bank.trouble = f"{path}: presets cannot be read: {error.strerror}"
        return bank
    except (ValueError, KeyError, TypeError, RecursionError):
        bank.trouble = f"{path}: damaged, none of its presets can be used; it is moved aside when one is stored"
        return bank
    damaged = []
    for at, data in enumerate(presets):
        try:
            preset = _from_json(data)
            if preset.number in bank.presets or any(each.name == preset.name for each in bank.presets.values()):
                raise ValueError
            bank.presets[preset.number] = preset
        except (ValueError, KeyError, TypeError, AttributeError):
            damaged.append(at + 1)
    bank.presets = dict(sorted(bank.presets.items()))
    if damaged:
        which = ", ".join(map(str, damaged[:9]))
        bank.trouble = f"{path}: damaged at preset {which} of {len(presets)}; it is moved aside when one is stored"
    return bank


def file_name(title: str, sha256: str) -> str:
    """Return the file name of a dream's bank."""
    name = re.sub(r"[^\w -]", "_", title).strip()[:60]
    return f"{name or 'dream'}-{sha256[:8]}.json"


def _from_json(data: Data) -> Preset:
    number, name, stored = data["number"], data["name"], data["stored"]
    if type(number) is not int or not 0 <= number < MOST or not all(isinstance(each, str) for each in (name, stored)):
        raise ValueError
    if not name.strip() or len(name) > LONGEST or (name.isdecimal() and name != str(number)):
        raise ValueError
    values = {address: _value(each) for address, each in data["values"].items()}
    decks = tuple(data["decks"])
    if not all(isinstance(each, dict) for each in decks):
        raise TypeError
    return Preset(number, name, stored, values, decks)


def _value(data: Any) -> Value:
    if isinstance(data, str):
        return data
    if isinstance(data, list):
        return tuple(map(_number, data))
    return _number(data)


def _number(data: Any) -> float | int | bool:
    if not isinstance(data, bool | int | float) or not math.isfinite(data):
        raise ValueError
    return data


def _aside(path: Path) -> Path:
    names = (path.with_name(f"{path.stem}.damaged-{n}{path.suffix}") for n in range(1, 1000))
    return next(each for each in names if not each.exists())


def _text(dream: str, presets: Iterable[Preset]) -> str:
    """Return JSON that a person can read: a line for each value, and one for each array."""
    head = f'{{"livedream presets": {FORMAT},\n "dream": {_json(dream)},\n "presets": ['
    return head + ",".join(map(_one, presets)) + "\n ]}\n"


def _one(preset: Preset) -> str:
    values = ",\n".join(f"    {_json(address)}: {_json(each)}" for address, each in preset.values.items())
    decks = ",\n".join(_indented(each, 4) for each in preset.decks)
    return (
        f'\n  {{"number": {preset.number}, "name": {_json(preset.name)}, "stored": {_json(preset.stored)},\n'
        f'   "values": {{\n{values}}},\n   "decks": [\n{decks}]}}'
    )


def _indented(data: Any, by: int) -> str:
    if not isinstance(data, dict) or not data:
        return _json(data)
    inner = ",\n".join(f"{' ' * (by + 1)}{_json(name)}: {_indented(each, by + 1)}" for name, each in data.items())
    return f"{' ' * by if by == 4 else ''}{{\n{inner}}}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
