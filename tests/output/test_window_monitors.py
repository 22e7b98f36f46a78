"""Monitors that are plugged in and out, on a real X server with dummy monitors."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tests.output.desktop import Show, lit
from tests.waiting import until

CONFIGURATION = """
Section "ServerFlags"
  Option "AutoAddDevices" "false"
  Option "AutoAddGPU" "false"
EndSection
Section "Device"
  Identifier "d"
  Driver "dummy"
  VideoRam 64000
EndSection
Section "Screen"
  Identifier "s"
  Device "d"
  DefaultDepth 24
  SubSection "Display"
    Depth 24
    Modes "800x600"
    Virtual 1440 600
  EndSubSection
EndSection
"""
MODE = "640x480 25.175 640 656 752 800 480 490 492 525 -HSync -VSync"


@pytest.fixture(scope="module")
def monitors(tmp_path_factory):
    """The environment of an X server with DUMMY0 of 800x600 and, to its right, DUMMY1 of 640x480."""
    if not all(map(shutil.which, ("Xorg", "xrandr", "ffmpeg"))):
        pytest.skip("needs xserver-xorg-core, xserver-xorg-video-dummy and x11-xserver-utils (apt)")
    folder = tmp_path_factory.mktemp("xorg")
    (folder / "xorg.conf").write_text(CONFIGURATION)
    read, write = os.pipe()
    command = ["Xorg", "-displayfd", str(write), "-config", str(folder / "xorg.conf"), "-noreset", "-nolisten", "tcp"]
    command += ["-sharevts", "-novtswitch", "-logfile", str(folder / "log")]
    server = subprocess.Popen(command, pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    if not number:
        server.wait()
        pytest.skip("Xorg with dummy monitors does not start here (it needs root)")
    env = {**os.environ, "DISPLAY": f":{number}", "LIBGL_ALWAYS_SOFTWARE": "1", "XDG_CONFIG_HOME": str(folder)}
    name, *timing = MODE.split()
    randr(env, "--newmode", f"l{name}", *timing)
    randr(env, "--addmode", "DUMMY1", f"l{name}")
    plug(env)
    yield env
    server.terminate()
    server.wait()


def randr(env, *arguments):
    subprocess.run(["xrandr", *arguments], env=env, check=True)


def plug(env):
    randr(env, "--output", "DUMMY1", "--mode", "l640x480", "--pos", "800x0")


def shot(env, x, width, height):
    command = f"ffmpeg -v error -f x11grab -draw_mouse 0 -video_size {width}x{height} -i {env['DISPLAY']}+{x},0"
    command += " -frames:v 1 -f rawvideo -pix_fmt rgb24 -"
    raw = subprocess.run(command.split(), capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(height, width, 3)


def full(env):
    """Whether the test picture fills DUMMY1."""
    picture = shot(env, 800, 640, 480)
    return picture[10, 10].min() > 250 and picture[240, 630, 0] > 245 and picture[470, 320, 1] > 245


@pytest.fixture
def manager(request, monitors):
    """With and without a window manager, which chooses the position of windows that do not ask for one."""
    if not request.param:
        yield
        return
    if not (shutil.which("openbox") and shutil.which("wmctrl")):
        pytest.skip("needs openbox and wmctrl (apt)")
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(["openbox", "--sm-disable"], env=monitors, stdout=quiet, stderr=quiet)
    until(lambda: subprocess.run(["wmctrl", "-m"], env=monitors, capture_output=True).returncode == 0, pause=0.1)
    yield
    process.kill()
    process.wait()


@pytest.mark.parametrize("manager", [False, True], indirect=True, ids=["alone", "managed"])
def test_a_monitor_that_goes_and_comes_back_takes_its_window_along(monitors, manager):
    show = Show(monitors, "window:dummy1#fit=stretch")
    try:
        until(lambda: full(monitors))
        assert show.ask("window.note") == "fills DUMMY1"
        assert show.ask("window.opened.about(640, 480)") == [
            "DUMMY1",
            "monitor 1 · 640 × 480 · 60 Hz",
            "--out window:dummy1",
        ]
        randr(monitors, "--output", "DUMMY1", "--off")
        until(lambda: show.ask("window.state") == "retrying")
        assert show.ask("'no such monitor' in window.error or 'has gone' in window.error")
        before = show.ask("numbers[-1]")
        until(lambda: show.ask("numbers[-1]") > before + 20)
        plug(monitors)
        until(lambda: show.ask("window.state") == "up")
        until(lambda: full(monitors))
        assert show.ask("numbers == list(range(len(numbers)))")
        show.ask("done.set()")
        show.end()
    finally:
        show.kill()


@pytest.mark.parametrize("manager", [False, True], indirect=True, ids=["alone", "managed"])
def test_a_place_on_a_monitor_without_a_border(monitors, manager):
    show = Show(monitors, "window:1#at=30,40&size=320x180&border=0")
    try:
        until(lambda: lit(shot(monitors, 800, 640, 480)) == (30, 40, 320, 180))
        show.ask("setattr(window, 'fullscreen', True)")
        until(lambda: lit(shot(monitors, 800, 640, 480))[2:] == (640, 360))
        show.ask("setattr(window, 'fullscreen', False)")
        until(lambda: lit(shot(monitors, 800, 640, 480))[2:] == (320, 180))
    finally:
        show.kill()


def test_monitors_are_listed(monitors):
    code = "from livedream.output.window import monitors\n"
    code += "for each in monitors.connected(): print(each.number, each.place, each)"
    said = subprocess.run([sys.executable, "-c", code], env=monitors, capture_output=True, text=True).stdout
    assert "0 (0, 0, 800, 600) 800x600 at " in said
    assert "1 (800, 0, 640, 480) 640x480 at 60 Hz, DUMMY1, from 800,0\n" in said
