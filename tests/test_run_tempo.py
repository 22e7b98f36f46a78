"""The tempo in a real show: changes wait for the beat, taps count from their arrival, consoles and /status show it."""

import json
import socket
import time

import numpy as np
import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.udp_client import SimpleUDPClient

from tests import dreams
from tests.show import Show

FPS = 20


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return dreams.tiny(tmp_path_factory.mktemp("dream") / "tiny.onnx")


def frames_of(path):
    return [each for each in map(json.loads, path.read_text("utf-8").splitlines()[1:]) if "frame" in each]


def first_of(frame, every, drawn):
    """Whether a frame is the first drawn since the last multiple of `every`. A busy machine leaves some frames out."""
    return max(each for each in drawn if each < frame) < frame // every * every


def test_scenes_and_reseed_come_on_the_first_frame_of_a_beat_or_bar(model, tmp_path):
    path, second = tmp_path / "set.show", dreams.picture(-dreams.first())[0]
    with Show(model, "--fps", str(FPS), "--size", "64x32", "--record", str(path)) as show:
        client = SimpleUDPClient("127.0.0.1", show.osc_port)
        frames = show.frames(5)
        client.send_message("/livedream/player/freeze", 1)
        for grid, scene in (("beat", 1), ("beat", 0), ("bar", 1)):
            client.send_message("/livedream/tempo/quantize", grid)
            frames += show.frames(3)
            client.send_message("/livedream/dream/scene_jump", scene)
            client.send_message("/livedream/player/reseed", 1)
            client.send_message("/livedream/player/reseed", 0)
            frames += show.frames(10 + 3 if grid == "beat" else 40 + 3)
    assert (show.code, show.errors) == (0, "")
    lines = frames_of(path)
    fired = {each["frame"]: each.get("fired", ()) for each in lines}
    jumps = [frame for frame, what in fired.items() if "dream/scene_jump" in what]
    assert len(jumps) == 3
    for jump, every in zip(jumps, (10, 10, 40), strict=True):  # frames from one beat, or bar, to the next at 120 bpm
        assert first_of(jump, every, fired)
        assert "player/reseed" in fired[jump]
    shown = [number for number, _, pixels in frames if np.array_equal(pixels, second)]
    assert any(number < jumps[1] for number in shown)
    assert not any(number < jumps[0] or jumps[1] + 5 < number < jumps[2] for number in shown)


def test_another_dream_is_made_ready_at_once_and_comes_in_on_the_bar(model, tmp_path):
    path = tmp_path / "set.show"
    dreams.tiny(tmp_path / "other.onnx", title="Other")
    given = ["--fps", str(FPS), "--size", "64x32", "--dreams", str(tmp_path), "--record", str(path)]
    with Show(model, *given) as show:
        show.frame()
        SimpleUDPClient("127.0.0.1", show.osc_port).send_message("/livedream/tempo/quantize", "bar")
        show.frames(3)
        SimpleUDPClient("127.0.0.1", show.osc_port).send_message("/livedream/dream/load", "other")
        end = time.monotonic() + 60
        while show.status()["decks"][0]["dream"] != "Other":
            assert time.monotonic() < end
        show.frames(3)
    assert (show.code, show.errors) == (0, "")
    lines = frames_of(path)
    came = next(each["frame"] for each in lines if "dreams" in each)
    asked = next(each["frame"] for each in lines if "dream/load" in each.get("fired", ()))
    assert asked < came
    assert first_of(came, 40, [each["frame"] for each in lines])


def test_taps_count_when_they_come_and_consoles_are_sent_the_beat(model):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as console:
        console.bind(("127.0.0.1", 0))
        console.settimeout(20)
        at = f"127.0.0.1:{console.getsockname()[1]}"
        with Show(model, "--fps", "5", "--size", "64x32", "--osc-out", at) as show:
            show.frame()
            client, taps = SimpleUDPClient("127.0.0.1", show.osc_port), []
            for _ in range(8):  # frames are 0.2 s apart: by them it would be 300 bpm, or 150
                client.send_message("/livedream/tempo/tap", 1)
                taps.append(time.perf_counter())
                client.send_message("/livedream/tempo/tap", 0)
                time.sleep(0.26)
            end = time.monotonic() + 30
            while (tempo := show.status()["tempo"])["bpm"] == 120 or tempo["bpm"] != show.value("tempo/bpm"):
                assert time.monotonic() < end
            assert tempo["bpm"] == pytest.approx(60 / np.mean(np.diff(taps)), rel=0.1)
            assert (tempo["source"], tempo["peers"], tempo["error"]) == ("internal", 0, None)
            beats, sent, bpm = set(), None, show.value("tempo/bpm")
            while sent != pytest.approx(bpm) or not {0.0, 1.0, 2.0, 3.0} <= beats:
                message = OscMessage(console.recv(65536))
                if message.address == "/livedream/status/bpm":
                    sent = message.params[0]
                elif message.address == "/livedream/status/beat":
                    assert 0 <= message.params[0] < 4
                    beats.add(message.params[0])
    assert show.code == 0
