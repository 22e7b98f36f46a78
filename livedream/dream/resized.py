"""A flow effect for pictures of another size: nothing in its network but tables along the sides knows the size.

`livedream_export.flow.effect.Warp` says how it is made: numbers for each column lie in 1-D tables [W], for each row in
tables [H, 1], and one Resize has the size as its last input. Everything else is the same for all sizes.
"""

from dataclasses import replace

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from livedream import UserError
from livedream.dream.dream import Component, Dream, Value

Floats = NDArray[np.float32]


def resized(effect: Dream, width: int, height: int) -> Dream:
    """Return a flow effect (`kind` "flow") that takes and returns pictures of width x height.

    Raises:
        UserError: It is another kind of effect, or was not made by `livedream train --kind flow`.
    """
    apply = effect.components["apply"]
    _, old_height, old_width, _ = apply.inputs["image"].shape
    if (old_width, old_height) == (width, height):
        return effect
    wrong = UserError(f"{effect.path}: takes pictures of {old_width}x{old_height}; effects of --kind flow take others")
    if effect.kind != "flow" or apply.outputs["frame"].shape != apply.inputs["image"].shape:
        raise wrong
    model = onnx.ModelProto.FromString(apply.model)
    changed = [_resize_table(each, (old_width, old_height), (width, height)) for each in model.graph.initializer]
    if sorted(filter(None, changed)) != ["size", "x", "x", "y", "y"]:
        raise wrong
    for value in (*model.graph.input, *model.graph.output):
        dims = value.type.tensor_type.shape.dim
        if len(dims) == 4:
            dims[1].dim_value, dims[2].dim_value = height, width
    del model.graph.value_info[:]
    shape = (1, height, width, 4)
    pictures = {"image", "frame"}

    def sized(values: dict[str, Value]) -> dict[str, Value]:
        return {name: replace(each, shape=shape) if name in pictures else each for name, each in values.items()}

    other = Component("apply", model.SerializeToString(), sized(apply.inputs), sized(apply.outputs))
    return replace(effect, components={"apply": other})


def _resize_table(table: onnx.TensorProto, old: tuple[int, int], new: tuple[int, int]) -> str:
    """Fit a table to another size in place; return what it was: "x", "y", "size", or "" for any other."""
    dims, (width, height), floats = tuple(table.dims), old, table.data_type == onnx.TensorProto.FLOAT
    array = numpy_helper.to_array(table)
    if floats and dims == (width,):
        kind, array = "x", _resampled(array, new[0])
    elif floats and dims == (height, 1):
        kind, array = "y", _resampled(array[:, 0], new[1])[:, None]
    elif dims == (4,) and tuple(array[2:]) == (height, width):
        kind, array = "size", np.array([*array[:2], new[1], new[0]], np.int64)
    else:
        return ""
    table.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(array), table.name))
    return kind


def _resampled(line: Floats, count: int) -> Floats:
    """Return numbers at the centres of pixels for another number of pixels; beyond the outer ones they go on."""
    at = (np.arange(count) + 0.5) * len(line) / count - 0.5
    low = np.clip(np.floor(at).astype(int), 0, len(line) - 2)
    return np.asarray(line[low] + (at - low) * (line[low + 1] - line[low]), np.float32)
