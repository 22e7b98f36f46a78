"""Screenshots: never half-written, nothing overwritten, alpha only where there is any."""

import os

import av
import numpy as np
import pytest

from livedream import UserError
from livedream.output.files import screenshot
from livedream.picture.frame import Frame


def read(path):
    with av.open(str(path)) as container:
        return next(container.decode(video=0))


def test_the_picture_comes_back_without_alpha_if_it_has_none(tmp_path, frame):
    path = screenshot.save(frame(5), tmp_path)
    picture = read(path)
    assert path.parent == tmp_path
    assert picture.format.name == "rgb24"
    assert np.array_equal(picture.to_ndarray(format="rgb24"), frame(5).pixels[..., :3])


def test_alpha_is_kept_if_one_pixel_has_it(tmp_path, frame):
    pixels = frame(5).pixels.copy()
    pixels[7, 9, 3] = 254
    picture = read(screenshot.save(Frame(pixels, 5), tmp_path))
    assert picture.format.name == "rgba"
    assert np.array_equal(picture.to_ndarray(format="rgba"), pixels)


def test_a_fade_is_in_it(tmp_path, frame):
    picture = read(screenshot.save(Frame(frame(5).pixels, 5, fade=0.0), tmp_path))
    assert not picture.to_ndarray(format="rgb24").any()


@pytest.mark.parametrize("links", [True, False])
def test_many_in_one_second_all_stay(tmp_path, frame, monkeypatch, links):
    if not links:

        def refused(*_):
            raise PermissionError

        monkeypatch.setattr(os, "link", refused)
    paths = [screenshot.save(frame(n, 32, 32), tmp_path) for n in range(5)]
    assert sorted(tmp_path.iterdir()) == sorted(set(paths))
    assert [read(path).to_ndarray(format="rgb24")[-1, 0, 2] for path in paths] == [n * 8 for n in range(5)]


def test_nothing_is_left_where_it_cannot_be_written(tmp_path, frame, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="No space left"):
        screenshot.save(frame(1), tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UserError, match="cannot be written"):
        screenshot.save(frame(1), tmp_path / "nowhere")
