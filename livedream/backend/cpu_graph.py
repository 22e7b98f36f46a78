"""A component rewritten for ONNX Runtime's processor kernels: the same numbers to the last bit, in less time.

Two things of every decoder are slow there (onnxruntime 1.31): DepthToSpace moves number by number, and a picture is
turned, clipped, rounded and cast in four single-threaded walks through memory. A sixth of rainbow's drawing went
into them.
"""

from itertools import pairwise

import numpy as np
import onnx
from onnx import helper, numpy_helper

END = ["Concat", "Transpose", "Clip", "Round", "Cast"]  # of a picture, as training exports it


def rewritten(model: bytes) -> bytes:
    """The serialised ModelProto with its DepthToSpace and its picture's end replaced where they are as expected."""
    proto = onnx.shape_inference.infer_shapes(onnx.ModelProto.FromString(model))
    graph = proto.graph
    if not {"DepthToSpace", "Round"} & {node.op_type for node in graph.node}:
        return model
    nodes = []
    for node in graph.node:
        nodes += _shuffle(node, graph) if node.op_type == "DepthToSpace" else [node]
    nodes = _quantize(nodes, graph)
    del graph.node[:], graph.value_info[:]
    graph.node.extend(nodes)
    used = set(_inputs(nodes))
    kept = [each for each in graph.initializer if each.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    return proto.SerializeToString()


def _shuffle(node: onnx.NodeProto, graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """DepthToSpace by two transpositions that move whole rows: first along the lines, then the lines."""
    given = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    known = (*graph.value_info, *graph.input)
    shape = next((_shape(each) for each in known if each.name == node.input[0]), None)
    if given.get("mode") != b"CRD" or not shape or shape[0] != 1:
        return [node]
    _, channels, height, width = shape
    block, name = given["blocksize"], node.output[0]
    deep = channels // block**2

    def reshape(source: str, target: str, *shape: int) -> onnx.NodeProto:
        return helper.make_node("Reshape", [source, _constant(graph, f"{target}.shape", np.int64(shape))], [target])

    def transpose(source: str, target: str, *order: int) -> onnx.NodeProto:
        return helper.make_node("Transpose", [source], [target], perm=order)

    return [
        reshape(node.input[0], f"{name}.columns", deep * block, block, height * width),
        transpose(f"{name}.columns", f"{name}.lines", 0, 2, 1),
        reshape(f"{name}.lines", f"{name}.apart", deep, block, height, width * block),
        transpose(f"{name}.apart", f"{name}.woven", 0, 2, 1, 3),
        reshape(f"{name}.woven", name, 1, deep, height * block, width * block),
    ]


def _quantize(nodes: list[onnx.NodeProto], graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """The nodes with each picture's end replaced: rounded to bytes colour by colour, then joined with alpha and turned.

    Clip 0..255, Round and Cast are what QuantizeLinear does at scale 1: it rounds half to even and saturates too.
    """
    made, at = [], 0
    while at < len(nodes):
        end = _picture_end(nodes[at : at + len(END)], nodes, graph)
        made += end or [nodes[at]]
        at += len(END) if end else 1
    return made


def _picture_end(chain, nodes, graph: onnx.GraphProto) -> list[onnx.NodeProto] | None:
    """What does the same as these five nodes; None if they are not the end of a picture."""
    if [each.op_type for each in chain] != END:
        return None
    concat, transpose, clip, _, cast = chain
    constants = {each.name: numpy_helper.to_array(each) for each in graph.initializer if each.name in _inputs(chain)}
    alpha = constants.get(concat.input[-1])
    plain = (
        all(before.output[0] == after.input[0] for before, after in pairwise(chain))
        and all(_inputs(nodes).count(each.output[0]) == 1 for each in chain[:-1])
        and [constants.get(each) for each in clip.input[1:]] == [0, 255]
        and len(concat.input) == 2
        and alpha is not None
        and np.isin(alpha, range(256)).all()
    )
    if not plain:
        return None
    name = cast.output[0]
    scale, zero = _constant(graph, f"{name}.scale", np.float32(1)), _constant(graph, f"{name}.zero", np.uint8(0))
    joined = [f"{name}.colours", _constant(graph, f"{name}.alpha", alpha.astype(np.uint8))]
    end = [
        helper.make_node("QuantizeLinear", [concat.input[0], scale, zero], joined[:1]),
        helper.make_node("Concat", joined, [f"{name}.planes"]),
        helper.make_node("Transpose", [f"{name}.planes"], [name]),
    ]
    end[1].attribute.extend(concat.attribute)
    end[2].attribute.extend(transpose.attribute)
    return end


def _inputs(nodes) -> list[str]:
    return [name for node in nodes for name in node.input]


def _constant(graph: onnx.GraphProto, name: str, value: np.ndarray) -> str:
    graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
    return name


def _shape(value: onnx.ValueInfoProto) -> list[int]:
    return [dim.dim_value for dim in value.type.tensor_type.shape.dim]
