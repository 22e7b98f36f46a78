"""Upscaling on a real OpenGL context: measures of what an eye would notice."""

import numpy as np
import pytest

from livedream import UserError
from livedream.look.upscale import KINDS, Upscaler


@pytest.fixture
def upscaled(gl, picture, pixels):
    """upscaled(rgba, size, kind, …) returns the pixels, [H, W, 4]."""
    made = []

    def draw(rgba, size, kind="edge", **options):
        made.append(Upscaler(gl, kind, **options))
        return pixels(made[-1].draw(picture(rgba), size)).astype(float)

    yield draw
    for each in made:
        each.release()
    assert gl.error == "GL_NO_ERROR"


def opaque(grey) -> np.ndarray:
    grey = np.asarray(grey, float)
    return np.dstack([grey, grey, grey, np.full(grey.shape, 255.0)]).round()


def disc(width: int, height: int, scale: float) -> np.ndarray:
    """Return a bright disc with a soft rim on black, the same at every scale."""
    y, x = (np.mgrid[:height, :width] + 0.5) / scale
    return 230 * np.clip(10.5 - np.hypot(x - 20, y - 12), 0, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_even_colour_and_alpha_stay_to_the_edge(upscaled, kind):
    colour = np.full((9, 16, 4), (200, 90, 3, 128))
    assert np.abs(upscaled(colour, (60, 34), kind) - (200, 90, 3, 128)).max() <= 1
    assert np.abs(upscaled(colour, (7, 5), kind) - (200, 90, 3, 128)).max() <= 1


def waves(width: int, height: int) -> np.ndarray:
    """Return the same slow waves in any size, f64 [height, width] in levels; no two corners are alike."""
    x, y = (np.arange(width) + 0.5) / width, (np.arange(height)[:, None] + 0.5) / height
    return 127.5 + 60 * np.sin(5 * x + 3 * y) + 60 * np.sin(7 * y - 2 * x + 1)


@pytest.mark.parametrize("kind", KINDS)
def test_right_way_up_and_in_place(upscaled, kind):
    wanted = opaque(waves(150, 90))
    limit = 16 if kind == "nearest" else 4
    assert np.abs(upscaled(opaque(waves(40, 24)), (150, 90), kind).astype(int) - wanted).mean() < limit


def test_edges_come_out_nearer_to_the_large_picture_than_with_bilinear(upscaled):
    small, large = opaque(disc(40, 24, 1)), opaque(disc(160, 96, 4))
    off = {kind: np.square(upscaled(small, (160, 96), kind) - large).mean() for kind in ("edge", "bilinear")}
    assert off["edge"] < 0.8 * off["bilinear"]


@pytest.mark.parametrize("sharpness", [0.0, 0.5, 1.0])
def test_no_halo_around_a_bright_thing_in_the_dark(upscaled, sharpness):
    sky = opaque(20 + 0.9 * disc(40, 24, 1))
    drawn = upscaled(sky, (160, 96), sharpness=sharpness)[..., 0]
    assert drawn.min() >= sky[..., 0].min() - 1
    assert drawn.max() <= sky[..., 0].max() + 1


def test_a_straight_edge_has_no_stairs(upscaled):
    y, x = np.mgrid[:32, :32] + 0.5
    small = opaque(np.clip(128 + 215 * (y - 16 - (x - 16) / 3), 20, 235))
    drawn = {kind: upscaled(small, (128, 128), kind)[..., 0] for kind in ("edge", "bilinear")}

    def wobble(grey):  # the edge's distance from a line, in pixels
        columns = range(30, 98)
        crossing = [np.interp(128, grey[20:108, x], np.arange(88)) for x in columns]
        return np.std(crossing - np.polyval(np.polyfit(columns, crossing, 1), columns))

    assert wobble(drawn["edge"]) < 0.6 * wobble(drawn["bilinear"])
    assert wobble(drawn["edge"]) < 0.3


def test_sharpness_steepens_and_none_is_softer(upscaled):
    small = opaque(disc(40, 24, 1) * 0.6 + 40)
    slopes = [np.abs(np.diff(upscaled(small, (160, 96), sharpness=s)[..., 0])).max() for s in (0.0, 0.5, 1.0)]
    assert slopes[0] < slopes[1] < slopes[2]


@pytest.mark.parametrize("kind", ["edge", "lanczos"])
def test_transparent_surroundings_leave_no_dark_fringe(upscaled, kind):
    layer = np.zeros((24, 40, 4))
    layer[6:18, 10:30] = (250, 160, 80, 255)
    drawn = upscaled(layer, (160, 96), kind)
    seen = drawn[..., 3] > 24
    assert seen.sum() > 2000
    assert np.abs(drawn[seen][:, :3] - (250, 160, 80)).max() <= 12
    assert drawn[0, 0, 3] == 0


def test_nearest_is_exact(upscaled):
    random = np.random.default_rng(1).integers(0, 256, (6, 10, 4))
    assert (upscaled(random, (70, 42), "nearest") == random.repeat(7, 0).repeat(7, 1)).all()
    rows = (2 * np.arange(15) + 1) * 6 // 30
    columns = (2 * np.arange(23) + 1) * 10 // 46
    assert (upscaled(random, (23, 15), "nearest") == random[rows][:, columns]).all()


def test_lanczos_is_lanczos(upscaled):
    line = np.zeros((1, 16))
    line[0, 8] = 200
    drawn = upscaled(opaque(line + 50), (64, 1), "lanczos")[0, :, 0]
    x = (np.arange(64) + 0.5) / 4 - 0.5
    taps = np.arange(-4, 20)
    weights = np.sinc(x[:, None] - taps) * np.sinc((x[:, None] - taps) / 3) * (np.abs(x[:, None] - taps) < 3)
    wanted = 50 + 200 * weights[:, 12] / weights.sum(1)
    assert np.abs(drawn - wanted).max() <= 1


def test_smaller_pictures_are_averaged(upscaled):
    checks = opaque(np.indices((64, 64)).sum(0) % 2 * 255)
    for kind in ("edge", "lanczos"):
        assert np.abs(upscaled(checks, (9, 9), kind)[1:-1, 1:-1, :3] - 127.5).max() < 6


def test_nothing_to_do_is_nothing_done(gl, picture):
    given = picture(np.zeros((4, 4, 4)))
    upscaler = Upscaler(gl, "lanczos")
    assert upscaler.draw(given, (4, 4)) is given
    upscaler.release()


def test_half_floats_keep_values_between_two_levels(gl, picture, pixels):
    small = opaque(np.tile([10, 11], (4, 4)))
    upscaler = Upscaler(gl, "edge", 0.0, dtype="f2")
    drawn = pixels(upscaler.draw(picture(small), (64, 32))).astype(float)
    assert len(np.unique((drawn[..., 0] * 255).round(2))) > 4
    upscaler.release()


def test_an_unknown_kind_is_named(gl):
    with pytest.raises(UserError, match=r"cubist.*edge"):
        Upscaler(gl, "cubist")
