"""Contract 1, the graph's half: what an ONNX file must keep to be a dream. metadata.py has the other half.

A rule is a short generator over the file's ModelProto, or over its components, that yields one line per
violation: which rule, which value, what was found. None of them runs, allocates or folds what the file asks
for. What only inference or a run can tell (sizes inside, finite outputs) prove.py finds in a child process.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from livedream.dream import halves
from livedream.dream.dream import Component, Value

CONTRACT = 1
OPSETS = range(18, 21)
NEWEST_IR = 10
LARGEST = 1 << 30  # bytes of weights and values
NAME = r"[A-Za-z0-9_]+"
CONTROL = r"[a-z][a-z0-9_]*"
COMPONENT = re.compile(r"[a-z][a-z0-9_]*")
TAKEN = ("feedback", "knob", "latent", "load", "scene")  # a control stands beside them: /livedream/dream/…

BRANCHING = ("If", "Loop", "Scan", "SequenceMap")
CHANCE = (
    "Bernoulli",
    "Multinomial",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
)
REFUSED = dict.fromkeys(BRANCHING, "no branches or loops inside; unroll it")
REFUSED |= dict.fromkeys(CHANCE, "randomness is an input; use noise or uniform")
NUMBERS = {
    TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE, TensorProto.BOOL,
    TensorProto.INT8, TensorProto.INT16, TensorProto.INT32, TensorProto.INT64,
    TensorProto.UINT8, TensorProto.UINT16, TensorProto.UINT32, TensorProto.UINT64,
}  # fmt: skip


@dataclass(frozen=True)
class Port:
    """A row of the table: what is named so has this dtype and shape; a letter is any size, None any shape."""

    name: str
    dtype: str
    shape: tuple | None
    words: str  # how the name is written in messages
    needed: bool = False


def _latent(before: str = "") -> Port:
    words = f"{before}latent or {before}latent.NAME"
    return Port(rf"{re.escape(before)}latent(\.{NAME})?", "float32", (1, "Z"), words, needed=True)


_STATE = Port(rf"state\.{NAME}", "float32", None, "state.NAME")
_NEXT_STATE = Port(rf"next\.state\.{NAME}", "float32", None, "next.state.NAME")
_NOISE = Port("noise", "float32", (1, "N"), "noise")
_UNIFORM = Port("uniform", "float32", (1, "U"), "uniform")
_CONTROL = Port(rf"control\.{CONTROL}", "float32", ("k",), "control.NAME")
_IMAGE = Port("image", "uint8", (1, "H", "W", 4), "image", needed=True)
_LAYER = Port(rf"layer\.{NAME}", "uint8", ("T", "H", "W", 4), "layer.NAME")
_MEMORY = Port("memory", "uint8", ("K", "H", "W", 4), "memory")
_RECALL = Port(rf"recall\.{NAME}", "float32", None, "recall.NAME")

TABLE: dict[str, tuple[tuple[Port, ...], tuple[Port, ...]]] = {
    "step": ((_latent(), _STATE, _NOISE, _UNIFORM, _CONTROL), (_latent("next."), _NEXT_STATE)),
    "recall": ((_latent(), _CONTROL), (Port("index", "int64", ("K",), "index", needed=True), _RECALL)),
    "decode": (
        (_latent(), _STATE, _NOISE, _CONTROL, _MEMORY, _RECALL),
        (Port("frame", "uint8", ("T", "H", "W", 4), "frame"), _LAYER, _NEXT_STATE),
    ),
    "encode": ((_IMAGE,), (_latent(),)),
    "apply": (
        (_IMAGE, _STATE, _CONTROL),
        (Port("frame", "uint8", (1, "H2", "W2", 4), "frame", needed=True), _NEXT_STATE),
    ),
}


# ── rules of the file ───────────────────────────────────────────────────────────────────────────────────────


def text(model: onnx.ModelProto) -> Iterator[str]:
    """Names are UTF-8; protobuf hands over as bytes what is not."""
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
    if model.ir_version > NEWEST_IR:
        yield f"IR version: at most {NEWEST_IR}, found {model.ir_version}"
    domains = sorted({entry.domain for entry in model.opset_import} - {"", "ai.onnx"})
    if domains:
        yield f"standard operators only: found the custom domain {brief(domains[0])}"
    found = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    if len(found) != 1 or found[0] not in OPSETS:
        yield f"opset: one from {OPSETS[0]} to {OPSETS[-1]}, found {', '.join(map(str, found)) or 'none'}"


def operators(model: onnx.ModelProto) -> Iterator[str]:
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
    graph = model.graph
    if graph.sparse_initializer:
        yield f"dense weights only: {brief(graph.sparse_initializer[0].values.name)} is sparse"
    held = [(tensor.name, tensor) for tensor in graph.initializer]
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("sparse_tensor") or attribute.sparse_tensors:
                yield f"dense weights only: {place(node)} holds a sparse tensor"
            held += [
                (place(node), tensor) for tensor in (attribute.t, *attribute.tensors) if tensor.dims or tensor.data_type
            ]
    total = 0
    for name, tensor in held:
        if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
            yield f"no external data: {brief(name)} is kept in another file"
        elif tensor.data_type not in NUMBERS:
            yield f"tensors of numbers only: the weight {brief(name)} has type {dtype(tensor.data_type)}"
        elif min(tensor.dims, default=1) < 0:
            yield f"static shapes: the weight {brief(name)} has shape {list(tensor.dims)}"
        else:
            total += prod(tensor.dims) * itemsize(tensor.data_type)
    total += halves.growth(graph)
    if total > LARGEST:
        yield f"size: weights of at most 1 GB, found {total / 2**30:.1f} GB"


def names(model: onnx.ModelProto) -> Iterator[str]:
    """Every value begins with its component and is made once; no node joins two components."""
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
        end, name = [], value.name
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
            bounds = [_scalar(constants.get(bound)) for bound in end[-1].input[1:]]
            if bounds != [0, 255]:
                yield f"a picture is clipped to 0..255: {brief(value.name)} to {brief(str(bounds))}"
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


FILE_RULES = (text, versions, operators, weights, names, shapes, pictures)


# ── rules of the components ─────────────────────────────────────────────────────────────────────────────────


def kind(components: dict[str, Component]) -> Iterator[str]:
    if "decode" not in components and "apply" not in components:
        yield f"components: a dream has decode, an effect has apply; found {', '.join(components) or 'none'}"
    elif "decode" not in components:
        yield from (f"components: {name} without decode" for name in ("step", "recall") if name in components)


def ports(components: dict[str, Component]) -> Iterator[str]:
    """The table above: nothing that it does not know goes in, everything has the promised dtype and shape."""
    for component in components.values():
        for way, values, known in (
            ("input", component.inputs, TABLE[component.name][0]),
            ("output", component.outputs, TABLE[component.name][1]),
        ):
            for name, value in values.items():
                port = find(known, name)
                if port is None:  # outputs that nobody knows were left out when the component was cut
                    words = ", ".join(port.words for port in known)
                    yield f"{component.name} inputs: {brief(name)} is none of {words}"
                elif value.dtype != port.dtype:
                    yield f"{value.full}: {port.dtype}, found {value.dtype}"
                elif not _fits(value.shape, port.shape):
                    yield (f"{value.full}: shape [{', '.join(map(str, port.shape))}], found {list(value.shape)}")
            for port in known:
                if port.needed and not any(re.fullmatch(port.name, name) for name in values):
                    yield f"{component.name}: the {way} {port.words} is missing"


def next_values(components: dict[str, Component]) -> Iterator[str]:
    """next.X feeds X of the same component; every latent of step moves."""
    for component in components.values():
        for name, value in component.outputs.items():
            fed = component.inputs.get(name.removeprefix("next."))
            if name.startswith("next.") and fed is None:
                yield (f"{value.full}: feeds {name.removeprefix('next.')}, which {component.name} does not take")
            elif name.startswith("next.") and fed.shape != value.shape:
                yield (f"{value.full}: shape {list(fed.shape)} as the input it feeds, found {list(value.shape)}")
    for name in latents(components.get("step")):
        if "next." + name not in components["step"].outputs:
            yield f"step/{name}: step has no output next.{name}"


def same_latents(components: dict[str, Component]) -> Iterator[str]:
    """All speak of the same latents: `latent` alone, or several `latent.NAME`."""
    sides = {name: latents(components[name]) for name in ("step", "recall", "decode") if name in components}
    if "decode" in components and "encode" in components:
        sides["encode"] = {name: value.shape for name, value in components["encode"].outputs.items()}
    for name, found in sides.items():
        if "latent" in found and len(found) > 1:
            yield f"{name}: latent stands alone, or all are latent.NAME; found {brief(', '.join(found))}"
        if found != sides.get("decode", found):
            yield f"latents: decode has {_listed(sides['decode'])}, {name} has {_listed(found)}"


def controls(components: dict[str, Component]) -> Iterator[str]:
    seen: dict[str, Value] = {}
    for component in components.values():
        for name, value in component.inputs.items():
            if not name.startswith("control."):
                continue
            if name.removeprefix("control.") in TAKEN:
                yield (f"{value.full}: the name {name.removeprefix('control.')} is livedream's own; choose another")
            if seen.setdefault(name, value).shape != value.shape:
                yield (f"{value.full}: shape {list(seen[name].shape)} as {seen[name].full}, found {list(value.shape)}")


def layers(components: dict[str, Component]) -> Iterator[str]:
    """decode draws one frame, or two or more layers of one size that are T pictures long, or 1."""
    if "decode" not in components:
        return
    outputs = components["decode"].outputs
    drawn = [name for name in outputs if name.startswith("layer.")]
    if ("frame" in outputs) == bool(drawn):
        yield (f"decode: draws frame, or layer.NAME; found {', '.join(('frame', *drawn)) if drawn else 'neither'}")
    elif len(drawn) == 1:
        yield f"decode: two or more layers, or frame; found only {drawn[0]}"
    if len({outputs[name].shape[1:] for name in drawn}) > 1:
        yield (f"decode: layers have one size; found {', '.join(str(list(outputs[name].shape)) for name in drawn)}")
    if len({outputs[name].shape[0] for name in drawn} - {1}) > 1:
        yield (f"decode: layers are T long, or 1; found {', '.join(str(outputs[name].shape[0]) for name in drawn)}")


def recall(components: dict[str, Component]) -> Iterator[str]:
    """recall says which memories decode is handed, and more if it likes; one is nothing without the other."""
    decode = components.get("decode")
    values = decode.inputs.items() if decode else ()
    taken = {name: value for name, value in values if name.split(".")[0] in ("memory", "recall")}
    if "recall" not in components:
        for value in taken.values():
            yield f"{value.full}: taken from the component recall, which the file does not have"
        return
    memory, given = taken.pop("memory", None), components["recall"].outputs
    if memory is None:
        yield "recall: decode has no input memory, which it is for"
        return
    if given["index"].shape != memory.shape[:1]:
        yield f"{memory.full}: as many as recall/index has, {given['index'].shape[0]}, found {memory.shape[0]}"
    for name, value in decode.outputs.items():
        if value.dtype == "uint8" and value.shape[1:] != memory.shape[1:]:
            wanted, found = list(value.shape[1:]), list(memory.shape[1:])
            yield f"{memory.full}: pictures {wanted} as decode/{name}, found {found}"
    for name, value in taken.items():
        if name not in given:
            yield f"{value.full}: recall has no output {name}"
        elif given[name].shape != value.shape:
            yield f"{value.full}: shape {list(given[name].shape)} as recall/{name}, found {list(value.shape)}"


COMPONENT_RULES = (kind, ports, next_values, same_latents, controls, layers, recall)


# ── words that the rules share ──────────────────────────────────────────────────────────────────────────────


def find(known: tuple[Port, ...], name: str) -> Port | None:
    """The row of the table that a value's name (without prefix) belongs to."""
    return next((port for port in known if re.fullmatch(port.name, name)), None)


