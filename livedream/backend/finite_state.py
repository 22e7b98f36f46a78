"""One number that tells whether a state is finite without fetching it from its device."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

NAME = "health"


def with_check(model: bytes, component: str, states: list[str]) -> bytes:
    """Return a component's model with one output more, `COMPONENT/health` f32 [1, 1].

    It is the sum of the absolute values of `states` (outputs, by full name), so it is not finite if one of them is not.
    """
    if not states:
        return model
    proto = onnx.ModelProto.FromString(model)
    graph, name = proto.graph, f"{component}/{NAME}"
    graph.initializer.append(numpy_helper.from_array(np.array([1, -1], np.int64), f"{name}.row"))
    graph.initializer.append(numpy_helper.from_array(np.array([1], np.int64), f"{name}.axis"))
    rows = [f"{name}.row{i}" for i in range(len(states))]
    for state, row in zip(states, rows, strict=True):
        graph.node.append(helper.make_node("Reshape", [state, f"{name}.row"], [row]))
    graph.node.append(helper.make_node("Concat", rows, [f"{name}.all"], axis=1))
    graph.node.append(helper.make_node("Abs", [f"{name}.all"], [f"{name}.absolute"]))
    graph.node.append(helper.make_node("ReduceSum", [f"{name}.absolute", f"{name}.axis"], [name], keepdims=1))
    graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1]))
    data: bytes = proto.SerializeToString()
    return data
