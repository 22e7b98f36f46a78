"""The window on a real X server, with pixels read from the screen and keys pressed."""

import os
import subprocess
import sys

import numpy as np
import pytest

from livedream.output.kinds import parse
from livedream.picture.fit import placed
from tests.output.desktop import lit
from tests.waiting import until

SCREEN = (800, 600)


def shows(picture, x, y, w, h):
    """Whether the test picture stands upright in that rectangle."""
    corner = picture[y + h // 24, x + w // 24]
    right, below = picture[y + h // 2, x + w - 3], picture[y + h - 3, x + w // 2]
    blue = picture[y + h // 2, x + w // 2, 2]
    return (
        corner.min() > 250
        and right[0] > 245
        and abs(int(right[1]) - 128) < 12
        and below[1] > 245
        and abs(int(below[0]) - 128) < 12
        and abs(int(blue) - 248) < 3
    )


def test_picture_stands_upright_between_black_bars(window, screen):
    window(size="400x400")
    picture = screen()
    x, y, w, h = lit(picture)
    assert (w, h) == (400, 225)  # 16:9 in a square
    assert (x, y) == (200, 100 + 88) or (x, y) == (200, 100 + 87)
    assert shows(picture, x, y, w, h)


def test_f_and_esc_and_close(window, screen, press):
    show = window(size="320x180")
    assert lit(screen())[2:] == (320, 180)
    press("f")
    until(lambda: lit(screen())[2:] == (800, 450))
    assert shows(screen(), 0, 75, 800, 450)
    press("f")
    until(lambda: lit(screen())[2:] == (320, 180))
    press("f")
    until(lambda: lit(screen())[2:] == (800, 450))
    press("Escape")
    until(lambda: lit(screen())[2:] == (320, 180))
    press("Escape")
    assert show.end()[0] == "over\n"


def test_monitor_is_filled_without_a_pointer(window, screen, xdotool):
    xdotool("mousemove", "400", "300")
    window("window:0#fit=stretch")
    until(lambda: lit(screen())[2:] == SCREEN)
    picture = screen(pointer=1)
    assert shows(picture, 0, 0, *SCREEN)
    # A pointer would stand out from the gradient, which changes by less than one grey level per pixel.
    middle = picture[280:330, 380:430].astype(int)
    assert np.abs(np.diff(middle, axis=0)).max() <= 2
    assert np.abs(np.diff(middle, axis=1)).max() <= 2


def test_resizing_keeps_the_shape(window, screen, xdotool):
    window(size="320x180")
    [found] = xdotool("search", "--onlyvisible", "--name", "^livedream$")
    xdotool("windowmove", found, "0", "0", "windowsize", found, "500", "180")
    until(lambda: lit(screen()) == (90, 0, 320, 180))
    xdotool("windowsize", found, "640", "400")
    until(lambda: lit(screen()) == (0, 20, 640, 360))
    assert shows(screen(), 0, 20, 640, 360)


def test_a_monitor_that_is_not_there_is_said(display):
    code = "from livedream.output.kinds import parse; from livedream.output.window import run\n"
    code += "w = parse('window:7'); w.start(64, 64, 30)\n"
    code += "run(lambda: [w], lambda: w.state == 'failed'); print(w.error)"
    done = subprocess.run([sys.executable, "-c", code], env=display, capture_output=True, text=True)
    assert done.stdout == "window:7: no such monitor; there is: window:0 (800x600, screen, from 0,0)\n"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
@pytest.mark.parametrize("display", [None, ":9999"])
def test_without_a_display_one_line_says_what_to_do(display):
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment |= {"DISPLAY": display} if display else {}
    code = "from livedream.output.kinds import parse; from livedream.output.window import run\n"
    code += "w = parse('window'); w.start(64, 64, 30)\n"
    code += "run(lambda: [w], lambda: w.state == 'failed'); print(w.error)"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert "display" in done.stdout
    assert "--out page" in done.stdout


def test_frames_that_nobody_draws_are_counted(frame):
    output = parse("window")
    output.start(320, 180, 30)
    for number in range(5):
        output.show(frame(number))
    assert (output.sent, output.dropped) == (0, 4)
    output.stop()


@pytest.mark.parametrize(
    ("picture", "into", "fit", "where"),
    [
        ((672, 384), (1280, 720), "contain", (10, 0, 1260, 720)),
        ((672, 384), (1280, 720), "cover", (0, -6, 1280, 731)),
        ((672, 384), (1280, 720), "stretch", (0, 0, 1280, 720)),
        ((1920, 1080), (1280, 720), "contain", (0, 0, 1280, 720)),
        ((100, 1), (10, 10), "contain", (0, 4, 10, 1)),
    ],
)
def test_placed(picture, into, fit, where):
    assert placed(*picture, *into, fit) == where
