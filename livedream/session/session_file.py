"""A session's file: what `livedream run` is asked for, limits, and the values to begin with, for a person to read.

It may hold stream keys, so that nobody but its owner may read it.
"""

import json
import logging
import os
import re
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from livedream import UserError
from livedream.dream import read as dreams
from livedream.look import library
from livedream.parameters import Table, Value
from livedream.session.run_options import default_outputs
from livedream.system import paths
from livedream.system.atomic import atomic_write

if TYPE_CHECKING:
    from livedream.session.session import Session

log = logging.getLogger("livedream.session")

FORMAT, MARK = 1, "livedream session"
LARGEST = 1 << 22  # bytes
EVERY = 3.0  # seconds between two looks at whether anything has changed
OWN = ("limits", "values")  # keys that are no options of `run`
# Options that name files and folders: those that may instead name what ships or what the system knows, and the others.
MAYBE_PATHS, PATHS = ("model", "look", "audio"), ("dreams", "recordings", "presets", "record")
_FILE = re.compile(r"(?!\w+:).+\.(mp4|mkv|mov|png)(#.*)?", re.IGNORECASE)  # an output that is a file
# What a session does not begin with: what starts or ends something when it is set, and places in a past that is gone.
_NOT_KEPT = re.compile(r"output/.*|look/(insert|remove)|look/.*/place|.*/jump|(b/)?(dream/load|player/(loop|scrub))")


def last() -> Path:
    """The file of the session that was played last on this machine."""
    return paths.config_folder() / "last.session"


def read(path: Path, keys: Iterable[str]) -> dict:
    """What the file says, checked but for the options' own values; paths in it as they are from here.

    keys: the options there are. Raises UserError.
    """
    try:
        with path.open("rb") as file:
            said = json.loads(file.read(LARGEST))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        where = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise UserError(f"{path}{where}: no session: {getattr(error, 'msg', 'not UTF-8')}") from None
    except RecursionError:
        raise UserError(f"{path}: no session: nested too deep") from None
    version = said.pop(MARK, None) if isinstance(said, dict) else None
    if type(version) is not int or version < 1:
        raise UserError(f'{path}: no session; it begins with {{"{MARK}": {FORMAT}')
    if version > FORMAT:
        raise UserError(f"{path}: a session of a newer livedream; install it anew to have it")
    known = (*keys, *OWN)
    if unknown := [key for key in said if key not in known]:
        raise UserError(f"{path}: no such key: {', '.join(unknown)[:200]}; there are: {', '.join(known)}")
    said["limits"] = {address: _limits(path, address, each) for address, each in _table(path, said, "limits").items()}
    said["values"] = {address: _value(path, address, each) for address, each in _table(path, said, "values").items()}
    for key in (*MAYBE_PATHS, *PATHS, "out"):
        if said.get(key):
            said[key] = _each(said[key], lambda text, key=key: _from(path.parent, key, text))
    return said


def write(path: Path, said: Mapping) -> None:
    """Put a session into the file, whole or not at all. said: as `read` gives it. Raises UserError."""
    told = {MARK: FORMAT}
    for key, value in said.items():
        if key in (*MAYBE_PATHS, *PATHS, "out"):
            value = _each(value, lambda text, key=key: _to(path.parent.resolve(), key, text))
        if value not in (None, [], {}):
            told[key] = value
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from None
    text = json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False)
    atomic_write(path, f"{_on_one_line(text)}\n".encode(), 0o600)


def begin(table: Table, values: Mapping[str, Value], sender: str) -> list[str]:
    """Set the values that a session begins with; returns what could not be set, a line each."""
    wrong = []
    for address, value in values.items():
        arguments = value if isinstance(value, list | tuple) else (value,)
        if address not in table.parameters:
            wrong.append(f"values: {address}: no such parameter here")
        elif not table.set(address, arguments, sender, repeats=True, seconds=0.0):
            wrong.append(f"values: {address}: cannot be {json.dumps(value)[:80]}")
    return wrong


def values(table: Table) -> dict[str, Value]:
    """What hands have moved from where it begins, by address; choices by their names."""
    found, parameters = {}, table.parameters
    for address, each in parameters.items():
        if each.type in ("trigger", "text") or each.jog or f"{address}/0" in parameters or _NOT_KEPT.fullmatch(address):
            continue
        try:
            value = table.target(address)
        except KeyError:  # it went away meanwhile
            continue
        if value != each.start:
            found[address] = each.choices[value] if each.choices else value
    return found


