"""Moving shapes: clips of their own, the same for everybody, each shape whole and on its way."""

import numpy as np
import pytest
from livedream_export import moving_shapes, sources

from livedream import UserError


@pytest.fixture
def footage(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return sources.read(["moving-shapes:12"], 64)


def test_each_clip_shows_one_shape_that_crosses_the_picture(footage):
    assert footage.segments == tuple((k, k + 32) for k in range(0, 12 * 32, 32))
    assert footage.frames.shape == (12 * 32, 64, 64, 3)
    inside = (footage.frames != np.array(moving_shapes.GROUND)).any(-1)
    assert not inside[:, [0, -1]].any()  # nothing is cut off
    assert not inside[:, :, [0, -1]].any()
    places = np.array([np.argwhere(each).mean(0) for each in inside]).reshape(12, 32, 2)
    assert (np.ptp(places, axis=1).max(1) > 12).all()
    areas = inside.sum((1, 2)).reshape(12, 32)
    assert np.ptp(areas, axis=1).max() < 0.35 * areas.mean()  # the same shape, anti-aliased
    assert np.ptp(areas.mean(1)) > 50


def test_anybody_renders_the_same_in_any_size(tmp_path, monkeypatch, footage):
    again = np.stack(list(moving_shapes.frames(64, 64, 12)))
    assert np.array_equal(again, footage.frames)
    assert next(moving_shapes.frames(96, 32, 1)).shape == (32, 96, 3)


@pytest.mark.parametrize("name", ["moving-shapes:x", "moving-shapes:1", "moving-shapes:-3"])
def test_other_names_are_refused_in_a_line(name):
    with pytest.raises(UserError, match="moving-shapes:CLIPS, 2 to 10000"):
        sources.read([name], 64)


def test_it_is_not_mixed_with_other_footage():
    with pytest.raises(UserError, match="cannot be mixed"):
        sources.read(["moving-shapes:", "clip.mp4"], 64)
