"""NDI pictures come in from our own NDI output, in a network namespace because libndi listens everywhere."""

from pathlib import Path

import pytest

from livedream import UserError
from livedream.input.live_source import open_source
from livedream.input.picture import ndi
from tests.output.isolated import Isolated


@pytest.fixture(scope="module")
def isolated():
    pytest.importorskip("cyndilib")
    process = Isolated(str(Path(__file__).with_name("ndi_input_isolated.py")))
    yield process
    process.end()


@pytest.mark.parametrize("size", [(640, 360), (1280, 720)])
def test_colour_bars_come_within_a_few_levels(isolated, size):
    off, alpha, note = isolated("colours", *size, 255)
    assert max(off) <= 6  # three of them come from the sender
    assert (alpha, note) == (255, f"HERE (bars), {size[0]}x{size[1]}, 30 fps")


def test_alpha_comes_too(isolated):
    assert isolated("colours", 320, 180, 100)[1] == 100


def test_the_sender_may_change_size(isolated):
    shapes = [(640, 360, 255), (320, 180, 255), (322, 182, 100), (1280, 720, 255)]
    assert isolated("changes", shapes) == [[list(each[:2]) for each in shapes], "up"]


def test_the_picture_is_held_when_the_sender_goes_and_it_comes_back(isolated):
    got = isolated("returns")
    assert got["held"] == [360, 640, 4]
    assert "there is no NDI source 'comes'" in got["error"]
    assert got["counted"][0] >= 12


def test_a_sender_that_is_not_there_is_told_with_those_that_are(isolated):
    error, names = isolated("missing")
    assert error == "there is no NDI source 'stage right'; there are: HERE (stage left)"
    assert names == ["HERE (stage left)"]


def test_the_name_that_is_meant():
    names = ["A (cam 1)", "B (cam 10)", "B (Cam 1 wide)", "cam 1"]
    assert ndi.chosen(names, "cam 1") == "cam 1"
    assert ndi.chosen(names[:3], "cam 1") == "A (cam 1)"
    assert ndi.chosen(names, "wide") == "B (Cam 1 wide)"
    assert ndi.chosen(names, "nobody") is None


def test_absent_library_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cyndilib", None)
    with pytest.raises(UserError, match=r"cyndilib is not installed; pip install 'livedream\[ndi\]'"):
        open_source("ndi:stage")
