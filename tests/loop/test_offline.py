"""`livedream render` draws every frame, and the same frames every time."""

import subprocess
import sys

import av
import numpy as np
import pytest

from livedream import UserError
from livedream.dream import read
from livedream.loop import offline
from tests import dreams


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return dreams.tiny(tmp_path_factory.mktemp("dream") / "tiny.onnx")


def render(*arguments):
    command = [sys.executable, "-m", "livedream", "render", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=110)


def decoded(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="yuv420p") for frame in container.decode(video=0)]


def test_ten_seconds_twice_are_300_identical_frames_and_nothing_is_overwritten(path, tmp_path):
    out = tmp_path / "out.mp4"
    for expected in (out, tmp_path / "out-2.mp4"):
        done = render(path, "-o", out, "--seconds", 10, "--fps", 30, "--seed", 7)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"{expected}\n", "")
    first, second = decoded(out), decoded(tmp_path / "out-2.mp4")
    assert len(first) == len(second) == 300
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not np.array_equal(first[0], first[100])


def test_frames_are_those_of_the_dream(path):
    dream = read.load(path)
    frames = list(offline.frames(dream, 26, 30.0, seed=7))
    assert [frame.number for frame in frames] == list(range(26))
    assert all(frame.fresh for frame in frames)
    assert np.array_equal(frames[0].pixels, dreams.picture(dreams.first())[0])
    again = list(offline.frames(dream, 26, 30.0, seed=7))
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(frames, again, strict=True))
    other = list(offline.frames(dream, 26, 30.0, seed=8))
    assert not np.array_equal(frames[25].pixels, other[25].pixels)


def test_size_rate_and_length_are_as_asked(path, tmp_path):
    parts = []
    out = offline.render(read.load(path), tmp_path / "a.mkv", 1.5, 10.0, (96, 64), progress=parts.append)
    with av.open(str(out)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.average_rate) == (96, 64, 10)
        assert sum(1 for _ in container.decode(stream)) == 15
    assert parts[-1] == 1.0
    assert parts == sorted(parts)


@pytest.mark.parametrize("name", ["out.avi", "out", "window"])
def test_what_is_no_recording_is_refused_and_nothing_is_made(path, tmp_path, name):
    with pytest.raises(UserError, match=r"ends in \.mp4, \.mov, \.mkv or"):
        offline.render(read.load(path), tmp_path / name, 1.0)
    assert list(tmp_path.iterdir()) == []
