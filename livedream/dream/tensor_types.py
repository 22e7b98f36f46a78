"""The element types of ONNX tensors that a dream may have, by number."""

import numpy as np
from onnx import TensorProto, helper

NUMBERS = {
    TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE, TensorProto.BOOL,
    TensorProto.INT8, TensorProto.INT16, TensorProto.INT32, TensorProto.INT64,
    TensorProto.UINT8, TensorProto.UINT16, TensorProto.UINT32, TensorProto.UINT64,
}  # fmt: skip


def dtype_name(elem_type: int) -> str:
    """Return numpy's name of an element type, such as "float32"."""
    try:
        return np.dtype(helper.tensor_dtype_to_np_dtype(elem_type)).name
    except (KeyError, TypeError, ValueError):
        return f"number {elem_type}"


def itemsize(elem_type: int) -> int:
    """Return the bytes of one element of a type in NUMBERS."""
    return np.dtype(helper.tensor_dtype_to_np_dtype(elem_type)).itemsize
