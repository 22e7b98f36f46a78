"""A halved file is half as large and draws the same picture; components cut from it are the original ones."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from livedream import UserError
from livedream.dream import halves, prove, read, write
from tests import dreams

WIDE = {"width": 256, "height": 128, "control": True, "encode": True}


def rounded(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with large weights rounded to half precision, as an exporter does beforehand."""
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and np.prod(tensor.dims) >= halves.SMALLEST:
            array = numpy_helper.to_array(tensor).astype(np.float16).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    return model


def run(model: bytes) -> dict[str, np.ndarray]:
    """Return every output of a model by plain ONNX Runtime, for the same random inputs each time."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    chance = np.random.default_rng(3)
    feeds = {}
    for each in session.get_inputs():
        byte = each.type == "tensor(uint8)"
        feeds[each.name] = chance.integers(0, 256, each.shape, np.uint8) if byte else chance.random(each.shape, "f4")
    return dict(zip([each.name for each in session.get_outputs()], session.run(None, feeds), strict=True))


def same(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def models(data: bytes) -> dict[str, bytes]:
    return {name: component.model for name, component in read.inspect(data, "unused").components.items()}


def stored(model: onnx.ModelProto) -> dict[str, int]:
    """Return the types of a model's initialisers by name."""
    return {tensor.name: tensor.data_type for tensor in model.graph.initializer}


def test_a_halved_dream_is_half_as_large_and_the_same(tmp_path):
    path, components, metadata = dreams.tiny_parts(tmp_path / "plain.onnx", **WIDE)
    components = {name: rounded(model) for name, model in components.items()}
    write.write(path, components, metadata)
    write.write(tmp_path / "half.onnx", components, metadata, halve=True)
    plain, half = path.read_bytes(), (tmp_path / "half.onnx").read_bytes()
    assert len(half) < 0.55 * len(plain)
    assert same(run(half), run(plain))  # any runtime plays the file as it is
    assert models(half) == models(plain)
    dream = read.load(tmp_path / "half.onnx")
    assert dream.notes == ()
    latent = dreams.first()
    feeds = {"decode/latent": latent, "decode/control.push": np.zeros(1, np.float32)}
    frame, *_ = ort.InferenceSession(dream.components["decode"].model).run(["decode/frame"], feeds)
    drawn = dreams.picture(latent, 256, 128).astype(int)
    assert abs(frame - drawn).max() <= 1  # the ramps were rounded to eighths of a level


def test_a_dream_that_remembers_is_halved_beside_its_memories(tmp_path):
    path, components, metadata, memories = dreams.remembering_parts(tmp_path / "half.onnx")
    components = {name: rounded(model) for name, model in components.items()}
    write.write(path, components, metadata, memories, halve=True)
    plain = write.merge(components, metadata, memories).SerializeToString()
    assert models(path.read_bytes()) == models(plain)
    assert len(read.load(path).memories) == len(memories)


def test_rainbow_halved_draws_the_same():
    model = rounded(onnx.load(read.find("rainbow")))
    plain = model.SerializeToString()
    halves.halve(model.graph)
    half = model.SerializeToString()
    assert len(half) < 0.52 * len(plain)
    assert models(half) == models(plain)
    assert same(run(half), run(plain))


def spoilt(number: float) -> np.ndarray:
    array = np.zeros(2000, np.float32)
    array[1234] = number
    return array


@pytest.mark.parametrize(
    ("array", "halved"),
    [
        (spoilt(0.125), True),
        (spoilt(-0.0), True),
        (spoilt(2.0**-24), True),  # the smallest that it holds
        (spoilt(1 / 3), False),
        (spoilt(1e-9), False),
        (spoilt(70000), False),
        (spoilt(np.inf), False),
        (spoilt(np.nan), False),
        (spoilt(0)[:1023], False),
        (spoilt(0).astype(np.float64), False),
    ],
)
def test_only_weights_that_half_precision_holds_exactly_are_halved(array, halved):
    weights = [numpy_helper.from_array(array, "decode/w"), numpy_helper.from_array(np.float32(1), "decode/w.half")]
    node = helper.make_node("Identity", ["decode/w"], ["decode/out"])
    graph = helper.make_graph([node], "g", [], [], weights)
    before = graph.SerializeToString()
    halves.halve(graph)
    assert ("Cast" in [each.op_type for each in graph.node]) == halved
    assert (graph.SerializeToString() == before) != halved
    assert len({each.name for each in graph.initializer}) == 2  # the name that was taken is not taken twice
    halves.widen(graph)
    assert graph.SerializeToString() == before
    assert numpy_helper.to_array(graph.initializer[0]).tobytes() == array.tobytes()


