"""Write a dream file: components side by side in one graph, and the metadata that describes them.

Metadata is a plain dict, described in metadata.py; `latent`, `direction` and `scene` make its larger parts.
"""

import base64
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from livedream import UserError
from livedream.dream import guard, halves, memory_tensors, read
from livedream.system.atomic import atomic_write

IR_VERSION = 10  # the newest that contract 1 allows; opsets 18 to 20 need 8 or 9


def write(
    path: str | os.PathLike[str],
    components: Mapping[str, onnx.ModelProto],
    metadata: Mapping[str, Any],
    memories: Sequence[bytes] = (),
    halve: bool = False,
) -> None:
    """Write a dream file of contract 1 atomically, once it was checked and run as `read.load` does.

    Args:
        path: the file.
        components: by component name (step, recall, decode, encode, apply), models whose value names have no prefix
            ("latent", "next.state.h", "frame"). All share one opset; none has functions or external data.
        metadata: see metadata.py. Written as given, keys sorted, so the same input makes the same bytes.
        memories: pictures of the footage, JPEG files of decode's size, for a dream with `recall`.
        halve: store weights that half precision holds exactly in half the bytes; the loaded dream is the same to the
            last bit.

    Raises:
        UserError: the rule that the file would break, or why the disk refuses.
    """
    path = Path(path)
    try:
        data = merge(components, metadata, memories, halve).SerializeToString(deterministic=True)
        guard.prove(data, read.inspect(data, path).sha256)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    atomic_write(path, data)


def merge(
    components: Mapping[str, onnx.ModelProto],
    metadata: Mapping[str, Any],
    memories: Sequence[bytes] = (),
    halve: bool = False,
) -> onnx.ModelProto:
    """Return the components side by side in one graph, every name prefixed with its component's, unchecked."""
    opsets = {name: _opset(name, model) for name, model in components.items()}
    if len(set(opsets.values())) != 1:
        raise UserError(f"opset: one for all components, found {opsets or 'none'}: export them alike")
    dream = onnx.ModelProto(ir_version=IR_VERSION, producer_name="livedream")
    dream.opset_import.add(domain="", version=next(iter(opsets.values())))
    dream.graph.name = "dream"
    for name, model in components.items():
        _add(dream.graph, name + "/", model.graph)
    if halve:
        halves.halve(dream.graph)
    if memories:
        memory_tensors.add(dream.graph, memories)
    try:
        text = json.dumps(metadata, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError as error:
        raise UserError(f"metadata: {error}") from None
    dream.metadata_props.add(key="livedream", value=text)
    return dream


def _opset(name: str, model: onnx.ModelProto) -> int:
    """Return the opset of a model; exporters also list domains that nothing uses."""
    if model.functions:
        raise UserError(f"{name}: model-local function {model.functions[0].name}: inline it before writing")
    return next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 0)


def _add(into: onnx.GraphProto, prefix: str, graph: onnx.GraphProto) -> None:
    """Append a copy of `graph` with prefixed names, without the exporter's notes (paths on its author's disk)."""
    if graph.sparse_initializer:
        raise UserError(f"dense weights only: {prefix}{graph.sparse_initializer[0].values.name} is sparse")
    for kind in ("input", "output", "initializer", "node"):
        for original in getattr(graph, kind):
            item = getattr(into, kind).add()
            item.CopyFrom(original)
            item.ClearField("doc_string")
            item.ClearField("metadata_props")
            item.name = item.name and prefix + item.name
            if kind == "node":
                item.input[:] = [name and prefix + name for name in item.input]
                item.output[:] = [name and prefix + name for name in item.output]


def base64_f32(array: NDArray[Any]) -> str:
    """Encode an array as base64 of little-endian float32, in C order."""
    return base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode("ascii")


def latent(mean: NDArray[Any], std: NDArray[Any]) -> dict[str, Any]:
    """Return the metadata of one latent: mean and standard deviation [Z] over the training footage."""
    return {"mean": np.asarray(mean, float).ravel().tolist(), "std": np.asarray(std, float).ravel().tolist()}


def direction(
    name: str, vector: NDArray[Any], effect: float = 0.0, low: float = -3.0, high: float = 3.0
) -> dict[str, Any]:
    """Return the metadata of one knob.

    Args:
        name: its title.
        vector: [Z], one standard deviation.
        effect: how much one standard deviation changes the picture.
        low, high: the knob's range, in standard deviations.
    """
    return {
        "name": name,
        "vector": base64_f32(vector),
        "low": float(low),
        "high": float(high),
        "effect": float(effect),
    }


def scene(name: str, tensors: Mapping[str, NDArray[Any]], picture: NDArray[np.uint8] | None = None) -> dict[str, Any]:
    """Return the metadata of one scene.

    Args:
        name: its title.
        tensors: latents and states by full name: "step/latent", "step/state.h"; without step, "decode/latent".
        picture: a thumbnail, uint8 [h, w, 3 or 4], about 160 pixels wide, or None.
    """
    found: dict[str, Any] = {"name": name, "tensors": {full: base64_f32(value) for full, value in tensors.items()}}
    if picture is not None:
        found["thumbnail"] = base64.b64encode(_jpeg(picture)).decode("ascii")
    return found


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    import simplejpeg

    data: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(picture[..., :3]), quality=85, colorspace="RGB")
    return data
