"""Rules that only a run can check, checked by a child process that cannot take the machine down."""

import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from livedream import UserError
from livedream.dream import guard, prove, read, write
from tests import dreams

MEGABYTE = 1 << 20


def spoilt(nodes, constants, **shape):
    """Return a dream whose decode also computes `nodes` and adds their last value, a scalar `odd`, to the ramps."""
    _, components, metadata = dreams.tiny_parts("unused", **shape)
    graph = components["decode"].graph
    graph.initializer.extend(numpy_helper.from_array(np.array(array), name) for name, array in constants.items())
    kept = list(graph.node)
    place = [node.output[0] for node in kept].index("levels")
    kept[place].input[0] = "ramps"
    nodes = [*nodes, helper.make_node("Add", ["base", "odd"], ["ramps"])]
    del graph.node[:]
    graph.node.extend(kept[:place] + nodes + kept[place:])
    return write.merge(components, metadata).SerializeToString()


def refusal(data, tmp_path):
    (tmp_path / "odd.onnx").write_bytes(data)
    with pytest.raises(UserError) as refused:
        read.load(tmp_path / "odd.onnx")
    assert "\n" not in str(refused.value)
    assert "odd.onnx: " in str(refused.value)
    return str(refused.value)


BOMBS = {
    "one large constant": [
        helper.make_node("ConstantOfShape", ["large"], ["zeros"]),
        helper.make_node("ReduceMax", ["zeros"], ["odd"], keepdims=0),
    ],
    "many constants, each of a size that would pass": [
        *(helper.make_node("ConstantOfShape", ["medium"], [f"zeros{i}"]) for i in range(4)),
        *(helper.make_node("ReduceMax", [f"zeros{i}"], [f"max{i}"], keepdims=0) for i in range(4)),
        helper.make_node("Sum", [f"max{i}" for i in range(4)], ["odd"]),
    ],
    "a value blown up": [
        helper.make_node("Expand", ["latent", "wide"], ["copies"]),
        helper.make_node("ReduceMax", ["copies"], ["odd"], keepdims=0),
    ],
}