def latents(component: Component | None) -> dict[str, tuple[int, ...]]:
    """Shapes of a component's latent inputs by name, in the graph's order."""
    values = component.inputs.items() if component else ()
    return {name: value.shape for name, value in values if name.split(".")[0] == "latent"}


def component_of(name: str) -> str:
    """The component that a value's name begins with, or "" when it begins with none."""
    component, slash, rest = name.partition("/")
    return component if slash and rest and COMPONENT.fullmatch(component) else ""


def dtype(elem_type: int) -> str:
    """numpy's name of an ONNX element type."""
    try:
        return np.dtype(helper.tensor_dtype_to_np_dtype(elem_type)).name
    except (KeyError, TypeError, ValueError):
        return f"number {elem_type}"


def itemsize(elem_type: int) -> int:
    return np.dtype(helper.tensor_dtype_to_np_dtype(elem_type)).itemsize


def place(node: onnx.NodeProto) -> str:
    """Where a node is, in a message: by its first output, since names of nodes are optional."""
    return brief(next((name for name in (*node.output, node.name) if name), "a node without outputs"))


def brief(text: str | bytes) -> str:
    """Somebody else's text, safe to print and short enough for one line."""
    text = "".join(c if c.isprintable() else "?" for c in str(text)) or "an empty name"
    return text if len(text) <= 80 else text[:77] + "…"


def _fits(shape: tuple[int, ...], wanted: tuple | None) -> bool:
    if wanted is None:
        return True
    return len(shape) == len(wanted) and all(isinstance(w, str) or w == s for s, w in zip(shape, wanted, strict=True))


def _listed(found: dict[str, tuple[int, ...]]) -> str:
    return brief(", ".join(f"{name} {list(shape)}" for name, shape in found.items()) or "none")
