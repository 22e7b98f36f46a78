"""bench: every figure is there, comes from the real parts, and counts what it says."""

import json
import math
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from livedream.bench import intervals, latency, loop, output_cost, peers, report, stall
from livedream.bench.child import RECORD
from livedream.bench.run_process import RunProcess
from livedream.dream import read
from livedream.play import dream_parameters as tables
from livedream.play.player import Player
from tests import dreams

pytestmark = pytest.mark.timeout(600)  # for a busy machine; on a quiet one all of this takes half a minute

NAMES = {
    *(
        "loop.added",
        "loop.fresh",
        "outputs.page",
        "outputs.rtmp",
        "start.first_ever",
        "start.first_frame",
        "start.memory",
    ),
    *("latency.p50", "latency.p99", "pacing.30.p99", "pacing.30.drops", "stall.interval"),
}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return dreams.tiny(tmp_path_factory.mktemp("dream") / "tiny.onnx", 960, 540)  # a few milliseconds a frame


@pytest.fixture(scope="module")
def printed(path):
    command = [sys.executable, "-m", "livedream", "bench", str(path), "--json", "--seconds", "0.5"]
    hidden = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, env=hidden)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def result(printed):
    return json.loads(printed)


@pytest.fixture
def show(path):
    dream = read.load(path)
    return loop.tapped(dream), tables.of(dream)


def numbers(value, name=""):
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from numbers(each, f"{name}/{key}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name, value


def test_every_figure_is_there_and_finite(result):
    assert {each["name"] for each in result["figures"]} == NAMES, [each.get("why") for each in result["figures"]]
    assert all(each["measured"] is not None for each in result["figures"]), result["figures"]
    assert all(math.isfinite(value) for _, value in numbers(result))
    for each in result["figures"]:
        if each["budget"] is None:
            assert each["ok"] is None
            continue
        less = each["measured"] <= each["budget"]
        assert each["ok"] is (less if each["better"] == "less" else each["measured"] >= each["budget"])
    assert {"decode", "step"} == set(result["model"])
    assert result["machine"]["cores"] == os.cpu_count()
    assert result["machine"]["libraries"]["onnxruntime"]


def test_every_output_was_fed_or_says_why_not(result):
    rates = {(each["output"], each["asked_fps"]): each for each in result["outputs"]}
    assert set(rates) == {(kind, fps) for kind in output_cost.KINDS for fps in (30, 60)}
    for (kind, _), each in rates.items():
        if kind == "window":
            assert "no display" in each["skipped"]
        else:
            assert each["fresh_fps"] > 0, each
            assert each["delivered_fps"] > 0, each


def test_the_table_has_a_line_for_each_figure_and_says_what_was_skipped(result):
    lines = report.text(result).splitlines()
    for each in result["figures"]:
        (line,) = (line for line in lines if line.startswith(each["what"] + " "))
        assert line.endswith({True: "ok", False: "MISS", None: each["unit"]}[each["ok"]])
    assert any("skipped: there is no display here" in line for line in lines)


def test_packets_were_seen_in_the_picture_while_bundles_came(result):
    detail = next(each["detail"] for each in result["figures"] if each["name"] == "latency.p50")
    assert 0 < detail["seen"] <= detail["packets"]
    assert detail["address"] == "dream/knob/1"
    assert detail["bundles"] > 10


def test_a_baseline_of_another_machine_is_refused_before_anything_is_measured(printed, tmp_path):
    there = json.loads(printed)
    there["machine"]["processor"] = "Abacus"
    (tmp_path / "then.json").write_text(json.dumps(there))
    command = [sys.executable, "-m", "livedream", "bench", "--baseline", str(tmp_path / "then.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 2
    assert "another machine (processor: Abacus there" in done.stderr


def test_what_the_loop_adds_is_what_lies_beside_the_model(show, monkeypatch):
    (player, taps), table = show
    draw = Player.draw

    def slow(self, values):
        time.sleep(0.02)
        return draw(self, values)

    def again(self):
        """A bare session that takes a millisecond, whatever else the machine does."""
        asked, self.asked, self.took = self.asked, [], []
        return 1e-3 * len(asked)

    monkeypatch.setattr(Player, "draw", slow)
    monkeypatch.setattr(loop.Tap, "again", again)
    result = loop.paired(player, table, taps, 30.0, 0.3)
    assert result["loop"]["added_ms"] > 10
    assert loop.added(result)["ok"] is False
    share = loop.flat_out(player, table, taps, 0.1, result["loop"]["bare_p50_ms"] / 1e3)
    assert share["measured"] < 0.8
    assert share["ok"] is False


def test_the_bare_model_runs_on_what_the_player_asked(show):
    (player, taps), table = show
    loop.paired(player, table, taps, 30.0, 0.1)
    values = table.tick(0.1)
    player.move(1, 30.0, values)
    pixels = player.draw(values)
    decode = next(tap for tap in taps if tap.name == "decode")
    ((names, feeds),) = decode.asked
    assert (decode.session.run(names, feeds)[0][0] == pixels).all()
    before = len(decode.seconds)
    assert decode.again() > 0
    assert decode.again() == 0  # taken once
    assert len(decode.seconds) == before + 1


def test_a_dream_too_fast_to_be_measured_flat_out_says_so(tmp_path):
    dream = read.load(dreams.tiny(tmp_path / "tiny.onnx"))
    result = loop.flat_out(*loop.tapped(dream)[:1], tables.of(dream), [], 0.1, 1e-4)
    assert result["measured"] is None
    assert "no clock can ask for more" in result["why"]


def noted(*rows):
    return np.array(list(rows), RECORD)


def test_a_packet_counts_to_the_first_frame_that_looks_different():
    frames = noted(
        (0.9, 0, 1, 7),
        (1.1, 1, 1, 8),  # the first packet, after 100 ms
        (1.2, 2, 1, 8),
        (1.3, 3, 1, 0),  # nobody looked
        (3.3, 5, 1, 7),  # the third, after 300 ms; the second was lost
    )
    assert latency.arrivals([1.0, 2.0, 3.0], frames) == pytest.approx([0.1, 0.3])


def test_intervals_count_what_was_late_left_out_and_repeated():
    frames = noted((1.0, 0, 1, 0), (1.1, 1, 1, 0), (1.2, 2, 0, 0), (1.35, 3, 1, 0), (1.6, 6, 1, 0))
    result = intervals.of(frames, 10.0)
    assert result["longest"] == pytest.approx(2.5)
    assert result["error_p99_ms"] == pytest.approx(150, rel=0.1)
    assert (result["skipped"], result["repeated"]) == (2, 1)


def test_stalls_are_told_from_single_late_frames():
    fresh = [1, 1, 0, 1, 0, 0, 0, 0, 1, 1]
    assert stall.stalls(noted(*((i / 30, i, each, 0) for i, each in enumerate(fresh))), 30.0) == 1


def test_a_show_that_does_not_start_is_told_in_its_own_words(tmp_path):
    with pytest.raises(RuntimeError, match=r"nothing\.onnx: no such file"), RunProcess(tmp_path / "nothing.onnx"):
        pass


def test_a_far_end_that_is_not_there_is_said(show, monkeypatch):
    (player, _), table = show
    monkeypatch.setattr(output_cost, "PATIENCE", 0.5)
    monkeypatch.setattr(peers.Peer, "arrived", property(lambda self: 0, lambda self, value: None), raising=False)
    result = output_cost.measure("page", player, table, 30.0, 0.1)
    assert "no picture arrived" in result["skipped"]