def test_a_file_with_casts_of_its_own_plays_as_it_did():
    """Return a model with a half tensor that is cast twice and used directly, and another cast to an output."""
    _, components, metadata = dreams.tiny_parts("unused", **WIDE)
    graph = components["decode"].graph
    base = next(each for each in graph.initializer if each.name == "base")
    array = numpy_helper.to_array(base).astype(np.float16)
    base.CopyFrom(numpy_helper.from_array(array, "stored"))
    to = {"to": TensorProto.FLOAT}
    nodes = [
        helper.make_node("Cast", ["stored"], ["one"], **to),
        helper.make_node("Cast", ["stored"], ["two"], **to),
        helper.make_node("Neg", ["stored"], ["minus"]),
        helper.make_node("Cast", ["minus"], ["three"], **to),
        helper.make_node("Sum", ["one", "two", "three"], ["base"]),
        helper.make_node("Cast", ["rest"], ["next.state.rest"], **to),
        *graph.node,
    ]
    graph.initializer.append(numpy_helper.from_array(np.float16([[1.5]]), "rest"))
    for of in (graph.input, graph.output):
        name = "state.rest" if of is graph.input else "next.state.rest"
        of.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1]))
    del graph.node[:]
    graph.node.extend(nodes)
    model = write.merge(components, metadata)
    found = models(model.SerializeToString())
    seen = stored(onnx.ModelProto.FromString(found["decode"]))
    assert seen["decode/one"] == seen["decode/two"] == TensorProto.FLOAT
    assert seen["decode/stored"] == seen["decode/rest"] == TensorProto.FLOAT16
    assert prove.problem(read.inspect(model.SerializeToString(), "unused")) is None
    alone = onnx.ModelProto(ir_version=10, opset_import=components["decode"].opset_import)
    alone.graph.CopyFrom(graph)
    given = run(alone.SerializeToString())
    assert same({name.removeprefix("decode/"): value for name, value in run(found["decode"]).items()}, given)


def claiming(count: int, casts: int) -> bytes:
    """Return a dream that claims `count` numbers in half precision, cast so often, without their data."""
    _, components, metadata = dreams.tiny_parts("unused")
    graph = components["decode"].graph
    graph.initializer.add(name="huge", data_type=TensorProto.FLOAT16, dims=[count])
    graph.node.extend(helper.make_node("Cast", ["huge"], [f"wide.{i}"], to=TensorProto.FLOAT) for i in range(casts))
    return write.merge(components, metadata).SerializeToString()


@pytest.mark.parametrize(("count", "casts"), [(300_000_000, 1), (2_000_000, 200)])
def test_weights_count_as_large_as_they_will_be(count, casts):
    with pytest.raises(UserError, match="weights of at most 1 GB, found 1"):
        read.inspect(claiming(count, casts), "unused")


def test_a_half_weight_without_its_data_is_refused_when_proven():
    assert "decode" in prove.problem(read.inspect(claiming(1000, 1), "unused"))


def test_a_halved_dream_needs_as_much_memory_as_the_whole_one():
    _, components, metadata = dreams.tiny_parts("unused", **WIDE)
    components = {name: rounded(model) for name, model in components.items()}
    peaks = []
    for halve in (False, True):
        found = models(write.merge(components, metadata, halve=halve).SerializeToString())["decode"]
        peaks.append(prove.peak_bytes(onnx.shape_inference.infer_shapes(onnx.ModelProto.FromString(found))))
    assert peaks[0] == peaks[1]
