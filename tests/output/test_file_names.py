"""A file is opened as a file, whatever it is called."""

import av
import numpy as np
import pytest

from livedream import UserError
from livedream.input.sound.sound_file import SoundFile
from livedream.loop.offline import recording
from livedream.output.kinds import parse

NAMES = ("20:15", "2024-11-14T22:57:44+02:00", "concat:x", "file:y", "pipe:1", "http:z", "C:x", "a|b", "-dash", "100%d")


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
@pytest.mark.parametrize("name", NAMES)
def test_a_recording_has_the_name_that_was_asked_for(tmp_path, monkeypatch, frame, name, suffix):
    monkeypatch.chdir(tmp_path)
    output = parse(f"{name}{suffix}")
    assert (output.kind, output.name) == ("file", f"{name}{suffix}")
    output.open(320, 180, 30)
    for number in range(3):
        output.write(frame(number))
    output.close()
    assert [each.name for each in tmp_path.iterdir()] == [f"{name}{suffix}"]
    with av.open(f"file:{name}{suffix}") as file:
        assert sum(1 for _ in file.decode(video=0)) == 3


@pytest.mark.parametrize("name", ["20:15", "concat:x", "pipe:1"])
def test_so_has_a_sequence(tmp_path, monkeypatch, frame, name):
    monkeypatch.chdir(tmp_path)
    output = parse(f"{name}-%06d.png")
    output.open(64, 36, 30)
    output.write(frame(0))
    output.close()
    assert [each.name for each in tmp_path.iterdir()] == [f"{name}-000000.png"]


@pytest.mark.parametrize("name", ["ndi:1.mp4", "window:2.mov", "camera:a.mkv", "20:15.mp4"])
def test_what_render_writes_is_a_file(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert recording(name).kind == "file"


def test_what_render_writes_is_no_stream():
    with pytest.raises(UserError, match="a recording ends in"):
        recording("rtmp://host/app/key.mp4")


@pytest.mark.parametrize(
    "text", ["listen-rtmp://127.0.0.1:1935/live.mp4", "whip:https://host/a.mp4", "rtmp://h/a/k.png"]
)
def test_an_address_is_no_file(text):
    assert parse(text).kind != "file"


def test_names_from_the_network_may_have_colons_and_no_folders(tmp_path):
    assert parse("20:15.mp4", tmp_path).options.sink == str(tmp_path / "20:15.mp4")
    for bad in ("C:x.mp4", "../a.mp4", "a\\b.mp4"):
        with pytest.raises(UserError, match="without a folder"):
            parse(bad, tmp_path)


@pytest.mark.parametrize("name", ["20:15.wav", "concat:x.wav", "pipe:1.wav", "100%d.wav"])
def test_sound_is_read_from_a_file(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with av.open(f"file:{name}", "w", format="wav") as file:
        stream = file.add_stream("pcm_s16le", rate=48000, layout="stereo")
        sound = av.AudioFrame.from_ndarray(np.full((1, 9600), 8000, np.int16), "s16", "stereo")
        sound.sample_rate = 48000
        file.mux(stream.encode(sound))
    found = []
    from pathlib import Path

    sound_file = SoundFile(Path(name), found.append, wait=True)
    sound_file.start()
    sound_file.move(0.05)
    sound_file.stop()
    assert abs(float(np.concatenate(found, axis=1).mean()) - 8000 / 32768) < 1e-3
