"""Reads and checks a show file; its lines are described in show_lines.py.

Every line is read once before anything is drawn, so that a damaged one is reported at once and not after an hour.
"""

import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from livedream import UserError
from livedream.parameters import Value
from livedream.play import Floats, State
from livedream.play.state import Target
from livedream.play.state_json import decode_array
from livedream.shows import effect_lines, target_lines
from livedream.shows.effect_lines import EffectFile, EffectsTick
from livedream.shows.numbers import integer, number_of
from livedream.shows.show_lines import FORMAT, LETTERS

LONGEST = 1 << 28  # characters of a line

Json = dict[str, Any]
Read = TypeVar("Read")


@dataclass(frozen=True)
class DreamFile:
    """A dream that a show plays.

    Attributes:
        path: Where it was.
        title: The dream's.
        sha256: Of the file.
        providers: Who ran each component, by its name.
    """

    path: Path
    title: str
    sha256: str
    providers: Mapping[str, str]


@dataclass(frozen=True)
class Look:
    """A look of the chain.

    Attributes:
        name: In addresses.
        path: Of its file.
        text: The file's; None: as in the line before.
        vertex: The vertex shader's file, or None.
        edited: The same look from an edited file.
    """

    name: str
    path: Path | None = None
    text: str | None = None
    vertex: str | None = None
    edited: bool = False


@dataclass(frozen=True)
class DeckTick:
    """What one deck did until a frame was drawn.

    Attributes:
        latents: Of its steps, f32 [Z].
        phase: After them; None: as it was; above 1 where a step had failed.
        states: Its decoder's, f32 [n] by input name, where they are not as the last frame left them.
        target: What the picture was blended to.
        state: What it was put in after all this, as state_json.to_json has it.
        effects: What its effects did.
        waits: A clip was not ready: what was drawn before went on.
    """

    latents: tuple[Floats, ...] = ()
    phase: float | None = None
    states: State = field(default_factory=dict)
    target: Target | None = None
    state: Json | None = None
    effects: EffectsTick = field(default_factory=EffectsTick)
    waits: bool = False


@dataclass(frozen=True)
class Tick:
    """A frame that was drawn.

    Attributes:
        number: The frame's.
        moved: Frames that the dreams were moved by.
        drawn: Letters of the decks that were drawn.
        decks: What each deck did, by its letter.
        changed: Values that changed, by address.
        gone: Addresses that are no more.
        fired: Addresses of the triggers that fired.
        dreams: What decks play from now on, by their letters.
        looks: Of the chain from now on; None: as before.
        live: Seconds from the beginning of the live picture's file to what was shown; None: as before.
    """

    number: int
    moved: int
    drawn: str
    decks: Mapping[str, DeckTick]
    changed: Mapping[str, Value]
    gone: tuple[str, ...]
    fired: frozenset[str]
    dreams: Mapping[str, DreamFile]
    looks: tuple[Look, ...] | None
    live: float | None


@dataclass(frozen=True)
class Show:
    """A show file.

    Attributes:
        path: The file.
        version: Of the livedream that recorded it.
        started: When that was started, ISO 8601.
        fps: Frames a second.
        size: (width, height) in pixels.
        frame: The last frame drawn before it begins, or None.
        values: Of every parameter then, by address.
        dreams: Of each deck then.
        states: Of each deck then, as state_json.to_json has it.
        targets: What the picture of each deck was blended to then.
        looks: Of the chain then.
        transitions: That can lead from one deck to the other.
        first, last: The frames that it shows.
        changes: How many values changed.
        loads: The dreams that were loaded while it played.
        dropped: (first, last) of the frames that the recording beside it lacks.
        effects: Of each deck then.
        effect_files: Every effect that is in a chain at any time.
        live: What came in as live picture: "name", "kind" and of a file "path"; None: nothing.
        sources: Deck, number and frame of each run of an effect that came in on a later frame than that one.
    """

    path: Path
    version: str
    started: str
    fps: float
    size: tuple[int, int]
    frame: int | None
    values: Mapping[str, Value]
    dreams: tuple[DreamFile, ...]
    states: tuple[Json | None, ...]
    targets: tuple[Target | None, ...]
    looks: tuple[Look, ...]
    transitions: tuple[Look, ...]
    first: int = 0
    last: int = -1
    changes: int = 0
    loads: tuple[DreamFile, ...] = ()
    dropped: tuple[tuple[int, int], ...] = ()
    effects: tuple[EffectsTick, ...] = ()
    effect_files: tuple[EffectFile, ...] = ()
    live: Json | None = None
    sources: frozenset[tuple[str, int, int]] = frozenset()

    @property
    def seconds(self) -> float:
        return (self.last - self.first + 1) / self.fps

    def ticks(self) -> Iterator[Tick]:
        """Yield the frames that were drawn, in order. Raises UserError."""
        number = self.frame
        for at, data in _lines(self.path):
            if at > 1 and "frame" in data:
                tick = _checked(self.path, at, _tick, data, number, len(self.dreams))
                number = tick.number
                yield tick


