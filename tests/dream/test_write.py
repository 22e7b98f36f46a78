import base64

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import helper

from livedream import UserError
from livedream.dream import read, write
from livedream.dream.dream import Control, Value
from tests import dreams


def test_what_is_written_is_read_back(tmp_path):
    path = dreams.tiny(tmp_path / "tiny.onnx", control=True, encode=True, fps=12.5)
    dream = read.load(path)
    assert (dream.title, dream.kind, dream.fps, dream.interpolation) == ("Tiny", "test", 12.5, "linear")
    assert (dream.size, dream.frames, dream.is_effect, dream.latents) == ((64, 32), 1, False, ("latent",))
    assert np.array_equal(dream.mean, np.zeros(8))
    assert np.array_equal(dream.std, np.ones(8))
    assert list(dream.components) == ["step", "decode", "encode"]
    step = dream.components["step"]
    assert step.inputs["state.h"] == Value((1, 4), "float32", "step/state.h")
    assert list(step.outputs) == ["next.latent", "next.state.h"]
    assert dream.controls["temperature"] == Control("temperature", 1, 0.0, 2.0, 1.0, "how much chance moves the dream")
    assert dream.controls["push"].low == -1
    assert [knob.name for knob in dream.directions] == [f"knob {i}" for i in range(1, 9)]
    assert np.array_equal(dream.directions[2].vector, np.eye(8)[2])
    assert (dream.directions[2].low, dream.directions[2].high, dream.directions[2].effect) == (-3, 3, 40)
    assert [scene.name for scene in dream.scenes] == ["first", "second"]
    assert np.array_equal(dream.scenes[1].tensors["step/latent"], -dreams.first())
    assert np.array_equal(dream.scenes[1].tensors["step/state.h"], np.full((1, 4), 0.5))
    assert dream.scenes[0].thumbnail.startswith(b"\xff\xd8")
    assert dream.provenance["licence"] == "CC0-1.0"
    assert dream.notes == ()


@pytest.mark.parametrize("shape", [{"layers": True, "frames": 5}, {"step": False}, {"frames": 3}])
def test_layers_clips_and_files_without_step_are_dreams_too(tmp_path, shape):
    dream = read.load(dreams.tiny(tmp_path / "tiny.onnx", **shape))
    assert dream.frames == shape.get("frames", 1)
    assert dream.layers == (("back", "front") if shape.get("layers") else ())
    assert ("step" in dream.components) == shape.get("step", True)


def test_an_effect_alone_is_a_file(tmp_path):
    dream = read.load(dreams.invert(tmp_path / "invert.onnx"))
    assert dream.is_effect
    assert (dream.size, dream.latents, dream.mean.size) == ((64, 32), (), 0)
    image = np.random.default_rng(1).integers(0, 256, (1, 32, 64, 4), np.uint8)
    feeds = {"image": image, "control.amount": np.ones(1, np.float32), "state.last": np.ones(1, np.float32)}
    frame, last = _run(dream.components["apply"], feeds)
    assert np.array_equal(frame[..., :3], 255 - image[..., :3])
    assert np.array_equal(frame[..., 3], image[..., 3])
    assert last == 1


def test_components_run_alone_and_chained(tmp_path):
    dream = read.load(dreams.tiny(tmp_path / "tiny.onnx", control=True, encode=True))
    latent, state = dream.scenes[0].tensors["step/latent"], dream.scenes[0].tensors["step/state.h"]
    noise, uniform = np.full((1, 8), 0.5, np.float32), np.full((1, 4), 0.25, np.float32)
    for number in range(20):
        still = {"latent": latent, "state.h": state, "noise": noise, "uniform": uniform}
        moved, _ = _run(dream.components["step"], still | {"control.temperature": np.float32([0])})
        hot, after = _run(dream.components["step"], still | {"control.temperature": np.float32([2])})
        assert np.allclose(moved, latent @ dreams.turn(8), atol=1e-6), number
        assert np.allclose(hot - moved, 2 * dreams.NOISE * noise, atol=1e-6)
        assert np.allclose(after, (state + uniform) / 2)
        latent, state = moved, after
    (frame,) = _run(dream.components["decode"], {"latent": latent, "control.push": np.float32([1])})
    assert np.array_equal(frame, dreams.picture(latent, push=1))
    (seen,) = _run(dream.components["encode"], {"image": np.full((1, 32, 64, 4), 200, np.uint8)})
    assert np.allclose(seen, [[72.5 / 40] * 3 + [0] * 5])


def _run(component, feeds):
    session = ort.InferenceSession(component.model, providers=["CPUExecutionProvider"])
    assert {i.name for i in session.get_inputs()} == {value.full for value in component.inputs.values()}
    outputs = [value.full for value in component.outputs.values()]
    return session.run(outputs, {component.inputs[name].full: array for name, array in feeds.items()})


def test_the_same_input_makes_the_same_bytes(tmp_path):
    one, two = dreams.tiny(tmp_path / "one.onnx"), dreams.tiny(tmp_path / "two.onnx")
    assert one.read_bytes() == two.read_bytes()


def test_a_dream_that_breaks_the_contract_is_not_written(tmp_path):
    path, components, metadata = dreams.tiny_parts(tmp_path / "tiny.onnx")
    path.write_bytes(b"the dream of yesterday")
    components["decode"].graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.INT8
    with pytest.raises(UserError, match=r"tiny\.onnx: decode/frame: uint8, found int8"):
        write.write(path, components, metadata)
    path, components, metadata = dreams.tiny_parts(path)
    with pytest.raises(UserError, match=r"tiny\.onnx: metadata: "):
        write.write(path, components, metadata | {"fps": float("nan")})
    components["step"] = helper.make_model(components["step"].graph, opset_imports=[helper.make_opsetid("", 19)])
    with pytest.raises(UserError, match=r"opset: one for all components, found .*'step': 19"):
        write.write(path, components, metadata)
    assert path.read_bytes() == b"the dream of yesterday"
    assert [file.name for file in tmp_path.iterdir()] == ["tiny.onnx"]


def test_an_exporters_notes_stay_at_home(tmp_path):
    path, components, metadata = dreams.tiny_parts(tmp_path / "tiny.onnx")
    for node in components["step"].graph.node:
        node.doc_string = "/home/somebody/secret.py"
        node.metadata_props.add(key="stack", value="/home/somebody/secret.py")
    components["step"].opset_import.add(domain="pkg.exporter", version=1)
    write.write(path, components, metadata)
    assert b"somebody" not in path.read_bytes()
    assert read.load(path).notes == ()


def test_encoded_tensors_are_little_endian_float32():
    assert base64.b64decode(write.base64_f32(np.array([[1.0, -2.0]]))) == b"\0\0\x80\x3f\0\0\0\xc0"


def test_a_missing_folder_is_one_line(tmp_path):
    with pytest.raises(UserError, match=r"tiny\.onnx: cannot be written: No such file or directory"):
        dreams.tiny(tmp_path / "nowhere" / "tiny.onnx")
