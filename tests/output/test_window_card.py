"""The test card on a real screen, pixel by pixel, and its contents at other sizes."""

from itertools import pairwise

import numpy as np
import pytest

from livedream.output.window.card import BARS, LINE, draw
from tests.waiting import until

LINES = ["HDMI-1", "monitor 1 · 1280 × 720 · 60 Hz", "--out window:1"]


def moving(picture, card):
    """The columns in which the screen differs from the card."""
    assert picture.shape == card.shape
    return np.flatnonzero((picture != card).any(axis=(0, 2)))


@pytest.mark.parametrize("turn", [0, 90])
def test_t_shows_the_card_to_the_pixel_and_its_line_moves(window, screen, press, turn):
    show = window(f"window#rotate={turn}", "500x400")

    def seen():
        return np.rot90(screen()[100:500, 150:650], turn // 90)

    press("t")
    until(lambda: show.ask("window.opened.card.texture.size is not None"))
    width, height = (400, 500) if turn else (500, 400)
    card = draw(width, height, "0", show.ask("window.opened.about(500, 400)"))[..., :3]
    lines = set()

    def another():  # it is taken while it moves: the screen may hold two halves
        columns = tuple(moving(seen(), card))
        found = 0 < len(columns) <= 2 * LINE and columns not in lines
        if found:
            lines.add(columns)
        return found

    until(another)
    until(another)
    press("t")
    until(lambda: len(moving(seen(), card)) > 100)


def test_the_card_says_its_monitor_and_size(window, press):
    show = window("window:0")
    about = until(lambda: show.ask("window.opened.about(800, 600)"))
    assert about == ["screen", "monitor 0 · 800 × 600", "--out window:0"]


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (501, 500)])
def test_bars_ramp_frame_and_lines_are_exact(size):
    width, height = size
    card = draw(width, height, "1", LINES)
    assert card.shape == (height, width, 4)
    assert (card[..., 3] == 255).all()
    assert (card[[0, -1]] == 255).all()  # a lost edge shows
    assert (card[:, [0, -1]] == 255).all()
    colours = card[..., :3]
    green = np.flatnonzero((colours == BARS[3]).all(axis=2).any(axis=1))
    bars = [colours[y] for y in green if _holds(_runs(colours[y]), BARS)]
    assert len(bars) > min(size) / 10
    flat = colours.reshape(-1, 3)
    greys = set(flat[(flat == flat[:, :1]).all(axis=1), 0].tolist())
    assert greys == set(range(256))
    alternating = [row for row in (colours[:, :, 0] == 255) if _alternates(row)]
    assert alternating  # columns of one pixel


def _runs(row):
    """The colours of a row, once for each run of at least a tenth of it."""
    edges = [0, *(np.flatnonzero((row[1:] != row[:-1]).any(axis=1)) + 1), len(row)]
    return [tuple(row[a].tolist()) for a, b in pairwise(edges) if b - a >= 0.02 * len(row)]


def _holds(runs, wanted):
    return any(runs[i : i + len(wanted)] == wanted for i in range(len(runs)))


def _alternates(row):
    changes = np.diff(row.astype(int)) != 0
    return np.convolve(changes, np.ones(40), "valid").max() == 40


@pytest.mark.parametrize("size", [(16, 16), (64, 36), (3000, 40), (170, 400), (2001, 999)])
def test_any_size_has_a_card(size):
    assert draw(*size, "12", ["a name as long as some monitors have it, and longer"] * 3).shape == (*size[::-1], 4)
