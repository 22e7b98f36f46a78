"""Contract 1, the metadata's half: one `metadata_props` entry `livedream`, JSON, no NaN or infinity.

{
  "contract": 1,                              needed; a higher one is refused
  "title": "Rainbow road",                    needed; printable, one line
  "kind": "vae-rnn",                          needed; what made it
  "fps": 25,                                  needed with decode; steps a second at speed 1, 0.001 to 1000; of a dream
                                              in clips, frames a second
  "hop": 20,                                  where decode draws clips of T > 1 frames: after how many frames the next
                                              one begins, 1 to T; half of T when left out
  "latents": {                                needed with decode
    "latent": {"mean": [Z numbers], "std": [Z, at least 0]},  for "latent", or each "latent.NAME"
    "interpolation": "linear",                or "slerp" or "none"; linear when left out
    "places": "latent.place"                  which latent, if any, is a place: [1, 3], std 0; see docs/dream-file.md
  },
  "layers": ["back", "front"],                needed with layer.NAME outputs: all of them, back to front
  "directions": [                             the knobs, the strongest first
    {"name": "…", "vector": F32 [Z], "low": -3, "high": 3, "effect": 0.8,
     "places": [120, -1]}                     where places are: the memories that it leads to above 0 and below 0, or -1
  ],
  "controls": [                               what the inputs control.NAME mean
    {"name": "temperature", "low": 0, "high": 2, "default": 1, "doc": "…"},
    {"name": "style", "parts": ["waves", "glass"]}         names of the elements of a control that is a vector
  ],
  "scenes": [
    {"name": "…", "tensors": {"step/latent": F32, "step/state.h": F32}, "thumbnail": JPEG}
  ],
  "provenance": {"licence": "…", "footage": …, "trained": …, "figures": {…}}      any JSON; `info` prints it
}
F32 is base64 of little-endian float32 in the shape of the value it is for (Z: all latents one after the
other); JPEG is base64 of a JPEG file. What is not "needed" may be left out. A control that is not described
goes from 0 to 1 and starts at 0 (temperature: 0..2, 1). A scene holds every latent; a state that it leaves
out starts at zero. Fields not named here are ignored and named in the notes.
"""

import base64
import binascii
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NoReturn, TypedDict

import numpy as np

from livedream import UserError
from livedream.dream.contract import CONTRACT, CONTROL, latents
from livedream.dream.dream import Component, Control, Direction, Floats, Scene, Shape
from livedream.dream.messages import brief

Json = dict[str, object]  # an object of a stranger's JSON: nothing is known of its values

INTERPOLATIONS = ("linear", "slerp", "none")
HOP = 0.5  # share of a clip after which the next one begins, unless the file says
_FIELDS = ["contract", "title", "kind", "fps", "hop", "latents", "layers", "directions", "controls", "scenes"]
_FIELDS += ["provenance"]


class Fields(TypedDict):
    """Attributes of a Dream that its metadata tells."""

    title: str
    kind: str
    fps: float
    hop: int
    latents: tuple[str, ...]
    mean: Floats
    std: Floats
    interpolation: str
    places: slice | None
    layers: tuple[str, ...]
    directions: tuple[Direction, ...]
    controls: dict[str, Control]
    scenes: tuple[Scene, ...]
    provenance: Json


