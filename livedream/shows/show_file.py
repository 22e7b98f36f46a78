"""A show file read and checked; its lines are described in show_lines.py.

Every line is read once before anything is drawn, so that a damaged one is named at once and not after an hour.
"""

import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from livedream import UserError
from livedream.parameters import Value
from livedream.play.state import Point, Target
from livedream.play.state_json import decode_array
from livedream.shows.show_lines import FORMAT, LETTERS

LONGEST = 1 << 28  # characters of a line


@dataclass(frozen=True)
class Kept:
    """A dream that a show plays. path: where it lay."""

    path: Path
    title: str
    sha256: str
    providers: Mapping[str, str]


@dataclass(frozen=True)
class Look:
    """A look of the chain. text None: as in the line before. edited: the same look from an edited file."""

    name: str
    path: Path | None = None
    text: str | None = None
    vertex: str | None = None
    edited: bool = False


@dataclass(frozen=True)
class Moved:
    """What one deck did until a frame was drawn.

    latents: of its steps, f32 [Z]. phase: after them, None: as it was; above 1 where a step had failed. states: its
    decoder's, f32 [n], where they are not as they were left. toward: where what was drawn was led to. moment: where it
    was put after all this, as moment.told says it.
    """

    latents: tuple[np.ndarray, ...] = ()
    phase: float | None = None
    states: Mapping[str, np.ndarray] = field(default_factory=dict)
    toward: Target | None = None
    moment: dict | None = None


@dataclass(frozen=True)
class Tick:
    """A frame that was drawn. moved: the frames that the dreams were moved by. drawn: letters of decks."""

    number: int
    moved: int
    drawn: str
    decks: Mapping[str, Moved]
    changed: Mapping[str, Value]
    gone: tuple[str, ...]
    fired: frozenset[str]
    dreams: Mapping[str, Kept]
    looks: tuple[Look, ...] | None


@dataclass(frozen=True)
class Show:
    """A show file.

    size: (width, height). frame: the last one drawn before it begins, or None. values: of every parameter then.
    moments: of each deck then, as the header has them; towards: where they were led to. first, last: the frames that
    it shows. dropped: of them, those that the recording beside it lacks, (first, last) each. loads: the dreams that
    were loaded in play.
    """

    path: Path
    version: str
    started: str
    fps: float
    size: tuple[int, int]
    frame: int | None
    values: Mapping[str, Value]
    dreams: tuple[Kept, ...]
    moments: tuple[dict | None, ...]
    towards: tuple[Target | None, ...]
    looks: tuple[Look, ...]
    transitions: tuple[Look, ...]
    first: int = 0
    last: int = -1
    changes: int = 0
    loads: tuple[Kept, ...] = ()
    dropped: tuple[tuple[int, int], ...] = ()

    @property
    def seconds(self) -> float:
        return (self.last - self.first + 1) / self.fps

    def ticks(self) -> Iterator[Tick]:
        """The frames that were drawn, in order. Raises UserError."""
        number = self.frame
        for at, said in _lines(self.path):
            if at > 1 and "frame" in said:
                tick = _checked(self.path, at, _tick, said, number, len(self.dreams))
                number = tick.number
                yield tick


def read(path: str | Path) -> Show:
    """The show in a file. Raises UserError, one line that names the line of the file."""
    path = Path(path)
    show, first, dropped, loads, changes = None, None, [], [], 0
    for at, said in _lines(path):
        if show is None:
            show = _checked(path, at, _header, path, said)
            number, first = show.frame, show.frame
        elif "frame" in said:
            tick = _checked(path, at, _tick, said, number, len(show.dreams))
            if number is not None:  # else it says what everything is
                changes += len(tick.changed) + len(tick.fired)
            number, first = tick.number, tick.number if first is None else first
            loads += tick.dreams.values()
        elif "recording" in said:
            first = _checked(path, at, _int, said["first"])
        elif "dropped" in said:
            dropped += _checked(path, at, lambda each: [(_int(a), _int(b)) for a, b in each], said["dropped"])
    if show is None:
        raise UserError(f"{path}: no show: the file is empty")
    if first is None or number is None or number < first:
        raise UserError(f"{path}: no frame was drawn in this show")
    return replace(show, first=first, last=number, changes=changes, loads=tuple(loads), dropped=tuple(dropped))


def text(show: Show) -> str:
    """A few lines about it."""
    width, height = show.size
    minutes, seconds = divmod(show.seconds, 60)
    lost = sum(last - first + 1 for first, last in show.dropped)
    rows = [
        ("played", f"{show.started}, livedream {show.version}"),
        ("length", f"{int(minutes)}:{seconds:04.1f}, {show.last - show.first + 1} frames"),
        ("recorded", f"{width}x{height} at {show.fps:g} fps"),
        *(("deck " + LETTERS[n], f"{each.title} ({each.path})") for n, each in enumerate(show.dreams)),
        *(("loaded", f"{each.title} ({each.path})") for each in show.loads),
        ("looks", ", ".join(each.name for each in show.looks) or "none"),
        ("changes", f"{show.changes} values"),
        *([("dropped", f"{lost} frames of the recording, which the show has")] if lost else []),
    ]
    return "\n".join(f"{name:10} {value}" for name, value in rows)


