"""A dream of 1920x1080, of random weights, for measuring: python bench/dream_1080p.py OUT.onnx

Its decoder is built as the one that `livedream train` makes (residual blocks under FiLM, pixel shuffle), six million
weights from a seed; its step is a GRU. It needs no torch, and the picture means nothing.
"""

import sys
from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from livedream.dream import write

LATENT, HIDDEN = 64, 512
BASE = (34, 60)  # rows and columns of the first level; 32 times as large is 1088 x 1920, of which 1080 rows are kept
WIDTHS = (192, 128, 64, 32)  # channels by level, each twice as large as the one before
SPREAD = 16  # channels that the latent is spread to
HEAD = 4  # times larger in the last step
SIZE = (1920, 1080)
SLOPE = 0.2


class Graph:
    """Nodes and weights of one component, gathered call by call; every call gives the name of what it makes."""

    def __init__(self, seed: int):
        self.nodes, self.weights, self._chance = [], [], np.random.default_rng(seed)

    def __call__(self, operator: str, *inputs: str, outputs: list[str] | None = None, **attributes) -> str:
        made = outputs or [f"value{len(self.nodes)}"]
        self.nodes.append(helper.make_node(operator, list(inputs), made, **attributes))
        return made[0]

    def constant(self, array, name: str = "") -> str:
        name = name or f"weight{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def random(self, *shape: int, gain: float = 1.0) -> str:
        """Weights after He et al. 2015: what goes through keeps its size."""
        scale = gain * np.sqrt(2 / np.prod(shape[1:]))
        return self.constant((self._chance.standard_normal(shape) * scale).astype(np.float32))

    def linear(self, x: str, to: int, of: int, gain: float = 1.0) -> str:
        return self("Gemm", x, self.random(to, of, gain=gain), self.constant(np.zeros(to, np.float32)), transB=1)

    def conv(self, x: str, to: int, of: int, size: int = 3, gain: float = 1.0) -> str:
        weight, bias = self.random(to, of, size, size, gain=gain), self.constant(np.zeros(to, np.float32))
        return self("Conv", x, weight, bias, kernel_shape=[size, size], pads=[size // 2] * 4)

    def model(self, inputs: dict, outputs: dict) -> ModelProto:
        def values(named):
            return [helper.make_tensor_value_info(name, *value) for name, value in named.items()]

        graph = helper.make_graph(self.nodes, "component", values(inputs), values(outputs), self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def decode(base: tuple[int, int] = BASE, size: tuple[int, int] = SIZE, widths: tuple[int, ...] = WIDTHS) -> ModelProto:
    """latent → frame. base: rows and columns of the first level; size: width and height of the picture."""
    g = Graph(1)
    rows, columns = base
    x = g("LeakyRelu", g.linear("latent", SPREAD * rows * columns, LATENT), alpha=SLOPE)
    x = g("Reshape", x, g.constant(np.array([1, SPREAD, rows, columns])))
    x = g("LeakyRelu", g.conv(x, widths[0], SPREAD), alpha=SLOPE)
    for width, following in zip(widths, [*widths[1:], 0], strict=True):
        film = g("Unsqueeze", g.linear("latent", 2 * width, LATENT, 0.1), g.constant(np.array([2, 3])))
        scale, shift = f"scale{width}", f"shift{width}"
        g("Split", film, outputs=[scale, shift], axis=1, num_outputs=2)
        y = g("Mul", g.conv(x, width, width), g("Add", scale, g.constant(np.float32(1))))
        y = g("LeakyRelu", g("Add", y, shift), alpha=SLOPE)
        x = g("LeakyRelu", g("Add", x, g.conv(y, width, width, gain=0.3)), alpha=SLOPE)
        if following:
            x = g("DepthToSpace", g.conv(x, 4 * following, width, 1), blocksize=2, mode="CRD")
            x = g("LeakyRelu", x, alpha=SLOPE)
    x = g("DepthToSpace", g.conv(x, 3 * HEAD**2, widths[-1], gain=0.7), blocksize=HEAD, mode="CRD")
    x = g("Mul", g("Sigmoid", x), g.constant(np.float32(255), "white"))
    if rows * 2 ** (len(widths) - 1) * HEAD != size[1]:
        begin, end, axis = (g.constant(np.array([number])) for number in (0, size[1], 2))
        x = g("Slice", x, begin, end, axis)
    alpha = g.constant(np.full((1, 1, size[1], size[0]), 255, np.float32))
    x = g("Transpose", g("Concat", x, alpha, axis=1), perm=[0, 2, 3, 1])
    x = g("Clip", x, g.constant(np.float32(0)), "white")
    g("Cast", g("Round", x), outputs=["frame"], to=TensorProto.UINT8)
    shape = [1, size[1], size[0], 4]
    return g.model({"latent": (TensorProto.FLOAT, [1, LATENT])}, {"frame": (TensorProto.UINT8, shape)})


def step() -> ModelProto:
    """A GRU cell (Cho et al. 2014) from latent and noise to the next latent, which stays within -1.5..1.5."""
    g = Graph(2)
    heard = g("Add", "latent", g("Mul", "noise", "control.temperature"))
    given, kept = g.linear(heard, 3 * HIDDEN, LATENT, 0.5), g.linear("state.h", 3 * HIDDEN, HIDDEN, 0.7)
    for name, source in (("in", given), ("old", kept)):
        g("Split", source, outputs=[f"{name}.{gate}" for gate in "rzn"], axis=1, num_outputs=3)
    reset = g("Sigmoid", g("Add", "in.r", "old.r"))
    update = g("Sigmoid", g("Add", "in.z", "old.z"))
    new = g("Tanh", g("Add", "in.n", g("Mul", reset, "old.n")))
    turned = g("Mul", g("Sub", g.constant(np.float32(1)), update), new)
    g("Add", turned, g("Mul", update, "state.h"), outputs=["next.state.h"])
    latent = g("Tanh", g.linear("next.state.h", LATENT, HIDDEN))
    g("Mul", latent, g.constant(np.float32(1.5)), outputs=["next.latent"])
    vector, state = (TensorProto.FLOAT, [1, LATENT]), (TensorProto.FLOAT, [1, HIDDEN])
    inputs = {"latent": vector, "state.h": state, "noise": vector, "control.temperature": (TensorProto.FLOAT, [1])}
    return g.model(inputs, {"next.latent": vector, "next.state.h": state})


def build(path: Path, *shape) -> Path:
    """Write the dream to `path`; returns it. shape: what `decode` takes. Raises UserError if it is none."""
    ones = np.ones(LATENT)
    metadata = {
        "contract": 1,
        "title": "1080p, of random weights",
        "kind": "bench",
        "fps": 30.0,
        "latents": {"latent": write.latent(0 * ones, ones), "interpolation": "linear"},
        "controls": [{"name": "temperature", "low": 0, "high": 2, "default": 1, "doc": "how much chance"}],
        "directions": [],
        "scenes": [],
        "provenance": {"licence": "CC0-1.0", "made by": "bench/dream_1080p.py"},
    }
    write.write(path, {"step": step(), "decode": decode(*shape)}, metadata)
    return path


if __name__ == "__main__":
    print(build(Path(sys.argv[1])))
