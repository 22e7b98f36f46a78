"""A player's state as JSON, for preset files and shows.

Arrays are base64 of little-endian f32; the photo that a dream starts from is base64 of its RGB bytes packed by zlib.
"""

import base64
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from livedream.dream.dream import Component, Dream
from livedream.picture import Pixels
from livedream.play import Floats, State
from livedream.play.state import PlayerState, Point

LARGEST = 1 << 53  # the largest whole number that JSON keeps exactly


def to_json(state: PlayerState | None) -> dict[str, Any] | None:
    """Return the state as JSON has it."""
    if state is None:
        return None
    points = state.before, state.after
    data: dict[str, Any] = {
        "before": encode(state.before.latent),
        "after": encode(state.after.latent),
        "phase": state.phase,
        "seed": state.seed,
        "drawn": state.random_step,
        "steps": state.steps,
        "noises": [encode(each.noise) for each in points if each.noise is not None],
        "states": {name: encode(each) for name, each in state.decode_state.items()},
    }
    if all(each.made for each in points):
        data["made"] = [list(each.made or ()) for each in points]
    if state.step_state:
        data["recurrent"] = {name: encode(each) for name, each in state.step_state.items()}
    if state.trail is not None:
        data["way"] = encode(state.trail)
    if state.photo is not None:
        data["photo"] = base64.b64encode(zlib.compress(state.photo[..., :3].tobytes(), 6)).decode()
    return data


def from_json(data: Mapping[str, Any], dream: Dream) -> PlayerState:
    """Return the state of `dream` that `to_json` wrote.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: The data is damaged or another dream's.
    """
    decode, step, shape = dream.components["decode"], dream.components.get("step"), dream.mean.shape
    seed, random_step, steps = numbers = [data[name] for name in ("seed", "drawn", "steps")]
    if not all(type(each) is int and 0 <= each < LARGEST for each in numbers):
        raise ValueError
    phase = float(data["phase"])
    if not 0 <= phase < 1e6:
        raise ValueError
    noises = [decode_array(each).reshape(decode.inputs["noise"].shape) for each in data["noises"]]
    if len(noises) != (2 if "noise" in decode.inputs else 0):
        raise ValueError
    before, after = (decode_array(data[name]).reshape(shape) for name in ("before", "after"))
    if "recurrent" in data and step is None:
        raise ValueError
    made = read_made(data["made"]) if dream.hop and "made" in data else None
    return PlayerState(
        Point(before, noises[0] if noises else None, made[0] if made else None),
        Point(after, noises[1] if noises else None, made[1] if made else None),
        phase,
        seed,
        random_step,
        steps,
        decode_state=_state(data["states"], decode),
        step_state=_state(data["recurrent"], step) if "recurrent" in data and step else {},
        trail=decode_array(data["way"]).reshape(-1, *shape) if "way" in data else None,
        photo=_photo(data["photo"], *dream.size) if "photo" in data else None,
    )


def read_made(data: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return seed and count of two steps. Raises ValueError or TypeError for anything else."""
    (a, b), (c, d) = data
    if not all(type(each) is int and 0 <= each < LARGEST for each in (a, b, c, d)):
        raise ValueError
    return (a, b), (c, d)


def encode(array: Floats) -> str:
    """Return base64 of little-endian f32."""
    return base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode()


def decode_array(text: str) -> Floats:
    """Return f32 [n]. Raises ValueError for damaged text and for numbers that are not finite."""
    array = np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float32)
    if not np.isfinite(array).all():
        raise ValueError("not finite")
    return array


def _photo(text: str, width: int, height: int) -> Pixels:
    pixels = np.full((height, width, 4), 255, np.uint8)
    try:
        packed = zlib.decompressobj().decompress(base64.b64decode(text, validate=True), 3 * height * width)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    pixels[..., :3] = np.frombuffer(packed, np.uint8).reshape(height, width, 3)
    return pixels


def _state(data: Mapping[str, str], component: Component) -> State:
    return {name: decode_array(each).reshape(component.inputs[name].shape) for name, each in data.items()}