def read(path: str | Path) -> Show:
    """Return the show in a file. Raises UserError, one line that names the line of the file."""
    path = Path(path)
    show: Show | None = None
    number: int | None = None
    first: int | None = None
    dropped: list[tuple[int, int]] = []
    loads: list[DreamFile] = []
    effects: list[EffectFile] = []
    sources: set[tuple[str, int, int]] = set()
    changes = 0
    for at, data in _lines(path):
        if show is None:
            show = _checked(path, at, _header, path, data)
            number, first = show.frame, show.frame
            effects += [each for deck in show.effects for each in deck.files]
        elif "frame" in data:
            tick = _checked(path, at, _tick, data, number, len(show.dreams))
            if number is not None:  # the very first frame has the values of all parameters
                changes += len(tick.changed) + len(tick.fired)
            number, first = tick.number, tick.number if first is None else first
            loads += tick.dreams.values()
            for letter, moved in tick.decks.items():
                effects += moved.effects.files
                sources |= {(letter, *each) for each in moved.effects.late(tick.number)}
        elif "recording" in data:
            first = _checked(path, at, integer, data["first"])
        elif "dropped" in data:
            dropped += _checked(path, at, lambda each: [(integer(a), integer(b)) for a, b in each], data["dropped"])
    if show is None:
        raise UserError(f"{path}: no show: the file is empty")
    if first is None or number is None or number < first:
        raise UserError(f"{path}: no frame was drawn in this show")
    return replace(
        show,
        first=first,
        last=number,
        changes=changes,
        loads=tuple(loads),
        dropped=tuple(dropped),
        effect_files=tuple(effects),
        sources=frozenset(sources),
    )


def text(show: Show) -> str:
    """Return a few lines about it."""
    width, height = show.size
    minutes, seconds = divmod(show.seconds, 60)
    lost = sum(last - first + 1 for first, last in show.dropped)
    rows = [
        ("played", f"{show.started}, livedream {show.version}"),
        ("length", f"{int(minutes)}:{seconds:04.1f}, {show.last - show.first + 1} frames"),
        ("recorded", f"{width}x{height} at {show.fps:g} fps"),
        *(("deck " + LETTERS[n], f"{each.title} ({each.path})") for n, each in enumerate(show.dreams)),
        *(("loaded", f"{each.title} ({each.path})") for each in show.loads),
        *(("effect", each) for each in dict.fromkeys(f"{each.title} ({each.path})" for each in show.effect_files)),
        ("looks", ", ".join(each.name for each in show.looks) or "none"),
        ("changes", f"{show.changes} values"),
        *([("dropped", f"{lost} frames of the recording, which the show has")] if lost else []),
    ]
    return "\n".join(f"{name:10} {value}" for name, value in rows)


def _lines(path: Path) -> Iterator[tuple[int, Json]]:
    """Yield the number, from 1, and the object of each complete line; a last one that was cut short is left out."""
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


def _object(line: bytes) -> Json:
    data = json.loads(line)
    if not isinstance(data, dict):
        raise TypeError
    return data


def _checked(path: Path, at: int, read: Callable[..., Read], *arguments: Any) -> Read:
    try:
        return read(*arguments)
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error, RecursionError):
        raise _damaged(path, at) from None


