"""A photo over a dream's pictures: exact at first, moved along with them, gone in the end."""

import itertools

import numpy as np
import pytest

from livedream.play.motion import flow
from livedream.play.packed import lanes, mixed, pixels, sampled
from livedream.play.still import FADE, Still


def texture(height=128, width=192, seed=1):
    """A smooth random picture, uint8 [H, W, 4]."""
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3))
    picture = np.full((height, width, 4), 255, np.uint8)
    for k in range(3):
        rows = np.linspace(0, height // 8 - 1, height), np.linspace(0, width // 8 - 1, width)
        lines = np.array([np.interp(rows[1], np.arange(width // 8), row) for row in coarse[..., k]])
        picture[..., k] = np.array([np.interp(rows[0], np.arange(height // 8), column) for column in lines.T]).T
    return picture


def moved(picture, x, y):
    return np.roll(picture, (y, x), (0, 1))


def inside(picture):
    return picture[24:-24, 24:-24, :3].astype(int)


@pytest.mark.parametrize(("x", "y"), [(3, 0), (-2, 4)])
def test_motion_is_where_each_point_was(x, y):
    luma = texture(96, 96)[..., 0].astype(np.float32)
    u, v = flow(luma, moved(luma, x, y))
    assert abs(np.median(u[16:-16, 16:-16]) + x) < 0.3
    assert abs(np.median(v[16:-16, 16:-16]) + y) < 0.3


def test_packed_pixels_are_the_same_and_half_way_between_two():
    a, b = texture(16, 24, 2), texture(16, 24, 3)
    zero = np.zeros((16, 24), np.float32)
    assert np.array_equal(pixels(lanes(a)), a)
    assert np.array_equal(pixels(mixed(lanes(a), lanes(b), zero + 256)), b)
    half = pixels(mixed(lanes(a), lanes(b), zero + 128)).astype(int)
    assert np.abs(half - (a.astype(int) + b) / 2).max() <= 0.5
    beside = pixels(sampled(lanes(a), zero + 1, zero))
    assert np.array_equal(beside[:, :-2], a[:, 1:-1])


def test_the_first_picture_is_the_photo_to_the_bit():
    photo, dream = texture(seed=1), texture(seed=2)
    assert np.array_equal(Still(photo)(dream, 5.0), photo)


def test_the_photo_moves_along_with_the_dream():
    dream = texture(seed=1)
    photo = dream.copy()
    photo[..., 2] = 255 - photo[..., 2]  # a detail that the dream does not have, on what it knows
    still = Still(photo)
    still(dream, 0.0)
    for k in range(1, 6):
        drawn = still(moved(dream, 2 * k, 0), k / 30)
    along = np.abs(inside(drawn) - inside(moved(photo, 10, 0))).mean()
    ghost = np.abs(inside(drawn) - inside(photo)).mean()
    assert along < 8 < ghost


def test_it_gives_way_where_the_dream_goes_elsewhere():
    still = Still(texture(seed=1))
    still(texture(seed=1), 0.0)
    for k in range(1, 5):
        elsewhere = texture(seed=10 + k)
        drawn = still(elsewhere, k / 30)
    off = np.abs(inside(drawn) - inside(elsewhere)).mean()
    assert off < 0.15 * np.abs(inside(still.photo) - inside(elsewhere)).mean()


def test_it_fades_and_is_over():
    still, dream = Still(texture(seed=1)), texture(seed=2)
    shares = []
    for k in range(round(FADE * 30) + 2):
        drawn = still(dream, k / 30)
        shares.append(np.abs(drawn.astype(int) - dream).mean())
    assert still.over
    assert np.array_equal(still(dream, 9.0), dream)
    assert all(later <= earlier + 0.5 for earlier, later in itertools.pairwise(shares))


def test_a_copy_goes_on_by_itself():
    still, dream = Still(texture(seed=1)), texture(seed=1)
    still(dream, 0.0)
    copy = still.copy()
    copy(moved(dream, 3, 0), 0.1)
    assert np.array_equal(still(moved(dream, 1, 0), 0.2), _fresh(dream)(moved(dream, 1, 0), 0.2))


def _fresh(dream):
    still = Still(texture(seed=1))
    still(dream, 0.0)
    return still


def test_black_photos_and_odd_sizes():
    for height, width in ((32, 64), (36, 50), (70, 101)):
        still = Still(np.zeros((height, width, 4), np.uint8) + np.uint8([0, 0, 0, 255]))
        grey = np.full((height, width, 4), 128, np.uint8)
        still(grey, 0.0)
        drawn = still(grey, 0.1)
        assert drawn.shape == grey.shape
        assert np.isfinite(drawn).all()
        assert drawn[..., :3].max() < 60
