"""ONNX models of the components of the tests' dreams, made without torch."""

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

NOISE = 0.02  # how far one unit of noise moves the latent at temperature 1
STATE = 4  # length of state.h and of uniform
MEMORIES = 12  # held by `remembering`


def turn(z: int) -> np.ndarray:
    """Return f32 [z, z]: next latent = latent @ turn(z) at temperature 0; pair i turns 0.1 × (i + 1) radians."""
    matrix = np.eye(z)
    for i in range(z // 2):
        c, s = np.cos(0.1 * (i + 1)), np.sin(0.1 * (i + 1))
        matrix[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = [[c, s], [-s, c]]
    return matrix.astype(np.float32)


def ramps(width: int, height: int, frames: int = 1) -> np.ndarray:
    """Return the picture of zero latents, f32 [frames, height, width, 4]; each frame of a clip is 8 levels bluer."""
    base = np.empty((frames, height, width, 4), np.float32)
    base[..., 0] = np.linspace(40, 215, width, dtype=np.float32)
    base[..., 1] = np.linspace(60, 195, height, dtype=np.float32)[:, None]
    base[..., 2] = 100 + 8 * np.arange(frames, dtype=np.float32)[:, None, None]
    base[..., 3] = 255
    return base


def places_step() -> ModelProto:
    """Return the step of `remembering`: the next place follows the nearest one on its path."""
    begun = [(k, 0, 0) for k in range(5)]
    there = [(9, 3, 0), (10, 4, 0.5), (11, 5, 1), (11, 6, 1), (11, 7, 1), (11, 8, 1)]
    back = [(3, 9, 1), (4, 10, 0.5), (5, 11, 0), (6, 11, 0), (7, 11, 0), (8, 11, 0)]
    following = [*begun[1:], back[2], *there[1:], *back, there[0]]
    look, place = (np.float32, [1, 3]), (np.float32, [1, 3])
    return model(
        [
            helper.make_node("MatMul", ["latent.look", "turn"], ["turned"]),
            helper.make_node("Mul", ["noise", "control.temperature"], ["heat"]),
            helper.make_node("Mul", ["heat", "gain"], ["shake"]),
            helper.make_node("Add", ["turned", "shake"], ["next.latent.look"]),
            helper.make_node("Sub", ["latent.place", "places"], ["away"]),
            helper.make_node("Mul", ["away", "away"], ["square"]),
            helper.make_node("ReduceSum", ["square", "axis"], ["far"], keepdims=0),
            helper.make_node("ArgMin", ["far"], ["nearest"], axis=0, keepdims=1),
            helper.make_node("Gather", ["following", "nearest"], ["next.latent.place"], axis=0),
        ],
        {"latent.look": look, "latent.place": place, "noise": look, "control.temperature": (np.float32, [1])},
        {"next.latent.look": look, "next.latent.place": place},
        {
            "turn": turn(3),
            "gain": np.float32(NOISE),
            "axis": np.array([1]),
            "places": np.float32([*begun, *there, *back]),
            "following": np.float32(following),
        },
    )


def places_recall() -> ModelProto:
    """Return the recall of `remembering`: the memories before and after each place, and their weights [1, 4]."""
    return model(
        [
            helper.make_node("MatMul", ["latent.place", "places"], ["four"]),  # place A twice, place B twice
            helper.make_node("Floor", ["four"], ["floor"]),
            helper.make_node("Add", ["floor", "steps"], ["numbers"]),
            helper.make_node("Reshape", ["numbers", "row"], ["flat"]),
            helper.make_node("Cast", ["flat"], ["index"], to=TensorProto.INT64),
            helper.make_node("Sub", ["four", "floor"], ["part"]),
            helper.make_node("Mul", ["part", "signs"], ["signed"]),
            helper.make_node("Add", ["signed", "before"], ["near"]),
            helper.make_node("MatMul", ["latent.place", "shares"], ["of.b"]),
            helper.make_node("Add", ["of.b", "of.a"], ["share"]),
            helper.make_node("Mul", ["near", "share"], ["recall.weights"]),
        ],
        {"latent.look": (np.float32, [1, 3]), "latent.place": (np.float32, [1, 3])},
        {"index": (np.int64, [4]), "recall.weights": (np.float32, [1, 4])},
        {
            "places": np.float32([[1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0]]),
            "steps": np.float32([[0, 1, 0, 1]]),
            "row": np.array([4]),
            "signs": np.float32([[-1, 1, -1, 1]]),
            "before": np.float32([[1, 0, 1, 0]]),
            "shares": np.float32([[0, 0, 0, 0], [0, 0, 0, 0], [-1, -1, 1, 1]]),
            "of.a": np.float32([[1, 1, 0, 0]]),
        },
    )


def blending_decode() -> ModelProto:
    """Return the decode of `remembering`: the memories blended by their weights, moved by the look."""
    size = [16, 8 * MEMORIES, 4]
    return model(
        [
            helper.make_node("Cast", ["memory"], ["levels"], to=TensorProto.FLOAT),
            helper.make_node("Reshape", ["levels", "rows"], ["each"]),
            helper.make_node("MatMul", ["recall.weights", "each"], ["blended"]),
            helper.make_node("Reshape", ["blended", "picture"], ["seen"]),
            helper.make_node("MatMul", ["latent.look", "moves"], ["moved"]),
            helper.make_node("Add", ["seen", "moved"], ["all"]),
            *to_picture("all", "frame"),
        ],
        {
            "latent.look": (np.float32, [1, 3]),
            "latent.place": (np.float32, [1, 3]),
            "memory": (np.uint8, [4, *size]),
            "recall.weights": (np.float32, [1, 4]),
        },
        {"frame": (np.uint8, [1, *size])},
        {
            "rows": np.array([4, -1]),
            "picture": np.array([1, *size]),
            "moves": np.float32([[40, 0, 0, 0], [0, 40, 0, 0], [0, 0, 0, 0]]),
            **BOUNDS,
        },
    )


def step_model(z: int = 8) -> ModelProto:
    """Return the step of `tiny`:

    Latent, state.h, noise, uniform, control.temperature → next.latent, next.state.h.
    """
    vector, state = (np.float32, [1, z]), (np.float32, [1, STATE])
    return model(
        [
            helper.make_node("MatMul", ["latent", "turn"], ["turned"]),
            helper.make_node("Mul", ["noise", "control.temperature"], ["heat"]),
            helper.make_node("Mul", ["heat", "gain"], ["shake"]),
            helper.make_node("Add", ["turned", "shake"], ["next.latent"]),
            helper.make_node("Add", ["state.h", "uniform"], ["sum"]),
            helper.make_node("Mul", ["sum", "half"], ["next.state.h"]),
        ],
        {
            "latent": vector,
            "state.h": state,
            "noise": vector,
            "uniform": state,
            "control.temperature": (np.float32, [1]),
        },
        {"next.latent": vector, "next.state.h": state},
        {"turn": turn(z), "gain": np.float32(NOISE), "half": np.float32(0.5)},
    )


def decode_model(width=64, height=32, z=8, control=False, layers=False, frames=1) -> ModelProto:
    """Return the decode of `tiny`: latent (and control.push) → frame, or layer.back and layer.front."""
    moves = np.zeros((z, 4), np.float32)
    moves[range(min(3, z)), range(min(3, z))] = 40
    inputs = {"latent": (np.float32, [1, z])}
    constants = {
        "moves": moves,
        "base": ramps(width, height, frames),
        "picture": np.array([1, 1, 1, 4]),
        **BOUNDS,
    }
    nodes = [helper.make_node("MatMul", ["latent", "moves"], ["shift" if control else "moved"])]
    if control:
        inputs["control.push"] = (np.float32, [1])
        constants["brighter"] = np.array([[20, 20, 20, 0]], np.float32)
        nodes.append(helper.make_node("Mul", ["control.push", "brighter"], ["pushed"]))
        nodes.append(helper.make_node("Add", ["shift", "pushed"], ["moved"]))
    nodes.append(helper.make_node("Reshape", ["moved", "picture"], ["offset"]))
    nodes.append(helper.make_node("Add", ["base", "offset"], ["levels"]))
    if not layers:
        nodes += to_picture("levels", "frame")
        outputs = {"frame": (np.uint8, [frames, height, width, 4])}
    else:
        constants["base.front"] = ramps(width, height)[:, ::-1, ::-1] - np.float32([0, 0, 0, 127])
        nodes.append(helper.make_node("Add", ["base.front", "offset"], ["levels.front"]))
        nodes += to_picture("levels", "layer.back") + to_picture("levels.front", "layer.front")
        outputs = {
            "layer.back": (np.uint8, [frames, height, width, 4]),
            "layer.front": (np.uint8, [1, height, width, 4]),
        }
    return model(nodes, inputs, outputs, constants)


def noisy_decode(z=8):
    """Return tiny's decode with 10 levels of red a unit of noise, and 1 level of blue for each step since the scene."""
    model = decode_model(z=z)
    graph, made = model.graph, helper.make_tensor_value_info
    for node in graph.node:
        if node.op_type == "MatMul":
            node.output[0] = "by.latent"
    into = [helper.make_tensor(n, 1, [1, 4], v) for n, v in (("red", [10, 0, 0, 0]), ("blue", [0, 0, 1, 0]))]
    graph.initializer.extend([*into, helper.make_tensor("one", 1, [1, 1], [1])])
    nodes = [
        helper.make_node("MatMul", ["noise", "red"], ["by.noise"]),
        helper.make_node("MatMul", ["state.age", "blue"], ["by.age"]),
        helper.make_node("Sum", ["by.latent", "by.noise", "by.age"], ["moved"]),
        helper.make_node("Add", ["state.age", "one"], ["next.state.age"]),
    ]
    at = next(i for i, node in enumerate(graph.node) if node.op_type == "MatMul") + 1
    old = list(graph.node)
    del graph.node[:]
    graph.node.extend([*old[:at], *nodes, *old[at:]])
    graph.input.extend([made("noise", 1, [1, 1]), made("state.age", 1, [1, 1])])
    graph.output.extend([made("next.state.age", 1, [1, 1])])
    return model


def encode_model(width=64, height=32, z=8) -> ModelProto:
    """Return the encode of `tiny`: the mean of red, green and blue, 127.5 → 0, into latents 0, 1, 2."""
    into = np.zeros((4, z), np.float32)
    into[range(min(3, z)), range(min(3, z))] = 1 / 40
    return model(
        [
            helper.make_node("Cast", ["image"], ["x"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["x", "axes"], ["mean"], keepdims=0),
            helper.make_node("Sub", ["mean", "grey"], ["centred"]),
            helper.make_node("MatMul", ["centred", "into"], ["latent"]),
        ],
        {"image": (np.uint8, [1, height, width, 4])},
        {"latent": (np.float32, [1, z])},
        {"axes": np.array([1, 2]), "grey": np.float32(127.5), "into": into},
    )


BOUNDS = {"black": np.float32(0), "full": np.float32(255)}


def to_picture(levels: str, output: str) -> list:
    """Return the nodes Clip, Round, Cast, with which every picture of contract 1 ends."""
    return [
        helper.make_node("Clip", [levels, "black", "full"], [output + ".clipped"]),
        helper.make_node("Round", [output + ".clipped"], [output + ".rounded"]),
        helper.make_node("Cast", [output + ".rounded"], [output], to=TensorProto.UINT8),
    ]


def model(nodes, inputs: dict, outputs: dict, constants: dict) -> ModelProto:
    """Return a model at opset 20 from nodes, {name: (dtype, shape)} and {name: array}."""

    def values(named):
        return [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)
            for name, (dtype, shape) in named.items()
        ]

    weights = [numpy_helper.from_array(np.array(array), name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "component", values(inputs), values(outputs), weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
