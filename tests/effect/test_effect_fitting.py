"""A picture of any size goes into an effect whole, without bars and hardly distorted, and comes back in its size."""

import numpy as np
import pytest

from livedream.effect.fitting import STRETCH, Fitting, Scaler, inside

SIZES = [(256, 256), (512, 288), (1920, 1080), (64, 32), (33, 91), (300, 40), (7, 5)]


def ramp(width, height):
    """Red grows across, green down, by position: where a pixel came from can be read off it."""
    picture = np.full((height, width, 4), 255, np.uint8)
    picture[..., 0] = np.linspace(20, 235, width)
    picture[..., 1] = np.linspace(20, 235, height)[:, None]
    picture[..., 2] = 90
    return picture


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("taken", [(256, 256), (512, 288), (64, 128)])
@pytest.mark.parametrize("scale", [1, 2])
def test_what_an_effect_leaves_alone_comes_back_as_it_went_in(size, taken, scale):
    picture, given = ramp(*size), (taken[0] * scale, taken[1] * scale)
    fitting = Fitting(taken, given)
    image = fitting.into(picture)
    assert image.shape == (taken[1], taken[0], 4)
    assert image.flags.c_contiguous
    assert image.dtype == np.uint8
    made = np.repeat(np.repeat(image, scale, 0), scale, 1)
    back = fitting.back(made, size)
    assert back.shape == (*fitting.size(size)[::-1], 4)
    assert back.shape >= picture.shape
    picture = ramp(*fitting.size(size))
    # What was shrunk to w pixels is known to a pixel of those.
    coarse = [430 / min(a, b) for a, b in zip(size, inside(size, taken)[2:], strict=True)]
    assert np.abs(back[..., 0].astype(int) - picture[..., 0]).max() <= coarse[0] + 3
    assert np.abs(back[..., 1].astype(int) - picture[..., 1]).max() <= coarse[1] + 3
    assert (np.abs(back[..., 2].astype(int) - 90) <= 1).all()
    assert (back[..., 3] == 255).all()


@pytest.mark.parametrize("size", SIZES)
def test_an_effect_sees_no_bar_and_hardly_a_distortion(size):
    x, y, width, height = inside(size, (256, 144))
    assert x >= 0 <= y
    assert width == 256 or height == 144
    stretched = (width / height) / (size[0] / size[1])
    assert 1 / (STRETCH + 0.02) <= stretched <= STRETCH + 0.02 or min(width, height) < 50  # a pixel more or less
    image = Fitting((256, 144), (256, 144)).into(ramp(*size))
    assert image[..., 0].min() >= 19
    assert (image[..., 2] == 90).mean() > 0.99


def test_beyond_its_edges_an_effect_sees_the_picture_mirrored():
    picture = ramp(128, 32)
    image = Fitting((128, 128), (128, 128)).into(picture)
    x, y, _, height = inside((128, 32), (128, 128))
    assert x == 0 < y
    assert np.array_equal(image[y - 1], image[y])
    assert np.array_equal(image[y - 3], image[y + 2])
    assert np.array_equal(image[y + height], image[y + height - 1])


def test_scaling_keeps_colours_of_single_pixels():
    stripes = np.zeros((16, 64, 4), np.uint8)
    stripes[:, ::2], stripes[:, 1::2] = (255, 0, 0, 255), (0, 0, 255, 255)
    larger = Scaler()(stripes, (256, 64)).astype(int)
    assert np.abs(larger[:, 9:-9, 0] + larger[:, 9:-9, 2] - 255).max() <= 2
    assert larger[..., 1].max() <= 1
    assert (larger[8, 1::4, 0].max(), larger[8, :, 2].max()) > (200, 200)


def test_an_effect_that_draws_more_pixels_makes_the_picture_larger():
    assert Fitting((640, 360), (640, 360)).size((256, 256)) == (360, 360)
    assert Fitting((64, 32), (128, 64)).size((64, 32)) == (128, 64)
    assert Fitting((640, 360), (640, 360)).size((1280, 720)) == (1280, 720)
    assert Fitting((256, 256), (256, 256)).size((250, 240)) == (250, 240)  # not worth it


def test_a_picture_that_fits_is_not_copied():
    picture = ramp(256, 256)
    assert Fitting((256, 256), (256, 256)).into(picture) is picture
