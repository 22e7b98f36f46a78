"""`livedream run --in FILE`: a real show with a real file, moved by OSC."""

import json

import av
import numpy as np
import pytest

from livedream.picture import png
from livedream.shows import replay, show_file
from tests import dreams
from tests.performance import numbered
from tests.show import Show, has_oscsend
from tests.waiting import until

pytestmark = pytest.mark.skipif(not has_oscsend, reason="oscsend is not installed")
RED = (150, 110, 120)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return dreams.tiny(tmp_path_factory.mktemp("dream") / "tiny.onnx", encode=True)


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    picture = np.full((32, 64, 4), 255, np.uint8)
    picture[..., :3] = RED
    path = tmp_path_factory.mktemp("photo") / "red.png"
    path.write_bytes(png.encode(picture))
    return path


def is_red(pixels):
    return np.abs(pixels[..., :3].astype(int) - RED).max() <= 3


def test_a_dream_meets_a_file_by_osc_and_the_session_keeps_it(model, photo, tmp_path):
    kept = tmp_path / "a.session"
    show = Show(model, "--in", str(photo), "--size", "64x32", "--save", str(kept), "--seconds", "40")
    with show:
        show.until(lambda pixels: not is_red(pixels))
        show.osc("input/mix", "f", "1")
        show.until(is_red)
        show.osc("input/mix", "f", "0")
        show.osc("input/pull", "f", "1")
        # encode takes the mean for latents 0 and 1, and decode draws ramps of red and green around them
        show.until(lambda pixels: not is_red(pixels) and np.abs(pixels[..., :2].mean((0, 1)) - RED[:2]).max() < 4)
        status = show.status()["input"]
        assert (status["kind"], status["state"], status["size"]) == ("file", "up", [64, 32])
        assert status["encoders"][0]["encoded"] >= 1
        query = show.get("livedream/input/pull")
        assert query["RANGE"] == [{"MIN": 0.0, "MAX": 1.0}]
    assert show.code == 0
    content = json.loads(kept.read_text("utf-8"))
    assert content["in"].endswith("red.png")
    assert content["values"] == {"input/pull": 1.0}


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """40 pictures a second apart in grey, at 20 a second."""
    path = tmp_path_factory.mktemp("film") / "grey.mkv"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("ffv1", rate=20)
        stream.width, stream.height, stream.pix_fmt = 64, 32, "bgr0"
        for n in range(40):
            picture = av.VideoFrame.from_ndarray(np.full((32, 64, 3), 6 * n, np.uint8), format="rgb24")
            file.mux(stream.encode(picture.reformat(format="bgr0")))
        file.mux(stream.encode(None))
    return path


def test_a_show_is_drawn_again_with_the_film_from_where_it_was(model, film, tmp_path):
    kept = tmp_path / "a.show"
    with Show(model, "--in", str(film), "--size", "64x32", "--record", str(kept), "--seconds", "40") as show:
        show.frame()
        show.osc("input/mix", "f", "0.5")
        show.osc("input/pull", "f", "0.5")
        until(lambda: show.status()["input"]["received"] > 45)  # more than one pass of the film
        frames = []
        while not show.feed.queue.empty():
            frames.append(show.frame())
    drawn = {number: pixels for number, fresh, pixels in frames if fresh}
    read = show_file.read(kept)
    again = numbered(replay.frames(read, replay.dreams(read)))
    assert len(drawn) > 20
    for number, pixels in drawn.items():  # what was drawn too late went out under a later number
        same = [np.array_equal(again[each], pixels) for each in range(number, number - 5, -1) if each in again]
        assert any(same), number


def test_a_show_without_its_film_says_so_once_and_draws_the_dream(model, film, tmp_path, caplog):
    kept, moved = tmp_path / "b.show", tmp_path / "moved.mkv"
    moved.write_bytes(film.read_bytes())
    with Show(model, "--in", str(moved), "--size", "64x32", "--record", str(kept), "--seconds", "40") as show:
        show.frame()
        show.osc("input/mix", "f", "1")
        show.until(lambda pixels: np.ptp(pixels[..., :3]) == 0)  # the film's grey
        show.frames(5)
    moved.unlink()
    read = show_file.read(kept)
    frames = numbered(replay.frames(read, replay.dreams(read)))
    said = [each.getMessage() for each in caplog.records]
    assert len(said) == 1
    assert "the live picture (moved.mkv) is not in the show" in said[0]
    last = frames[max(frames)]
    assert last.std() > 10  # the dream's ramps


def test_without_a_dream_the_live_picture_is_alone(photo):
    with Show("", "--in", str(photo), "--size", "64x32", "--seconds", "40") as show:
        show.until(is_red)
        assert show.value("input/mix") == 1


def test_without_in_there_are_no_such_addresses(model):
    with Show(model, "--seconds", "40") as show:
        show.frame()
        assert show.status()["input"] is None
        assert not [each for each in show.get("parameters") if each["address"].startswith("input/")]
