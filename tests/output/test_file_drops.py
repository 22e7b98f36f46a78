"""A recording that cannot keep pace drops frames and lists them; its time stays correct."""

import threading

import av
import pytest

from livedream.output.files import container
from livedream.output.kinds import parse
from livedream.picture.frame import Frame
from tests.waiting import until


class Slow:
    """A recording whose disk waits for `step()` before each picture is written."""

    def __init__(self, sink, monkeypatch):
        self._may = threading.Semaphore(0)
        put = container.Container.put

        def waiting(this, pixels, pts):
            self._may.acquire(timeout=20)
            put(this, pixels, pts)

        monkeypatch.setattr(container.Container, "put", waiting)
        self.output = parse(str(sink))
        self.output.start(320, 180, 30)

    def show(self, frame, *numbers, fresh=True):
        for number in numbers:
            self.output.show(Frame(frame(number).picture, number, fresh))

    def step(self, picks_up):
        """Let one picture be written. picks_up: whether another waits, which is then taken."""
        before = self.output.sent
        self._may.release()
        until(lambda: self.output.sent > before)
        if picks_up:
            self.taken()

    def taken(self):
        """Wait until the frame that was shown last is being written."""
        until(lambda: self.output.waiting is None)

    def end(self):
        self._may.release(1000)
        self.output.stop()
        with av.open(str(self.output.path)) as file:
            return [round(each.time * 30) for each in file.decode(video=0)]


@pytest.fixture
def slow(monkeypatch):
    return lambda sink: Slow(sink, monkeypatch)


def test_dropped_frames_are_marked_and_told(tmp_path, frame, slow, caplog):
    disk = slow(tmp_path / "a.mp4")
    disk.show(frame, 100)
    disk.taken()
    disk.show(frame, 101, 102, 103)
    disk.step(True)  # 100 is written, 103 taken up
    disk.show(frame, 104)
    disk.step(True)
    disk.show(frame, 105, 106)
    disk.step(True)
    disk.step(False)
    output = disk.output
    assert output.marks == [[101, 102], [105, 105]]
    assert output.first == 100
    assert output.note == "recording a.mp4 (0:00), 3 frames dropped"
    assert (output.sent, output.dropped) == (4, 3)
    assert sum("cannot keep pace" in each.message for each in caplog.records) == 1  # not once for each
    assert disk.end() == [0, 3, 4, 6]


def test_a_frame_that_repeats_another_is_not_missed(tmp_path, frame, slow):
    disk = slow(tmp_path / "a.mp4")
    disk.show(frame, 0)
    disk.taken()
    disk.show(frame, 1, fresh=False)
    disk.show(frame, 2)
    disk.show(frame, 3, fresh=False)
    disk.step(True)
    disk.step(False)
    assert disk.output.marks == [[2, 2]]
    disk.end()


def test_a_lower_rate_is_no_drop(tmp_path, frame, slow):
    disk = slow(f"{tmp_path}/a.mp4#fps=10")
    disk.show(frame, 0, 1)
    disk.taken()
    disk.show(frame, 2, 3)
    disk.step(True)
    disk.show(frame, 4, 5, 6, 7, 8, 9)  # 6 is dropped
    disk.step(True)
    disk.step(False)
    assert disk.output.marks == [[6, 8]]
    assert disk.output.path.name == "a.mp4"
    disk.end()


def test_what_a_broken_disk_took_is_marked_and_the_rest_lies_in_another_file(tmp_path, frame, monkeypatch):
    put = container.Container.put
    broken = threading.Event()

    def breaking(this, pixels, pts):
        if broken.is_set():
            raise OSError("the stick was pulled out")
        put(this, pixels, pts)

    monkeypatch.setattr(container.Container, "put", breaking)
    output = parse(str(tmp_path / "a.mp4"))
    output.retry_waits = (0.01, 0.01)
    output.start(320, 180, 30)
    output.show(frame(10))
    until(lambda: output.sent == 1)
    broken.set()
    output.show(frame(11))
    until(lambda: output.state == "retrying")
    assert "pulled out" in output.error
    output.show(frame(12))
    broken.clear()
    until(lambda: output.sent >= 2 or output.show(frame(13)))
    output.stop()
    assert output.path.name != "a.mp4"
    assert output.marks[0][0] == 11
    frames = {}
    for path in tmp_path.iterdir():
        with av.open(str(path)) as file:
            frames[path.name] = sum(1 for _ in file.decode(video=0))
    assert frames == {"a.mp4": 1, output.path.name: output.sent - 1}


def test_the_note_tells_the_time(tmp_path, frame):
    output = parse(str(tmp_path / "set.mp4"))
    output.open(320, 180, 30)
    notes = []
    for number in (0, 29, 192 * 30, 3605 * 30):
        output.write(frame(number))
        notes.append(output.note)
    output.close()
    assert notes == [f"recording set.mp4 ({each})" for each in ("0:00", "0:01", "3:12", "1:00:05")]
