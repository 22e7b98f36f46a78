"""Pictures before they are sent to other programs: alpha and size."""

import numpy as np
import pytest

from livedream.output.programs.rate import fraction
from livedream.output.programs.resize import Resizer
from livedream.output.programs.transparency import Transparency
from livedream.picture.alpha import opaque


@pytest.fixture
def plain():
    """plain(width, height, colour) -> a picture of one colour."""
    return lambda width, height, colour: np.full((height, width, 4), colour, np.uint8)


def test_alpha_comes_at_once_and_goes_when_it_has_not_been_seen_for_long(plain):
    look, whole, part = Transparency().needed, plain(8, 8, (9, 9, 9, 255)), plain(8, 8, (9, 9, 9, 0))
    assert [look(each) for each in (whole, part, whole, whole)] == [False, True, True, True]
    assert [look(whole) for _ in range(Transparency.PATIENCE)][-1] is False


@pytest.mark.parametrize(
    ("fit", "middle", "corner"),
    [("contain", (200, 100, 50), (0, 0, 0)), ("cover", (200, 100, 50), (200, 100, 50))],
)
def test_another_shape_is_placed(plain, fit, middle, corner):
    made = Resizer((160, 90), fit).resized(plain(100, 100, (200, 100, 50, 255)))
    assert made.shape == (90, 160, 4)
    assert np.abs(made[45, 80, :3].astype(int) - middle).max() <= 2
    assert np.abs(made[0, 0, :3].astype(int) - corner).max() <= 2
    assert opaque(made)


def test_bars_around_a_transparent_picture_are_transparent(plain):
    made = Resizer((160, 90)).resized(plain(100, 100, (200, 100, 50, 128)), alpha=True)
    assert made[0, 0].tolist() == [0, 0, 0, 0]
    assert abs(int(made[45, 80, 3]) - 128) <= 1


def test_right_size_is_left_alone_and_a_repeated_picture_is_made_once(plain):
    resizer, right, other = Resizer((160, 90)), plain(160, 90, 7), plain(80, 80, 7)
    assert resizer.resized(right) is right
    assert resizer.resized(other) is resizer.resized(other)


@pytest.mark.parametrize(
    ("fps", "ratio"), [(30, (30, 1)), (29.97, (30000, 1001)), (23.976, (24000, 1001)), (12.5, (25, 2))]
)
def test_rates_are_the_fractions_that_they_stand_for(fps, ratio):
    assert fraction(fps).as_integer_ratio() == ratio
