"""Twins of components that calculate in half precision (fp16), made at first use and kept.

Inputs and outputs stay as they are, f32 and uint8, so a twin takes the place of its component anywhere. fp16 holds
0..255 in steps of 1/8 or finer, so the tail of a picture (Clip, Round, Cast) is right in it too.
"""

import dataclasses
import logging

from livedream import UserError, one_line
from livedream.dream.dream import Component
from livedream.system import paths
from livedream.system.atomic import atomic_write

REVISION = 1  # raise it when twins are made otherwise

log = logging.getLogger("livedream.backend")


def twin(component: Component, sha256: str) -> Component:
    """The component in fp16; sha256: its dream's. Takes seconds the first time. UserError if it cannot be made."""
    import onnxruntime

    folder = paths.cache_folder("half")
    path = folder / f"{sha256[:32]}-{component.name}-{REVISION}-{onnxruntime.__version__}.onnx"
    try:
        return dataclasses.replace(component, model=path.read_bytes())
    except OSError:
        model = convert(component)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        atomic_write(path, model)
    except (OSError, UserError) as error:
        log.info("half precision is made anew each time: %s", error)
    return dataclasses.replace(component, model=model)


def convert(component: Component) -> bytes:
    """The model of its twin. UserError."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    logging.getLogger("onnxruntime.transformers.float16").setLevel(logging.ERROR)  # weights that fp16 rounds to 0
    try:
        model = convert_float_to_float16(onnx.ModelProto.FromString(component.model), keep_io_types=True)
    except Exception as error:
        raise UserError(f"{component.name}: no half precision: {one_line(error, 200)}") from None
    return model.SerializeToString()
