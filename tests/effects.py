"""Small effects of contract 1 for tests, made without torch, simple enough to predict to the grey level."""

import numpy as np
from onnx import TensorProto, helper

from livedream.dream import write
from tests.dream_graphs import BOUNDS, model, to_picture

ALPHA = np.float32([0, 0, 0, 1])


def written(path, nodes, size, states=(), controls=(), constants=None, out=None, fps=None, title="Effect"):
    """Write an effect whose nodes turn `x` (the image, f32) and the inputs into `levels`, and `state.NAME` into
    `next.state.NAME`; return its path.

    size, out: (width, height) of its input and of its output, which is `size` by default. states: {name: shape}.
    controls: as in the metadata.
    """
    (width, height), (across, down), states = size, out or size, dict(states)
    inputs = {"image": (np.uint8, [1, height, width, 4])}
    inputs |= {f"state.{name}": (np.float32, shape) for name, shape in states.items()}
    inputs |= {f"control.{each['name']}": (np.float32, [len(each.get("parts", "1"))]) for each in controls}
    outputs = {"frame": (np.uint8, [1, down, across, 4])}
    outputs |= {f"next.state.{name}": (np.float32, shape) for name, shape in states.items()}
    cast = helper.make_node("Cast", ["image"], ["x"], to=TensorProto.FLOAT)
    graph = model([cast, *nodes, *to_picture("levels", "frame")], inputs, outputs, {**BOUNDS, **(constants or {})})
    metadata = {"contract": 1, "title": title, "kind": "effect", "controls": list(controls)}
    metadata |= {} if fps is None else {"fps": fps}
    write.write(path, {"apply": graph}, metadata | {"provenance": {"licence": "CC0-1.0"}})
    return path


def brightness(path, width=64, height=32, scale=1):
    """frame = image + 100 × control.amount (−1..1, default 0.5); its picture is `scale` times as large."""
    nodes = [
        helper.make_node("Mul", ["control.amount", "hundred"], ["more"]),
        helper.make_node("Add", ["x", "more"], ["lit"]),
        helper.make_node("Resize", ["lit", "", "scales"], ["levels"], mode="nearest"),
    ]
    control = {"name": "amount", "low": -1, "high": 1, "default": 0.5, "doc": "brighter or darker"}
    constants = {"hundred": np.float32([100, 100, 100, 0]), "scales": np.float32([1, scale, scale, 1])}
    out = (width * scale, height * scale)
    return written(path, nodes, (width, height), (), [control], constants, out, title="Brightness")


def tint(path, width=64, height=32):
    """frame = image + 100 × control.tint, three numbers called red, green and blue (0..1, default 0)."""
    nodes = [
        helper.make_node("Concat", ["control.tint", "none"], ["whole"], axis=0),
        helper.make_node("Mul", ["whole", "hundred"], ["more"]),
        helper.make_node("Add", ["x", "more"], ["levels"]),
    ]
    control = {"name": "tint", "parts": ["red", "green", "blue"], "doc": "how much of each is added"}
    constants = {"none": np.zeros(1, np.float32), "hundred": np.float32([100, 100, 100, 0])}
    return written(path, nodes, (width, height), (), [control], constants, title="Tint")


def counter(path, width=64, height=32, fps=25.0, by=1):
    """Its whole picture is as bright as it has made steps: `by` levels each, alpha 255."""
    nodes = [
        helper.make_node("Add", ["state.count", "one"], ["next.state.count"]),
        helper.make_node("Mul", ["x", "nothing"], ["black.picture"]),
        helper.make_node("Mul", ["next.state.count", "colours"], ["grey"]),
        helper.make_node("Add", ["grey", "opaque"], ["pixel"]),
        helper.make_node("Add", ["black.picture", "pixel"], ["levels"]),
    ]
    constants = {"one": np.float32([by]), "nothing": np.float32(0), "colours": 1 - ALPHA, "opaque": 255 * ALPHA}
    return written(path, nodes, (width, height), {"count": [1]}, (), constants, fps=fps, title="Counter")


def slow(path, width=64, height=32, layers=8, channels=64):
    """frame = 255 − image, after `layers` convolutions of the whole picture that add nothing to it."""
    nodes = [
        helper.make_node("Transpose", ["x"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "first"], ["y0"], pads=[1, 1, 1, 1]),
        *(helper.make_node("Conv", [f"y{i}", "more"], [f"y{i + 1}"], pads=[1, 1, 1, 1]) for i in range(layers)),
        helper.make_node("Conv", [f"y{layers}", "last"], ["z"], pads=[1, 1, 1, 1]),
        helper.make_node("Transpose", ["z"], ["nothing"], perm=[0, 2, 3, 1]),
        helper.make_node("Mul", ["x", "turned"], ["dark"]),
        helper.make_node("Add", ["dark", "white"], ["negative"]),
        helper.make_node("Add", ["negative", "nothing"], ["levels"]),
    ]
    random = np.random.default_rng(0)
    constants = {
        "first": random.normal(0, 0.1, (channels, 4, 3, 3)).astype(np.float32),
        "more": random.normal(0, 0.01, (channels, channels, 3, 3)).astype(np.float32),
        "last": np.zeros((4, channels, 3, 3), np.float32),
        "turned": np.float32([-1, -1, -1, 1]),
        "white": np.float32([255, 255, 255, 0]),
    }
    return written(path, nodes, (width, height), (), (), constants, title="Slow")


def breaking(path, width=64, height=32):
    """frame = 255 − image; its state is not a number while control.broken is 1, and it fails while it is 2."""
    nodes = [
        helper.make_node("Sub", ["control.broken", "one"], ["whole"]),
        helper.make_node("Div", ["whole", "whole"], ["number"]),
        helper.make_node("Mul", ["state.number", "half"], ["half.of"]),
        helper.make_node("Add", ["half.of", "number"], ["next.state.number"]),
        helper.make_node("Cast", ["control.broken"], ["index"], to=TensorProto.INT64),
        helper.make_node("Gather", ["white", "index"], ["level"]),
        helper.make_node("Mul", ["x", "turned"], ["dark"]),
        helper.make_node("Mul", ["level", "colours"], ["added"]),
        helper.make_node("Add", ["dark", "added"], ["levels"]),
    ]
    constants = {"one": np.float32(1), "half": np.float32(0.5), "white": np.float32([255, 255])}
    constants |= {"turned": np.float32([-1, -1, -1, 1]), "colours": np.float32([1, 1, 1, 0])}
    control = {"name": "broken", "low": 0, "high": 2, "default": 0, "doc": "1: no number, 2: fails"}
    return written(path, nodes, (width, height), {"number": [1]}, [control], constants, title="Breaking")
