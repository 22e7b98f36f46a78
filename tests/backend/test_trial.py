"""A provider is tried in a process of its own; whatever it does, this process goes on."""

import numpy as np
import pytest

from livedream.backend import choose, cpu, thread_count, trial
from livedream.backend.run_settings import RunSettings
from livedream.dream import read
from tests import dreams


@pytest.fixture(scope="module")
def dream(tmp_path_factory):
    return read.load(dreams.tiny(tmp_path_factory.mktemp("dreams") / "tiny.onnx", control=True))


def test_each_component_is_tried_beside_the_cpu(dream):
    found, why = trial.attempt("cpu", dream)
    assert why == ""
    assert {name for name, _ in found} == {"step", "decode"}
    assert all(part.provider == "cpu" and part.ms > 0 and part.cpu_ms > 0 for _, part in found)


def test_the_cpus_threads_are_measured(dream):
    found = thread_count.measure(dream)
    most = min(cpu.cores(), cpu.MAX_THREADS)
    assert [part.threads for name, part in found if name == "decode"] == sorted({most, max(1, most // 2)})
    assert [part for name, part in found if name == "step"] == [RunSettings()]
    assert min(each.relative_time for name, each in found if name == "decode") == 1


@pytest.fixture(scope="module")
def remembering(tmp_path_factory):
    return read.load(dreams.remembering(tmp_path_factory.mktemp("dreams") / "remembering.onnx"))


def test_memories_are_looked_up_by_the_cpu_and_drawn_by_the_provider(remembering):
    found, why = trial.attempt("cpu", remembering)
    assert why == ""
    assert {name for name, _ in found} == {"step", "decode"}
    drawn = trial.play(cpu.load(remembering.components["decode"]), remembering.components["decode"], remembering)
    assert [dreams.weights(each["frame"][0]).argmax() for each in drawn[:2]] == [1, 7]  # its scenes


def test_recall_is_always_the_cpus(remembering, monkeypatch):
    ways = {"step": RunSettings("webgpu", ms=1, cpu_ms=9), "decode": RunSettings("webgpu", ms=1, cpu_ms=9)}
    monkeypatch.setattr(trial, "attempt", lambda name, dream: ([*ways.items()], ""))
    monkeypatch.setattr(choose.providers, "missing", lambda provider: "")
    for device in ("webgpu", "auto"):
        choice = choose.quick(remembering, device)
        assert choice.settings["decode"].provider == "webgpu"
        assert choice.settings["recall"] == RunSettings()
        assert choice.load(remembering.components["recall"]).provider == "cpu"


def test_a_place_may_be_off_by_a_part_of_a_memory(remembering):
    there = {"next.latent.look": np.zeros((1, 3)), "next.latent.place": np.float32([[5000, 1, 0]])}
    near = there | {"next.latent.place": there["next.latent.place"] + np.float32([[0.01, 0, 0]])}
    far = there | {"next.latent.place": there["next.latent.place"] + np.float32([[1, 0, 0]])}
    assert trial.difference([there], [near], remembering) == ""
    assert "standard deviations off" in trial.difference([there], [far], remembering)


def test_one_that_is_not_there_says_so(dream):
    found, why = trial.attempt("directml", dream)
    assert found == []
    assert why.startswith("not ")


def test_one_that_hangs_is_ended(dream):
    found, why = trial.attempt("cpu", dream, seconds=0.02)
    assert (found, why) == ([], "gave no answer in 0.02 s")


def test_results_before_a_crash_are_used(dream, tmp_path, monkeypatch):
    """Replace the child's interpreter by a script that prints one result and then crashes."""
    told = '{"component": "step", "settings": {"provider": "rtx", "ms": 0.5}}'
    script = tmp_path / "python"
    script.write_text(f"#!/bin/sh\necho a driver chats\necho '{told}'\necho illegal address >&2\nkill -SEGV $$\n")
    script.chmod(0o755)
    monkeypatch.setattr(trial.sys, "executable", str(script))
    found, why = trial.attempt("rtx", dream)
    assert found == [("step", RunSettings("rtx", ms=0.5))]
    assert why == "crashed (exit code -11): illegal address"


def test_a_file_that_changed_meanwhile_is_not_measured(dream, tmp_path):
    before = read.load(dreams.tiny(tmp_path / "other.onnx"))
    dreams.tiny(tmp_path / "other.onnx", title="Another")
    assert trial.attempt("cpu", before) == ([], "the file has changed")


def test_wrong_numbers_are_refused(dream, monkeypatch):
    class Brighter:
        """The CPU's runner with brighter pictures and shifted latents."""

        provider = "rtx"

        def __init__(self, component):
            self.inner = cpu.load(component)
            self.keep = self.inner.keep

        def __call__(self, inputs):
            made = self.inner(inputs)
            off = {name: value + np.float32(0.1) for name, value in made.items() if name != "frame"}
            return off | {name: np.minimum(value, 252) + np.uint8(3) for name, value in made.items() if name == "frame"}

    monkeypatch.setattr(RunSettings, "load", lambda part, component, path, sha256: Brighter(component))
    monkeypatch.setattr(trial.providers, "ready", lambda provider: None)
    problems = [told["problem"] for told in trial.measure("cuda", dream)]
    assert "step: latents are" in problems[0]
    assert "decode: pictures are 2.2 grey levels off" in problems[1]
    assert "decode, half precision: " in problems[2]
