"""The virtual camera, with a fake device: test machines' kernels have no v4l2loopback."""

import sys
import threading

import numpy as np
import pytest

from livedream import UserError
from livedream.output.kinds import parse
from livedream.picture.frame import Frame
from tests.waiting import until

pyvirtualcam = pytest.importorskip("pyvirtualcam")


class Pretended:
    """A backend of pyvirtualcam that keeps the pictures. absent: whether there is no device."""

    made: list = []  # noqa: RUF012
    absent = False

    def __init__(self, *, width, height, fps, fourcc, device, **_):
        if Pretended.absent:
            raise RuntimeError("No v4l2 loopback device found.")
        self.width, self.height, self.fps, self.fourcc, self.asked = width, height, fps, fourcc, device
        self.pictures, self.closed, self.fails = [], False, 0
        Pretended.made.append(self)

    def send(self, picture):
        assert not self.closed
        if self.fails:
            self.fails -= 1
            raise OSError("the device was unplugged")
        self.pictures.append(picture.reshape(self.height, self.width, 3).copy())

    def close(self):
        self.closed = True

    def device(self):
        return self.asked or "/dev/video9"

    def native_fourcc(self):
        return None


@pytest.fixture(autouse=True)
def pretended(monkeypatch):
    from pyvirtualcam import camera

    monkeypatch.setattr(camera, "BACKENDS", {"pretended": Pretended})
    monkeypatch.setattr(Pretended, "made", [])
    monkeypatch.setattr(Pretended, "absent", False)


def plain(number, width, height, alpha=255):
    return Frame(np.full((height, width, 4), (200, 100, 50, alpha), np.uint8), number)


def test_pretended_camera_gets_rgb_in_its_own_size_whatever_comes(frame):
    output = parse("camera")
    output.start(320, 180, 30)
    shown = frame(0)
    output.show(shown)
    until(lambda: output.sent == 1)
    camera = Pretended.made[0]
    assert (camera.width, camera.height, camera.fps, camera.asked) == (320, 180, 30, None)
    assert np.array_equal(camera.pictures[0], shown.pixels[..., :3])
    assert output.note == "/dev/video9, 320x180"
    output.show(plain(1, 160, 180))  # another dream, not as wide: bars left and right
    until(lambda: output.sent == 2)
    assert np.abs(camera.pictures[1][90, 160].astype(int) - (200, 100, 50)).max() <= 2
    assert not camera.pictures[1][:, :70].any()
    output.show(plain(2, 320, 180, alpha=51))  # a camera has no alpha: what would be seen on black
    until(lambda: output.sent == 3)
    assert (camera.pictures[2] == (40, 20, 10)).all()
    output.stop()
    assert camera.closed
    assert output.note is None


def test_pretended_camera_by_name_size_and_rate(frame):
    output = parse("camera:/dev/video3#size=641x480&fps=15")
    output.start(320, 180, 30)
    output.show(frame(0))
    until(lambda: output.sent == 1)
    camera = Pretended.made[0]
    assert (camera.width, camera.height, camera.fps, camera.asked) == (640, 480, 15, "/dev/video3")
    output.stop()


def test_pretended_camera_unplugged_in_mid_show_is_opened_again(frame):
    output = parse("camera")
    output.retry_waits = (0.01, 0.02)
    output.start(320, 180, 30)
    output.show(frame(0))
    until(lambda: output.sent == 1)
    Pretended.made[0].fails = 1
    output.show(frame(1))
    until(lambda: len(Pretended.made) == 2)
    assert Pretended.made[0].closed
    output.show(frame(2))
    until(lambda: output.state == "up" and len(Pretended.made[1].pictures) > 0)
    output.stop()


def test_no_device_is_said_with_the_fix_and_taken_when_it_comes(frame, monkeypatch):
    monkeypatch.setattr(Pretended, "absent", True)
    output = parse("camera")
    output.retry_waits = (0.01, 0.02)
    output.start(320, 180, 30)
    until(lambda: output.state == "retrying")
    assert "No v4l2 loopback device found" in output.error
    assert "\n" not in output.error
    fix = "sudo modprobe v4l2loopback devices=1 exclusive_caps=1" if sys.platform == "linux" else "OBS Studio"
    assert fix in output.error
    monkeypatch.setattr(Pretended, "absent", False)
    output.show(frame(0))
    until(lambda: output.state == "up")
    assert output.error is None
    output.stop()


def test_pretended_camera_added_and_removed_fifty_times(frame):
    before = threading.active_count()
    for _ in range(50):
        output = parse("camera")
        output.start(320, 180, 30)
        output.show(frame(0))
        until(lambda output=output: output.sent == 1)
        output.stop()
        assert output.ended
    assert threading.active_count() == before
    assert all(each.closed for each in Pretended.made)


def test_absent_library_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(UserError, match=r"pip install 'livedream\[camera\]'"):
        parse("camera")
