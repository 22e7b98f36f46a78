"""Components that calculate in half precision (fp16), converted at first use and cached.

Inputs and outputs stay as they are, f32 and uint8, so a converted component replaces its original anywhere. fp16 holds
0..255 in steps of 1/8 or finer, so the end of a picture (Clip, Round, Cast) is right in it too.
"""

import dataclasses
import logging

from livedream import UserError, one_line
from livedream.dream.dream import Component
from livedream.system import paths
from livedream.system.atomic import atomic_write

REVISION = 1  # raise it when components are converted otherwise

log = logging.getLogger("livedream.backend")


def converted(component: Component, sha256: str) -> Component:
    """Return the component in fp16; sha256: of its dream. The first time takes seconds. UserError if it fails."""
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
        log.info("half precision is converted again each time: %s", error)
    return dataclasses.replace(component, model=model)


def convert(component: Component) -> bytes:
    """Return the component's model in fp16. Raises UserError."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    # Its warnings are about weights that fp16 rounds to 0.
    logging.getLogger("onnxruntime.transformers.float16").setLevel(logging.ERROR)
    try:
        model = convert_float_to_float16(onnx.ModelProto.FromString(component.model), keep_io_types=True)
    except Exception as error:
        raise UserError(f"{component.name}: no half precision: {one_line(error, 200)}") from None
    data: bytes = model.SerializeToString()
    return data
