"""TensorRT plans, built by the real library where it is installed; it builds without a graphics card."""

import importlib.util
import os
import re
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from onnx import helper, numpy_helper

from livedream import UserError
from livedream.backend import engine, plan
from livedream.dream import engine_file, read, write
from livedream.system import checked_cache
from tests import dreams

HAS_RTX = importlib.util.find_spec("tensorrt_rtx") is not None
rtx = pytest.mark.skipif(not HAS_RTX, reason="needs tensorrt-rtx: pip install 'livedream[engine]'")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Engines of tiny dreams by name, and the progress reported while they were built."""
    folder = tmp_path_factory.mktemp("engines")
    dreams.tiny(folder / "tiny.onnx", control=True, encode=True)
    dreams.tiny(folder / "clip.onnx", frames=3, layers=True)
    dreams.invert(folder / "invert.onnx")
    told = {}
    for name in ("tiny", "clip", "invert"):
        told[name] = []
        engine.make(folder / f"{name}.onnx", folder / f"{name}.engine", "rtx", lambda *each: told[name].append(each))  # noqa: B023
    return folder, told


@pytest.fixture
def ada(monkeypatch):
    """A card with only a name and a capability; it runs nothing."""
    monkeypatch.setattr(plan, "card", lambda: ("NVIDIA Test", "SM89"))


@rtx
@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("tiny", {("step", "f32"), ("decode", "f32"), ("encode", "f32"), ("decode", "f16")}),
        ("clip", {("step", "f32"), ("decode", "f32"), ("decode", "f16")}),
        ("invert", {("apply", "f32"), ("apply", "f16")}),
    ],
)
def test_every_component_gets_a_plan_for_three_generations_of_cards(made, name, parts):
    folder, told = made
    manifest = engine_file.manifest(folder / f"{name}.engine")
    assert {(row.component, row.precision) for row in manifest.rows} == parts
    assert (manifest.library, manifest.targets) == ("rtx", ("SM86", "SM89", "SM120"))
    assert all(engine_file.plan(folder / f"{name}.engine", row) for row in manifest.rows)
    ended = [each for each in told[name] if each[4]]
    assert [each[1:3] for each in ended] == [(i + 1, len(parts)) for i in range(len(parts))]
    assert {each[0] for each in ended} == {" ".join(part) for part in parts}


@rtx
def test_an_engine_is_read_as_the_dream_inside(made):
    folder, _ = made
    inside, alone = read.load(folder / "tiny.engine"), read.load(folder / "tiny.onnx")
    assert (inside.sha256, inside.title, list(inside.components)) == (
        alone.sha256,
        "Tiny",
        ["step", "decode", "encode"],
    )


@rtx
def test_the_same_is_built_once(made, tmp_path, monkeypatch):
    folder, _ = made
    monkeypatch.setattr(plan, "_build", lambda *_: pytest.fail("built again"))
    engine.make(folder / "tiny.onnx", tmp_path / "again.engine", "rtx")
    engine.make(folder / "tiny.engine", tmp_path / "from engine.engine", "rtx")
    with zipfile.ZipFile(folder / "tiny.engine") as one, zipfile.ZipFile(tmp_path / "from engine.engine") as two:
        assert one.namelist() == two.namelist()
        assert all(one.read(name) == two.read(name) for name in one.namelist() if name != "manifest.json")


@rtx
def test_the_key_changes_with_everything_that_the_plan_depends_on(made):
    folder, _ = made
    decode = read.load(folder / "tiny.onnx").components["decode"]
    other = read.load(folder / "clip.onnx").components["decode"]
    here = plan.Target("rtx", "1", ("SM89",))
    keys = [
        plan.key(decode, here, "f32"),
        plan.key(other, here, "f32"),
        plan.key(decode, here, "f16"),
        plan.key(decode, plan.Target("rtx", "2", ("SM89",)), "f32"),
        plan.key(decode, plan.Target("rtx", "1", ("SM86", "SM89")), "f32"),
        plan.key(decode, plan.Target("tensorrt", "1", ("SM89",)), "f32"),
    ]
    assert len(set(keys)) == len(keys)


@rtx
def test_a_fitting_plan_is_taken_from_the_file(made, ada, monkeypatch):
    folder, _ = made
    monkeypatch.setattr(plan, "plan", lambda *_: pytest.fail("not from the file"))
    dream = read.load(folder / "tiny.engine")
    rows = engine_file.manifest(dream.path).rows
    for component, precision in (("step", "f32"), ("decode", "f32"), ("decode", "f16")):
        found, why = engine.fitting(dream.components[component], dream.path, dream.sha256, "engine-rtx", precision)
        row = next(row for row in rows if (row.component, row.precision) == (component, precision))
        assert (why, found.precision, found.data) == ("", precision, engine_file.plan(dream.path, row))


def respell(path, other, change):
    """Write a copy of an engine with its manifest changed."""
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    text = members["manifest.json"].decode()
    assert change[0] in text
    members["manifest.json"] = text.replace(*change).encode()
    with zipfile.ZipFile(other, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)
    return other


@rtx
@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("{version}", "1.2.3", r"built by tensorrt-rtx 1\.2\.3, here is tensorrt-rtx {version}"),
        ('"name": "rtx"', '"name": "tensorrt"', "built by tensorrt {version}, here is tensorrt-rtx"),
        ('"name": "rtx"', '"name": "other"', "built by other {version}, here is tensorrt-rtx"),
        ('"SM89"', '"SM99"', "are for SM86, SM99, SM120, this card is SM89"),
        ("{sha256}", "0" * 64, "of another dream"),
        ('"key": "', '"key": "0', "its plan of decode was built otherwise"),
        ('"format": 1', '"format": 2', "made by another version of livedream"),
        ('"bytes": ', '"bytes": 1', "is not the plan that was built|bytes, expected at most"),
        ('"plans"', '"plan"', r"manifest\.json inside cannot be read"),
    ],
)
def test_a_stale_plan_is_built_again_and_never_run(made, ada, tmp_path, old, new, why):
    folder, _ = made
    here, sha256 = plan.target("rtx").version, read.load(folder / "tiny.onnx").sha256
    change = old.format(version=here, sha256=sha256), new
    dream = read.load(respell(folder / "tiny.engine", tmp_path / "stale.engine", change))
    found, said = engine.fitting(dream.components["decode"], dream.path, dream.sha256, "engine-rtx", "f32")
    row = next(row for row in engine_file.manifest(folder / "tiny.engine").rows if row.component == "decode")
    assert found.data == engine_file.plan(folder / "tiny.engine", row)  # the same bytes, from the cache
    assert found.target == plan.target("rtx")
    assert re.search(why.format(version=re.escape(here)), said)


@rtx
def test_a_card_unknown_to_rtx_is_one_line(made, monkeypatch):
    folder, _ = made
    monkeypatch.setattr(plan, "card", lambda: ("NVIDIA H100 80GB HBM3", "SM90"))
    dream = read.load(folder / "tiny.engine")
    with pytest.raises(UserError, match=r"H100 80GB HBM3 \(SM90\): TensorRT for RTX does not build for this card"):
        engine.load(dream.components["step"], dream.path, dream.sha256, "engine-rtx")


@rtx
def test_a_card_that_it_knows_beyond_the_three_is_built_for(made, monkeypatch):
    folder, _ = made
    monkeypatch.setattr(plan, "card", lambda: ("NVIDIA A100", "SM80"))
    dream = read.load(folder / "tiny.engine")
    found, why = engine.fitting(dream.components["step"], dream.path, dream.sha256, "engine-rtx", "f32")
    assert found.target.cards == ("SM86", "SM89", "SM120", "SM80")
    assert "this card is SM80" in why


@rtx
def test_an_operator_that_it_refuses_is_named_and_nothing_is_written(made, tmp_path):
    path, components, metadata = dreams.tiny_parts(tmp_path / "odd.onnx", step=False)
    graph = components["decode"].graph
    weights = next(node for node in graph.node if node.op_type == "MatMul")
    position = list(graph.node).index(weights)
    graph.node.insert(position, helper.make_node("Det", ["square"], ["one"]))
    graph.node.insert(position + 1, helper.make_node("Mul", ["latent", "one"], ["scaled"]))
    weights.input[0] = "scaled"
    graph.initializer.append(numpy_helper.from_array(np.eye(2, dtype=np.float32), "square"))
    write.write(path, components, metadata)
    with pytest.raises(UserError, match=r"^decode: tensorrt-rtx .* refuses it: .*Det"):
        engine.make(path, tmp_path / "odd.engine", "rtx")
    assert [each.name for each in tmp_path.iterdir()] == ["odd.onnx"]


def livedream(*arguments):
    command = [sys.executable, "-m", "livedream", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=110)


@rtx
def test_the_command_reports_what_it_builds_and_the_engine_plays(made, tmp_path):
    folder, _ = made
    out = tmp_path / "show.engine"
    done = livedream("engine", folder / "tiny.onnx", "-o", out)
    assert done.returncode == 0, done.stderr
    assert [line.split()[:5] for line in done.stderr.splitlines()] == [
        ["step", "f32", "1", "of", "4"],
        ["decode", "f32", "2", "of", "4"],
        ["encode", "f32", "3", "of", "4"],
        ["decode", "f16", "4", "of", "4"],
    ]
    assert done.stdout.startswith(f"{out}  ")
    assert "SM86, SM89, SM120" in done.stdout
    done = livedream("run", "--model", out, "--out", "none", "--web", "off", "--seconds", "0.2", "--device", "cpu")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Tiny · 64x32 · 30 fps · cpu")


@pytest.mark.parametrize(
    ("missing", "library", "said"),
    [
        ("tensorrt_rtx", "rtx", r"needs tensorrt-rtx: pip install 'livedream\[engine\]'"),
        ("tensorrt", "tensorrt", r"needs NVIDIA's tensorrt: pip install"),
    ],
)
def test_a_missing_library_is_named_with_how_to_install_it(monkeypatch, tmp_path, missing, library, said):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(UserError, match=said):
        engine.make(dreams.tiny(tmp_path / "tiny.onnx"), tmp_path / "tiny.engine", library)
    assert not (tmp_path / "tiny.engine").exists()


def test_without_a_card_one_line_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "cuda.bindings", None)
    with pytest.raises(UserError, match=r"CUDA's bindings for Python are missing: pip install 'livedream\[engine\]'"):
        plan.card()


@rtx
def test_a_dream_without_plans_gets_them_built(made, ada):
    folder, _ = made
    dream = read.load(folder / "tiny.onnx")
    found, why = engine.fitting(dream.components["decode"], dream.path, dream.sha256, "engine-rtx", "f16")
    row = engine_file.manifest(folder / "tiny.engine").rows[-1]
    assert (why, found.data) == ("", engine_file.plan(folder / "tiny.engine", row))


def test_an_engines_file_name_ends_in_engine(tmp_path):
    with pytest.raises(UserError, match=r"ends in \.engine"):
        engine.make(dreams.tiny(tmp_path / "tiny.onnx"), tmp_path / "tiny.plan")


def test_the_plans_used_last_are_kept(tmp_path):
    for age in range(5):
        (tmp_path / f"{age}.plan").write_bytes(bytes(100))
        os.utime(tmp_path / f"{age}.plan", (1000 - age, 1000 - age))
    checked_cache.prune(tmp_path, 250)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["0.plan", "1.plan"]
