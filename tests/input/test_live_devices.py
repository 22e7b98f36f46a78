"""Cameras (pretended) and screens (Xvfb) as live sources, and the process in which every source runs."""

import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from livedream import UserError
from livedream.input.live_source import open_source
from livedream.input.picture import camera, process, screen
from livedream.input.picture.process import ProcessSource
from livedream.input.picture.shot import Asked
from tests.input.live import film, shown, started
from tests.output.desktop import Server
from tests.waiting import until

# ---- cameras ----


class Pretended:
    """The far end of a pretended camera: raw pictures of one colour, 30 a second, from `plug` to `unplug`."""

    def __init__(self, path):
        self.path, self.colour = path, (20, 40, 200)
        self._server = None

    def plug(self):
        self.path.unlink(missing_ok=True)
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(self.path))
        self._server.listen(1)
        threading.Thread(target=self._run, args=(self._server,), daemon=True).start()

    def _run(self, server):
        try:
            reader, _ = server.accept()
            while self._server is server:
                reader.sendall(np.full((48, 64, 3), self.colour, np.uint8).tobytes())
                time.sleep(1 / 30)
            reader.close()
        except OSError:
            return

    def unplug(self):
        server, self._server = self._server, None
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        self.path.unlink()


def test_pretended_camera_that_is_missing_plugged_in_and_unplugged_is_held_and_comes_back(tmp_path):
    device = Pretended(tmp_path / "camera")
    asked = Asked(f"camera:{device.path}", size=(64, 48))
    source = ProcessSource("camera", "camera", "tests.input.pretended_camera", asked)
    source.start()
    until(lambda: source.state == "retrying")
    assert source.error == "No such file or directory"
    device.plug()
    first = shown(source)
    assert first.pixels[9, 9].tolist() == [20, 40, 200, 255]
    assert not first.pixels.flags.writeable
    assert source.note == "64x48, 30 fps, rawvideo"
    device.unplug()
    until(lambda: source.state == "retrying")
    number = source.received
    assert source.latest.pixels[9, 9].tolist() == [20, 40, 200, 255]
    device.colour = (200, 40, 20)
    device.plug()
    shown(source, lambda pixels: pixels[9, 9, 0] == 200)
    assert source.state == "up"
    assert source.received > number
    source.stop()
    device.unplug()


def test_pretended_cameras_are_found_by_number_by_name_and_by_a_part_of_it(monkeypatch):
    there = [camera.Camera(0, "FaceTime HD", "0"), camera.Camera(1, "Capture Card", "1")]
    monkeypatch.setattr(camera, "cameras", lambda: there)
    monkeypatch.setattr(camera, "sys", SimpleNamespace(platform="darwin"))
    assert camera.find("") == ("avfoundation", "0")
    assert camera.find("1") == ("avfoundation", "1")
    assert camera.find("capture") == ("avfoundation", "1")
    with pytest.raises(LookupError, match="there is no camera 2; there are: FaceTime HD, Capture Card"):
        camera.find("2")
    with pytest.raises(LookupError, match="did you mean Capture Card"):
        camera.find("Captrue Card")
    there.clear()
    with pytest.raises(LookupError, match="there is no camera; plug one in"):
        camera.find("")


def test_a_camera_that_is_not_there_is_one_line_and_is_waited_for():
    with started("camera:63") as source:
        until(lambda: source.error)
        assert source.state == "retrying"
        assert source.error.startswith("there is no camera 63")


# ---- screens ----


@pytest.mark.display
def test_the_screen_comes_and_comes_again_after_its_server_was_gone(monkeypatch):
    server = Server()
    monkeypatch.setenv("DISPLAY", server.env["DISPLAY"])
    with started("screen#fps=20&size=200x100&at=10,10") as source:
        first = shown(source)
        assert first.pixels.shape == (100, 200, 4)
        assert first.pixels[..., 3].min() == 255
        assert 0 <= time.perf_counter() - first.at < 60
        server.end()
        until(lambda: source.state == "retrying")
        assert source.error.startswith(f"the screen {server.env['DISPLAY']}")
        assert source.latest is not None


