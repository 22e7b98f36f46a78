"""The sound of a stream: captured from a real PulseAudio, in time with the pictures, which go on without it."""

import importlib.util
import threading
import time

import av
import numpy as np
import pytest

from livedream.output.kinds import parse
from livedream.picture.frame import Frame
from tests.output.streaming import free_port
from tests.pulse import needs_pulse, pulse  # noqa: F401
from tests.waiting import until

RATE = 48000


@pytest.fixture
def flashes(pulse):  # noqa: F811
    """flashes(output): a white frame and a click together once a second, black and silence between."""
    done, threads = threading.Event(), []
    size = (96, 160, 4)
    black, white = np.full(size, (0, 0, 0, 255), np.uint8), np.full(size, 255, np.uint8)

    def run(output, player):
        number, began = 0, time.monotonic()
        while not done.wait(max(0, began + number / 30 - time.monotonic())):
            now = number % 30 == 0
            output.show(Frame(white if now else black, number))
            if now and player.poll() is None:
                player.stdin.write(b".")
                player.stdin.flush()
            number += 1
        player.communicate()

    def begin(output):
        player = pulse.player()
        output.start(160, 96, 30)
        threads.append(threading.Thread(target=run, args=(output, player), daemon=True))
        threads[-1].start()

    yield begin
    done.set()
    for thread in threads:
        thread.join()


def seen_and_heard(url, seconds):
    """The times of white frames and of clicks in a stream, in seconds of the stream's clock."""
    flashes, clicks, first = [], [], None
    with av.open(url, timeout=10, options={"probesize": "200000", "analyzeduration": "500000"}) as container:
        for frame in container.decode(video=0, audio=0):
            first = frame.time if first is None else first
            if isinstance(frame, av.VideoFrame):
                if frame.to_ndarray(format="gray").mean() > 128:
                    flashes.append(frame.time)
            else:
                loud = np.flatnonzero(np.abs(frame.to_ndarray()[0]) > 0.2)
                if len(loud) and (not clicks or frame.time - clicks[-1] > 0.3):
                    clicks.append(frame.time + loud[0] / frame.sample_rate)
            if frame.time - first > seconds:
                return np.array(flashes), np.array(clicks)


@needs_pulse
def test_flash_and_click_arrive_together(flashes):
    where = f"127.0.0.1:{free_port()}/live"
    output = parse(f"listen-rtmp://{where}#audio=default")
    flashes(output)
    until(lambda: output.note and "waiting" in output.note)
    seen, heard = seen_and_heard(f"rtmp://{where}", 6)
    output.stop()
    assert len(seen) >= 4
    assert len(heard) >= 4
    apart = [float(heard[np.abs(heard - flash).argmin()] - flash) for flash in seen[1:-1]]
    print("sound after picture, ms:", [round(each * 1e3) for each in apart])
    assert np.abs(apart).min() < 0.1  # a busy machine makes what plays the clicks late, never early


@needs_pulse
def test_pictures_go_on_when_the_sound_goes(flashes, pulse):  # noqa: F811
    where = f"127.0.0.1:{free_port()}/live"
    output = parse(f"listen-rtmp://{where}#audio=default")
    flashes(output)
    until(lambda: output.note and "waiting" in output.note)
    with av.open(f"rtmp://{where}", timeout=10, options={"probesize": "200000", "analyzeduration": "500000"}) as player:
        frames = player.decode(video=0, audio=0)
        until(lambda: isinstance(next(frames), av.AudioFrame))
        pulse.kill()
        until(lambda: next(frames) and "without sound" in output.note)
        last = max(next(frames).time for _ in range(60))
        until(lambda: next(frames).time > last + 1)
        assert output.state == "up"
        pulse.start()
        until(lambda: next(frames) and "without sound" not in output.note)
    output.stop()


def test_sound_without_its_library_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *_: None)
    output = parse("udp://127.0.0.1:9#audio=default")
    output.start(160, 96, 30)
    until(lambda: output.ended)
    assert output.state == "failed"
    assert 'pip install "livedream[audio]"' in output.error
