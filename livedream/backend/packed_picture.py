"""A picture's four bytes packed in one number, since ONNX Runtime's WebGPU has neither bytes nor Round.

It would leave those to the CPU. Packed, a run never leaves the graphics card, can be recorded as a whole, and a quarter
of the numbers come back.
"""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from livedream.dream.dream import Value


def pack(model: bytes, outputs: dict[str, Value]) -> tuple[bytes, dict[str, Value]]:
    """Return the model with its pictures, uint8 [T, H, W, 4], as uint32 [T, H, W, 1], red lowest; and its new outputs.

    A picture that does not end in Round and Cast stays as it is.
    """
    proto = onnx.ModelProto.FromString(model)
    graph, now = proto.graph, dict(outputs)
    made_by = {name: node for node in graph.node for name in node.output}
    for name, value in outputs.items():
        cast = made_by.get(value.full)
        rounded = cast and made_by.get(cast.input[0])
        if value.dtype != "uint8" or value.shape[-1] != 4 or not rounded or rounded.op_type != "Round":
            continue
        graph.node.remove(cast)
        if sum(rounded.output[0] in node.input for node in graph.node) == 0:
            graph.node.remove(rounded)
        graph.node.extend(_end(graph, rounded.input[0], value.full))
        output = next(each for each in graph.output if each.name == value.full)
        now[name] = Value((*value.shape[:-1], 1), "uint32", value.full)
        output.CopyFrom(helper.make_tensor_value_info(value.full, TensorProto.UINT32, now[name].shape))
    return proto.SerializeToString(), now


def _end(graph: onnx.GraphProto, levels: str, picture: str) -> list[onnx.NodeProto]:
    """Return the nodes that follow Clip.

    Adding half a level and truncating is Round, except exactly half-way. The bytes are summed by Add, since WebGPU's
    ReduceSum adds in f32, which cannot hold four bytes.
    """

    def name(part: str) -> str:
        return f"{picture}.packed.{part}"

    graph.initializer.append(numpy_helper.from_array(np.array(0.5, np.float32), name("half")))
    places = np.array([1, 1 << 8, 1 << 16, 1 << 24], np.uint32)
    graph.initializer.append(numpy_helper.from_array(places, name("places")))
    colours = [name(colour) for colour in ("red", "green", "blue", "alpha")]
    return [
        helper.make_node("Cast", [levels], [name("levels")], to=TensorProto.FLOAT),  # fp16 in a model of half precision
        helper.make_node("Add", [name("levels"), name("half")], [name("raised")]),
        helper.make_node("Cast", [name("raised")], [name("bytes")], to=TensorProto.UINT32),
        helper.make_node("Mul", [name("bytes"), name("places")], [name("placed")]),
        helper.make_node("Split", [name("placed")], colours, axis=-1, num_outputs=4),
        helper.make_node("Add", colours[:2], [name("low")]),
        helper.make_node("Add", colours[2:], [name("high")]),
        helper.make_node("Add", [name("low"), name("high")], [picture]),
    ]


def unpack(array: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Return uint8 [T, H, W, 4] of uint32 [T, H, W, 1]: a view, if numbers begin with their lowest byte."""
    return array.astype("<u4", copy=False).view(np.uint8)
