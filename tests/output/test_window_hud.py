"""The figures over the window's picture: visible on the screen, and nowhere else."""

import json
import string
import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest

from livedream.output.window import hud
from livedream.picture import letters
from tests.output.desktop import lit
from tests.waiting import until

SIZE = (640, 360)
PICTURE = "setattr(look, 'picture', __import__('numpy').full((180, 320, 4), (90, 90, 90, 255), 'uint8'))"


def expected(lines):
    """The window's picture, of level 90 everywhere, with the panel over it: float [360, 640, 3]."""
    picture = np.full((360, 640, 3), 90.0)
    panel = hud.panel(lines, *SIZE)
    x, y, w, h = hud.place(panel.shape[1], panel.shape[0], SIZE[1])
    here = np.s_[360 - y - h : 360 - y, x : x + w]
    picture[here] = picture[here] * (1 - panel[..., 3:] / 255.0) + panel[..., :3]
    return picture


def test_h_shows_the_figures_and_takes_them_away(window, screen, press):
    show = window(size="640x360")
    show.ask(PICTURE)
    x, y, w, h = lit(screen())
    assert (w, h) == SIZE

    def seen():
        return screen()[y : y + h, x : x + w]

    until(lambda: (seen() == 90).all())
    assert show.ask("look.asked") == 0  # it costs nothing while it is not shown
    press("h")
    until(lambda: np.abs(seen() - expected(["title", "fps\t30.0"])).max() < 2.5)
    show.ask("setattr(look, 'figures', ['title', 'fps\\t29.9', '!rtmp\\tretrying'])")
    until(lambda: np.abs(seen() - expected(["title", "fps\t29.9", "!rtmp\tretrying"])).max() < 2.5)
    assert show.ask("(look.picture[..., :3] == 90).all().item()")  # what other outputs get has no letters on it
    press("h")
    until(lambda: (seen() == 90).all())
    asked = show.ask("look.asked")
    sent = show.ask("window.sent")
    until(lambda: show.ask("window.sent") > sent + 40)
    assert show.ask("look.asked") == asked


def test_figures_that_fail_do_not_take_the_window_along(window, press):
    show = window()
    show.ask("setattr(look, 'figures', ValueError('no status'))")
    press("h")
    until(lambda: show.ask("look.asked") > 1)
    sent = show.ask("window.sent")
    until(lambda: show.ask("window.sent") > sent + 5)
    assert show.ask("window.state") == "up"


def test_every_sign_looks_like_no_other():
    signs = [letters.draw(each, 16) for each in string.digits + string.ascii_letters + string.punctuation + "·…"]
    for a, b in combinations(signs, 2):
        assert np.abs(a - b).max() > 0.5
    assert all(sign.max() == 1 and sign.shape == (32, 16) for sign in signs)


def test_signs_that_are_not_known_are_boxes_and_accents_are_left_out():
    box = letters.draw("\u6c34", 12)
    assert box.max() > 0.5
    np.testing.assert_array_equal(letters.draw("é水 ", 12), np.hstack([letters.draw("e", 12), box, 0 * box]))


@pytest.mark.parametrize("size", [(320, 180), (640, 360), (1280, 720), (1920, 1080), (3840, 2160)])
def test_the_panel_fits_the_window_and_grows_with_it(size):
    lines = ["Rainbow Road", "fps\t30.0 / 30", "model\t12.1 ms   p99 14.0", "decode\tcuda"]
    panel = hud.panel(lines, *size)
    x, y, w, h = hud.place(panel.shape[1], panel.shape[0], size[1])
    assert x > 0
    assert y > 0
    assert x + w < size[0]
    assert size[1] / 8 < h < size[1] / 1.5


def test_a_long_title_is_cut_off_rather_than_drawn_small():
    long, short = (hud.panel(["x" * n, "fps\t30"], 1280, 720) for n in (500, hud.LONGEST))
    assert long.shape == short.shape


def test_the_lines_say_what_a_show_does(tmp_path):
    from tests import dreams
    from tests.show import Show

    with Show(dreams.tiny(tmp_path / "tiny.onnx")) as show:
        show.frames(10)
        status = json.loads(json.dumps(show.status()))
    said = dict(line.partition("\t")[::2] for line in hud.lines(status))
    assert status["decks"][0]["dream"] in said
    assert said["fps"].endswith("/ 30")
    assert said["decode"] == "cpu"
    assert float(said["model"].split()[0]) > 0
    assert {"latency", "late"} <= set(said)
    status["outputs"].append({"name": "rtmp://x/***", "kind": "rtmp", "state": "retrying", "dropped": 3})
    assert "!rtmp\tretrying" in hud.lines(status)
    status["decks"].append(status["decks"][0] | {"loading": "other", "load_error": "not a dream"})
    assert {"b decode\tcpu", "b loading\tother", "!b dream\tnot a dream"} <= set(hud.lines(status))


def test_the_session_without_a_window_needs_no_opengl():
    code = "import sys, livedream.session.session; print([m for m in sys.modules if 'pyglet' in m or 'cuda' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
