"""A session's file: options of `livedream run`, limits, and the values to begin with, for a person to read.

It may hold stream keys, so only its owner may read it.
"""

import json
import logging
import os
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from livedream import UserError, did_you_mean
from livedream.control.osc_address import local_name
from livedream.dream import read as dreams
from livedream.effect.chain import EffectChain
from livedream.effect.library import Asked
from livedream.look import library
from livedream.parameters import Table, Value
from livedream.session.run_options import OPTIONS, Option, RunOptions, default_outputs
from livedream.system import paths
from livedream.system.atomic import atomic_write

log = logging.getLogger("livedream.session")

FORMAT, MARK = 1, "livedream session"
LARGEST = 1 << 22  # bytes
EVERY = 3.0  # seconds between two looks at whether anything has changed
KEPT = {each.key: (name, each) for name, each in OPTIONS.items() if each.kept != "never"}
ONLY_NAMED = {each.key for each in OPTIONS.values() if each.kept == "named"}  # not in the file of `--last`
OWN = ("limits", "values")  # keys that are no options
_FILE = re.compile(r"(?!\w+:).+\.(mp4|mkv|mov|png)(#.*)?", re.IGNORECASE)  # an output that is a file


def last() -> Path:
    """Return the file of the session that was played last on this machine."""
    return paths.config_folder() / "last.session"


def read(path: Path) -> dict[str, Any]:
    """Return the fields of RunOptions that the file sets. Paths in it are relative to its folder. Raises UserError."""
    content = _content(path)
    known = (*KEPT, *OWN)
    if unknown := [key for key in content if key not in known]:
        close = did_you_mean(unknown[0], known)
        raise UserError(f"{path}: no such key: {', '.join(unknown)[:200]}{close}; there are: {', '.join(known)}")
    limits = {address: _limits(path, address, each) for address, each in _table(path, content, "limits").items()}
    values = {address: _value(path, address, each) for address, each in _table(path, content, "values").items()}
    found: dict[str, Any] = {"limits": limits, "values": values}
    for key, (name, option) in KEPT.items():
        if content.get(key) not in (None, "", []):  # empty: as if it were not there
            try:
                found[name] = _option(path.parent, option, content[key])
            except UserError as error:
                raise UserError(f"{path}: {key}: {error}") from None
    return found


def _content(path: Path) -> dict[str, Any]:
    """Return the JSON object in the file, without its mark."""
    content: Any = None
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(LARGEST))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        where = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise UserError(f"{path}{where}: no session: {getattr(error, 'msg', 'not UTF-8')}") from None
    except RecursionError:
        raise UserError(f"{path}: no session: nested too deep") from None
    found: dict[str, Any] = content if isinstance(content, dict) else {}
    version = found.pop(MARK, None)
    if type(version) is not int or version < 1:
        raise UserError(f'{path}: no session; it begins with {{"{MARK}": {FORMAT}')
    if version > FORMAT:
        raise UserError(f"{path}: a session of a newer livedream; update livedream to open it")
    return found


def _option(folder: Path, option: Option, value: object) -> object:
    """Return the value of an option's field from its JSON value in a file that lies in `folder`."""
    if not option.metavar:
        if not isinstance(value, bool):
            raise UserError("should be true or false")
        return value
    read = []
    for each in value if option.several and isinstance(value, list) else [value]:
        if isinstance(each, bool) or not isinstance(each, str | int | float):
            raise UserError(f"should be {'texts' if option.several else 'a text or a number'}")
        text = each if isinstance(each, str) else f"{each:.12g}"
        text = _from(folder, option.path, text) if text else text
        read.append(option.format.parse(text))
    return tuple(read) if option.several else read[0]


def write(path: Path, content: Mapping[str, object]) -> None:
    """Write a session atomically. content: as RunOptions.to_json gives it. Raises UserError."""
    folder = path.parent.resolve()
    made: dict[str, object] = {MARK: FORMAT}
    for key, value in content.items():
        sort = KEPT[key][1].path if key in KEPT else ""
        if sort and isinstance(value, list):
            value = [_to(folder, sort, each) for each in value]
        elif sort and isinstance(value, str):
            value = _to(folder, sort, value)
        if value not in (None, [], {}):
            made[key] = value
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from None
    text = json.dumps(made, indent=1, ensure_ascii=False, allow_nan=False)
    atomic_write(path, f"{_on_one_line(text)}\n".encode(), 0o600)


def begin(table: Table, values: Mapping[str, Value], sender: str) -> list[str]:
    """Set the values that a session begins with. Returns a line for each that could not be set."""
    wrong = []
    for address, value in values.items():
        arguments = value if isinstance(value, list | tuple) else (value,)
        if table.name(address) not in table.parameters:
            wrong.append(f"values: {address}: no such parameter here")
        elif not table.set(address, arguments, sender, repeats=True, seconds=0.0):
            wrong.append(f"values: {address}: cannot be {json.dumps(value)[:80]}")
    return wrong


def values(table: Table) -> dict[str, Value]:
    """Return the values that differ from their start, by address; choices by their names."""
    found, parameters = {}, table.parameters
    for address, each in parameters.items():
        if not each.in_session or not each.has_value:
            continue
        try:
            value = table.target(address)
        except KeyError:  # it went away meanwhile
            continue
        if value != each.start:
            found[address] = each.choices[int(cast(float, value))] if each.choices else value
    return found


