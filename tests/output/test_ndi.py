"""NDI: the real receiver of ndi-python gets our frames, in a network namespace because libndi listens everywhere."""

import sys

import pytest

from livedream import UserError
from livedream.output.kinds import parse
from tests.output.isolated import Isolated


@pytest.fixture(scope="module")
def isolated():
    pytest.importorskip("cyndilib")
    pytest.importorskip("NDIlib")
    process = Isolated("ndi_isolated.py")
    yield process
    process.end()


@pytest.mark.parametrize("size", [(640, 360), (1280, 720)])
def test_colour_bars_arrive_within_three_levels(isolated, size):
    assert max(isolated("colours", *size)) <= 3


def test_every_frame_arrives_once_in_order_and_at_its_time(isolated):
    got = isolated("order", 90)
    assert got["came"] == got["written"]
    assert got["rate"] == [30, 1]
    assert got["ticks"] == [333330]  # timecodes: a thirtieth of a second, in units of 100 ns
    assert got["groups"] == [True, False]  # found in its own group, not in the public one


def test_size_and_alpha_change_while_a_receiver_watches(isolated):
    shapes = [(640, 360, 255), (1280, 720, 255), (320, 180, 255), (322, 182, 100), (640, 360, 20), (321, 180, 255)]
    got = isolated("changes", shapes)
    assert [each[:2] for each in got["came"]] == [[w & ~1, h] for w, h, _ in shapes]
    assert all(abs(came[2] - alpha) <= 1 for came, (_, _, alpha) in zip(got["came"], shapes, strict=True))
    assert (got["state"], got["errors"]) == ("up", None)


def test_tally_is_shown(isolated):
    notes = ["no receiver yet", "sending, 1 receiver", "in preview, 1 receiver", "on air, 1 receiver", None]
    assert isolated("tally") == notes


def test_library_that_fails_in_the_middle_is_tried_again(isolated):
    got = isolated("breaks")
    assert got["said"] == [["retrying", "the cable is out"], ["up"]]
    assert got["after"] > got["before"]


def test_receiver_that_stalls_holds_nothing_up(isolated):
    assert isolated("stalls") == "up"


@pytest.mark.slow
def test_added_and_removed_again_and_again_leaves_nothing(isolated):
    threads, files, memory = zip(*isolated("again", 12), strict=True)
    assert max(threads[-4:]) <= max(threads[:4]) + 3  # a pool breathes, a leak would make eight
    assert max(files[-4:]) <= max(files[:4]) + 3
    assert min(memory[-4:]) < max(memory[:4]) + 20  # MB; it goes up and down by more than that


def test_absent_library_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cyndilib", None)
    with pytest.raises(UserError, match=r"ndi: cyndilib is not installed; pip install 'livedream\[ndi\]'"):
        parse("ndi:stage").start(320, 180, 30)
