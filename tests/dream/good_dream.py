"""A sound dream file, for tests that break it."""

import json

import onnx

from livedream.dream import read, write
from livedream.dream.dream import Dream
from tests import dreams

BASE = {"control": True, "encode": True}


def good(**shape) -> tuple[onnx.ModelProto, dict]:
    """Return a sound file's model and its metadata, to be broken."""
    _, components, metadata = dreams.tiny_parts("unused", **(shape or BASE))
    return write.merge(components, metadata), metadata


def inspect(model: onnx.ModelProto, metadata: dict | str | None) -> Dream:
    """Read a model with this metadata, or with its own if None."""
    if metadata is not None:
        text = metadata if isinstance(metadata, str) else json.dumps(metadata)
        del model.metadata_props[:]
        model.metadata_props.add(key="livedream", value=text)
    return read.inspect(model.SerializeToString(), "unused")
