"""A dream's component as a torch module, of the operators that our networks are made of, to be compared with.

The ONNX graph becomes a torch.fx graph, node by node, so that torch.compile sees plain torch.
"""

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import fx, nn

from livedream.dream.dream import Component


def module(component: Component) -> nn.Module:
    """Takes the component's inputs as tensors, in their order, and returns its outputs as a tuple.

    Raises ValueError for an operator that is not known here.
    """
    proto = onnx.load_from_string(component.model).graph
    root, graph, there = nn.Module(), fx.Graph(), {}
    fixed = {each.name: numpy_helper.to_array(each) for each in proto.initializer}
    for node in proto.node:
        if node.op_type == "Constant":
            fixed[node.output[0]] = numpy_helper.to_array(_attributes(node)["value"])
    for each in proto.input:
        there[each.name] = graph.placeholder(f"input{len(there)}")

    def value(name: str):
        """A node: an input, something made, or a weight, which is registered when it is first asked for."""
        if name not in there:
            slot = f"weight{len(there)}"
            root.register_buffer(slot, torch.from_numpy(np.array(fixed[name])))
            there[name] = graph.get_attr(slot)
        return there[name]

    for node in proto.node:
        if node.op_type == "Constant":
            continue
        if node.op_type not in OPERATORS:
            raise ValueError(f"{component.name}: {node.op_type} is not known to bench/in_torch.py")
        made = OPERATORS[node.op_type](graph.call_function, node, value, fixed, _attributes(node))
        for at, name in enumerate(node.output):
            there[name] = made if len(node.output) == 1 else made[at]
    graph.output(tuple(there[each.full] for each in component.outputs.values()))
    return fx.GraphModule(root, graph).eval().requires_grad_(False)


def half(made: nn.Module) -> nn.Module:
    """The same in half precision; the weights of convolutions lie as the card likes them."""
    return made.half().to(memory_format=torch.channels_last)


def _attributes(node) -> dict:
    return {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}


def _gemm(call, node, value, fixed, given):
    weight = value(node.input[1])
    if not given.get("transB"):
        weight = call(torch.t, (weight,))
    return call(F.linear, (value(node.input[0]), weight, value(node.input[2])))


def _conv(call, node, value, fixed, given):
    pads, strides = given.get("pads", [0] * 4), given.get("strides", [1, 1])
    if pads[:2] != pads[2:] or given.get("auto_pad", b"NOTSET") != b"NOTSET":
        raise ValueError("a convolution with uneven borders")
    bias = value(node.input[2]) if len(node.input) > 2 else None
    dilations, group = given.get("dilations", [1, 1]), given.get("group", 1)
    return call(
        F.conv2d,
        (value(node.input[0]), value(node.input[1]), bias, tuple(strides), tuple(pads[:2]), tuple(dilations), group),
    )


def _split(call, node, value, fixed, given):
    axis = given.get("axis", 0)
    if len(node.input) > 1:
        parts = call(torch.split, (value(node.input[0]), [int(each) for each in fixed[node.input[1]]], axis))
    else:
        parts = call(torch.tensor_split, (value(node.input[0]), len(node.output), axis))
    return [call(_item, (parts, at)) for at in range(len(node.output))]


def _item(parts, at: int):
    return parts[at]


def _unsqueeze(call, node, value, fixed, given):
    x = value(node.input[0])
    for axis in sorted(int(each) for each in fixed[node.input[1]]):
        x = call(torch.unsqueeze, (x, axis))
    return x


def _shuffle(call, node, value, fixed, given):
    if given.get("mode") != b"CRD":
        raise ValueError("DepthToSpace in another order than CRD")
    return call(F.pixel_shuffle, (value(node.input[0]), given["blocksize"]))


def _reshape(call, node, value, fixed, given):
    return call(torch.reshape, (value(node.input[0]), tuple(int(each) for each in fixed[node.input[1]])))


def _slice(call, node, value, fixed, given):
    x, (begins, ends) = value(node.input[0]), (fixed[name] for name in node.input[1:3])
    axes = fixed[node.input[3]] if len(node.input) > 3 else range(len(begins))
    for axis, begin, end in zip(axes, begins, ends, strict=True):
        x = call(torch.narrow, (x, int(axis), int(begin), int(end - begin)))
    return x


def _cast(call, node, value, fixed, given):
    kinds = {onnx.TensorProto.UINT8: torch.uint8, onnx.TensorProto.FLOAT: torch.float32}
    return call(torch.Tensor.to, (value(node.input[0]), kinds[given["to"]]))


def _concat(call, node, value, fixed, given):
    return call(torch.cat, ([value(each) for each in node.input], given["axis"]))


def _clip(call, node, value, fixed, given):
    low, high = (float(fixed[each]) for each in node.input[1:3])
    return call(torch.clamp, (value(node.input[0]), low, high))


def _plain(function):
    return lambda call, node, value, fixed, given: call(function, tuple(value(each) for each in node.input))


OPERATORS = {
    "Gemm": _gemm,
    "Conv": _conv,
    "Split": _split,
    "Unsqueeze": _unsqueeze,
    "DepthToSpace": _shuffle,
    "Reshape": _reshape,
    "Slice": _slice,
    "Cast": _cast,
    "Concat": _concat,
    "Clip": _clip,
    "LeakyRelu": lambda call, node, value, fixed, given: call(
        F.leaky_relu, (value(node.input[0]), given.get("alpha", 0.01))
    ),
    "Transpose": lambda call, node, value, fixed, given: call(
        torch.permute, (value(node.input[0]), tuple(given["perm"]))
    ),
    "Add": _plain(torch.add),
    "Sub": _plain(torch.sub),
    "Mul": _plain(torch.mul),
    "Div": _plain(torch.div),
    "MatMul": _plain(torch.matmul),
    "Sigmoid": _plain(torch.sigmoid),
    "Tanh": _plain(torch.tanh),
    "Round": _plain(torch.round),
}
