"""Write a dream file: components side by side in one graph, and the metadata that describes them.

Metadata is a plain dict as metadata.py documents it; `latent`, `direction` and `scene` make its larger parts.
"""

import base64
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx

from livedream import UserError
from livedream.dream import guard, halves, memory_tensors, read
from livedream.system.atomic import atomic_write

IR_VERSION = 10  # the newest that contract 1 allows; opsets 18 to 20 need 8 or 9


def write(
    path: str | os.PathLike,
    components: Mapping[str, onnx.ModelProto],
    metadata: Mapping,
    memories: Sequence[bytes] = (),
    halve: bool = False,
) -> None:
    """Write a dream file of contract 1, whole or not at all.

    components: by component name (step, recall, decode, encode, apply), models whose value names have no prefix
        ("latent", "next.state.h", "frame"). All share one opset; none has functions or external data.
    metadata: see metadata.py. Written as given, keys sorted, so the same input makes the same bytes.
    memories: pictures of the footage, JPEG files of decode's size, for a dream with `recall`.
    halve: store weights that half precision holds exactly in half the bytes; the dream stays the same to the last bit.
    Raises UserError, naming the rule, when the file would break the contract: before it is written it is
    checked and run as `read.load` would. Also when the disk refuses.
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
    metadata: Mapping,
    memories: Sequence[bytes] = (),
    halve: bool = False,
) -> onnx.ModelProto:
    """Components side by side in one graph, every name prefixed with its component's; nothing is checked."""
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
    plain = {"sort_keys": True, "ensure_ascii": False, "allow_nan": False, "separators": (",", ":")}
    try:
        text = json.dumps(metadata, **plain)
    except ValueError as error:
        raise UserError(f"metadata: {error}") from None
    dream.metadata_props.add(key="livedream", value=text)
    return dream


def _opset(name: str, model: onnx.ModelProto) -> int:
    """The opset of a model; exporters also list domains that nothing uses, and those are dropped."""
    if model.functions:
        raise UserError(f"{name}: model-local function {model.functions[0].name}: inline it before writing")
    return next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 0)


def _add(into: onnx.GraphProto, prefix: str, graph: onnx.GraphProto) -> None:
    """Append a copy of `graph`, names prefixed, without the exporter's notes (paths on its author's disk)."""
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


def base64_f32(array: np.ndarray) -> str:
    """An array as base64 of little-endian float32, in C order; its shape is that of the value it is for."""
    return base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode("ascii")


def latent(mean: np.ndarray, std: np.ndarray) -> dict:
    """Metadata of one latent: mean and standard deviation [Z] over the training footage."""
    return {"mean": np.asarray(mean, float).ravel().tolist(), "std": np.asarray(std, float).ravel().tolist()}


def direction(name: str, vector: np.ndarray, effect: float = 0.0, low: float = -3.0, high: float = 3.0) -> dict:
    """Metadata of one knob. vector [Z]: one standard deviation. effect: how much it changes the picture."""
    return {
        "name": name,
        "vector": base64_f32(vector),
        "low": float(low),
        "high": float(high),
        "effect": float(effect),
    }


def scene(name: str, tensors: Mapping[str, np.ndarray], picture: np.ndarray | None = None) -> dict:
    """Metadata of one scene.

    tensors: latents and states by full name: "step/latent", "step/state.h"; without step, "decode/latent".
    picture: uint8 [h, w, 3 or 4] thumbnail, about 160 wide, or None.
    """
    made = {"name": name, "tensors": {full: base64_f32(value) for full, value in tensors.items()}}
    if picture is not None:
        made["thumbnail"] = base64.b64encode(_jpeg(picture)).decode("ascii")
    return made


def _jpeg(picture: np.ndarray) -> bytes:
    import simplejpeg

    return simplejpeg.encode_jpeg(np.ascontiguousarray(picture[..., :3]), quality=85, colorspace="RGB")
