"""Fixtures: test pictures, and a screen for windows, of which pixels are read and on which keys are pressed."""

import subprocess

import numpy as np
import pytest

from livedream.picture.frame import Frame
from tests.output.desktop import Server, Show, shot


def moving_gradient(number: int, width: int = 320, height: int = 180) -> np.ndarray:
    """uint8 [height, width, 4]: red to the right, green downwards, blue by number; top left corner white."""
    picture = np.empty((height, width, 4), np.uint8)
    picture[..., 0] = np.linspace(0, 255, width)
    picture[..., 1] = np.linspace(0, 255, height)[:, None]
    picture[..., 2] = number * 8 % 256
    picture[..., 3] = 255
    picture[: height // 6, : width // 8] = 255
    return picture


@pytest.fixture
def frame():
    """frame(number, width, height) -> Frame."""
    return lambda number, width=320, height=180: Frame(moving_gradient(number, width, height), number)


@pytest.fixture(scope="module")
def display():
    """The environment for clients of an X server without a window manager."""
    server = Server()
    yield server.env
    server.end()


@pytest.fixture
def window(display, tmp_path):
    """window(sink, size) -> a Show on the tests' display, with settings of its own."""
    shows = []

    def open_window(sink="window", size="400x400"):
        shows.append(Show(display | {"XDG_CONFIG_HOME": str(tmp_path)}, sink, size))
        return shows[-1]

    yield open_window
    for show in shows:
        show.kill()


@pytest.fixture
def screen(display):
    """screen(pointer) -> the screen's pixels."""
    return lambda pointer=0: shot(display, pointer)


@pytest.fixture
def xdotool(display):
    """xdotool(*arguments) -> the words of its answer."""

    def call(*arguments):
        done = subprocess.run(["xdotool", *arguments], env=display, capture_output=True, text=True)
        return done.stdout.split()

    return call


@pytest.fixture
def press(xdotool):
    """Press a key in the window, which gets the focus first: there is no window manager to give it."""

    def key(name):
        [found] = xdotool("search", "--onlyvisible", "--name", "^livedream$")
        xdotool("windowfocus", "--sync", found, "key", name)

    return key
