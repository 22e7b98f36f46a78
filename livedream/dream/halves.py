"""Weights that half precision holds exactly: stored as float16 in the file, float32 again in the instrument.

In the file a Cast to float32 follows each of them, which is plain ONNX that any runtime plays. No part of the
instrument knows whether a file was halved, since components cut from it have the original weights.
"""

from math import prod
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SMALLEST = 1024  # numbers; below that a Cast costs about as many bytes as it saves


def halve(graph: onnx.GraphProto) -> None:
    """Store each float32 initialiser that loses nothing as float16, with a Cast under its old name, in place.

    Exceptions are those of fewer than SMALLEST numbers, outputs, and those with a number that float16 rounds or that
    is not finite.
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
    """Replace each Cast of a float16 initialiser to float32 by a float32 initialiser, in place.

    Undoes `halve` to the last bit, including the order. A Cast that makes an output stays, and so does a float16
    initialiser that anything else uses. One whose data contradicts its type stays, to be refused when it is proven.
    """
    casts, kept = _casts(graph)
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    wide: dict[str, NDArray[Any] | None] = {}
    removed = []
    for at, node in casts:
        name = node.input[0]
        if name not in wide:
            half = _array(tensors[name])
            wide[name] = None if half is None else half.astype(np.float32)
        array = wide[name]
        if array is None:
            continue
        into = graph.initializer.add() if name in kept else tensors[name]
        into.CopyFrom(numpy_helper.from_array(array, node.output[0]))
        kept.add(name)  # its place is taken: the result of a second Cast goes to the end
        removed.append(at)
    for at in reversed(removed):
        del graph.node[at]


def growth(graph: onnx.GraphProto) -> int:
    """Return the bytes of weights that `widen` will add, by the shapes that the file states; no data is read."""
    casts, kept = _casts(graph)
    counts: dict[str, int] = {tensor.name: prod(tensor.dims) for tensor in graph.initializer}
    names = [node.input[0] for _, node in casts]
    return 4 * sum(counts[name] for name in names) - 2 * sum(counts[name] for name in set(names) - kept)


def _casts(graph: onnx.GraphProto) -> tuple[list[tuple[int, onnx.NodeProto]], set[str]]:
    """Return the Casts that `widen` replaces, each with its index, and the names of initialisers that must stay."""
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


def _half(tensor: TensorProto) -> NDArray[Any] | None:
    """Return the tensor as float16, if it is a large float32 one that is the same after a round trip."""
    if tensor.data_type != TensorProto.FLOAT or prod(tensor.dims) < SMALLEST:
        return None
    array = _array(tensor)
    if array is None:
        return None
    with np.errstate(over="ignore"):  # a number that is too large becomes infinite, so its tensor is not halved
        half = array.astype(np.float16)
    return half if np.isfinite(half).all() and np.array_equal(half.astype(np.float32), array) else None


def _array(tensor: TensorProto) -> NDArray[Any] | None:
    """Return the values of a tensor; None if its data contradicts its type and shape."""
    try:
        return numpy_helper.to_array(tensor)
    except (ValueError, TypeError, OverflowError):
        return None
