"""Small dreams of contract 1 for tests, made without torch, simple enough to predict to the grey level.

`tiny` is a source. Its step turns latents 0 and 1, 2 and 3, … around each other, `turn(z)` a step, adds
0.02 × temperature × noise, and moves state.h half-way to `uniform`. Its decode draws `picture(latent)`: a red
ramp across, a green ramp down, moved by the latent. `invert` is an effect. The same arguments make the same
bytes.
"""

import numpy as np
import simplejpeg
from onnx import TensorProto, helper

from livedream.dream import write
from tests.dream_graphs import (
    BOUNDS,
    MEMORIES,
    NOISE,
    STATE,
    blending_decode,
    decode_model,
    encode_model,
    model,
    noisy_decode,
    places_recall,
    places_step,
    ramps,
    step_model,
    to_picture,
    turn,
)

# Tests take these from here, too.
__all__ = ["MEMORIES", "NOISE", "STATE", "decode_model", "encode_model", "noisy_decode", "ramps", "step_model", "turn"]


def picture(latent: np.ndarray, width: int = 64, height: int = 32, frames: int = 1, push: float = 0.0) -> np.ndarray:
    """Return what decode draws for a latent [z] or [1, z], uint8 [frames, height, width, 4]; 40 levels a unit."""
    moved = np.zeros(4, np.float32)
    moved[:3] = 40 * np.ravel(latent)[:3].astype(np.float32) + np.float32(20 * push)
    return np.rint(np.clip(ramps(width, height, frames) + moved, 0, 255)).astype(np.uint8)


def front(latent: np.ndarray, width: int = 64, height: int = 32) -> np.ndarray:
    """Return the front layer for a latent, uint8 [1, height, width, 4]: the ramps reversed, half transparent."""
    moved = np.zeros(4, np.float32)
    moved[:3] = 40 * np.ravel(latent)[:3].astype(np.float32)
    moved[3] = -127
    return np.rint(np.clip(ramps(width, height)[:, ::-1, ::-1] + moved, 0, 255)).astype(np.uint8)


def first(z: int = 8) -> np.ndarray:
    """Return the latent of tiny's scene 0, "first", f32 [1, z]; scene 1, "second", is its negative."""
    return np.where(np.arange(z) % 2 == 0, 1.0, 0.25).astype(np.float32)[None]


def tiny(
    path,
    width: int = 64,
    height: int = 32,
    z: int = 8,
    control: bool = False,
    step: bool = True,
    encode: bool = False,
    layers: bool = False,
    frames: int = 1,
    fps: float = 25.0,
    title: str = "Tiny",
):
    """Write a small source to `path` and return it. control: adds control.push, +20 levels per unit, −1..1,
    default 0, to decode.

    layers: decode draws layer.back (the ramps, T = frames) and layer.front (`front`, T = 1) instead of frame.
    """
    write.write(*tiny_parts(path, width, height, z, control, step, encode, layers, frames, fps, title))
    return path


def noisy(path, **options):
    """Write a dream whose decoder has noise and a state: its blue grows by a level a step. Options are tiny_parts'."""
    target, components, metadata = tiny_parts(path, **options)
    write.write(target, components | {"decode": noisy_decode()}, metadata)
    return target


def tiny_parts(
    path,
    width=64,
    height=32,
    z=8,
    control=False,
    step=True,
    encode=False,
    layers=False,
    frames=1,
    fps=25.0,
    title="Tiny",
):
    """Return the arguments with which `tiny` calls write.write:

    (path, components, metadata), for tests that spoil one of them.
    """
    components = {"step": step_model(z)} if step else {}
    components["decode"] = decode_model(width, height, z, control, layers, frames)
    if encode:
        components["encode"] = encode_model(width, height, z)
    owner = "step" if step else "decode"
    scenes = []
    for name, latent in (("first", first(z)), ("second", -first(z))):
        tensors = {f"{owner}/latent": latent}
        if step:
            tensors["step/state.h"] = np.full((1, STATE), 0.5, np.float32)
        scenes.append(write.scene(name, tensors, picture(latent, width, height)[0]))
    controls = []
    if step:
        controls.append(
            {
                "name": "temperature",
                "low": 0,
                "high": 2,
                "default": 1,
                "doc": "how much chance moves the dream",
            }
        )
    if control:
        controls.append({"name": "push", "low": -1, "high": 1, "default": 0, "doc": "brighter or darker"})
    metadata = {
        "contract": 1,
        "title": title,
        "kind": "test",
        "fps": fps,
        "latents": {
            "latent": write.latent(np.zeros(z), np.ones(z)),
            "interpolation": "linear" if frames == 1 else "none",
        },
        "directions": [
            write.direction(f"knob {i + 1}", np.eye(z)[i], effect=40.0 if i < 3 else 0.0) for i in range(min(z, 8))
        ],
        "controls": controls,
        "scenes": scenes,
        "provenance": {"licence": "CC0-1.0", "made by": "livedream's tests"},
    }
    if layers:
        metadata["layers"] = ["back", "front"]
    return path, components, metadata


