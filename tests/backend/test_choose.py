"""The provider that plays is the fastest that draws correctly here; it is remembered, and no show waits for it."""

import pytest

from livedream import UserError
from livedream.backend import choose, providers, thread_count, trial
from livedream.backend.run_settings import RunSettings
from livedream.dream import read
from tests import dreams


class Machine(dict):
    """The result of trying each provider: settings that ran, or why none did. asked: those tried, in order."""

    def __init__(self):
        self.asked = []

    def attempt(self, name, dream):
        self.asked.append(name)
        return (self[name], "") if isinstance(self[name], list) else ([], self[name])


def ways(provider, decode, step=1.0, **how):
    """Return settings with milliseconds, where the CPU takes 1 for a step and 20 to draw."""
    drawing = RunSettings(provider, ms=decode, cpu_ms=20.0, **how)
    return [("step", RunSettings(provider, ms=step, cpu_ms=1.0)), ("decode", drawing)]


@pytest.fixture
def dream(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return read.load(dreams.tiny(tmp_path / "tiny.onnx"))


@pytest.fixture
def machine(monkeypatch):
    """A machine where only the CPU is installed, and draws in 20 ms."""
    here = Machine()
    here["cpu"] = ways("cpu", 20.0, threads=2)
    monkeypatch.setattr(thread_count, "measure", lambda dream: here["cpu"])
    monkeypatch.setattr(providers, "missing", lambda each: "" if each.name in here else "not installed: …")
    monkeypatch.setattr(trial, "attempt", here.attempt)
    return here


def test_the_first_time_the_cpu_plays_at_once_and_nothing_is_tried(dream, machine):
    machine["webgpu"] = ways("webgpu", 2.0)
    choice = choose.quick(dream)
    assert choice.providers == {"step": "cpu", "decode": "cpu"}
    assert choice.why["webgpu"] == "not tried yet"
    assert choice.why["cuda"] == "not installed: …"
    assert machine.asked == []
    assert choice.load(dream.components["decode"]).provider == "cpu"


def test_the_fastest_is_kept_and_remembered(dream, machine):
    machine["webgpu"], machine["openvino"] = ways("webgpu", 2.0, step=3.0), ways("openvino", 9.0, step=0.1)
    better = choose.better(dream, "auto", choose.quick(dream))
    assert machine.asked == ["webgpu", "openvino"]
    assert better.providers == {"step": "cpu", "decode": "webgpu"}  # no third one for the small step alone
    assert better.why["openvino"] == "slower here: 45% of the processor's time, webgpu 10%"
    again = choose.quick(dream)
    assert again == better
    assert choose.better(dream, "auto", again) is None
    assert len(machine.asked) == 2


def test_what_is_installed_later_is_tried_then(dream, machine):
    choose.better(dream, "auto", choose.quick(dream))
    machine["webgpu"] = ways("webgpu", 2.0)
    assert choose.better(dream, "auto", choose.quick(dream)).providers["decode"] == "webgpu"
    assert machine.asked == ["webgpu"]


def test_fewer_threads_and_full_precision_win_where_they_are_as_good(dream, machine):
    decodes = [RunSettings("cpu", threads=n, ms=ms, cpu_ms=20.0) for n, ms in ((1, 40.0), (2, 21.0), (4, 20.0))]
    machine["cpu"] = [("decode", part) for part in decodes]
    choose.better(dream, "auto", choose.quick(dream))
    assert choose.quick(dream).settings["decode"].threads == 2
    machine["webgpu"] = [*ways("webgpu", 2.1), ("decode", RunSettings("webgpu", half=True, ms=2.0, cpu_ms=20.0))]
    assert not choose.better(dream, "auto", choose.quick(dream)).settings["decode"].half


def test_a_provider_that_draws_wrongly_or_crashes_is_not_taken_and_says_why(dream, machine):
    machine["webgpu"] = "decode: pictures are 31.0 grey levels off those of the CPU"
    choose.better(dream, "auto", choose.quick(dream))
    choice = choose.quick(dream)
    assert choice.providers["decode"] == "cpu"
    assert "31.0 grey levels" in choice.why["webgpu"]
    assert machine.asked == ["webgpu"]


def test_one_that_failed_in_a_show_gives_way_to_the_next_unless_it_is_named(dream, machine):
    machine["webgpu"], machine["openvino"] = ways("webgpu", 2.0), ways("openvino", 9.0)
    choose.better(dream, "auto", choose.quick(dream))
    choose.forget(dream, "webgpu", "device\nlost")
    choice = choose.quick(dream)
    assert choice.providers["decode"] == "openvino"
    assert choice.why["webgpu"] == "failed in a show: device lost"
    assert choose.quick(dream, "webgpu").providers["decode"] == "webgpu"


def test_a_device_that_is_named_is_tried_at_once(dream, machine):
    machine["webgpu"] = ways("webgpu", 90.0, step=90.0)
    assert choose.quick(dream, "webgpu").providers == {"step": "webgpu", "decode": "webgpu"}
    assert machine.asked == ["webgpu"]
    assert choose.quick(dream, "cpu").providers == {"step": "cpu", "decode": "cpu"}


@pytest.mark.parametrize(
    ("device", "says"),
    [("cuda", "not installed: …"), ("webgpu", "crashed"), ("tpu", "should be one of auto, ")],
)
def test_a_device_that_is_named_and_does_not_run_is_one_line(dream, machine, device, says):
    machine["webgpu"] = "crashed (exit code -11): without a word"
    with pytest.raises(UserError, match=f"--device {device}: .*{says}"):
        choose.quick(dream, device)


def test_a_spoilt_memory_is_no_memory(dream, machine):
    choose.better(dream, "auto", choose.quick(dream))
    (kept,) = choose.paths.cache_folder("choices").glob("*.json")
    for spoilt in (
        b"",
        b"{",
        b"[]",
        b'{"tried": {"cpu": 1}}',
        b'{"tried": {"cpu": {"parts": [["decode", {"x": 1}]]}}}',
    ):
        kept.write_bytes(spoilt)
        assert choose.quick(dream).settings["decode"] == machine["cpu"][1][1]


def test_without_a_place_to_remember_it_still_chooses(dream, machine, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    machine["webgpu"] = ways("webgpu", 2.0)
    assert choose.better(dream, "auto", choose.quick(dream)).providers["decode"] == "webgpu"


def test_a_notice_is_for_what_the_user_can_mend_and_the_rest_is_for_those_who_ask(dream, machine, monkeypatch):
    why = {
        "engine-rtx": "no CUDA card answers: CUDA driver version is insufficient",
        "cuda": "slower here: 120% of the processor's time, cpu 100%",
        "webgpu": "no adapter",
        "openvino": choose.UNTRIED,
    }
    choice = choose.Choice({}, why, dream.path, dream.sha256)
    monkeypatch.setattr(providers, "missing", lambda provider: "")
    monkeypatch.setattr(choose.machine, "has_nvidia", lambda: False)
    assert choose.notices(choice) == []
    assert len(choose.notices(choice, every=True)) == 3  # all but the one that was not tried
    monkeypatch.setattr(choose.machine, "has_nvidia", lambda: True)
    assert choose.notices(choice) == [f"not on engine-rtx: {why['engine-rtx']}"]
    failed = choose.Choice({}, {"webgpu": "failed in a show: device lost"}, dream.path, dream.sha256)
    assert choose.notices(failed) == ["not on webgpu: failed in a show: device lost"]
