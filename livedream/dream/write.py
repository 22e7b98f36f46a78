"""Write a dream file: components side by side in one graph, and the metadata that describes them.

Metadata is a plain dict in the form documented in `contract.py`; `latent`, `direction` and `scene` below make
its binary parts.
"""

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx

from livedream import UserError
from livedream.dream import read

IR_VERSION = 10  # the newest that contract 1 allows; opsets 18 to 20 need 8 or 9


def write(path: str | os.PathLike, components: Mapping[str, onnx.ModelProto], metadata: Mapping) -> None:
    """Write a dream file of contract 1, whole or not at all.

    components: by component name (step, decode, encode, apply), models whose value names have no prefix
        ("latent", "next.state.h", "frame"). All share one opset; none has functions or external data.
    metadata: see contract.py. Written as given, keys sorted, so the same input makes the same bytes.
    Raises UserError, naming the rule, when the file would break the contract; it is loaded and run once
    before it takes its place. OSError when the disk refuses.
    """
    path = Path(path)
    data = merge(components, metadata).SerializeToString(deterministic=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        read.load(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def merge(components: Mapping[str, onnx.ModelProto], metadata: Mapping) -> onnx.ModelProto:
    """Components side by side in one graph, every name prefixed with its component's;

    Nothing is checked yet.
    """
    opsets = {name: _opset(name, model) for name, model in components.items()}
    if len(set(opsets.values())) != 1:
        raise UserError(f"a dream has one opset; its components have {opsets}: export them alike")
    dream = onnx.ModelProto(ir_version=IR_VERSION, producer_name="livedream")
    dream.opset_import.add(domain="", version=next(iter(opsets.values())))
    dream.graph.name = "dream"
    for name, model in components.items():
        _add(dream.graph, name + "/", model.graph)
    text = json.dumps(metadata, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    dream.metadata_props.add(key="livedream", value=text)
    return dream


def _opset(name: str, model: onnx.ModelProto) -> int:
    """The opset of a model; exporters also list domains that nothing uses, and those are dropped."""
    if model.functions:
        raise UserError(f"{name}: model-local function {model.functions[0].name}: inline it before writing")
    return next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 0)


def _add(into: onnx.GraphProto, prefix: str, graph: onnx.GraphProto) -> None:
    """Append a copy of `graph` with prefixed names, without the exporter's notes:

    They hold paths of its author's disk.
    """
    for kind in ("input", "output", "initializer", "sparse_initializer", "node"):
        getattr(into, kind).extend(getattr(graph, kind))
        added = getattr(into, kind)[-len(getattr(graph, kind)) :] if getattr(graph, kind) else ()
        for item in added:
            if kind == "sparse_initializer":
                item.values.name = prefix + item.values.name
                continue
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


def direction(
    name: str, vector: np.ndarray, effect: float = 0.0, low: float = -3.0, high: float = 3.0
) -> dict:
    """Metadata of one knob.

    Vector [Z]: one standard deviation along it. effect: how much it changes the picture.
    """
    return {
        "name": name,
        "vector": base64_f32(vector),
        "low": float(low),
        "high": float(high),
        "effect": float(effect),
    }


def scene(name: str, tensors: Mapping[str, np.ndarray], picture: np.ndarray | None = None) -> dict:
    """Metadata of one scene.

    tensors: latents and states by full name, "step/latent" (or "decode/latent" in a dream without step),
    "step/state.h".
    picture: uint8 [h, w, 3 or 4] thumbnail, about 160 wide, or None.
    """
    made = {"name": name, "tensors": {full: base64_f32(value) for full, value in tensors.items()}}
    if picture is not None:
        made["thumbnail"] = base64.b64encode(_jpeg(picture)).decode("ascii")
    return made


def _jpeg(picture: np.ndarray) -> bytes:
    import simplejpeg

    return simplejpeg.encode_jpeg(np.ascontiguousarray(picture[..., :3]), quality=85, colorspace="RGB")
