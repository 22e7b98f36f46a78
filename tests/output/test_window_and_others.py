"""Whatever happens to the window, other outputs get every frame; windowed.py stops if they do not."""

import shutil
import signal
import subprocess

import numpy as np
import pytest

from tests.output.desktop import Server, Show, lit, shot
from tests.waiting import until


@pytest.fixture
def server():
    """An X server that may be stopped, killed and started again by a test."""
    server = Server()
    yield server
    server.end()


@pytest.fixture
def managed(server):
    """The environment of an X server with a window manager: windows have frames and can be minimised."""
    if not (shutil.which("openbox") and shutil.which("wmctrl")):
        pytest.skip("needs openbox and wmctrl (apt)")
    quiet, managers = subprocess.DEVNULL, []

    def managed_by_now() -> bool:
        if not managers or managers[-1].poll() is not None:  # it ends at once where the server is not quite ready
            managers.append(subprocess.Popen(["openbox", "--sm-disable"], env=server.env, stdout=quiet, stderr=quiet))
        return subprocess.run(["wmctrl", "-m"], env=server.env, capture_output=True).returncode == 0

    until(managed_by_now, pause=0.1)
    yield server.env
    managers[-1].kill()
    managers[-1].wait()


@pytest.fixture
def playing():
    """playing(env) -> a Show that goes on when its window is closed."""
    shows = []

    def play(env, size="320x180"):
        shows.append(Show(env, "window", size))
        shows[-1].ask("setattr(look, 'stays', True)")
        return shows[-1]

    yield play
    for show in shows:
        show.kill()


def goes_on(show, frames=30):
    """Wait until the other output has that many more frames; it may have missed none."""
    before = show.ask("numbers[-1]")
    until(lambda: show.ask("numbers[-1]") >= before + frames)
    assert show.ask("numbers == list(range(len(numbers)))")


def draws(show):
    before = show.ask("window.sent")
    until(lambda: show.ask("window.sent") > before + 3)
    assert show.ask("window.state") == "up"


def do(env, *command):
    return subprocess.run(command, env=env, capture_output=True, text=True).stdout.split()


def find(env):
    return do(env, "xdotool", "search", "--onlyvisible", "--name", "^livedream$")


def test_dragged_and_minimised(managed, playing):
    show = playing(managed)
    before = until(lambda: lit_picture(managed))
    x, y = before[0] + 60, before[1] - 8  # the title bar
    path = " ".join(f"mousemove {x + 3 * step} {y + 2 * step} sleep 0.01" for step in range(30))
    do(managed, "xdotool", *f"mousemove {x} {y} mousedown 1 {path} mouseup 1".split())
    until(lambda: (now := lit_picture(managed)) and now[0] > before[0] + 60 and now[1] > before[1] + 40)
    goes_on(show)
    draws(show)
    [found] = find(managed)
    do(managed, "xdotool", "windowminimize", "--sync", found)
    until(lambda: show.ask("window.opened.hidden"))
    sent = show.ask("window.sent")
    goes_on(show)
    assert show.ask("window.sent") == sent  # it was not visible
    do(managed, "xdotool", "windowactivate", found)
    draws(show)
    until(lambda: lit_picture(managed))


def lit_picture(env):
    """(x, y) of the shown picture, by its blue, of which a frame has little; None while it is not whole."""
    blue = np.abs(shot(env)[..., 2].astype(int) - 248) < 2
    rows, columns = np.where(blue.sum(axis=1) > 150)[0], np.where(blue.sum(axis=0) > 100)[0]
    return (columns[0], rows[0]) if (len(rows), len(columns)) == (180, 320) else None


def test_closed_and_opened_again(managed, playing):
    show = playing(managed)
    for _ in range(2):
        do(managed, "wmctrl", "-c", "livedream")
        until(lambda: show.ask("window.state") == "closed")
        until(lambda: not find(managed))
        dropped = show.ask("window.dropped")
        goes_on(show)
        assert show.ask("window.dropped") == dropped  # a closed window drops nothing
        assert show.ask("window.start(320, 180, 30)") is None
        until(lambda: find(managed))
        draws(show)
    show.ask("setattr(look, 'stays', False)")
    do(managed, "wmctrl", "-c", "livedream")
    assert show.end()[0] == "over\n"


def test_a_window_that_hangs_holds_up_nobody(server, playing):
    show = playing(server.env)
    server.signal(signal.SIGSTOP)
    try:
        goes_on(show, frames=60)  # its main thread waits for the display all the while
        assert show.ask("window.dropped") > 30
    finally:
        server.signal(signal.SIGCONT)
    draws(show)


def test_a_display_that_dies_does_not_take_the_show_along(server, playing):
    show = playing(server.env)
    server.signal(signal.SIGKILL)
    until(lambda: show.ask("window.state") == "retrying")
    assert "display" in show.ask("window.error")
    goes_on(show)
    again = Server(server.display)
    try:
        until(lambda: show.ask("window.state") == "up")
        draws(show)
        until(lambda: lit(shot(again.env))[2:] == (320, 180))
    finally:
        again.end()
    until(lambda: show.ask("window.state") == "retrying")
    show.ask("done.set()")
    assert "display" in show.end()[0]
