"""What the lines of a show say of a deck's effects: which are in its chain, and which of their runs brought pictures.

Beside what else a line or the header has of a deck:

    "chain": [effect]: the effects in their order, where that is another than on the line before
    "ran": {number: [[frames ago, steps, 1 if its state was put back to zero before]]}: the runs whose results came in
           for this frame, of pictures that were drawn so many frames before it
    "held": {number: {"states": {…}, "picture": …}}: the state and the picture that the last of these runs left, where
           they do not follow from the show: it began in the middle of that run

An effect is {"number"}; a new one is {"number", "name", "title", "path", "sha256", "provider"}. A picture
is {"size": [width, height], "rgba": base64 of deflated bytes}.
"""

import base64
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from livedream.effect.slot import Slot
from livedream.effect.trace import Moment, Run, Trace
from livedream.picture import Pixels
from livedream.play.state_json import decode_array, encode

Json = dict[str, Any]
LARGEST = 8192  # pixels of a side


@dataclass(frozen=True)
class EffectFile:
    """An effect of a chain.

    Attributes:
        number: In addresses.
        name: What it is called.
        title: Its file's.
        path: Where that was; None: the effect of this number goes on.
        sha256: Of the file.
        provider: Who ran it.
    """

    number: int
    name: str = ""
    title: str = ""
    path: Path | None = None
    sha256: str = ""
    provider: str = "cpu"


@dataclass(frozen=True)
class EffectsTick:
    """What the effects of a deck did for a frame.

    Attributes:
        chain: The effects in their order from now on; None: as before.
        traces: By number, what came in.
    """

    chain: tuple[EffectFile, ...] | None = None
    traces: Mapping[int, Trace] = field(default_factory=dict)

    @property
    def files(self) -> list[EffectFile]:
        """The effects that are new in the chain."""
        return [each for each in self.chain or () if each.path is not None]

    def late(self, frame: int) -> list[tuple[int, int]]:
        """Return (number, frame) of each run that was given the picture of a frame before `frame`."""
        return [(number, run.frame) for number, each in self.traces.items() for run in each.runs if run.frame < frame]


def to_json(
    slots: Sequence[Slot], before: Sequence[Slot] | None, traces: Mapping[int, Trace], frame: int | None
) -> Json:
    """Return what a line says of a deck's effects; {} where nothing came in and the chain is as it was.

    Args:
        slots: The chain.
        before: The chain on the line before; None on the header.
        traces: What came in, by the effects' numbers.
        frame: Number of the line's frame; None on a header before the first.
    """
    data: Json = {}
    if tuple(slots) != tuple(before or ()):
        data["chain"] = [_effect(each, before or ()) for each in slots]
    ran = {str(number): [_run(run, frame or 0) for run in each.runs] for number, each in traces.items() if each.runs}
    held = {str(number): _moment(each.moment) for number, each in traces.items() if each.moment is not None}
    return data | ({"ran": ran} if ran else {}) | ({"held": held} if held else {})


def from_json(data: Json, frame: int) -> EffectsTick:
    """Read what `to_json` wrote for `frame`. Raises KeyError, TypeError or ValueError for damaged lines."""
    runs = {_number(name): tuple(_read_run(each, frame) for each in runs) for name, runs in data.get("ran", {}).items()}
    moments = {_number(name): _read_moment(each) for name, each in data.get("held", {}).items()}
    traces = {number: Trace(runs.get(number, ()), moments.get(number)) for number in runs | moments}
    chain = tuple(_file(each) for each in data["chain"]) if "chain" in data else None
    if chain is not None and len({each.number for each in chain}) != len(chain):
        raise ValueError
    return EffectsTick(chain, traces)


def _effect(slot: Slot, before: Sequence[Slot]) -> Json:
    if slot in before:
        return {"number": slot.number}
    dream = slot.dream
    path = str(dream.path.absolute())
    return {
        "number": slot.number,
        "name": slot.name,
        "title": dream.title,
        "path": path,
        "sha256": dream.sha256,
        "provider": slot.provider,
    }


def _file(data: Json) -> EffectFile:
    number = _number(data["number"])
    if "path" not in data:
        return EffectFile(number)
    if not re.fullmatch(r"[0-9a-f]{64}", data["sha256"]):
        raise ValueError
    texts = str(data["name"]), str(data["title"])
    return EffectFile(number, *texts, Path(data["path"]), data["sha256"], str(data["provider"]))


def _run(run: Run, frame: int) -> list[int]:
    return [frame - run.frame, run.steps, 1] if run.reset else [frame - run.frame, run.steps]


def _read_run(data: list[int], frame: int) -> Run:
    ago, steps, *reset = data
    if not (isinstance(ago, int) and isinstance(steps, int) and ago >= 0 and 0 <= steps < 1 << 16):
        raise ValueError
    return Run(frame - ago, steps, bool(reset))


def _moment(moment: Moment) -> Json:
    data: Json = {"states": {name: encode(each) for name, each in moment.states.items()}}
    if moment.picture is not None:
        height, width = moment.picture.shape[:2]
        deflated = zlib.compress(np.ascontiguousarray(moment.picture).tobytes(), 1)
        data["picture"] = {"size": [width, height], "rgba": base64.b64encode(deflated).decode()}
    return data


def _read_moment(data: Json) -> Moment:
    states = {str(name): decode_array(each) for name, each in data["states"].items()}
    return Moment(_picture(data["picture"]) if "picture" in data else None, states)


def _picture(data: Json) -> Pixels:
    width, height = data["size"]
    if not (isinstance(width, int) and isinstance(height, int) and 0 < width <= LARGEST and 0 < height <= LARGEST):
        raise ValueError
    size = width * height * 4
    try:
        inflated = zlib.decompressobj().decompress(base64.b64decode(data["rgba"], validate=True), size)
    except zlib.error:
        raise ValueError from None
    return np.frombuffer(inflated, np.uint8).reshape(height, width, 4)


def _number(value: Any) -> int:
    number = int(value)
    if not 0 < number < 1000:
        raise ValueError
    return number
