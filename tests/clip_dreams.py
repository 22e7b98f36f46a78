"""Dreams in clips whose pictures are smooth functions of place, time and latent, without training: random networks.

Each clip is another: `wandering` draws clouds that drift and swell, alone or as figures over a ground that stands.
"""

import numpy as np
from onnx import ModelProto, helper

from livedream.dream import write
from tests.dream_graphs import BOUNDS, model, to_picture

LATENTS, HIDDEN = 100, 32


def wandering(path, size=64, length=32, hop=None, layers=False, fps=25.0, pace=1.0, seed=1):
    """Write a dream without a step to `path` and return it.

    Args:
        size: Width and height in pixels.
        length: Frames of a clip.
        hop: Frames from the beginning of one to that of the next; None: the file does not say.
        layers: layer.background, one picture, and layer.foreground, which moves and is transparent in most places.
        fps: Frames a second.
        pace: How fast it moves.
        seed: Of the network's weights.
    """
    metadata = {
        "contract": 1,
        "title": "Wandering",
        "kind": "test",
        "fps": fps,
        "latents": {"latent": write.latent(np.zeros(LATENTS), np.ones(LATENTS)), "interpolation": "slerp"},
        "provenance": {"licence": "CC0-1.0", "made by": "livedream's tests"},
    }
    metadata |= {"layers": ["background", "foreground"]} if layers else {}
    write.write(path, {"decode": _decode(size, length, layers, pace, seed)}, metadata | ({"hop": hop} if hop else {}))
    return path


def _decode(size: int, length: int, layers: bool, pace: float, seed: int) -> ModelProto:
    rng = np.random.default_rng(seed)
    if not layers:
        parts = [_network(rng, "frame", size, length, pace, False)]
    else:
        parts = [
            _network(rng, "layer.background", size, 1, 0.0, False),
            _network(rng, "layer.foreground", size, length, pace, True),
        ]
    nodes = [node for part in parts for node in part[0]]
    constants = {name: value for part in parts for name, value in part[1].items()}
    outputs = {part[2]: (np.uint8, part[3]) for part in parts}
    return model(nodes, {"latent": (np.float32, [1, LATENTS])}, outputs, constants | BOUNDS)


def _network(rng, output: str, size: int, length: int, pace: float, clear: bool):
    """Return nodes, constants, the output's name and shape of a network from places and latents to a picture."""
    side = np.linspace(-1, 1, size)
    times = pace * np.arange(length) / 25
    t, y, x = np.meshgrid(times, side, side, indexing="ij")
    places = np.stack([x, y, t], -1).reshape(-1, 3)

    def name(each: str) -> str:
        return f"{output}.{each}"

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    into = normal(3, HIDDEN) * np.float32([[2.5], [2.5], [1.5]])
    constants = {
        name("places"): (places @ into).astype(np.float32),
        name("of.latent"): normal(LATENTS, HIDDEN) / np.float32(4),
        name("second"): normal(HIDDEN, HIDDEN) / np.float32(4),
        name("again"): normal(LATENTS, HIDDEN) / np.float32(10),
        name("colours"): normal(HIDDEN, 4) * np.float32(0.45),
        name("middle"): np.float32([0, 0, 0, -2.5 if clear else 60]),
        name("steep"): np.float32([1, 1, 1, 8 if clear else 1]),
        name("levels"): np.float32(255),
        name("shape"): np.array([length, size, size, 4]),
    }
    steps = [
        ("MatMul", ["latent", name("of.latent")], "moved"),
        ("Add", [name("places"), name("moved")], "first.sum"),
        ("Sin", [name("first.sum")], "first"),
        ("MatMul", [name("first"), name("second")], "second.part"),
        ("MatMul", ["latent", name("again")], "moved.again"),
        ("Add", [name("second.part"), name("moved.again")], "second.sum"),
        ("Tanh", [name("second.sum")], "deep"),
        ("MatMul", [name("deep"), name("colours")], "mixed"),
        ("Mul", [name("mixed"), name("steep")], "sharp"),
        ("Add", [name("sharp"), name("middle")], "placed"),
        ("Sigmoid", [name("placed")], "share"),
        ("Mul", [name("share"), name("levels")], "flat"),
        ("Reshape", [name("flat"), name("shape")], "picture"),
    ]
    nodes = [helper.make_node(kind, inputs, [name(made)]) for kind, inputs, made in steps]
    return [*nodes, *to_picture(name("picture"), output)], constants, output, [length, size, size, 4]
