"""A nearly full disk gives a warning, and a full one ends a recording properly. The disk's size is faked here."""

from collections import namedtuple

import av
import pytest

from livedream import UserError
from livedream.output.files import disk
from livedream.output.kinds import parse
from tests.waiting import until

Usage = namedtuple("Usage", "total used free")
GB = 1_000_000_000


@pytest.fixture
def room(monkeypatch):
    """room(free): that many bytes are left from now on; every check looks at the disk."""
    monkeypatch.setattr(disk, "EVERY", 0.0)

    def leave(free):
        monkeypatch.setattr(disk.shutil, "disk_usage", lambda folder: Usage(100 * GB, 100 * GB - free, int(free)))

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
