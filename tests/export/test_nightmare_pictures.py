"""The eight pictures that the Nightmare is trained on: always the same, unlike each other, without a lattice."""

import numpy as np
import pytest
from livedream_export import nightmare

SIZE = 128


@pytest.fixture(scope="module")
def pictures():
    return {name: nightmare.picture(name, SIZE) for name in nightmare.NAMES}


def test_there_are_the_eight_of_2016(pictures):
    assert len(pictures) == 8
    assert all(each.shape == (SIZE, SIZE, 3) and each.dtype == np.uint8 for each in pictures.values())


def test_the_same_name_is_the_same_picture(pictures):
    assert np.array_equal(nightmare.picture("inferno", SIZE), pictures["inferno"])


def test_each_has_colours_and_a_texture_of_its_own(pictures):
    colours = {name: each.reshape(-1, 3).mean(0) for name, each in pictures.items()}
    for one in colours:
        others = [np.linalg.norm(colours[one] - colours[other]) for other in colours if other != one]
        assert min(others) > 8, one


def test_they_are_rich_at_every_scale(pictures):
    for name, each in pictures.items():
        grey = each.mean(2)
        for block in (2, 8, 32):
            means = grey.reshape(SIZE // block, block, SIZE // block, block).mean((1, 3))
            assert means.std() > 10, (name, block)
        assert np.abs(np.diff(grey, axis=1)).mean() > 3, name


def test_nothing_repeats_every_few_pixels(pictures):
    for name, each in pictures.items():
        grey = each.mean(2)
        power = np.abs(np.fft.rfft(grey - grey.mean(1, keepdims=True), axis=1)).mean(0)
        for period in (4, 8):
            at = SIZE // period
            around = np.r_[power[at - 4 : at - 1], power[at + 2 : at + 5]]
            assert power[at] < 2 * around.mean(), (name, period)
