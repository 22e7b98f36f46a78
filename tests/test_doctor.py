"""doctor: what it finds is tried for real, and it never fails itself."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from livedream import doctor
from livedream.backend import choose
from livedream.backend.run_settings import RunSettings
from livedream.control import osc_address
from livedream.doctor import files, inference, inputs, ports, power, probe, programs, screen
from livedream.system import battery
from livedream.web import server
from tests.session_bus import DBUS, Desktop

WAIT = 110  # seconds; on a quiet machine doctor takes two


def run(*arguments, **environment):
    """`livedream doctor` as a person runs it; a variable set to None is taken away."""
    made = os.environ | {name: value for name, value in environment.items() if value is not None}
    for name in environment.keys() - {name for name, value in environment.items() if value is not None}:
        made.pop(name, None)
    command = [sys.executable, "-m", "livedream", "doctor", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=WAIT, env=made)


@pytest.fixture(scope="module")
def without_display():
    return run("--json", DISPLAY=None, WAYLAND_DISPLAY=None)


def test_without_a_display_all_is_told_and_nothing_is_traced(without_display):
    assert without_display.returncode == 0
    assert without_display.stderr == ""
    report = json.loads(without_display.stdout)
    found = {each["name"]: each for each in report["findings"]}
    assert {"livedream", "python", "processor", "onnxruntime", "cpu", "window", "opengl"} <= set(found)
    assert {"libx264", "9000/udp", "8808/tcp", "torch", "dreams", "cache", "sleep", "ndi", "srt"} <= set(found)
    assert found["cpu"]["ok"] is True
    assert "runs a model" in found["cpu"]["says"]
    assert found["libx264"]["ok"] is True
    assert found["display"]["ok"] is found["window"]["ok"] is False
    assert found["window"]["mend"]
    assert not any("could not be checked" in each["says"] for each in report["findings"])


def test_lines_are_aligned_and_each_fault_has_its_mend(without_display):
    findings = [doctor.Finding(**each) for each in json.loads(without_display.stdout)["findings"]]
    lines = doctor.text(findings).splitlines()
    shown = [line for line in lines if line.startswith(("  ok", "  no", "  --"))]
    assert len(shown) == len(findings)
    column = 6 + max(len(each.name) for each in findings) + 2
    assert all(line[column - 1] == " " and line[column] != " " for line in shown)
    assert all(any(each.mend in line for line in lines) for each in findings)


def test_a_display_that_does_not_answer_is_a_finding():
    done = run("--json", DISPLAY=":7777", WAYLAND_DISPLAY=None)
    assert (done.returncode, done.stderr) == (0, "")
    found = {each["name"]: each for each in json.loads(done.stdout)["findings"]}
    assert found["display"]["ok"] is None
    assert found["window"]["ok"] is found["opengl"]["ok"] is False
    assert "is there a screen at DISPLAY=:7777?" in found["opengl"]["mend"]


def test_providers_are_tried_and_what_is_not_there_is_told_with_what_brings_it(monkeypatch):
    assert probe.answer(probe.start("provider", "cpu"), WAIT) == {"ran": ""}
    missing = probe.answer(probe.start("provider", "directml"), WAIT)
    assert missing["missing"]
    answers = {
        "cpu": {"ran": ""},
        "webgpu": {"missing": "not installed: …"},
        "openvino": {"ran": "it does not want to"},
    }
    found = {each.name: each for each in inference.providers(answers)}
    assert found["cpu"].ok is True
    assert "rainbow.onnx: step" in found["cpu"].says
    assert found["webgpu"].ok is None
    assert "livedream[webgpu]" in found["webgpu"].mend
    assert found["openvino"].says == "installed, but does not run: it does not want to"


def test_an_nvidia_card_that_nothing_uses_is_a_fault(monkeypatch):
    answers = {"rtx": {"missing": "not installed: …"}}
    monkeypatch.setattr(inference.machine, "graphics", lambda: ["NVIDIA GeForce RTX 4090"])
    monkeypatch.setattr(inference.sys, "platform", "linux")
    (found,) = inference.providers(answers)
    assert found.ok is False
    assert "livedream[rtx]" in found.mend


def test_what_was_measured_is_told_of_the_provider_that_plays(monkeypatch):
    parts = {"step": RunSettings(ms=0.9), "decode": RunSettings("openvino", half=True, ms=11.74)}
    choice = choose.Choice(parts, {"webgpu": "slower here: decode 20.0 ms, openvino 11.7 ms"}, Path(), "")
    monkeypatch.setattr(choose, "quick", lambda dream: choice)
    says = {
        each.name: each.says for each in inference.providers({n: {"ran": ""} for n in ("cpu", "openvino", "webgpu")})
    }
    assert says["cpu"] == "runs a model; rainbow.onnx: step 0.9 ms"
    assert says["openvino"] == "runs a model; rainbow.onnx: decode 11.7 ms in half precision"
    assert says["webgpu"] == "runs a model; rainbow.onnx: slower here: decode 20.0 ms, openvino 11.7 ms"


def test_a_taken_port_is_said_and_the_next_free_one_named(monkeypatch):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.create_server(("127.0.0.1", 0)) as tcp:
        udp.bind(("127.0.0.1", 0))
        taken = udp.getsockname()[1], tcp.getsockname()[1]
        monkeypatch.setattr(osc_address, "PORT", taken[0])
        monkeypatch.setattr(server, "PORT", taken[1])
        found = ports.ports()
        assert [each.name for each in found] == [f"{taken[0]}/udp", f"{taken[1]}/tcp"]
        for each in found:
            assert each.ok is False
            assert "taken" in each.says
            assert "127.0.0.1:PORT" in each.mend
    assert [each.ok for each in ports.ports()] == [True, True]


def test_two_wheels_of_onnx_runtime_in_one_place_are_found(tmp_path, monkeypatch):
    (about := tmp_path / "onnxruntime_gpu-1.31.1.dist-info").mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: onnxruntime-gpu\nVersion: 1.31.1\n")
    assert inference.wheels()[0].ok is True
    monkeypatch.syspath_prepend(tmp_path)
    (found,) = inference.wheels()
    assert found.ok is False
    assert "onnxruntime-gpu 1.31.1" in found.says
    assert found.mend.startswith("keep one: pip uninstall -y onnxruntime onnxruntime-gpu")


def test_an_encoder_that_is_not_built_in_is_told_with_its_mend():
    tried = probe.encoders(("libx264", "no_such_encoder"))
    assert tried == {"libx264": "", "no_such_encoder": None}
    found = {each.name: each for each in programs.encoders({"libx264": None, "h264_nvenc": "not permitted"})}
    assert found["libx264"].ok is False
    assert found["libx264"].mend
    assert found["h264_nvenc"].ok is None


@pytest.mark.parametrize("broken", ["print('nonsense')", "import os; os.abort()", "raise OSError('ill')"])
def test_a_probe_that_crashes_is_an_answer(broken):
    child = subprocess.Popen([sys.executable, "-c", broken], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "crashed" in probe.answer(child, WAIT)["problem"]


def test_a_probe_that_hangs_is_ended():
    child = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(1000)"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "no answer" in probe.answer(child, 0.2)["problem"]
    assert child.returncode is not None


def test_a_look_that_fails_is_a_finding(monkeypatch):
    monkeypatch.setattr(inference.machine, "version_of", lambda name: 1 / 0)
    (found,) = doctor.run("inference", inference.wheels)
    assert (found.topic, found.ok) == ("inference", False)
    assert "ZeroDivisionError" in found.says


def test_the_cache_is_measured(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "livedream" / "checked").mkdir(parents=True)
    (tmp_path / "livedream" / "checked" / "x").write_bytes(bytes(7_000_000))
    assert f"{tmp_path / 'livedream'}, 7 MB" in files.cached()[0].says


@pytest.mark.skipif(not DBUS, reason="needs dbus-daemon (apt)")
def test_whether_sleep_can_be_put_off_is_tried(tmp_path, monkeypatch):
    with Desktop(tmp_path, "org.freedesktop.ScreenSaver") as desktop:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", desktop.address)
        tried = probe.answer(probe.start("awake"), WAIT)
        assert desktop.asked.is_set()
        assert desktop.held() == []
    (found,) = power.sleep(tried)
    assert found.ok is True
    assert "org.freedesktop.ScreenSaver" in found.says
    assert power.sleep({"problem": "no answer in 15 s"})[0].says == "cannot be prevented: no answer in 15 s"


def test_a_laptop_on_battery_is_to_be_plugged_in(tmp_path, monkeypatch):
    monkeypatch.setattr(battery.sys, "platform", "linux")
    monkeypatch.setattr(battery, "SUPPLIES", tmp_path)
    assert power.plugged() == []
    (tmp_path / "BAT0").mkdir()
    for name, text in (("type", "Battery"), ("status", "Discharging"), ("capacity", "43")):
        (tmp_path / "BAT0" / name).write_text(f"{text}\n")
    (found,) = power.plugged()
    assert found.says == "on battery, 43 %"
    assert "plug it in" in found.mend
    (tmp_path / "BAT0" / "status").write_text("Charging\n")
    assert power.plugged()[0].says == "plugged in, 43 %"


def test_what_outputs_need_is_told_with_what_brings_it(tmp_path, monkeypatch):
    from livedream.system import ffmpeg_program

    monkeypatch.setattr(programs.machine, "version_of", {"cyndilib": "0.1.3"}.get)
    monkeypatch.setattr(programs.sys, "platform", "darwin")
    found = {each.name: each for each in programs.extras()}
    assert found.keys() == {"ndi", "omt", "camera", "syphon"}
    assert (found["ndi"].ok, found["ndi"].says) == (True, "cyndilib 0.1.3")
    assert (found["omt"].ok, found["omt"].mend) == (None, "for --out omt: pip install 'livedream[omt]'")
    (tmp_path / "ffmpeg").write_text("#!/bin/sh\necho ' rtmp'\n")  # one that has no SRT
    (tmp_path / "ffmpeg").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setattr(ffmpeg_program, "bundled", lambda: None)
    srt, whip = programs.carried()
    assert "livedream[whip]" in whip.mend
    assert (srt.ok, srt.says) == (None, "no ffmpeg with SRT")
    assert "livedream[srt]" in srt.mend


def test_monitors_are_told_by_what_one_writes_for_them():
    found = screen.monitors({"monitors": ["1920x1080 at 60 Hz, eDP-1", "1280x800, HDMI-1"]})
    assert [(each.name, each.says) for each in found] == [
        ("window:0", "1920x1080 at 60 Hz, eDP-1"),
        ("window:1", "1280x800, HDMI-1"),
    ]
    assert screen.monitors({"problem": "no OpenGL"}) == []


def test_a_disk_that_is_nearly_full_is_said(monkeypatch):
    free = {"bytes": 20e9}
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: type("Usage", (), {"free": free["bytes"], "total": 1e12}))
    assert files.room() == []
    for free["bytes"], ok in ((7.5e9, None), (1e9, False)):
        (found,) = files.room()
        assert found.ok is ok
        assert f"{free['bytes'] / 1e9:.1f} GB left in {Path.cwd()}" in found.says


def test_cameras_are_told_by_what_one_writes_for_them(monkeypatch):
    found = inputs.cameras({"cameras": [[0, "HD Webcam"], [2, "Capture Card"]], "missing": []})
    assert [(each.name, each.says) for each in found] == [("camera:0", "HD Webcam"), ("camera:2", "Capture Card")]
    assert inputs.cameras({"cameras": [], "missing": []})[0].says.startswith("none is plugged in")
    assert inputs.cameras({"cameras": [], "missing": ["camera"]})[0].ok is False
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setattr(inputs, "sys", type("Linux", (), {"platform": "linux"}))
    assert "Wayland" in inputs.screen({"cameras": [], "missing": []})[0].says
    assert probe.answer(probe.start("cameras")).keys() == {"cameras", "missing"}
