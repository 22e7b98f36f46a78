"""A nearly full disk gives a warning, and a full one ends a recording properly. The disk's size is faked here."""

import errno
import shutil
from collections import namedtuple

import av
import pytest

from livedream import UserError
from livedream.output.files import disk
from livedream.output.files.container import Container
from livedream.output.files.sequence import Sequence
from livedream.output.kinds import parse
from livedream.system import disk_space
from tests.waiting import until

Usage = namedtuple("Usage", "total used free")
GB = 1_000_000_000


@pytest.fixture
def room(monkeypatch):
    """room(free): that many bytes are left from now on; every check looks at the disk."""
    monkeypatch.setattr(disk, "EVERY", 0.0)

    def leave(free, total=100 * GB):
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(total, total - free, int(free)))

    leave(50 * GB)
    return leave


def test_less_than_2_gb_is_said(tmp_path, frame, room, caplog):
    output = parse(str(tmp_path / "a.mp4"))
    output.open(320, 180, 30)
    output.write(frame(0))
    assert output.note == "recording a.mp4 (0:00)"
    room(1.4 * GB)
    for number in range(1, 60):
        output.write(frame(number))
    assert output.note.startswith("recording a.mp4 (0:02), 1.4 GB of disk left, ")
    assert output.note.endswith(("minutes", "seconds"))
    output.close()
    assert sum("of disk left" in each.message for each in caplog.records) == 1


def test_the_time_left_is_that_of_the_present_rate(monkeypatch, room, tmp_path):
    clock, written = iter([0.0, 10.0, 20.0]), iter([0, 10_000_000, 20_000_000])  # 1 MB a second
    monkeypatch.setattr(disk.time, "monotonic", lambda: next(clock))
    watched = disk.DiskSpace(tmp_path, "a", lambda: next(written))
    assert watched.check() == ""
    room(1.3 * GB)
    assert watched.check() == "1.3 GB of disk left, 20 minutes"
    room(160e6)
    assert watched.check() == "160 MB of disk left, 60 seconds"


def test_a_full_disk_ends_the_recording_whole(tmp_path, frame, room):
    output = parse(str(tmp_path / "a.mp4"))
    output.start(320, 180, 30)
    for number in range(10):
        output.show(frame(number))
        until(lambda number=number: output.sent > number)
    room(99e6)
    output.show(frame(10))
    until(lambda: output.ended)
    assert output.state == "failed"
    assert "the disk is full (99 MB left)" in output.error
    with av.open(str(output.path)) as file:
        assert sum(1 for _ in file.decode(video=0)) == 10
        assert file.streams.video[0].frames == 10  # a plain mp4 with its index, unlike after a kill
    output.stop()


def test_no_recording_begins_on_a_full_disk(tmp_path, room):
    room(50e6)
    with pytest.raises(UserError, match="disk is full"):
        parse(str(tmp_path / "a.mp4")).open(320, 180, 30)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("total", [0, 100 * GB])
def test_a_disk_that_tells_no_free_space_is_written(tmp_path, frame, room, total):
    """Some network mounts say 0 of 0 blocks, and some say that none is free and take what is written."""
    room(0, total)
    output = parse(str(tmp_path / "a.mp4"))
    output.open(320, 180, 30)
    for number in range(5):
        output.write(frame(number))
    output.close()
    with av.open(str(output.path)) as file:
        assert sum(1 for _ in file.decode(video=0)) == 5


def test_a_disk_without_free_space_that_takes_nothing_is_full(tmp_path, room, monkeypatch):
    def full(*arguments, **more):
        raise OSError(errno.ENOSPC, "No space left on device")

    room(0)
    monkeypatch.setattr(disk_space.tempfile, "TemporaryFile", full)
    with pytest.raises(UserError, match="disk is full"):
        parse(str(tmp_path / "a.mp4")).open(320, 180, 30)


@pytest.mark.parametrize("kind", ["a.mp4", "a-%06d.png"])
def test_a_write_without_room_ends_the_recording(tmp_path, frame, room, monkeypatch, kind):
    room(0, 0)
    output = parse(str(tmp_path / kind))
    writer = Container if kind == "a.mp4" else Sequence
    put = writer.put

    def filling(self, pixels, pts):
        if pts == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        put(self, pixels, pts)

    monkeypatch.setattr(writer, "put", filling)
    output.start(320, 180, 30)
    for number in range(4):
        output.show(frame(number))
        until(lambda number=number: output.sent > number or output.ended)
    until(lambda: output.ended)
    assert (output.state, output.sent) == ("failed", 3)
    assert "the disk is full: the recording was ended; free space in" in output.error
    output.stop()
    assert not list(tmp_path.glob("a-2*"))
