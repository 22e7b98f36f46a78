"""Memories in the dream file: two initialisers beside the components.

`memory/pictures` uint8 [bytes] holds the JPEG files one after the other, and `memory/ends` int64 [M] where each ends.
"""

from collections.abc import Sequence

import numpy as np
import onnx
import simplejpeg
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper

from livedream import UserError
from livedream.dream.dream import Component
from livedream.dream.memories import Memories
from livedream.dream.messages import brief
from livedream.dream.tensor_types import dtype_name

PICTURES, ENDS = "memory/pictures", "memory/ends"


def read(model: onnx.ModelProto, components: dict[str, Component]) -> tuple[Memories | None, list[str]]:
    """Return the memories of a file that passed all other rules, or None; and notes on what was ignored.

    Raises UserError, one line: what is missing, or which JPEG does not fit decode.
    """
    found = {each.name: each for each in model.graph.initializer if each.name.startswith("memory/")}
    taken = components["decode"].inputs.get("memory") if "decode" in components else None
    known = () if taken is None else (PICTURES, ENDS)
    notes = [f"initialiser {brief(name)} is used by nothing: ignored" for name in found if name not in known]
    if taken is None:
        return None, notes
    for name, wanted, words in ((PICTURES, TensorProto.UINT8, "uint8 [bytes]"), (ENDS, TensorProto.INT64, "int64 [M]")):
        if name not in found:
            raise UserError(f"{name}: decode takes memory, so there must be this initialiser, {words}; found none")
        tensor = found[name]
        if tensor.data_type != wanted or len(tensor.dims) != 1:
            raise UserError(f"{name}: {words}, found {dtype_name(tensor.data_type)} {list(tensor.dims)}")
    pictures, ends = _bytes(found[PICTURES]), np.frombuffer(_bytes(found[ENDS]), "<i8")
    _check_ends(ends, len(pictures))
    _, height, width, _ = taken.shape
    memories = Memories(pictures, ends.astype(np.int64), (width, height))
    for k in range(len(memories)):
        _check_size(memories, k)
    return memories, notes


def add(graph: onnx.GraphProto, pictures: Sequence[bytes]) -> None:
    """Add JPEG files to a dream's graph, as its memories."""
    joined, ends = b"".join(pictures), np.cumsum([len(each) for each in pictures], dtype="<i8")
    for name, kind, data, length in (
        (PICTURES, TensorProto.UINT8, joined, len(joined)),
        (ENDS, TensorProto.INT64, ends.tobytes(), len(ends)),
    ):
        graph.initializer.add(name=name, data_type=kind, dims=[length], raw_data=data)


def _bytes(tensor: TensorProto) -> bytes:
    """Return the data of a tensor of one dimension, little-endian."""
    data: bytes
    try:
        data = tensor.raw_data if tensor.HasField("raw_data") else numpy_helper.to_array(tensor).tobytes()
    except (ValueError, TypeError):
        data = b""
    size = 8 if tensor.data_type == TensorProto.INT64 else 1
    if len(data) != size * tensor.dims[0]:
        raise UserError(f"{tensor.name}: {tensor.dims[0]} values, found {len(data) // size}")
    return data


def _check_ends(ends: NDArray[np.int64], size: int) -> None:
    """Raise UserError unless the ends rise to the number of bytes, `size`."""
    if not len(ends):
        raise UserError(f"{ENDS}: at least one memory, found none")
    begins = np.concatenate([[0], ends[:-1]])
    for k in np.flatnonzero(ends <= begins)[:1]:
        raise UserError(f"{ENDS}: they rise, but number {k} is {ends[k]} after {begins[k]}")
    if ends[-1] != size:
        raise UserError(f"{ENDS}: the last is the number of bytes of {PICTURES}, {size}, found {ends[-1]}")


def _check_size(memories: Memories, k: int) -> None:
    """Raise UserError unless memory k is a JPEG file of the common size."""
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(memories.jpeg(k))
    except ValueError:
        raise UserError(f"{PICTURES}: memory {k} is no JPEG file") from None
    if (width, height) != memories.size:
        wanted = "{}x{}".format(*memories.size)
        raise UserError(f"{PICTURES}: memory {k} is {width}x{height}, decode/memory takes {wanted}")
