"""`livedream train --dry-run` prints what becomes of each clip, and writes no dream."""

import pytest

from livedream import cli
from tests.export import training


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_it_lists_every_clip_and_says_whether_the_minutes_suffice(tmp_path, monkeypatch, capsys):
    place = tmp_path / "clips"
    place.mkdir()
    training.square(place / "square.mp4")
    (place / "broken.mp4").write_text("no film")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["train", "clips", "--dry-run", "--size", "32", "--fps", "12.5"]) == 0
    shown = capsys.readouterr()
    rows = {line.split()[0]: line for line in shown.err.splitlines()}
    assert "used" in rows["square.mp4"]
    assert "25 frames a second become 12.5" in rows["square.mp4"]
    assert "skipped" in rows["broken.mp4"]
    assert "1 of 2 clips used: 4.0 s, 50 frames of 32x32 at 12.5 a second" in shown.err
    assert "nothing was trained; --minutes 30 is enough" in shown.out
    assert {each.name for each in tmp_path.iterdir()} == {"clips", "cache"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.mp4", "--dry-run"], "nowhere.mp4: there is no such file"),
        (["nowhere.mp4"], "-o NAME.onnx is missing"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["train", *arguments]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("colour", ["#12", "purplish", "#12345g"])
def test_a_background_that_is_no_colour_is_one_line(capsys, colour):
    with pytest.raises(SystemExit):
        cli.main(["train", "a.mp4", "--dry-run", "--background", colour])
    assert "should be #RRGGBB" in capsys.readouterr().err