# Runs prove and says the most memory it had. A process of its own between: a child counts its parent's at the fork,
# and the tests' process may have torch in it.
MEASURED = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-m", "livedream.dream.prove"], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
"""


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_file_that_asks_for_gigabytes_is_refused_before_it_gets_them(name):
    sizes = {"large": [20000, 30000], "medium": [10000, 10000], "wide": [100000000, 8]}
    data = spoilt(BOMBS[name], sizes)
    assert len(data) < 60000
    done = subprocess.run([sys.executable, "-c", MEASURED], input=data, capture_output=True, check=True)
    assert b"size: values and weights of at most 1 GB, with decode" in done.stdout
    assert int(done.stderr) * (1 if sys.platform == "darwin" else 1024) < 400 * MEGABYTE


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds a process's address space")
def test_memory_that_no_sum_foresees_is_bounded_too(monkeypatch):
    # Shape inference itself doubles this list of dimensions 29 times.
    doubled = [helper.make_node("Shape", ["latent"], ["d0"])]
    doubled += [helper.make_node("Concat", [f"d{i}"] * 2, [f"d{i + 1}"], axis=0) for i in range(29)]
    doubled += [
        helper.make_node("ReduceMax", ["d29"], ["d"], keepdims=0),
        helper.make_node("Cast", ["d"], ["odd"], to=1),
    ]
    limited = f"import sys; from livedream.dream import prove; prove.MEMORY = {800 * MEGABYTE}; prove.main()"
    data = spoilt(doubled, {})
    child = subprocess.run([sys.executable, "-c", limited], input=data, capture_output=True, check=True)
    assert b"a first run needs too much memory" in child.stdout


def test_a_file_that_never_ends_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(guard, "SECONDS", 1.5)
    products = [helper.make_node("Expand", ["latent", "square"], ["m0"])]
    products += [helper.make_node("MatMul", [f"m{i}", f"m{i}"], [f"m{i + 1}"]) for i in range(400)]
    products += [helper.make_node("ReduceMax", ["m400"], ["odd"], keepdims=0)]
    said = refusal(spoilt(products, {"square": [2000, 2000]}, z=1), tmp_path)
    assert "a first run took longer than 2 s" in said


def test_shapes_that_depend_on_data_are_refused(tmp_path):
    nodes = [
        helper.make_node("NonZero", ["latent"], ["where"]),
        helper.make_node("Cast", ["where"], ["floats"], to=1),
        helper.make_node("ReduceSum", ["floats"], ["odd"], keepdims=0),
    ]
    assert "decode: static shapes: decode/where, made by NonZero" in refusal(spoilt(nodes, {}), tmp_path)


def test_bytes_inside_are_refused(tmp_path):
    nodes = [
        helper.make_node("Cast", ["latent"], ["bytes"], to=2),
        helper.make_node("Cast", ["bytes"], ["b"], to=1),
    ]
    nodes += [helper.make_node("ReduceMax", ["b"], ["odd"], keepdims=0)]
    assert "uint8 only at the edge: decode/bytes, made by Cast" in refusal(spoilt(nodes, {}), tmp_path)


def test_shapes_that_contradict_each_other_are_refused(tmp_path):
    nodes = [helper.make_node("MatMul", ["latent", "five"], ["odd"])]
    said = refusal(spoilt(nodes, {"five": np.zeros((5, 1), np.float32)}), tmp_path)
    assert "decode: its shapes contradict each other" in said


def test_a_promise_that_a_run_breaks_is_refused(tmp_path):
    _, components, metadata = dreams.tiny_parts("unused")
    shape = components["decode"].graph.output[0].type.tensor_type.shape
    shape.dim[1].dim_value = 30
    data = write.merge(components, metadata).SerializeToString()
    said = refusal(data, tmp_path)
    assert "decode/frame" in said or "decode: " in said


def test_a_network_that_gives_nan_on_zeros_is_refused(tmp_path):
    _, components, metadata = dreams.tiny_parts("unused")
    graph = components["step"].graph
    graph.node[-1].output[0] = "mean"
    graph.node.append(helper.make_node("Div", ["mean", "state.h"], ["next.state.h"]))
    said = refusal(write.merge(components, metadata).SerializeToString(), tmp_path)
    assert "step/next.state.h: a run on zeros gave inf" in said


def test_a_file_is_proven_once(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    runs = []
    monkeypatch.setattr(guard, "run", lambda data, seconds: runs.append(len(data)))
    path = dreams.tiny(tmp_path / "tiny.onnx")
    read.load(path)
    read.load(path)
    assert len(runs) == 1
    dreams.tiny(path, title="Another")
    assert len(runs) == 2


def test_a_file_that_failed_is_not_remembered(tmp_path):
    nodes = [helper.make_node("NonZero", ["latent"], ["w"]), helper.make_node("Cast", ["w"], ["odd"], to=1)]
    data = spoilt(nodes, {})
    assert refusal(data, tmp_path) == refusal(data, tmp_path)


def test_without_a_cache_a_dream_still_loads(tmp_path, monkeypatch):
    (tmp_path / "cache").write_bytes(b"a file where the folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert read.load(dreams.tiny(tmp_path / "tiny.onnx")).title == "Tiny"


def test_a_child_that_dies_is_a_refusal(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(UserError, match="a first run crashed"):
        guard.prove(b"", "0")


def test_values_are_freed_when_the_last_node_has_used_them():
    _, components, _ = dreams.tiny_parts("unused", width=640, height=320)
    model = write.merge({"decode": components["decode"]}, {})
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    picture = 640 * 320 * 4 * 4
    assert 3 * picture < prove.peak_bytes(inferred) < 3.5 * picture  # the ramps, and one value made from another


@pytest.mark.parametrize("path", sorted(read.MODELS.glob("*.onnx")), ids=lambda path: path.name)
def test_the_dreams_that_ship_would_pass_too(path):
    guard.run(path.read_bytes(), guard.SECONDS * 3)
    assert read.load(path).notes == ()
