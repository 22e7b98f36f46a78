"""Grain, dither and fade, on a real OpenGL context."""

import numpy as np
import pytest

from livedream.look.finish import Finish

SIZE = (128, 96)


@pytest.fixture
def finish(gl):
    made = Finish(gl)
    yield made
    made.release()
    assert gl.error == "GL_NO_ERROR"


@pytest.fixture
def exact(gl):
    """exact(grey) returns a uniform picture in half floats; grey is in levels of 8 bits."""
    made = []

    def make(grey, alpha=255):
        data = np.empty((SIZE[1], SIZE[0], 4), np.float16)
        data[...] = np.array([grey, grey, grey, alpha]) / 255
        made.append(gl.texture(SIZE, 4, data.tobytes(), dtype="f2"))
        return made[-1]

    yield make
    for each in made:
        each.release()


def test_with_nothing_asked_nothing_changes(finish, picture, pixels):
    random = np.random.default_rng(0).integers(0, 256, (9, 16, 4))
    assert (pixels(finish.draw(picture(random), 0.0, 0.0)) == random).all()


@pytest.mark.parametrize("level", [3.25, 40.5, 200.75])
def test_dither_keeps_values_between_two_levels(finish, exact, pixels, level):
    texture = exact(level)
    drawn = pixels(finish.draw(texture, dither=1.0, frame=5))[..., :3].astype(float)
    held = np.frombuffer(texture.read(), np.float16)[0] * 255.0  # half floats are quantised too
    assert drawn.mean() == pytest.approx(held, abs=0.06)
    assert np.abs(drawn - held).max() <= 1.6


def test_dither_is_fine_not_coarse(finish, exact, pixels):
    """From a distance blue noise is uniform: means of blocks vary less than those of white noise."""
    drawn = pixels(finish.draw(exact(40.5), dither=1.0, frame=2))[..., 0].astype(float)
    blocks = drawn.reshape(12, 8, 16, 8).mean((1, 3))
    assert blocks.std() < 0.65 * drawn.std() / 8


def test_black_and_white_stay_clean(finish, exact, pixels):
    for level in (0, 255):
        drawn = pixels(finish.draw(exact(level), grain=0.0, dither=1.0, frame=3))
        assert (drawn[..., :3] == level).all()
    assert (pixels(finish.draw(exact(0), grain=1.0, dither=1.0, frame=3))[..., :3] == 0).all()
    assert (pixels(finish.draw(exact(170), grain=1.0, dither=1.0, fade=0.0))[..., :3] == 0).all()


def test_grain_is_strongest_between_black_and_white(finish, exact, pixels):
    deviation = [pixels(finish.draw(exact(v), 0.5, 0.0, frame=1))[..., 1].astype(float).std() for v in (4, 100, 245)]
    assert deviation[1] > 1.5 * max(deviation[0], deviation[2])
    assert deviation[1] > 4
    mean = pixels(finish.draw(exact(100), 0.5, 0.0, frame=1))[..., :3].mean()
    assert mean == pytest.approx(100, abs=1)


def test_grain_is_clumps_mostly_grey_not_coloured_snow(finish, exact, pixels):
    drawn = pixels(finish.draw(exact(110), 0.5, 0.0, frame=1))[..., :3].astype(float)
    drawn -= drawn.mean((0, 1))
    beside = (drawn[:, 1:, 1] * drawn[:, :-1, 1]).mean() / drawn[..., 1].var()
    assert 0.2 < beside < 0.9
    assert 0.4 < np.corrcoef(drawn[..., 0].ravel(), drawn[..., 1].ravel())[0, 1] < 0.95


def test_the_frame_number_alone_decides(gl, finish, exact, pixels):
    texture = exact(110)
    first = pixels(finish.draw(texture, 0.5, 1.0, frame=7)).copy()
    other = pixels(finish.draw(texture, 0.5, 1.0, frame=8)).astype(float)
    assert (pixels(finish.draw(texture, 0.5, 1.0, frame=7)) == first).all()
    again = Finish(gl)
    assert (pixels(again.draw(texture, 0.5, 1.0, frame=7)) == first).all()
    again.release()
    a, b = first[..., 1].ravel().astype(float), other[..., 1].ravel()
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.1


def test_fade_dims_and_keeps_alpha(finish, exact, pixels):
    drawn = pixels(finish.draw(exact(200, alpha=128), dither=1.0, frame=1, fade=0.25)).astype(float)
    assert drawn[..., :3].mean() == pytest.approx(50, abs=0.2)
    assert (drawn[..., 3] == 128).all()
