"""Weights that half precision holds exactly: stored as float16 in the file, float32 again in the instrument.

In the file a Cast to float32 stands behind each of them, which is plain ONNX, so any runtime plays it; and no part of
the instrument knows whether a file was halved, since what is cut from it has the weights as they were given.
"""

from math import prod

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SMALLEST = 1024  # numbers; below that a Cast costs about as many bytes as it saves


def halve(graph: onnx.GraphProto) -> None:
    """Store each float32 initialiser that loses nothing by it as float16, with a Cast under its old name, in place.

    What stays: fewer than SMALLEST numbers, outputs, any with a number that float16 rounds or that is not finite.
    """
    outputs = {value.name for value in graph.output}
    taken = {each.name for kind in (graph.input, graph.initializer) for each in kind}
    taken |= {name for node in graph.node for name in node.output}
    casts = []
    for tensor in graph.initializer:
        half = _half(tensor)
        if half is None or tensor.name in outputs:
            continue
        name = tensor.name + ".half"
        while name in taken:
            name += "_"
        taken.add(name)
        casts.append(helper.make_node("Cast", [name], [tensor.name], to=TensorProto.FLOAT))
        tensor.CopyFrom(numpy_helper.from_array(half, name))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def widen(graph: onnx.GraphProto) -> None:
    """Put a float32 initialiser in the place of each Cast of a float16 initialiser to float32, in place.

    Undoes `halve`, order and all, to the last bit. A Cast that makes an output stays, and so does a float16 initialiser
    that anything else uses. One whose data is not what it says stays as it is, to be refused when it is proven.
    """
    casts, kept = _casts(graph)
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    wide: dict[str, np.ndarray | None] = {}
    gone = []
    for at, node in casts:
        name = node.input[0]
        if name not in wide:
            half = _array(tensors[name])
            wide[name] = None if half is None else half.astype(np.float32)
        if wide[name] is None:
            continue
        into = graph.initializer.add() if name in kept else tensors[name]
        into.CopyFrom(numpy_helper.from_array(wide[name], node.output[0]))
        kept.add(name)  # its place is taken: what a second Cast makes stands at the end
        gone.append(at)
    for at in reversed(gone):
        del graph.node[at]


def growth(graph: onnx.GraphProto) -> int:
    """Bytes of weights that `widen` will add, by the shapes that the file states; nothing is read."""
    casts, kept = _casts(graph)
    counts = {tensor.name: prod(tensor.dims) for tensor in graph.initializer}
    names = [node.input[0] for _, node in casts]
    return 4 * sum(counts[name] for name in names) - 2 * sum(counts[name] for name in set(names) - kept)


def _casts(graph: onnx.GraphProto) -> tuple[list[tuple[int, onnx.NodeProto]], set[str]]:
    """The Casts that `widen` replaces, with their places among the nodes, and names that must stay beside them."""
    halves = {tensor.name for tensor in graph.initializer if tensor.data_type == TensorProto.FLOAT16}
    outputs = {value.name for value in graph.output}
    casts, kept = [], set(outputs)
    for at, node in enumerate(graph.node) if halves else ():
        names = (*node.input, *node.output)
        plain = node.op_type == "Cast" and node.domain in ("", "ai.onnx") and len(names) == 2
        to = next((attribute.i for attribute in node.attribute if attribute.name == "to"), None)
        if plain and names[0] in halves and names[1] and names[1] not in outputs and to == TensorProto.FLOAT:
            casts.append((at, node))
        else:
            kept.update(node.input)
    return casts, kept


def _half(tensor: TensorProto) -> np.ndarray | None:
    """The tensor as float16, if it is a large float32 one that is the same after a round trip."""
    if tensor.data_type != TensorProto.FLOAT or prod(tensor.dims) < SMALLEST:
        return None
    array = _array(tensor)
    if array is None:
        return None
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and stays as it is
        half = array.astype(np.float16)
    return half if np.isfinite(half).all() and np.array_equal(half.astype(np.float32), array) else None


def _array(tensor: TensorProto) -> np.ndarray | None:
    """What a tensor holds; None where that is not what its type and shape say."""
    try:
        return numpy_helper.to_array(tensor)
    except (ValueError, TypeError, OverflowError):
        return None
