"""Cut a dream's components apart: ONNX Runtime will not run one while the inputs of another are missing.

Components share no node and every name begins with its component (graph_rules.names has checked it), so cutting is
sorting by prefix; onnx.utils.Extractor would trace the graph and read it several times for the same result.
"""

from collections.abc import Iterable

import onnx

from livedream.dream import halves
from livedream.dream.contract import TABLE, component_of, find
from livedream.dream.dream import Component, Value
from livedream.dream.tensor_types import dtype_name


def cut(model: onnx.ModelProto) -> tuple[dict[str, Component], list[str]]:
    """Return the components that contract 1 knows, in the order of its table, and notes on what was left out.

    Weights stored in half precision are widened, in `model` too: backends see them as they were before.
    """
    halves.widen(model.graph)
    found = {component_of(value.name) for value in (*model.graph.input, *model.graph.output)}
    found |= {component_of(name) for node in model.graph.node for name in node.output if name}
    notes = [f"component {name} is not known to contract 1: ignored" for name in sorted(found - TABLE.keys())]
    components = {}
    for name in TABLE:
        if name in found:
            components[name], ignored = _component(model, name)
            notes += ignored
    return components, notes


def _component(model: onnx.ModelProto, name: str) -> tuple[Component, list[str]]:
    source = model.graph
    part = onnx.ModelProto(ir_version=model.ir_version)
    part.opset_import.extend(model.opset_import)
    graph = part.graph
    graph.name = name
    graph.initializer.extend(tensor for tensor in source.initializer if component_of(tensor.name) == name)
    graph.input.extend(value for value in source.input if component_of(value.name) == name)
    graph.node.extend(
        node for node in source.node if name in map(component_of, node.output) or name in map(component_of, node.input)
    )
    notes = []
    for value in source.output:
        if component_of(value.name) != name:
            continue
        if find(TABLE[name][1], value.name.removeprefix(name + "/")):
            graph.output.append(value)
        else:
            notes.append(f"output {value.name} is not known to contract 1: ignored")
    inputs, outputs = _values(name, graph.input), _values(name, graph.output)
    return Component(name, part.SerializeToString(), inputs, outputs), notes


def _values(component: str, values: Iterable[onnx.ValueInfoProto]) -> dict[str, Value]:
    found = {}
    for value in values:
        tensor = value.type.tensor_type
        shape = tuple(dim.dim_value for dim in tensor.shape.dim)
        found[value.name.removeprefix(component + "/")] = Value(shape, dtype_name(tensor.elem_type), value.name)
    return found
