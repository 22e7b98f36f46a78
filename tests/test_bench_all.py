"""The benches that developers run report each figure, or why there is none."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from livedream.backend import cpu
from livedream.bench import figures
from livedream.bench.watch import Watch, playing
from livedream.dream import read
from livedream.play import dream_parameters
from livedream.play.player import Player
from tests import dreams
from tests.waiting import until

BENCH = Path(__file__).parents[1] / "bench"
desktop_is_there = all(shutil.which(each) for each in ("Xvfb", "openbox", "xdotool", "wmctrl"))
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module", autouse=True)
def scripts():
    sys.path.insert(0, str(BENCH))
    yield
    sys.path.remove(str(BENCH))


def run(script: str, *arguments: str, code: int = 0) -> str:
    hidden = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    command = [sys.executable, str(BENCH / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=hidden)
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout if code < 2 else done.stderr


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return str(dreams.tiny(tmp_path_factory.mktemp("dream") / "tiny.onnx", 960, 540))


def test_figures_are_measured_shown_and_saved(path, tmp_path):
    saved = tmp_path / "then.json"
    table = run("all.py", "--quick", "--only", "gpu", "--only", "start", "--model", path, "--save", str(saved))
    then = json.loads(saved.read_text())
    by_name = {each["name"]: each for each in then["figures"]}
    assert by_name["start.first_frame"]["measured"] > 0
    assert by_name["start.memory"]["measured"] > 10
    for each in then["figures"]:
        assert each["what"] in table
    assert "not measured: no graphics card here" in table or "gpu.choice.ms" in by_name
    then["machine"]["cores"] += 1
    saved.write_text(json.dumps(then))
    assert "another machine (cores: " in run("all.py", "--only", "start", "--against", str(saved), code=2)


def test_a_worse_ratio_and_a_lost_figure_are_named(monkeypatch, tmp_path, capsys):
    import all as every

    def ran(section, options, then):
        made = figures.figure("loop.fresh", "fresh", share, "share", 0.97, "more", ratio=True, error=0.001)
        return [made, figures.missing("loop.added", "added", "it fell over")] if lost else [made]

    monkeypatch.setattr(every, "run_section", ran)
    monkeypatch.setattr(every, "prepare", lambda dream: None)
    saved = str(tmp_path / "then.json")
    share, lost = 0.99, False
    assert every.main(["--only", "loop", "--save", saved]) == 0
    assert every.main(["--only", "loop", "--against", saved]) == 0
    capsys.readouterr()
    share = 0.93
    assert every.main(["--only", "loop", "--against", saved]) == 1
    assert "worse than the baseline: loop.fresh" in capsys.readouterr().out
    result = json.loads(Path(saved).read_text())
    result["figures"].append(figures.figure("loop.added", "added", 0.2, "ms", 0.3))
    result["figures"].append(figures.figure("loop.gone", "gone", 1.0, "ms"))
    Path(saved).write_text(json.dumps(result))
    share, lost = 0.99, True
    assert every.main(["--only", "loop", "--against", saved]) == 1
    out = capsys.readouterr().out
    assert "LOST, was measured: it fell over" in out
    assert "LOST, was measured: not reported" in out


def test_a_section_that_hangs_is_ended_and_says_so(monkeypatch, tmp_path):
    import all as every

    marker = tmp_path / "pid"
    monkeypatch.setattr(every, "HERE", tmp_path)
    hanging = f"import os, subprocess, sys, time; open({str(marker)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    (tmp_path / "all.py").write_text(hanging)
    section = every.Section("stall", "", 1.0, 1.0, 1.0, "a model that hangs")
    options = type("Options", (), {"model": "x", "quick": True})
    before = [figures.figure("stall.interval", "interval", 1.0, "periods", 1.5)]
    (result,) = every.run_section(section, options, before)
    assert (result["name"], result["why"]) == ("stall.interval", "it took more than 2 s")
    assert not Path(f"/proc/{marker.read_text()}").exists() or sys.platform != "linux"


def test_a_section_that_fails_says_why(path):
    result = run("all.py", "--section", "pacing.30", "--model", "nothing.onnx", "--quick")
    assert "nothing.onnx: no such file" in json.loads(result)["why"]


def test_gpu_without_a_card_says_so_for_every_section():
    result = json.loads(run("gpu.py", "--json"))["figures"]
    if any(each["measured"] is not None for each in result):
        pytest.skip("there is a card here")
    assert len(result) == 6
    assert all(each["verdict"] == "not measured: no graphics card here" for each in result)


def test_gpu_keeps_what_was_told_before_a_section_ran_out_of_time(monkeypatch, tmp_path):
    import gpu

    script = tmp_path / "gpu.py"
    script.write_text("import time; print('noise'); print('{\"name\": \"gpu.a\"}', flush=True); time.sleep(600)")
    monkeypatch.setattr(gpu, "__file__", str(script))
    first, rest = gpu.run_section("rainbow", "cuda", tmp_path, 1.0)
    assert first == {"name": "gpu.a"}
    assert rest["why"] == "it took more than 1 s"


def test_the_windows_figures_are_those_of_its_own_stage(path):
    """Nobody but a person who presses H in the window asks for them."""
    import window

    dream = read.load(path)
    player = Player(dream, cpu.load)
    watch = Watch()
    with playing(player, dream_parameters.of(dream), 30.0, [watch]) as stage:
        until(lambda: len(watch.frames) > 2)
        lines = window.hud_of(stage, [watch])
    assert lines[0] == dream.title
    assert any(line.startswith("model\t") and "ms" in line for line in lines)


@pytest.mark.skipif(not desktop_is_there, reason="needs xvfb, openbox, xdotool and wmctrl")
@pytest.mark.slow
@pytest.mark.display
def test_everything_is_done_to_the_window_and_its_figures_are_shown(path):
    import window

    result = window.measure(path)
    assert "skipped" not in result
    assert set(result["acts"]) == set(window.Hands({}).acts())
    assert result["hud"], result
    assert result["window"] > 60


def test_the_1080p_dream_plays_and_torch_draws_the_same(tmp_path):
    torch = pytest.importorskip("torch")
    import dream_1080p
    import in_torch

    dream_1080p.build(tmp_path / "small.onnx", (6, 8), (64, 44), (16, 8))
    component = read.load(tmp_path / "small.onnx").components["decode"]
    made, runner = in_torch.module(component), cpu.load(component)
    for latent in np.random.default_rng(0).standard_normal((3, 1, 64)).astype(np.float32):
        frame = runner({"latent": latent})["frame"]
        assert frame.shape == (1, 44, 64, 4)
        assert frame[..., :3].std() > 10
        drawn = made(torch.from_numpy(latent))[0].numpy()
        assert np.abs(drawn.astype(int) - frame).max() <= 1


def test_ways_of_the_contest_are_checked_and_take_turns(path):
    import contest

    dream = read.load(path)
    made = {name: make for name, make in contest.ways(dream, "cpu") if "torch" not in name}
    assert list(made) == ["livedream cpu f32", "cpu without binding"]
    ready = {name: make() for name, make in made.items()}
    assert [contest.off(way, dream) for way in ready.values()] == [0, 0]
    result = contest.by_turns({name: way.draw for name, way in ready.items()}, contest.latents(dream, 4), 0.2)
    for each in result.values():
        assert each["p50_ms"] > 0
        assert len(each["rounds"]) == 2
    spoilt = ready["livedream cpu f32"]._replace(host=lambda picture: 255 - picture[0])
    assert contest.off(spoilt, dream) > 1


def test_broken_dreams_are_broken_and_good_ones_are_others(tmp_path):
    import changes

    from livedream import UserError

    path = dreams.tiny(tmp_path / "tiny.onnx")
    (tmp_path / "in").mkdir()
    for name, title in changes.good(tmp_path / "in", path).items():
        made = read.load(tmp_path / "in" / f"{name}.onnx")
        assert made.title == title
        assert made.sha256 != read.load(path).sha256
    for name in changes.broken(tmp_path / "in", path):
        with pytest.raises(UserError, match=name):
            read.load(tmp_path / "in" / f"{name}.onnx")