def current(
    options: RunOptions,
    models: Iterable[Path],
    effects: Iterable[EffectChain],
    looks: Iterable[Path],
    outputs: Sequence[str],
    table: Table,
) -> dict[str, object]:
    """Return a running session as `write` takes it.

    Args:
        options: What the session was started with.
        models: The dream file of each deck.
        effects: The effects of each deck.
        looks: The files of the look chain.
        outputs: The outputs, as `--out` would name them.
        table: The parameters.
    """
    asked = list(options.outputs) or default_outputs(options)
    now = [each for each in outputs if each != "page" or "page" in asked]  # the page is always there
    return options.to_json() | {
        "model": [_name(each, dreams.MODELS) for each in models],
        "effect": [each for deck, chain in enumerate(effects) for each in _effects(deck, chain)],
        "look": [_name(each, library.SHADERS) for each in looks],
        "out": now if options.outputs or now != asked else [],
        "values": values(table),
    }


class SessionKeeper:
    """Keeps a running session in its files, from `start` to `stop`, whenever it has changed.

    Args:
        current: Returns the session as `write` takes it; called from a thread of the keeper's own.
        save: The file that --save names, or None.
        remember: Whether `--last` is to find the session.
    """

    def __init__(self, current: Callable[[], dict[str, object]], save: Path | None, remember: bool):
        self._current, self._save, self._remember = current, save, remember
        self._written: dict[str, object] | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="session file", daemon=True)

    def start(self) -> None:
        """Begin. Raises UserError if the file that --save names cannot be written."""
        if self._save:
            write(self._save, self._current())
        self._thread.start()

    def stop(self) -> None:
        """End, with the files up to date."""
        self._stopping.set()
        self._thread.join(2.0)

    def _work(self) -> None:
        ended = False
        while not ended:
            ended = self._stopping.wait(EVERY)
            try:
                now = self._current()
                if now == self._written:
                    continue
                self._written = now
                if self._save:
                    write(self._save, now)
                if self._remember:
                    write(last(), {key: each for key, each in now.items() if key not in ONLY_NAMED})
            except UserError as error:
                log.warning("%s", error)
            except Exception as error:  # the show goes on
                log.exception("this is our bug: %s: %s", type(error).__name__, error)


def _table(path: Path, content: dict[str, Any], key: str) -> dict[str, Any]:
    found = content.get(key) or {}
    if not isinstance(found, dict):
        raise UserError(f'{path}: {key}: should be {{"address": …}}')
    prefix = str(content.get("osc_prefix") or OPTIONS["osc_prefix"].default)
    return {local_name(address, prefix): each for address, each in found.items()}


def _limits(path: Path, address: str, pair: object) -> tuple[float, float]:
    numbers = pair if isinstance(pair, list) and all(type(each) in (int, float) for each in pair) else []
    if len(numbers) != 2 or not -1e9 <= numbers[0] <= numbers[1] <= 1e9:
        raise UserError(f"{path}: limits: {address}: should be [lowest, highest], not {json.dumps(pair)[:60]}")
    return float(numbers[0]), float(numbers[1])


def _value(path: Path, address: str, value: object) -> Value:
    for each in value if isinstance(value, list) else (value,):
        if not isinstance(each, bool | int | float | str):
            raise UserError(f"{path}: values: {address}: should be a number, a name or numbers")
    return cast(Value, value)


def _from(folder: Path, sort: str, text: str) -> str:
    """Return a path in a file that lies in `folder` as it is from here, and a text that is no path as it is."""
    there = str(folder / Path(text).expanduser())
    if sort == "output":
        return str(folder / text) if _FILE.fullmatch(text) else text
    if sort == "file or name" and not Path(there).exists():
        name, mark, rest = text.rpartition("#")  # of an effect: its deck
        return f"{_from(folder, sort, name)}#{rest}" if mark else text
    return there if sort in ("file", "file or name") else text


def _to(folder: Path, sort: str, text: str) -> str:
    """Return a path as a file that lies in `folder` names it, and a text that is no path as it is."""
    if sort == "output" and not _FILE.fullmatch(text):
        return text
    path = Path(text).expanduser()
    if sort == "file or name" and not path.exists():
        name, mark, rest = text.rpartition("#")
        return f"{_to(folder, sort, name)}#{rest}" if mark else text
    path = Path(os.path.abspath(path))
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def _name(path: Path, ships: Path) -> str:
    """Return a file's path, or its name if it ships."""
    return path.name if path.resolve().parent == ships else str(path)


def _effects(deck: int, chain: EffectChain) -> list[str]:
    """Return a deck's effects as `--effect` names them: with the same numbers, so that the values fit."""
    found, free = [], set(range(1, len(chain.slots) + 1))
    for slot in chain.slots:
        usual = slot.number == min(free, default=None)
        free.discard(slot.number)
        found.append(str(Asked(deck, _name(slot.dream.path, dreams.EFFECTS), None if usual else slot.number)))
    return found


def _on_one_line(text: str) -> str:
    """Return JSON with each list of numbers on one line, as a person would write it."""
    number = r"-?[\d.]+(?:[eE][-+]?\d+)?"
    return re.sub(rf"\[\s*({number}(?:,\s*{number})*)\s*\]", lambda m: f"[{' '.join(m[1].split())}]", text)