def _damaged(path: Path, at: int) -> UserError:
    if at == 1:
        return UserError(f"{path}: no show: its first line is not a show's")
    return UserError(f"{path}:{at}: this line of the show is damaged; delete it and the lines after it, or repair it")


def _header(path: Path, data: Json) -> Show:
    if integer(data["livedream show"]) > FORMAT:
        raise UserError(f"{path}: a show of livedream {data['version']}; update livedream to render it")
    fps, (width, height), decks = float(data["fps"]), map(integer, data["size"]), data["decks"]
    if not (1 <= fps <= 240 and 16 <= width <= 8192 and 16 <= height <= 8192 and 1 <= len(decks) <= len(LETTERS)):
        raise ValueError
    return Show(
        path=path,
        version=str(data["version"]),
        started=str(data["started"]),
        fps=fps,
        size=(width, height),
        frame=None if data["frame"] is None else integer(data["frame"]),
        values=_values(data["values"]),
        dreams=tuple(_dream(each["dream"]) for each in decks),
        states=tuple(each["moment"] for each in decks),
        targets=tuple(map(target_lines.from_json, decks)),
        looks=_looks(data["looks"]),
        transitions=_looks(data["transitions"]),
        live=_live(data.get("input")),
        effects=tuple(effect_lines.from_json(each, integer(data["frame"] or 0)) for each in decks),
    )


def _tick(data: Json, before: int | None, decks: int) -> Tick:
    number = integer(data["frame"])
    if "moved" in data:
        moved = integer(data["moved"])
    elif before is None:
        raise ValueError
    else:
        moved = number - before
    letters = LETTERS[:decks]
    if moved < 0 or (before is not None and number < before + moved) or not set(data["drawn"]) <= set(letters):
        raise ValueError
    return Tick(
        number=number,
        moved=moved,
        drawn=data["drawn"],
        decks={letter: _moved(data[letter], number) if letter in data else DeckTick() for letter in letters},
        changed=_values(data.get("set", {})),
        gone=tuple(map(str, data.get("gone", ()))),
        fired=frozenset(map(str, data.get("fired", ()))),
        dreams={letter: _dream(each) for letter, each in data.get("dreams", {}).items() if letter in letters},
        looks=_looks(data["looks"]) if "looks" in data else None,
        live=float(number_of(data["live"])) if "live" in data else None,
    )


def _moved(data: Json, number: int) -> DeckTick:
    phase = data.get("phase")
    if phase is not None and not (isinstance(phase, float | int) and 0 <= phase < 1e6):
        raise ValueError
    states = {str(name): decode_array(each) for name, each in data.get("states", {}).items()}
    latents = tuple(map(decode_array, data.get("latents", ())))
    effects = effect_lines.from_json(data, number)
    return DeckTick(
        latents, phase, states, target_lines.from_json(data), _state(data), effects, bool(data.get("waits", False))
    )


def _state(data: Json) -> Json | None:
    state = data.get("moment")
    if state is not None and not isinstance(state, dict):
        raise TypeError
    return state


def _values(data: Json) -> dict[str, Value]:
    """Return numbers and tuples of numbers, by address."""
    found: dict[str, Value] = {}
    for address, value in data.items():
        found[address] = tuple(map(number_of, value)) if isinstance(value, list) else number_of(value)
    return found


def _dream(data: Json) -> DreamFile:
    if not re.fullmatch(r"[0-9a-f]{64}", data["sha256"]):
        raise ValueError
    return DreamFile(Path(data["path"]), str(data["title"]), data["sha256"], dict(data["providers"]))


def _live(data: Json | None) -> Json | None:
    return data and {name: str(data[name]) for name in ("name", "kind", *(("path",) if data["kind"] == "file" else ()))}


def _looks(data: list[Json]) -> tuple[Look, ...]:
    return tuple(
        Look(
            str(each["name"]),
            Path(each["path"]) if "path" in each else None,
            each.get("text"),
            each.get("vertex"),
            bool(each.get("edited")),
        )
        for each in data
    )
