"""One number that tells whether a state that never leaves the device is finite."""

import onnx
from onnx import TensorProto, helper, numpy_helper

NAME = "health"


def watched(model: bytes, component: str, states: list[str]) -> bytes:
    """The component's model with one more output, `component/health` f32 [1, 1]: the sum of all absolute values of
    `states` (full names of outputs), which is not finite if one of them is not."""
    if not states:
        return model
    import numpy as np

    whole = onnx.ModelProto.FromString(model)
    graph, prefix = whole.graph, f"{component}/{NAME}"
    graph.initializer.append(numpy_helper.from_array(np.array([1, -1], np.int64), f"{prefix}.row"))
    graph.initializer.append(numpy_helper.from_array(np.array([1], np.int64), f"{prefix}.axis"))
    sums = [f"{prefix}.{i}" for i in range(len(states))]
    for state, total in zip(states, sums, strict=True):
        graph.node.append(helper.make_node("Reshape", [state, f"{prefix}.row"], [f"{total}.row"]))
        graph.node.append(helper.make_node("Abs", [f"{total}.row"], [f"{total}.abs"]))
        graph.node.append(helper.make_node("ReduceSum", [f"{total}.abs", f"{prefix}.axis"], [total], keepdims=1))
    for i, total in enumerate(sums[1:], 1):
        graph.node.append(helper.make_node("Add", [sums[0] if i == 1 else f"{prefix}.to{i - 1}", total], [f"{prefix}.to{i}"]))
    last = sums[0] if len(sums) == 1 else f"{prefix}.to{len(sums) - 1}"
    graph.node.append(helper.make_node("Identity", [last], [prefix]))
    graph.output.append(helper.make_tensor_value_info(prefix, TensorProto.FLOAT, [1, 1]))
    return whole.SerializeToString()
