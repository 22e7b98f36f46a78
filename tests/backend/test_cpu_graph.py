"""A decoder rewritten for the processor draws the same picture to the last bit."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import helper, numpy_helper

from livedream.backend import cpu, cpu_graph
from livedream.dream import read
from livedream.dream.dream import Component
from livedream.system import paths


def pictures(model: bytes, count: int = 3) -> list[np.ndarray]:
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    random, drawn = np.random.default_rng(5), []
    for _ in range(count):
        feeds = {each.name: random.normal(size=each.shape).astype(np.float32) for each in session.get_inputs()}
        drawn.append(session.run(None, feeds)[0])
    return drawn


def kinds(model: bytes) -> set[str]:
    return {node.op_type for node in onnx.ModelProto.FromString(model).graph.node}


def shuffling(mode: str = "CRD", block: int = 2, alpha: float = 255, spread: float = 300, peek: bool = False) -> bytes:
    """Return a model from x [1, 3·block², 4, 6] to a picture [1, 4·block, 6·block, 4], spread over more than 0..255."""
    height, width = 4 * block, 6 * block
    weights = {
        "spread": np.float32(spread),
        "alpha": np.full((1, 1, height, width), alpha, np.float32),
        "low": np.float32(0),
        "high": np.float32(255),
    }
    nodes = [
        helper.make_node("DepthToSpace", ["x"], ["woven"], blocksize=block, mode=mode),
        helper.make_node("Mul", ["woven", "spread"], ["colours"]),
        helper.make_node("Concat", ["colours", "alpha"], ["planes"], axis=1),
        helper.make_node("Transpose", ["planes"], ["turned"], perm=[0, 2, 3, 1]),
        helper.make_node("Clip", ["turned", "low", "high"], ["clipped"]),
        helper.make_node("Round", ["clipped"], ["rounded"]),
        helper.make_node("Cast", ["rounded"], ["frame"], to=onnx.TensorProto.UINT8),
    ]
    value = helper.make_tensor_value_info
    outputs = [value("frame", onnx.TensorProto.UINT8, [1, height, width, 4])]
    if peek:  # the graph also outputs a value in between
        outputs.append(value("clipped", onnx.TensorProto.FLOAT, [1, height, width, 4]))
        nodes.append(helper.make_node("Neg", ["clipped"], ["negative"]))
    graph = helper.make_graph(
        nodes,
        "decode",
        [value("x", onnx.TensorProto.FLOAT, [1, 3 * block**2, 4, 6])],
        outputs[:1],
        [numpy_helper.from_array(np.asarray(each), name) for name, each in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10).SerializeToString()


def same(before: bytes, after: bytes) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(pictures(before), pictures(after), strict=True))


@pytest.mark.parametrize("block", [2, 3, 4])
def test_a_decoder_is_rewritten_and_draws_the_same(block):
    before = shuffling(block=block)
    after = cpu_graph.rewritten(before)
    assert kinds(after) == {"Reshape", "Transpose", "Mul", "QuantizeLinear", "Concat"}
    assert same(before, after)


def test_halves_are_rounded_as_before():
    before = shuffling(spread=0.5)
    x = np.arange(3 * 4 * 24, dtype=np.float32).reshape(1, 12, 4, 6)
    drawn = [
        ort.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
        for model in (before, cpu_graph.rewritten(before))
    ]
    assert np.array_equal(*drawn)
    assert {0, 2} <= set(drawn[0][..., :3].ravel())  # 0.5 goes to 0, 1.5 to 2


@pytest.mark.parametrize("other", [{"mode": "DCR"}, {"alpha": 127.5}, {"peek": True}])
def test_other_graphs_stay_and_draw_the_same(other):
    before = shuffling(**other)
    after = cpu_graph.rewritten(before)
    assert kinds(after) & {"DepthToSpace", "Round"}
    assert same(before, after)


def test_the_dream_that_ships_is_rewritten_and_draws_the_same():
    component = read.load("rainbow").components["decode"]
    runner, value = cpu.load(component), component.inputs["latent"]
    for latent in np.random.default_rng(1).normal(size=(2, *value.shape)).astype(np.float32):
        plain = ort.InferenceSession(component.model, providers=["CPUExecutionProvider"])
        assert np.array_equal(runner({"latent": latent})["frame"], plain.run(None, {value.full: latent})[0])
    assert "Round" not in kinds(cpu_graph.rewritten(component.model))


def test_a_component_is_rewritten_once_and_then_found_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    plain = Component("decode", shuffling(peek=True, mode="DCR"), {}, {})  # nothing in it can be rewritten
    shuffled = Component("decode", shuffling(), {}, {})
    first = [cpu.rewritten(each) for each in (shuffled, plain)]
    monkeypatch.setattr(cpu_graph, "rewritten", lambda model: pytest.fail("rewritten again"))
    assert [cpu.rewritten(each) for each in (shuffled, plain)] == first
    assert any(first[0] in entry.read_bytes() for entry in paths.cache_folder("cpu").iterdir())
