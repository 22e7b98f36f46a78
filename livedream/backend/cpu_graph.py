"""Rewrite a component for ONNX Runtime's processor kernels: the same numbers to the last bit, in less time.

Two parts of every decoder are slow there (onnxruntime 1.31): DepthToSpace moves number by number, and a picture is
transposed, clipped, rounded and cast in four single-threaded passes over memory. They took a sixth of rainbow's
drawing.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

END = ["Concat", "Transpose", "Clip", "Round", "Cast"]  # the end of a picture, as training exports it

Nodes = Sequence[onnx.NodeProto]


def rewritten(model: bytes) -> bytes:
    """Return the serialised ModelProto with DepthToSpace and the picture's end replaced, if they are as expected."""
    proto = onnx.shape_inference.infer_shapes(onnx.ModelProto.FromString(model))
    graph = proto.graph
    if not {"DepthToSpace", "Round"} & {node.op_type for node in graph.node}:
        return model
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        nodes += _shuffle(node, graph) if node.op_type == "DepthToSpace" else [node]
    nodes = _quantize(nodes, graph)
    del graph.node[:], graph.value_info[:]
    graph.node.extend(nodes)
    names = set(_inputs(nodes))
    used = [each for each in graph.initializer if each.name in names]
    del graph.initializer[:]
    graph.initializer.extend(used)
    data: bytes = proto.SerializeToString()
    return data


def _shuffle(node: onnx.NodeProto, graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Return DepthToSpace as two transpositions that move whole rows: first within lines, then the lines."""
    given = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    known = (*graph.value_info, *graph.input)
    shape = next((_shape(each) for each in known if each.name == node.input[0]), None)
    if given.get("mode") != b"CRD" or not shape or shape[0] != 1:
        return [node]
    _, channels, height, width = shape
    block, name = given["blocksize"], node.output[0]
    deep = channels // block**2

    def reshape(source: str, target: str, *shape: int) -> onnx.NodeProto:
        sizes = _constant(graph, f"{target}.shape", np.array(shape, np.int64))
        return helper.make_node("Reshape", [source, sizes], [target])

    def transpose(source: str, target: str, *order: int) -> onnx.NodeProto:
        return helper.make_node("Transpose", [source], [target], perm=order)

    return [
        reshape(node.input[0], f"{name}.columns", deep * block, block, height * width),
        transpose(f"{name}.columns", f"{name}.lines", 0, 2, 1),
        reshape(f"{name}.lines", f"{name}.apart", deep, block, height, width * block),
        transpose(f"{name}.apart", f"{name}.woven", 0, 2, 1, 3),
        reshape(f"{name}.woven", name, 1, deep, height * block, width * block),
    ]


def _quantize(nodes: Nodes, graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Return the nodes with each picture's end replaced: quantised by colour, joined with alpha, then transposed.

    QuantizeLinear at scale 1 equals Clip 0..255, Round and Cast: it rounds half to even and saturates too.
    """
    replaced: list[onnx.NodeProto] = []
    at = 0
    while at < len(nodes):
        end = _picture_end(nodes[at : at + len(END)], nodes, graph)
        replaced += end or [nodes[at]]
        at += len(END) if end else 1
    return replaced


def _picture_end(chain: Nodes, nodes: Nodes, graph: onnx.GraphProto) -> list[onnx.NodeProto] | None:
    """Return nodes that replace these five of `nodes`; None if they are not the end of a picture."""
    if [each.op_type for each in chain] != END:
        return None
    concat, transpose, clip, _, cast = chain
    constants = {each.name: numpy_helper.to_array(each) for each in graph.initializer if each.name in _inputs(chain)}
    alpha = constants.get(concat.input[-1])
    expected = (
        all(before.output[0] == after.input[0] for before, after in pairwise(chain))
        and all(_inputs(nodes).count(each.output[0]) == 1 for each in chain[:-1])
        and [constants.get(each) for each in clip.input[1:]] == [0, 255]
        and len(concat.input) == 2
    )
    if not expected or alpha is None or not np.isin(alpha, range(256)).all():
        return None
    name = cast.output[0]
    scale = _constant(graph, f"{name}.scale", np.array(1, np.float32))
    zero = _constant(graph, f"{name}.zero", np.array(0, np.uint8))
    joined = [f"{name}.colours", _constant(graph, f"{name}.alpha", alpha.astype(np.uint8))]
    end = [
        helper.make_node("QuantizeLinear", [concat.input[0], scale, zero], joined[:1]),
        helper.make_node("Concat", joined, [f"{name}.planes"]),
        helper.make_node("Transpose", [f"{name}.planes"], [name]),
    ]
    end[1].attribute.extend(concat.attribute)
    end[2].attribute.extend(transpose.attribute)
    return end


def _inputs(nodes: Nodes) -> list[str]:
    return [name for node in nodes for name in node.input]


def _constant(graph: onnx.GraphProto, name: str, value: NDArray[Any]) -> str:
    graph.initializer.append(numpy_helper.from_array(value, name))
    return name


def _shape(value: onnx.ValueInfoProto) -> list[int]:
    return [dim.dim_value for dim in value.type.tensor_type.shape.dim]
