"""A complete show with windows: placed by OSC and keys, added and removed while it plays; the table follows."""

import json
import subprocess
import urllib.request

import numpy as np
import pytest

from tests import dreams
from tests import show as shows
from tests.output.desktop import shot
from tests.waiting import until

FIRST, SECOND = "window#at=20,30&size=64x32&border=0", "window#at=400,200&size=32x64&border=0&rotate=90&flip=h"


@pytest.fixture
def show(display, tmp_path, monkeypatch):
    """A show that holds one picture, in two windows without a border."""
    if not shows.has_oscsend:
        pytest.skip("needs oscsend (apt: liblo-tools)")
    for name in ("DISPLAY", "LIBGL_ALWAYS_SOFTWARE"):
        monkeypatch.setenv(name, display[name])
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with shows.Show(dreams.tiny(tmp_path / "tiny.onnx"), "--size", "64x32", outs=(FIRST, SECOND)) as running:
        running.frame()
        running.osc("player/freeze", "i", "1")
        yield running
    assert running.code == 0, running.errors


def value(show, address):
    """A parameter as the page gets it, or None."""
    with urllib.request.urlopen(f"http://127.0.0.1:{show.web_port}/parameters", timeout=60) as answer:
        told = json.load(answer)
    return next((each["value"] for each in told if each["address"] == address), None)


def held(show):
    """Hold the picture and return it, uint8 [32, 64, 3]."""
    until(lambda: value(show, "player/freeze") is True)
    until(lambda: len({frame[2].tobytes() for frame in show.frames(8)}) == 1)
    return show.frame()[2][..., :3]


def test_two_windows_and_osc_keys_and_page_agree(show, display):
    picture = held(show)
    turned = np.rot90(picture[:, ::-1], -1)
    until(lambda: np.array_equal(shot(display)[30:62, 20:84], picture))
    until(lambda: np.array_equal(shot(display)[200:264, 400:432], turned))
    assert value(show, "window/1/rotate") == 1
    assert value(show, "window/1/flip") == 1
    assert value(show, "window/2/flip") is None

    show.osc("window/1/rotate", "i", "270")
    show.osc("window/1/flip", "s", "none")
    until(lambda: np.array_equal(shot(display)[200:264, 400:432], np.rot90(picture)))
    show.osc("window/0/corners", "ffffffff", "0", "0", "0.5", "0", "0.5", "0.5", "0", "0.5")
    until(lambda: shot(display)[30:62, 54:84].max() == 0 and shot(display)[48:62, 20:84].max() == 0)
    show.osc("window/0/corners", "ffffffff", "0", "0", "0.5", "0", "0.5", "0.5", "0.5", "0.5")  # a triangle
    until(lambda: value(show, "window/0/corners") == [0, 0, 0.5, 0, 0.5, 0.5, 0, 0.5])

    [number] = [each for each in windows(display) if size_of(display, each) == "64x32"]
    subprocess.run(
        ["xdotool", "windowfocus", "--sync", number, "key", "m", "key", "3", "key", "shift+Right"], env=display
    )
    until(lambda: value(show, "window/0/map") is True)
    until(lambda: value(show, "window/0/corners") == pytest.approx([0, 0, 0.5, 0, 0.5 + 10 / 64, 0.5, 0, 0.5]))


def test_windows_come_and_go_in_play(show, display):
    picture = held(show)
    until(lambda: len(windows(display)) == 2)
    show.osc("output/remove", "s", "window")
    until(lambda: len(windows(display)) == 1)
    until(
        lambda: value(show, "window/1/fit") is None and value(show, "window/0/rotate") == 1
    )  # the second is the first
    show.osc("output/remove", "i", str([each["kind"] for each in show.status()["outputs"]].index("window")))
    until(lambda: not windows(display) and value(show, "window/0/fit") is None)
    show.osc("output/add", "s", "window#at=100,100&size=64x32&border=0&flip=v")
    until(lambda: np.array_equal(shot(display)[100:132, 100:164], picture[::-1]))
    show.osc("window/0/flip", "i", "0")
    until(lambda: np.array_equal(shot(display)[100:132, 100:164], picture))


def windows(display):
    found = subprocess.run(["xdotool", "search", "--name", "^livedream$"], env=display, capture_output=True, text=True)
    return found.stdout.split()


def size_of(display, number):
    said = subprocess.run(["xdotool", "getwindowgeometry", number], env=display, capture_output=True, text=True).stdout
    return said.rsplit(": ", 1)[1].strip()