def _lines(path: Path) -> Iterator[tuple[int, dict]]:
    """(number from 1, what it says) of each whole line; a last one that was cut short is left out."""
    try:
        with path.open("rb") as file:
            at = 0
            while line := file.readline(LONGEST):
                at += 1
                if not line.endswith(b"\n"):
                    if at == 1 or len(line) == LONGEST:
                        raise _damaged(path, at)
                    return
                yield at, _checked(path, at, _object, line)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None


def _object(line: bytes) -> dict:
    said = json.loads(line)
    if not isinstance(said, dict):
        raise TypeError
    return said


def _checked(path: Path, at: int, read, *arguments):
    try:
        return read(*arguments)
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error, RecursionError):
        raise _damaged(path, at) from None


def _damaged(path: Path, at: int) -> UserError:
    if at == 1:
        return UserError(f"{path}: no show: its first line is not a show's")
    return UserError(f"{path}:{at}: this line of the show is damaged; take it and those after it away, or mend it")


def _header(path: Path, said: dict) -> Show:
    if _int(said["livedream show"]) > FORMAT:
        raise UserError(f"{path}: a show of livedream {said['version']}; this one is older, install it anew")
    fps, (width, height), decks = float(said["fps"]), map(_int, said["size"]), said["decks"]
    if not (1 <= fps <= 240 and 16 <= width <= 8192 and 16 <= height <= 8192 and 1 <= len(decks) <= len(LETTERS)):
        raise ValueError
    return Show(
        path=path,
        version=str(said["version"]),
        started=str(said["started"]),
        fps=fps,
        size=(width, height),
        frame=None if said["frame"] is None else _int(said["frame"]),
        values=_values(said["values"]),
        dreams=tuple(_dream(each["dream"]) for each in decks),
        moments=tuple(each["moment"] for each in decks),
        towards=tuple(_toward(each) for each in decks),
        looks=_looks(said["looks"]),
        transitions=_looks(said["transitions"]),
    )


def _tick(said: dict, before: int | None, decks: int) -> Tick:
    number = _int(said["frame"])
    moved = _int(said["moved"]) if "moved" in said else number - before
    letters = LETTERS[:decks]
    if moved < 0 or (before is not None and number < before + moved) or not set(said["drawn"]) <= set(letters):
        raise ValueError
    return Tick(
        number=number,
        moved=moved,
        drawn=said["drawn"],
        decks={letter: _moved(said[letter]) if letter in said else Moved() for letter in letters},
        changed=_values(said.get("set", {})),
        gone=tuple(map(str, said.get("gone", ()))),
        fired=frozenset(map(str, said.get("fired", ()))),
        dreams={letter: _dream(each) for letter, each in said.get("dreams", {}).items() if letter in letters},
        looks=_looks(said["looks"]) if "looks" in said else None,
    )


def _moved(said: dict) -> Moved:
    phase = said.get("phase")
    if phase is not None and not (isinstance(phase, float | int) and 0 <= phase < 1e6):
        raise ValueError
    states = {str(name): decode_array(each) for name, each in said.get("states", {}).items()}
    return Moved(tuple(map(decode_array, said.get("latents", ()))), phase, states, _toward(said), _moment(said))


def _toward(said: dict) -> Target | None:
    toward = said.get("toward")
    if toward is None:
        return None
    part = float(_number(toward["part"]))
    if not 0 <= part <= 1:
        raise ValueError
    return Target(
        Point(decode_array(toward["latent"]), decode_array(toward["noise"]) if "noise" in toward else None), part
    )


def _moment(said: dict) -> dict | None:
    moment = said.get("moment")
    if moment is not None and not isinstance(moment, dict):
        raise TypeError
    return moment


def _values(said: dict) -> dict[str, Value]:
    """Numbers, and tuples of numbers."""
    found = {}
    for address, value in said.items():
        found[address] = tuple(map(_number, value)) if isinstance(value, list) else _number(value)
    return found


def _number(value):
    if not isinstance(value, bool | int | float) or not abs(value) < 1e300:
        raise ValueError
    return value


def _int(value) -> int:
    if not isinstance(value, int) or not 0 <= value < 1 << 53:
        raise ValueError
    return value


def _dream(said: dict) -> Kept:
    if not re.fullmatch(r"[0-9a-f]{64}", said["sha256"]):
        raise ValueError
    return Kept(Path(said["path"]), str(said["title"]), said["sha256"], dict(said["providers"]))


def _looks(said: list) -> tuple[Look, ...]:
    return tuple(
        Look(
            str(each["name"]),
            Path(each["path"]) if "path" in each else None,
            each.get("text"),
            each.get("vertex"),
            bool(each.get("edited")),
        )
        for each in said
    )