@pytest.mark.parametrize(
    ("address", "platform", "display", "grabbed"),
    [
        ("screen", "linux", ":1", ("x11grab", ":1+0,0")),
        ("screen:1", "linux", ":1.0", ("x11grab", ":1.1+0,0")),
        ("screen", "linux", "host.local:0", ("x11grab", "host.local:0+0,0")),
        ("screen:1", "darwin", "", ("avfoundation", "Capture screen 1")),
        ("screen", "win32", "", ("gdigrab", "desktop")),
    ],
)
def test_pretended_systems_have_their_own_names_for_a_screen(address, platform, display, grabbed):
    assert screen.grabber(Asked(address), platform, display)[:2] == grabbed


def test_without_a_display_there_is_one_line(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr(screen, "sys", SimpleNamespace(platform="linux"))
    with pytest.raises(UserError, match="there is no X display here"):
        open_source("screen")


def test_spout_and_syphon_are_for_their_own_systems(monkeypatch):
    for kind, system in (("spout", "Windows"), ("syphon", "macOS")):
        with pytest.raises(UserError, match=f"--in {kind}: this is for {system} only; ndi:NAME works everywhere"):
            open_source(f"{kind}:stage")


# ---- the process ----


def children():
    """The processes of sources that this one has."""
    return [each for each in psutil.Process().children() if "input.picture.child" in " ".join(each.cmdline())]


@pytest.fixture
def playing(tmp_path):
    """A source that plays a film of two colours."""
    path = film(tmp_path / "a.mp4", 20, rate=50)
    with started(path) as source:
        shown(source)
        yield source


def test_a_process_that_is_killed_is_started_again(playing):
    [child] = children()
    before = playing.received
    child.send_signal(signal.SIGSEGV)
    until(lambda: playing.state == "retrying")
    assert playing.error == "its process has crashed (exit -11) and is started again"
    until(lambda: playing.state == "up" and playing.received > before + 3)
    assert [each.pid for each in children()] != [child.pid]


@pytest.mark.parametrize("how", [signal.SIGCONT, signal.SIGSTOP])
def test_it_ends_at_once_and_leaves_nothing_even_when_its_process_hangs(tmp_path, how):
    gc.collect()
    files = psutil.Process().num_fds()
    with started(film(tmp_path / "a.mp4", 5)) as source:
        shown(source)
        [child] = children()
        child.send_signal(how)
    assert not child.is_running()  # nor is it a zombie
    assert not [each.name for each in threading.enumerate() if each.name.startswith("input ")]
    gc.collect()
    assert psutil.Process().num_fds() <= files


def test_it_may_be_stopped_before_it_has_begun(tmp_path):
    for begin in (False, True):
        source = open_source(str(film(tmp_path / "a.mp4", 5)))
        if begin:
            source.start()
        source.stop()
        assert children() == []


def test_its_process_ends_with_a_show_that_is_killed(tmp_path):
    path = film(tmp_path / "a.mp4", 5)
    code = (
        f"import time, psutil, livedream.input.live_source as live\nsource = live.open_source({str(path)!r})\n"
        "source.start()\nwhile source.latest is None: time.sleep(0.01)\n"
        "print(psutil.Process().children()[0].pid, flush=True)\ntime.sleep(99)"
    )
    show = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    child = psutil.Process(int(show.stdout.readline()))
    show.kill()
    show.wait()
    show.stdout.close()
    until(lambda: not child.is_running())


def test_only_the_newest_picture_is_kept_and_the_others_are_counted(playing):
    seen = playing.latest.number
    until(lambda: playing.received > seen + 10)
    received, dropped = playing.received, playing.dropped
    assert playing.latest.number >= received  # the newest
    assert dropped >= 8
    assert playing.status().keys() == {
        "name", "kind", "state", "error", "note", "received", "dropped", "size", "age_ms"
    }  # fmt: skip


def test_a_process_that_cannot_be_started_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "sys", SimpleNamespace(executable="/nowhere/python"))
    with started(film(tmp_path / "a.mp4", 2)) as source:
        until(lambda: source.error)
        assert source.error == "a process for it could not be started: No such file or directory"


def test_run_without_an_input_imports_nothing_of_it():
    code = "import sys, livedream.cli.run, livedream.session.build; print([m for m in sys.modules if 'input.pic' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ)
    assert done.stdout.strip() == "[]", done.stderr