def extract(entries: Sequence[str]) -> Json:
    """Return the JSON of a file's entries `livedream`, if there is one of a contract that this version knows.

    Raises UserError.
    """
    if not entries:
        raise UserError("metadata: an ONNX file without the entry livedream is not a dream")
    if len(entries) > 1:
        raise UserError(f"metadata: one entry livedream, found {len(entries)}")
    try:
        data = json.loads(entries[0], parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise UserError(f"metadata: not JSON: {brief(str(error))}") from None
    if not isinstance(data, dict):
        raise UserError(f"metadata: an object, found {_kind(data)}")
    contract = data.get("contract")
    if not isinstance(contract, int) or isinstance(contract, bool) or contract < 1:
        raise UserError(f"metadata contract: {CONTRACT}, found {_kind(contract)}")
    if contract > CONTRACT:
        raise UserError(
            f"metadata contract: this livedream knows {CONTRACT}, the file has {contract}: update livedream"
        )
    return data


def read(data: Json, components: dict[str, Component]) -> tuple[Fields, list[str]]:
    """Return a Dream's fields from what `extract` gave, and notes on what was ignored. Raises UserError."""
    notes = _unknown("metadata", data, _FIELDS)
    source = "decode" in components
    shapes = latents(components.get("step") or components.get("decode"))
    mean, std, interpolation, places = _latents(data.get("latents", {}), shapes, notes)
    z = sum(shape[1] for shape in shapes.values())
    fields: Fields = {
        "title": _text("metadata title", data.get("title")),
        "kind": _text("metadata kind", data.get("kind")),
        "fps": _number("metadata fps", data.get("fps", None if source else 25.0), 0.001, 1000.0),
        "hop": _hop(data.get("hop"), components, notes),
        "latents": tuple(shapes),
        "mean": mean,
        "std": std,
        "interpolation": interpolation,
        "places": places,
        "layers": _layers(data.get("layers", []), components),
        "directions": tuple(_direction(item, i, z, notes) for i, item in _items(data, "directions")),
        "controls": _controls(data, components, notes),
        "scenes": _scenes(data, components, notes),
        "provenance": _object("metadata provenance", data.get("provenance", {})),
    }
    return fields, notes


def _latents(value: object, shapes: dict[str, Shape], notes: list[str]) -> tuple[Floats, Floats, str, slice | None]:
    """Return mean and std, f32 [Z], the interpolation, and where the places are among the latents."""
    data = _object("metadata latents", value)
    notes += _unknown("metadata latents", data, (*shapes, "interpolation", "places"))
    interpolation = data.get("interpolation", "linear")
    if not isinstance(interpolation, str) or interpolation not in INTERPOLATIONS:
        raise UserError(f"metadata latents.interpolation: {', '.join(INTERPOLATIONS)}, found {_kind(interpolation)}")
    means: list[float] = []
    stds: list[float] = []
    for name, shape in shapes.items():
        where = f"metadata latents.{name}"
        entry = _object(where, data.get(name))
        for key, into, low in (("mean", means, -1e30), ("std", stds, 0.0)):
            values = entry.get(key)
            if not isinstance(values, list) or len(values) != shape[1]:
                raise UserError(f"{where}.{key}: {shape[1]} numbers, found {_kind(values)}")
            into += [_number(f"{where}.{key}[{i}]", value, low, 1e30) for i, value in enumerate(values)]
    mean, std = np.array(means, np.float32), np.array(stds, np.float32)
    return mean, std, interpolation, _places(data.get("places"), shapes, std)


def _places(name: object, shapes: dict[str, Shape], std: Floats) -> slice | None:
    if name is None:
        return None
    where = "metadata latents.places"
    if not isinstance(name, str) or name not in shapes or len(shapes) < 2:
        raise UserError(f"{where}: one of several latents ({', '.join(shapes)}), found {_kind(name)}")
    if shapes[name] != (1, 3):
        raise UserError(f"{where}: a latent [1, 3], found {name} {list(shapes[name])}")
    start = sum(shape[1] for shape in list(shapes.values())[: list(shapes).index(name)])
    if std[start : start + 3].any():
        raise UserError(f"metadata latents.{name}.std: 0 0 0, since nothing but the dream moves a place")
    return slice(start, start + 3)


def _hop(value: object, components: dict[str, Component], notes: list[str]) -> int:
    """Return after how many frames the next clip begins; 0 where frames are drawn one by one."""
    drawn = components["decode"].outputs.values() if "decode" in components else ()
    length = max((each.shape[0] for each in drawn if each.dtype == "uint8"), default=1)
    if length == 1:
        notes += [] if value is None else ["metadata.hop: for dreams in clips of T > 1 frames: ignored"]
        return 0
    if value is None:
        return max(1, round(HOP * length))
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= length:
        raise UserError(f"metadata hop: a whole number from 1 to {length}, the clip's frames, found {_kind(value)}")
    return value


def _layers(names: object, components: dict[str, Component]) -> tuple[str, ...]:
    outputs = components["decode"].outputs if "decode" in components else {}
    drawn = sorted(name.removeprefix("layer.") for name in outputs if name.startswith("layer."))
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or sorted(names) != drawn:
        raise UserError(
            f"metadata layers: those that decode draws ({', '.join(drawn) or 'none'}), found {_kind(names)}"
        )
    return tuple(names)


def _direction(item: Json, i: int, z: int, notes: list[str]) -> Direction:
    where = f"metadata directions[{i}]"
    notes += _unknown(where, item, ("name", "vector", "low", "high", "effect", "places"))
    low, high = _range(where, item, -3.0, 3.0)
    return Direction(
        _text(where + ".name", item.get("name")),
        _tensor(where + ".vector", item.get("vector"), (z,)),
        low,
        high,
        _number(where + ".effect", item.get("effect", 0.0), 0.0, 1e30),
        _led_to(where + ".places", item.get("places", [])),
    )


def _led_to(where: str, value: object) -> tuple[float, ...]:
    """Return the two memories that a knob leads to, or ()."""
    if not isinstance(value, list) or len(value) not in (0, 2):
        raise UserError(f"{where}: two memories, or -1 for none, found {_kind(value)}")
    return tuple(_number(f"{where}[{i}]", each, -1.0, 1e6) for i, each in enumerate(value))


def _controls(data: Json, components: dict[str, Component], notes: list[str]) -> dict[str, Control]:
    inputs = {n: v for c in components.values() for n, v in c.inputs.items() if n.startswith("control.")}
    described: dict[str, tuple[str, Json]] = {}
    for i, item in _items(data, "controls"):
        where = f"metadata controls[{i}]"
        notes += _unknown(where, item, ("name", "low", "high", "default", "doc", "parts"))
        name = _text(where + ".name", item.get("name"))
        if name in described:
            raise UserError(f"{where}.name: {name} is described twice")
        described[name] = where, item
    unused = [name for name in described if "control." + name not in inputs]
    notes += [f"control {name}: no component has it: ignored" for name in unused]
    controls = {}
    for full, value in inputs.items():
        name = full.removeprefix("control.")
        least, most, start = (0.0, 2.0, 1.0) if name == "temperature" else (0.0, 1.0, 0.0)
        where, item = described.get(name, ("", {}))
        low, high = _range(where, item, least, most)
        default = _default(where, item.get("default", min(max(start, low), high)), low, high, value.shape[0])
        doc = _text(where + ".doc", item["doc"], 0, 400) if "doc" in item else ""
        parts = _parts(where + ".parts", item["parts"], value.shape[0]) if "parts" in item else ()
        controls[name] = Control(name, value.shape[0], low, high, default, doc, parts)
    return controls


def _default(where: str, value: object, low: float, high: float, length: int) -> float | tuple[float, ...]:
    """Return a control's default: a number for all its elements, or one for each."""
    if not isinstance(value, list):
        return _number(where + ".default", value, low, high)
    if len(value) != length:
        raise UserError(f"{where}.default: a number, or a list of {length}; found a list of {len(value)}")
    return tuple(_number(f"{where}.default[{i}]", each, low, high) for i, each in enumerate(value))


def _parts(where: str, value: object, length: int) -> tuple[str, ...]:
    """Return the names of a control's elements, which become part of addresses."""
    if not isinstance(value, list) or len(value) != length:
        raise UserError(f"{where}: a list of {length} names, found {_kind(value)}")
    names = tuple(_text(f"{where}[{i}]", each) for i, each in enumerate(value))
    for i, name in enumerate(names):
        if not re.fullmatch(CONTROL, name):
            raise UserError(f"{where}[{i}]: small letters, digits and _, beginning with a letter; found {_kind(name)}")
        if name in names[:i]:
            raise UserError(f"{where}[{i}]: {name} is there twice")
    return names


def _scenes(data: Json, components: dict[str, Component], notes: list[str]) -> tuple[Scene, ...]:
    values = {v.full: (n, v) for c in components.values() for n, v in c.inputs.items()}
    places = {full: v.shape for full, (n, v) in values.items() if n.split(".")[0] in ("latent", "state")}
    owner = "step" if "step" in components else "decode"
    needed = [f"{owner}/{name}" for name in latents(components.get(owner))]
    scenes: list[Scene] = []
    for i, item in _items(data, "scenes"):
        where = f"metadata scenes[{i}]"
        notes += _unknown(where, item, ("name", "tensors", "thumbnail"))
        tensors = _object(where + ".tensors", item.get("tensors", {}))
        for full in (*needed, *tensors):
            if full not in tensors:
                raise UserError(f"{where}.tensors: {full} is missing")
            if full not in places:
                raise UserError(f"{where}.tensors: {brief(full)} is no latent or state of this dream")
        read = {full: _tensor(f"{where}.tensors.{full}", text, places[full]) for full, text in tensors.items()}
        thumbnail = _decoded(where + ".thumbnail", item.get("thumbnail", ""))
        if thumbnail and not thumbnail.startswith(b"\xff\xd8\xff"):
            raise UserError(f"{where}.thumbnail: a JPEG, found something else")
        name = _text(where + ".name", item.get("name"))
        if any(name == scene.name for scene in scenes):
            raise UserError(f"{where}.name: two scenes are called {name}")
        scenes.append(Scene(name, read, thumbnail))
    return tuple(scenes)


# ── one value ───────────────────────────────────────────────────────────────────────────────────────────────


def _items(data: Json, key: str) -> list[tuple[int, Json]]:
    items = data.get(key, [])
    if not isinstance(items, list):
        raise UserError(f"metadata {key}: a list, found {_kind(items)}")
    return [(i, _object(f"metadata {key}[{i}]", item)) for i, item in enumerate(items)]


def _object(where: str, value: object) -> Json:
    if not isinstance(value, dict):
        raise UserError(f"{where}: an object, found {_kind(value)}")
    return value


def _text(where: str, value: object, shortest: int = 1, longest: int = 120) -> str:
    if not isinstance(value, str) or not shortest <= len(value) <= longest or not (value + " ").isprintable():
        raise UserError(f"{where}: a printable line of {shortest} to {longest} characters, found {_kind(value)}")
    return value


def _number(where: str, value: object, low: float, high: float) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
        return float(value)  # a NaN lies in no range
    raise UserError(f"{where}: a number from {low:g} to {high:g}, found {_kind(value)}")


def _range(where: str, item: Json, low: float, high: float) -> tuple[float, float]:
    low = _number(where + ".low", item.get("low", low), -1e30, 1e30)
    high = _number(where + ".high", item.get("high", high), -1e30, 1e30)
    if low >= high:
        raise UserError(f"{where}: low is below high, found {low:g} and {high:g}")
    return low, high


def _tensor(where: str, text: object, shape: Shape) -> Floats:
    raw = _decoded(where, text)
    if len(raw) != 4 * math.prod(shape):
        raise UserError(f"{where}: base64 of {list(shape)} float32, {4 * math.prod(shape)} bytes, found {len(raw)}")
    array = np.frombuffer(raw, "<f4").astype(np.float32).reshape(shape)
    if not np.isfinite(array).all():
        raise UserError(f"{where}: finite numbers, found {array[~np.isfinite(array)][0]}")
    array.flags.writeable = False
    return array


def _decoded(where: str, text: object) -> bytes:
    try:
        return base64.b64decode(text, validate=True)  # type: ignore[arg-type]  # TypeError is answered below
    except (binascii.Error, ValueError, TypeError):
        raise UserError(f"{where}: base64, found {_kind(text)}") from None


def _unknown(where: str, data: Mapping[str, object], known: Iterable[str]) -> list[str]:
    return [f"{where}.{brief(key)} is not known to contract 1: ignored" for key in data if key not in known]


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _kind(value: object) -> str:
    """Describe what was found, in a word or two."""
    if value is None:
        return "nothing"
    if isinstance(value, list | dict):
        return f"{'a list' if isinstance(value, list) else 'an object'} of {len(value)}"
    try:
        return brief(repr(value))
    except ValueError:  # an integer of thousands of digits
        return "a number too long to print"
