"""A real OBS shows livedream's frames: unchanged and in order."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

INSIDE = Path(__file__).with_name("inside.py")


def missing() -> str:
    """The missing requirements of a real OBS, or ""."""
    programs = [each for each in ("obs", "Xvfb", "unshare", "ip", "ffmpeg") if shutil.which(each) is None]
    if programs:
        return f"needs {', '.join(programs)} (apt: obs-studio obs-plugins xvfb util-linux iproute2 ffmpeg)"
    if subprocess.run(["unshare", "-n", "-p", "--fork", "--mount-proc", "true"], capture_output=True).returncode:
        return "needs root, for a network of its own: obs-websocket listens on all addresses"
    return ""


def inside(tmp_path, *arguments):
    command = [sys.executable, str(INSIDE), *arguments, "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module", autouse=True)
def obs():
    if reason := missing():
        pytest.skip(reason)


@pytest.mark.parametrize("way", ["listen-rtmp", "srt"])
def test_obs_shows_our_frames_in_order(tmp_path, way):
    told = inside(tmp_path, "order", way)
    shots, recorded = told["shots"], told["recorded"]
    assert shots == sorted(shots)
    assert len(set(shots)) >= 5  # it moves
    assert None not in recorded  # every picture that OBS recorded is a complete one of ours
    assert recorded == sorted(recorded)
    assert len(set(recorded)) >= 12
    assert recorded[0] >= shots[-1]


def test_colour_bars_come_back_from_obs_and_a_recording_as_the_window_shows_them(tmp_path):
    told = inside(tmp_path, "colours", "listen-rtmp")
    assert told["window_off"] == 0
    for back in (told["off"], told["others_off"]):
        assert back["OBS"] <= 3
        assert back["recording"] <= 3