class Kept:
    """Keeps a running session in its files, from `start` to `stop`, whenever it has changed.

    save: the file that was asked for, or None. remembered: whether `--last` is to find it.
    """

    def __init__(self, session: "Session", save: Path | None, remembered: bool):
        self._session, self._save, self._remembered = session, save, remembered
        self._outs = list(session.wishes.outputs) or default_outputs(session.wishes)
        self._written: dict | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="session file", daemon=True)

    def start(self) -> None:
        """Raises UserError if the file that was asked for cannot be written."""
        if self._save:
            write(self._save, self.told())
        self._thread.start()

    def stop(self) -> None:
        """End; the files hold what is now."""
        self._stopping.set()
        self._thread.join(2.0)

    def told(self) -> dict:
        """The session as it is now, as `read` gives it."""
        session, wishes = self._session, self._session.wishes
        said = dict(wishes.asked)
        said["model"] = [_name(deck.player.dream.path, dreams.MODELS) for deck in session.decks]
        said["look"] = [_name(slot.source.path, library.SHADERS) for slot in session.looks.slots]
        outs = session.outputs.asked
        outs = [each for each in outs if each != "page" or "page" in self._outs]  # it is always there
        said["out"] = outs if wishes.outputs or outs != self._outs else []
        return said | {"limits": wishes.limits, "values": values(session.table)}

    def _work(self) -> None:
        ended = False
        while not ended:
            ended = self._stopping.wait(EVERY)
            try:
                told = self.told()
                if told == self._written:
                    continue
                self._written = told
                if self._save:
                    write(self._save, told)
                if self._remembered:
                    write(last(), {key: each for key, each in told.items() if key not in ("seconds", "record")})
            except UserError as error:
                log.warning("%s", error)
            except Exception as error:  # the show goes on
                log.exception("this is our bug: %s: %s", type(error).__name__, error)


def _table(path: Path, said: dict, key: str) -> dict:
    found = said.get(key) or {}
    if not isinstance(found, dict):
        raise UserError(f'{path}: {key}: should be {{"address": …}}')
    return {address.removeprefix("/livedream/").lstrip("/"): each for address, each in found.items()}


def _limits(path: Path, address: str, pair) -> tuple[float, float]:
    good = isinstance(pair, list) and len(pair) == 2 and all(type(each) in (int, float) for each in pair)
    if not good or not -1e9 <= pair[0] <= pair[1] <= 1e9:
        raise UserError(f"{path}: limits: {address}: should be [lowest, highest], not {json.dumps(pair)[:60]}")
    return float(pair[0]), float(pair[1])


def _value(path: Path, address: str, value) -> Value:
    for each in value if isinstance(value, list) else (value,):
        if not isinstance(each, bool | int | float | str):
            raise UserError(f"{path}: values: {address}: should be a number, a name or numbers")
    return value


def _each(value, change):
    """`change` of each text in a value or a list of them."""
    if isinstance(value, list):
        return [change(each) if isinstance(each, str) else each for each in value]
    return change(value) if isinstance(value, str) else value


def _from(folder: Path, key: str, text: str) -> str:
    """A path in a file that lies in `folder`, from here; a name of something else as it is."""
    there = str(folder / Path(text).expanduser())
    if key == "out":
        return str(folder / text) if _FILE.fullmatch(text) else text
    return there if key in PATHS or Path(there).exists() else text


def _to(folder: Path, key: str, text: str) -> str:
    """A path as a file that lies in `folder` names it."""
    if key == "out" and not _FILE.fullmatch(text):
        return text
    path = Path(text).expanduser()
    if key in MAYBE_PATHS and not path.exists():
        return text
    path = Path(os.path.abspath(path))
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def _name(path: Path, ships: Path) -> str:
    """A file's path; of one that ships its name."""
    return path.name if path.resolve().parent == ships else str(path)


def _on_one_line(text: str) -> str:
    """JSON with each list of numbers on one line, as a person would write it."""
    number = r"-?[\d.]+(?:[eE][-+]?\d+)?"
    return re.sub(rf"\[\s*({number}(?:,\s*{number})*)\s*\]", lambda m: f"[{' '.join(m[1].split())}]", text)
