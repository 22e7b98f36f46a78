"""Contract 1, the rules of the ONNX graph.

A rule is a short generator over the file's ModelProto that yields one line per violation: which rule, which value,
what was found. None of them runs, allocates or folds what the file asks for. Only inference or a run can tell the
sizes inside and whether outputs are finite; prove.py does that in a child process.
"""

from collections.abc import Iterator
from math import prod

import onnx
from onnx import TensorProto, numpy_helper

from livedream.dream import halves
from livedream.dream.contract import LARGEST, NEWEST_IR, OPSETS, component_of
from livedream.dream.messages import brief
from livedream.dream.tensor_types import NUMBERS, dtype_name, itemsize

BRANCHING = ("If", "Loop", "Scan", "SequenceMap")
RANDOM = (
    "Bernoulli",
    "Multinomial",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
)
# Operators that a dream must not have, and the reason.
REFUSED = dict.fromkeys(BRANCHING, "no branches or loops inside; unroll it")
REFUSED |= dict.fromkeys(RANDOM, "randomness is an input; use noise or uniform")


def text(model: onnx.ModelProto) -> Iterator[str]:
    """Names are UTF-8; protobuf gives the others as bytes."""
    graph = model.graph
    found = [entry.domain for entry in model.opset_import]
    found += [item.name for kind in (graph.input, graph.output, graph.initializer) for item in kind]
    for node in graph.node:
        found += (node.op_type, node.domain, node.name, *node.input, *node.output)
        found += (attribute.name for attribute in node.attribute)
    for name in found:
        if isinstance(name, bytes):
            yield f"names are UTF-8; found {brief(name)}"


def versions(model: onnx.ModelProto) -> Iterator[str]:
    """The IR version and the one opset are in range, and there is no other domain."""
    if model.ir_version > NEWEST_IR:
        yield f"IR version: at most {NEWEST_IR}, found {model.ir_version}"
    domains = sorted({entry.domain for entry in model.opset_import} - {"", "ai.onnx"})
    if domains:
        yield f"standard operators only: found the custom domain {brief(domains[0])}"
    found = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    if len(found) != 1 or found[0] not in OPSETS:
        yield f"opset: one from {OPSETS[0]} to {OPSETS[-1]}, found {', '.join(map(str, found)) or 'none'}"


def operators(model: onnx.ModelProto) -> Iterator[str]:
    """Operators are standard ones, without branches, loops, randomness, functions or graphs inside."""
    if model.functions:
        yield f"no local functions: found {brief(model.functions[0].name)}"
    opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 0)
    for node in model.graph.node:
        if node.domain not in ("", "ai.onnx"):
            yield f"standard operators only: {place(node)} is {brief(node.op_type)} of {brief(node.domain)}"
        elif node.op_type in REFUSED:
            yield f"operator {node.op_type}: {place(node)}: {REFUSED[node.op_type]}"
        elif not onnx.defs.has(node.op_type, opset, ""):
            yield (
                f"standard operators only: {place(node)} is {brief(node.op_type)}, which opset {opset} does not have"
            )
        elif any(a.HasField("g") or a.graphs for a in node.attribute):
            yield f"no graphs inside a graph: {place(node)}, {node.op_type}, has one"


def weights(model: onnx.ModelProto) -> Iterator[str]:
    """Weights are dense tensors of numbers within the file, together at most LARGEST bytes."""
    graph = model.graph
    if graph.sparse_initializer:
        yield f"dense weights only: {brief(graph.sparse_initializer[0].values.name)} is sparse"
    found = [(tensor.name, tensor) for tensor in graph.initializer]
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("sparse_tensor") or attribute.sparse_tensors:
                yield f"dense weights only: {place(node)} holds a sparse tensor"
            found += [
                (place(node), tensor) for tensor in (attribute.t, *attribute.tensors) if tensor.dims or tensor.data_type
            ]
    total = 0
    for name, tensor in found:
        if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
            yield f"no external data: {brief(name)} is kept in another file"
        elif tensor.data_type not in NUMBERS:
            yield f"tensors of numbers only: the weight {brief(name)} has type {dtype_name(tensor.data_type)}"
        elif min(tensor.dims, default=1) < 0:
            yield f"static shapes: the weight {brief(name)} has shape {list(tensor.dims)}"
        else:
            total += prod(tensor.dims) * itemsize(tensor.data_type)
    total += halves.growth(graph)
    if total > LARGEST:
        yield f"size: weights of at most 1 GB, found {total / 2**30:.1f} GB"


