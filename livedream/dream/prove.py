"""The child process that tries a dream file before it is trusted: infer shapes, add up sizes, run it once.

`python -m livedream.dream.prove` reads the file from standard input and answers {"problem": null or one line} on
standard output; guard.py starts it. Sizes are added up before ONNX Runtime sees the file, since opening a session
already folds constants of any size.
"""

import json
import sys
from collections.abc import Iterator
from math import prod
from pathlib import Path

import numpy as np
import onnx

from livedream import UserError
from livedream.dream import read
from livedream.dream.contract import LARGEST
from livedream.dream.dream import Component, Dream
from livedream.dream.messages import brief
from livedream.dream.tensor_types import NUMBERS, itemsize

# Bytes of address space beside four times the dream's size: parsed, cut, ONNX Runtime's weights, their packed form.
MEMORY = 3 << 30


def limit_memory(size: int) -> None:
    """Limit this process's address space, where the system can."""
    try:
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY + 4 * size, most))
    except (ImportError, ValueError, OSError):
        pass  # Windows has no such limit and macOS refuses this one; sizes and time are still limited


def problem(dream: Dream) -> str | None:
    """Return the first thing wrong with a dream that passed the rules which need no running, or None."""
    total = 0
    for component in dream.components.values():
        model = onnx.ModelProto.FromString(component.model)
        for value in model.graph.output:
            value.type.tensor_type.ClearField("shape")  # the file's own statement proves nothing
        try:
            model = onnx.shape_inference.infer_shapes(model, True, strict_mode=True, data_prop=True)
        except Exception as error:
            if "bad_alloc" in str(error):
                raise MemoryError from error
            return f"{component.name}: its shapes contradict each other: {error}"
        for line in odd_values(model):
            return f"{component.name}: {line}"
        total += peak_bytes(model)
        if total > LARGEST:
            return f"size: values and weights of at most 1 GB, with {component.name} {total / 2**30:.1f} GB"
    for component in dream.components.values():
        for line in run(component, dream):
            return line
    return None


def odd_values(model: onnx.ModelProto) -> Iterator[str]:
    """Name values whose shape depends on data, that are no tensors of numbers, or uint8 away from the edge."""
    graph = model.graph
    edge = {value.name for value in (*graph.input, *graph.output)}
    sizes = _sizes(graph)
    kinds = {value.name: value.type.tensor_type.elem_type for value in graph.value_info}
    for node in graph.node:
        for name in node.output:
            if name and sizes.get(name) is None:
                yield f"static shapes: {brief(name)}, made by {node.op_type}, has none before it runs"
            elif name and name not in edge and kinds.get(name) == onnx.TensorProto.UINT8:
                yield f"uint8 only at the edge: {brief(name)}, made by {node.op_type}, is uint8"


def peak_bytes(model: onnx.ModelProto) -> int:
    """Return the bytes of weights, of values computed from weights alone, and of the others alive at one time.

    Values that depend on weights alone are computed when a session opens, and never freed.
    """
    graph = model.graph
    sizes = {name: size or 0 for name, size in _sizes(graph).items()}  # odd_values refused those without a size
    fixed = {tensor.name for tensor in graph.initializer}
    kept = sum(sizes[name] for name in fixed)
    last = {name: i for i, node in enumerate(graph.node) for name in node.input}
    last |= {value.name: len(graph.node) for value in (*graph.input, *graph.output)}
    live = peak = sum(sizes[value.name] for value in graph.input)
    for i, node in enumerate(graph.node):
        made = sum(sizes[name] for name in node.output if name)
        if all(name in fixed for name in node.input if name):
            fixed.update(node.output)
            kept += made
            continue
        live += made
        peak = max(peak, live)
        touched = {name for name in (*node.input, *node.output) if name and name not in fixed}
        live -= sum(sizes[name] for name in touched if last.get(name, i) == i)
    return kept + peak


def _sizes(graph: onnx.GraphProto) -> dict[str, int | None]:
    """Return the bytes of every value by name; None if the shape or the type is not known."""
    sizes: dict[str, int | None] = {}
    for tensor in graph.initializer:
        sizes[tensor.name] = prod(tensor.dims) * itemsize(tensor.data_type)
    for value in (*graph.input, *graph.value_info, *graph.output):
        tensor = value.type.tensor_type
        known = tensor.elem_type in NUMBERS and tensor.HasField("shape")
        known = known and all(dim.HasField("dim_value") and dim.dim_value >= 0 for dim in tensor.shape.dim)
        count = prod(dim.dim_value for dim in tensor.shape.dim)
        sizes[value.name] = count * itemsize(tensor.elem_type) if known else None
    return sizes


def run(component: Component, dream: Dream) -> Iterator[str]:
    """Open a session and run it once, on zeros, uniforms of one half and controls at their defaults; name problems."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = ort.InferenceSession(component.model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        yield f"{component.name}: ONNX Runtime refuses it: {error}"
        return
    feeds = {}
    for name, value in component.inputs.items():
        start: float | tuple[float, ...] = 0.5 if name == "uniform" else 0.0
        if name.startswith("control."):
            start = dream.controls[name.removeprefix("control.")].default
        feeds[value.full] = np.full(value.shape, start, value.dtype)
    try:
        made = session.run([value.full for value in component.outputs.values()], feeds)
    except Exception as error:
        yield f"{component.name}: a run on zeros failed: {error}"
        return
    for value, array in zip(component.outputs.values(), made, strict=True):
        if array.shape != value.shape or array.dtype != value.dtype:
            yield (
                f"{value.full}: {value.dtype} {list(value.shape)}, a run on zeros gave {array.dtype} "
                f"{list(array.shape)}"
            )
        elif array.dtype.kind == "f" and not np.isfinite(array).all():
            yield f"{value.full}: a run on zeros gave {array[~np.isfinite(array)][0]}"


def main() -> None:
    """Read a file from standard input and print what is wrong with it."""
    data = sys.stdin.buffer.read()
    limit_memory(len(data))
    try:
        dream = read.inspect(data, Path("standard input"))
        # Weights stored in half precision are twice as large from here on.
        limit_memory(max(len(data), sum(len(component.model) for component in dream.components.values())))
        found = problem(dream)
    except UserError as error:
        found = str(error)
    except MemoryError:
        found = "a first run needs too much memory"
    print(json.dumps({"problem": found}))


if __name__ == "__main__":
    main()
