"""The film of a training: it covers any length in log time, outlives a killed run, and plays in the right colours."""

import av
import numpy as np
import pytest
from livedream_export import learning_film, time_line
from livedream_export.learning_film import LearningFilm

from livedream import UserError

GREY, RED = np.full((48, 64, 3), 90, np.uint8), np.full((48, 64, 3), (200, 40, 30), np.uint8)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(learning_film, "SMALLEST", 128)  # else little pictures are enlarged, which takes time


def train(film, until, since=0.0, step=0.25, picture=GREY):
    """Ask after every step as a run does; returns the times at which pictures were due."""
    found, seconds = [], since
    while seconds < until:
        seconds += step
        if film.due(seconds):
            film.add(picture, seconds)
            found.append(seconds)
    return found


def decoded(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.mark.parametrize("minutes", [0.5, 20, 480])
def test_pictures_are_even_in_log_time_whatever_the_length(tmp_path, monkeypatch, minutes):
    monkeypatch.setattr(LearningFilm, "add", lambda self, picture, seconds: self._times.append(round(seconds * 1000)))
    due = train(LearningFilm(tmp_path), minutes * 60)
    assert due[0] == 1
    assert due[-1] > 0.95 * minutes * 60
    assert 60 < len(due) < 400
    late = np.diff(np.log([each for each in due if each > 15]))
    assert late.max() < 1.5 * late.min()


def test_a_slow_lesson_takes_a_tenth_of_the_time_at_most(tmp_path, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(learning_film.time, "monotonic", lambda: clock[0])
    film, taken, seconds = LearningFilm(tmp_path), 0.0, 0.0
    while seconds < 60:
        seconds += 0.1
        if film.due(seconds):
            clock[0] += 0.5  # drawing it takes so long
            film.add(GREY, seconds)
            taken += 0.5
    assert 3 <= taken <= 7


def test_the_film_holds_the_last_picture_and_shows_the_time(tmp_path):
    film = LearningFilm(tmp_path)
    train(film, 40)
    train(film, 80, since=40, picture=RED)
    assert film.write(tmp_path / "learning.mp4")
    frames = decoded(tmp_path / "learning.mp4")
    seconds = len(frames) / learning_film.FPS
    assert seconds == pytest.approx(learning_film.SECONDS + learning_film.HOLD, abs=0.2)
    pictures = [frame[: -time_line.HEIGHT] for frame in frames]
    for picture, wanted in ((pictures[0], GREY), (pictures[-1], RED)):
        assert np.abs(picture.reshape(-1, 3).mean(0) - wanted[0, 0]).max() < 3
    bands = [frame[-time_line.HEIGHT :, : frame.shape[1] // 2].mean() for frame in frames]
    assert bands[60] < bands[120] < bands[240]  # the line grows
    assert np.abs(frames[-1].astype(int) - frames[-learning_film.FPS].astype(int)).max() < 12


def test_a_killed_run_goes_on_with_its_pictures_and_forgets_what_is_later(tmp_path):
    train(LearningFilm(tmp_path), 30)
    (tmp_path / "learning" / ".0000000999.jpg.77.tmp").write_bytes(b"a kill came while it was written")
    again = LearningFilm(tmp_path)  # the checkpoint it goes on from is of 20 s
    more = train(again, 40, since=20, picture=RED)
    times = sorted(int(path.stem) / 1000 for path in (tmp_path / "learning").glob("*.jpg"))
    assert times[0] == 1
    assert [each for each in times if each > 20.5] == more
    assert again.write(tmp_path / "learning.mp4")
    LearningFilm(tmp_path).clear()
    assert not list((tmp_path / "learning").glob("[0-9]*.jpg"))


def test_damaged_pictures_and_those_of_another_size_are_left_out(tmp_path):
    film = LearningFilm(tmp_path)
    film.add(GREY[:32], 1)
    film.add(RED, 2)
    film.add(RED, 4)
    film.add(RED, 8)
    (tmp_path / "learning" / "0000004000.jpg").write_bytes(b"damaged")
    assert film.write(tmp_path / "learning.mp4")
    first = decoded(tmp_path / "learning.mp4")[0][: -time_line.HEIGHT]
    assert np.abs(first.reshape(-1, 3).mean(0) - RED[0, 0]).max() < 3


def test_odd_sides_and_large_pictures_play(tmp_path):
    film = LearningFilm(tmp_path)
    film.add(np.zeros((1501, 2003, 3), np.uint8), 1)
    assert film.write(tmp_path / "learning.mp4")
    height, width = decoded(tmp_path / "learning.mp4")[0].shape[:2]
    assert width == learning_film.LARGEST
    assert height % 2 == 0


def test_without_pictures_there_is_no_film_and_a_folder_that_cannot_be_is_one_line(tmp_path):
    assert not LearningFilm(tmp_path).write(tmp_path / "learning.mp4")
    assert not list(tmp_path.iterdir())
    (tmp_path / "learning").write_text("in the way")
    with pytest.raises(UserError, match="cannot be made"):
        LearningFilm(tmp_path).add(GREY, 1)


@pytest.mark.parametrize(
    ("seconds", "words"), [(1, "1.0 s"), (9.96, "10 s"), (59.4, "59 s"), (65, "1 min 05 s"), (7690, "2 h 08 min")]
)
def test_times_in_words(seconds, words):
    assert time_line.clock(seconds) == words