def names(model: onnx.ModelProto) -> Iterator[str]:
    """Every value's name begins with its component and is made once; no node joins two components."""
    graph = model.graph
    made = [value.name for value in graph.input] + [tensor.name for tensor in graph.initializer]
    made += [name for node in graph.node for name in node.output if name]
    outputs = [value.name for value in graph.output]
    for name in (*made, *outputs):
        if not component_of(name):
            yield (f"names: every value begins with its component and a slash, as step/latent; found {brief(name)}")
    once = set()
    for name in made:
        if name in once:
            yield f"names: every value is made once; {brief(name)} is made twice"
        once.add(name)
    for node in graph.node:
        joined = sorted({component_of(name) for name in (*node.input, *node.output) if name})
        if len(joined) > 1:
            yield (
                f"components share no node: {place(node)}, {brief(node.op_type)}, joins "
                f"{' and '.join(map(brief, joined))}"
            )
        for name in node.input:
            if name and name not in once:
                yield f"names: {place(node)} uses {brief(name)}, which nothing makes"
    for name in outputs:
        if name not in once:
            yield f"names: the output {brief(name)} is made by nothing"
    if len(set(outputs)) < len(outputs):
        twice = next(name for name in outputs if outputs.count(name) > 1)
        yield (f"names: the output {brief(twice)} is listed twice")


def shapes(model: onnx.ModelProto) -> Iterator[str]:
    """Inputs and outputs are tensors whose every dimension is a number."""
    for value in (*model.graph.input, *model.graph.output):
        tensor = value.type.tensor_type
        if value.type.WhichOneof("value") != "tensor_type" or tensor.elem_type not in NUMBERS:
            yield (f"tensors of numbers only: {brief(value.name)} is {brief(str(value.type.WhichOneof('value')))}")
        elif not tensor.HasField("shape"):
            yield f"static shapes: {brief(value.name)} has none"
        elif not all(dim.HasField("dim_value") and dim.dim_value > 0 for dim in tensor.shape.dim):
            found = [dim.dim_value if dim.HasField("dim_value") else dim.dim_param or "?" for dim in tensor.shape.dim]
            yield f"static shapes: {brief(value.name)} has {brief(str(found))}"
        elif prod(dim.dim_value for dim in tensor.shape.dim) * itemsize(tensor.elem_type) > LARGEST:
            yield f"size: {brief(value.name)} is over 1 GB"


def pictures(model: onnx.ModelProto) -> Iterator[str]:
    """A picture ends in Clip 0..255, Round, Cast (bare, 300 becomes 44); uint8 exists only at the edge."""
    graph = model.graph
    maker = {name: node for node in graph.node for name in node.output if name}
    users: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    constants = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.output and node.attribute and node.attribute[0].name == "value":
            constants[node.output[0]] = node.attribute[0].t
    for value in graph.output:
        if value.type.tensor_type.elem_type != TensorProto.UINT8:
            continue
        end: list[onnx.NodeProto] = []
        name = value.name
        while name in maker and len(end) < 3:
            end.append(maker[name])
            name = end[-1].input[0] if end[-1].input else ""
        found = [node.op_type for node in reversed(end)]
        if found != ["Clip", "Round", "Cast"]:
            yield (
                f"a picture ends in Clip, Round, Cast: {brief(value.name)} ends in "
                f"{brief(', '.join(found) or 'nothing')}"
            )
        else:
            limits = [_scalar(constants.get(limit)) for limit in end[-1].input[1:]]
            if limits != [0, 255]:
                yield f"a picture is clipped to 0..255: {brief(value.name)} to {brief(str(limits))}"
        if value.name in users:
            yield (f"uint8 only at the edge: {place(users[value.name][0])} uses the picture {brief(value.name)}")
    for value in graph.input:
        if value.type.tensor_type.elem_type == TensorProto.UINT8:
            for node in users.get(value.name, ()):
                if node.op_type != "Cast":
                    yield (f"uint8 only at the edge: {brief(value.name)} goes into {brief(node.op_type)} before a Cast")


def _scalar(tensor: TensorProto | None) -> float | None:
    if tensor is None or prod(tensor.dims) != 1:
        return None
    try:
        return float(numpy_helper.to_array(tensor).reshape(()))
    except (ValueError, TypeError):
        return None


GRAPH_RULES = (text, versions, operators, weights, names, shapes, pictures)


def place(node: onnx.NodeProto) -> str:
    """Name a node in a message: by its first output, since names of nodes are optional."""
    return brief(next((name for name in (*node.output, node.name) if name), "a node without outputs"))