def sinking(path, keeps: float = 0.9):
    """Write a tiny without noise whose latents decay to 0: a step multiplies them by `keeps`. Its scenes 0, 1 and 2
    begin far from there, near, and nearer.
    """
    target, components, metadata = tiny_parts(path, title="Sinking")
    step = model(
        [helper.make_node("Mul", ["latent", "keeps"], ["next.latent"])],
        {"latent": (np.float32, [1, 8])},
        {"next.latent": (np.float32, [1, 8])},
        {"keeps": np.float32(keeps)},
    )
    metadata["controls"] = []
    latents = {"far": first(), "near": -0.2 * first(), "nearer": 0.1 * first()}
    metadata["scenes"] = [write.scene(name, {"step/latent": each}) for name, each in latents.items()]
    write.write(target, components | {"step": step}, metadata)
    return path


def memory(k: int) -> np.ndarray:
    """Return memory k of `remembering`, uint8 [16, 96, 3]: dark, with a bright bar from pixel 8·k."""
    picture = np.full((16, 8 * MEMORIES, 3), 20, np.uint8)
    picture[:, 8 * k : 8 * k + 8] = 200
    return picture


def weights(picture: np.ndarray) -> np.ndarray:
    """Return each memory's share, f32 [12], exact to 0.02, in a picture of `remembering`, uint8 [16, 96, 4]."""
    bars = picture[..., 2].astype(np.float32).mean(0).reshape(MEMORIES, 8).mean(1)  # the look does not move blue
    return (bars - 20) / 180


def remembering(path, title: str = "Remembering"):
    """Write a dream that remembers and return it: 12 pictures of 96x16, number k `memory(k)`.

    Its step moves the places on by a memory a step, and leaves from 9 for 3 in two steps, so that it goes on for ever.
    `latent.look` [1, 3] turns as tiny's does; 40 levels of red and of green a unit of its first and second number.
    recall takes the two memories about each place; decode blends them. Scenes: 0, "first", at memory 1; 1, "far", at 7.
    """
    write.write(*remembering_parts(path, title))
    return path


def remembering_parts(path, title: str = "Remembering"):
    """Return the arguments of write.write for `remembering`: (path, components, metadata, memories)."""
    components = {"step": places_step(), "recall": places_recall(), "decode": blending_decode()}
    scenes = [
        write.scene(name, {"step/latent.look": np.float32([[0.5, -0.25, 0]]), "step/latent.place": np.float32([place])})
        for name, place in (("first", [1, 0, 0]), ("far", [7, 11, 0]))
    ]
    metadata = {
        "contract": 1,
        "title": title,
        "kind": "test",
        "fps": 25.0,
        "latents": {
            "latent.look": write.latent(np.zeros(3), np.ones(3)),
            "latent.place": write.latent(np.zeros(3), np.zeros(3)),
            "places": "latent.place",
        },
        "directions": [write.direction("red", [1, 0, 0, 5, 5, 1], effect=40.0)],
        "controls": [{"name": "temperature", "low": 0, "high": 2, "default": 0}],
        "scenes": scenes,
    }
    return path, components, metadata, [jpeg(memory(k)) for k in range(MEMORIES)]


def jpeg(picture: np.ndarray) -> bytes:
    """Encode a picture as a JPEG file without visible loss."""
    return simplejpeg.encode_jpeg(picture, quality=100, colorspace="RGB", colorsubsampling="444")


def invert(path, width: int = 64, height: int = 32):
    """Write an effect:

    Frame = image + control.amount (0..1, default 1) × (255 − 2 × image), alpha kept; state.last follows
    amount.
    """
    weight = np.array([-2, -2, -2, 0], np.float32), np.array([255, 255, 255, 0], np.float32)
    graph = model(
        [
            helper.make_node("Cast", ["image"], ["x"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["x", "minus_two"], ["xm"]),
            helper.make_node("Add", ["xm", "white"], ["change"]),
            helper.make_node("Mul", ["change", "control.amount"], ["scaled"]),
            helper.make_node("Add", ["x", "scaled"], ["levels"]),
            *to_picture("levels", "frame"),
            helper.make_node("Add", ["state.last", "control.amount"], ["sum"]),
            helper.make_node("Mul", ["sum", "half"], ["next.state.last"]),
        ],
        {
            "image": (np.uint8, [1, height, width, 4]),
            "control.amount": (np.float32, [1]),
            "state.last": (np.float32, [1]),
        },
        {"frame": (np.uint8, [1, height, width, 4]), "next.state.last": (np.float32, [1])},
        {"minus_two": weight[0], "white": weight[1], "half": np.float32(0.5), **BOUNDS},
    )
    metadata = {
        "contract": 1,
        "title": "Invert",
        "kind": "effect",
        "controls": [{"name": "amount", "low": 0, "high": 1, "default": 1, "doc": "how much is inverted"}],
        "provenance": {"licence": "CC0-1.0"},
    }
    write.write(path, {"apply": graph}, metadata)
    return path
