"""The cache is keyed by the contents of files and the settings, and holds only complete footage."""

import json
import os
import shutil
import time

import numpy as np
import pytest
from livedream_export import cache, decode, footage

from livedream import UserError
from tests.export.footage_clips import grey, noise, write


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "livedream" / "footage"


@pytest.fixture
def clip(tmp_path):
    return write(tmp_path / "a.mp4", [noise(1)] * 30 + [noise(2)] * 30)


@pytest.fixture
def no_decoding(monkeypatch):
    def fail(clip):
        raise AssertionError("decoded again")

    return lambda: monkeypatch.setattr(decode, "pictures", fail)


def test_a_second_reading_decodes_nothing(clip, home, no_decoding):
    first = footage.read([clip], 64)
    no_decoding()
    second = footage.read([clip], 64)
    assert np.array_equal(first.frames, second.frames)
    assert isinstance(second.frames, np.memmap)
    assert not second.frames.flags.writeable
    assert (first.segments, first.fps, first.sha256) == (second.segments, second.fps, second.sha256)
    assert first.segments == ((0, 30), (30, 60))


def test_content_counts_and_not_the_name(clip, tmp_path, no_decoding):
    first = footage.read([clip], 64)
    moved = tmp_path / "other" / "b.mp4"
    moved.parent.mkdir()
    shutil.move(clip, moved)
    no_decoding()
    again = footage.read([moved], 64)
    assert again.sources[0].path == str(moved)
    assert again.sources[0].sha256 == first.sources[0].sha256


def test_other_content_size_rate_or_order_is_other_footage(clip, tmp_path, home):
    other = write(tmp_path / "b.mp4", [grey(40)] * 60)
    footage.read([clip], 64)
    footage.read([clip], 96)
    footage.read([clip], (64, 32))
    footage.read([clip], 64, fps=12.5)
    footage.read([clip, other], 64)
    footage.read([other, clip], 64)
    assert len(list(home.iterdir())) == 6
    written = write(clip, [noise(3)] * 60)
    assert abs(footage.read([written], 64).frames[0].astype(int) - noise(3)).mean() < 6


def test_what_fails_half_way_leaves_nothing(home):
    def frames():
        for k in range(30):
            yield grey(k)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.write("key", frames(), (64, 64), 25)
    assert list(home.iterdir()) == []
    assert cache.open_cached("key") is None


def test_what_a_killed_run_left_is_swept(home):
    old, young = home / "a.partial-1", home / "b.partial-2"
    for place in (old, young):
        place.mkdir(parents=True)
        (place / "frames.npy").write_bytes(b"x" * 100)
    long_ago = time.time() - 3600
    for path in (old / "frames.npy", old):
        os.utime(path, (long_ago, long_ago))
    cache.write("key", [grey(1)], (64, 64), 25)
    assert sorted(p.name for p in home.iterdir()) == ["b.partial-2", "key"], "another run may be at work on b"


def test_damage_is_seen_and_mended(clip, home):
    whole = footage.read([clip], 64)
    place = next(home.iterdir())
    frames = np.array(whole.frames)
    del whole
    data = (place / "frames.npy").read_bytes()
    (place / "frames.npy").write_bytes(data[:-1000])
    assert np.array_equal(footage.read([clip], 64).frames, frames)
    (place / "footage.json").write_text(json.dumps({"shape": []}))
    assert np.array_equal(footage.read([clip], 64).frames, frames)


def test_a_generator_can_write_and_name_its_cuts():
    about = cache.About(cuts=[4], sources=[cache.Source("drawn", "0" * 64, 0.4, "seed 1")], notes=["a note"])
    told = []
    made = cache.write(
        cache.key({"seed": 1}),
        (grey(k, 96, 32) for k in range(10)),
        (96, 32),
        30,
        lambda: about,
        10,
        lambda fraction, text: told.append(fraction),
    )
    assert made.frames[:, 0, 0, 0].tolist() == list(range(10))
    assert made.frames.shape == (10, 32, 96, 3)
    assert made.segments == ((0, 4), (4, 10))
    assert (made.sources, made.notes) == (tuple(about.sources), ("a note",))
    other = cache.write("other", (grey(k, 96, 32) for k in range(10)), (96, 32), 30)
    assert other.sha256 == made.sha256, "the same pictures have the same digest"


def test_a_full_disk_is_said_before_the_work(home):
    with pytest.raises(UserError, match=r"no room for frames.*XDG_CACHE_HOME"):
        cache.write("key", [grey(1)], (64, 64), 25, count_hint=10**12)
    assert list(home.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_disk_that_fills_up_is_said(home, monkeypatch):
    with open("/dev/full", "wb") as full:
        monkeypatch.setattr(cache, "open", lambda path, mode: full, raising=False)
        with pytest.raises(UserError, match="the disk is full"):
            cache.write("key", [grey(1)] * 100, (64, 64), 25)
    assert list(home.iterdir()) == []


def test_a_cache_that_cannot_be_made_is_said(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(UserError, match="cannot write the frame cache"):
        cache.write("key", [grey(1)], (64, 64), 25)


def test_no_frames_are_no_footage():
    with pytest.raises(UserError, match="no frames"):
        cache.write("key", [], (64, 64), 25)


def test_progress_goes_up_to_one(clip):
    told = []
    footage.read([clip], 64, progress=lambda fraction, text: told.append((fraction, text)))
    fractions = [f for f, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert all(text for _, text in told)
