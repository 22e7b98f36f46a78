"""What a sketch dream draws is judged beside the drawings it learned, and the shipped ones draw to the end."""

import numpy as np
import pytest
import torch
from livedream_export import kinds
from livedream_export.judges import drawings as judge
from livedream_export.judges import lpips
from livedream_export.judges.asked import Asked
from livedream_export.sketch import drawing, learner, raster

from livedream.dream import read

SHAPES = {3: "triangle", 4: "square", 6: "hexagon"}


def polygon(corners, turned, size=0.7):
    at = turned + 2 * np.pi * np.arange(corners + 1) / corners
    return [size * np.stack([np.cos(at), np.sin(at)], 1)]


def polygons(count, seed, corners=tuple(SHAPES)):
    rng = np.random.default_rng(seed)
    chosen = [polygon(corners[k % len(corners)], rng.uniform(0, 1.5), rng.uniform(0.4, 0.9)) for k in range(count)]
    return raster.pictures(chosen, judge.SIDE)


@pytest.fixture(autouse=True)
def no_networks(monkeypatch):
    """Fréchet distances take networks that are not installed everywhere."""

    def missing():
        raise judge.UserError("not installed")

    monkeypatch.setattr(judge, "efficientnet", missing)
    monkeypatch.setattr(lpips, "load", lambda name: None)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: polygons(24, 1), "good"),
        (lambda: np.repeat(polygons(1, 1), 24, 0), "draws the same again"),
        (lambda: np.full((24, judge.SIDE, judge.SIDE, 3), raster.PAPER, np.uint8), "draws nothing"),
        (lambda: polygons(48, 0)[::2], "copies its drawings"),
        (
            lambda: polygons(96, 1).reshape(24, 4, judge.SIDE, judge.SIDE, 3).min(1),
            "scribbles",
        ),
    ],
)
def test_a_dream_is_told_what_is_wrong_with_its_drawings(made, words):
    own, drawn = (np.stack([judge._inked(each) for each in part]) for part in (polygons(48, 0), made()))  # noqa: SLF001
    found = judge.measure(drawn, own)
    assert judge.word(found) == words
    assert words.split()[0] in judge.ADVICE or words in judge.ADVICE


@pytest.mark.parametrize("name", ["icons", "kanji"])
def test_a_shipped_dream_finishes_one_drawing_after_another(name):
    dream = read.load(name)
    told = []
    made = judge.finished(dream, 2, 0, lambda share, what: told.append(share))
    ink = (255 - made.astype(float)).mean((1, 2, 3)) / 255
    assert told == [0.5, 1.0]
    assert ((ink > 0.02) & (ink < 0.5)).all()
    assert np.abs(made[0].astype(int) - made[1]).mean() > 2


def test_evaluate_asks_the_judge_of_drawings(tmp_path):
    for number in range(16):
        points = " L".join(f"{x:.2f} {y:.2f}" for x, y in polygon(3 + number % 9, 0.1 * number)[0] * 10 + 12)
        path = tmp_path / f"{number}.svg"
        path.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" fill="none" stroke="black"><path d="M{points}"/></svg>'
        )
    pytest.importorskip("svgelements")
    asked = Asked(lambda share, what: None, seeds=(0,), sheet=tmp_path / "sheet.jpg")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge, "DRAWN", 2)
        found, said = kinds.judge("sketch")(read.load("icons"), [tmp_path], asked)
    assert found["material"] == 16
    assert found["verdict"].split(":")[0] in judge.ADVICE
    assert "variety" in said
    assert (tmp_path / "sheet.jpg").stat().st_size > 1000


def test_the_distance_of_drawings_is_that_of_their_lines():
    one = drawing.sequence([np.array([[-0.5, 0.0], [0.5, 0.0]])])
    lower = drawing.sequence([np.array([[-0.5, 0.1], [0.5, 0.1]])])
    both = drawing.sequence([np.array([[-0.5, 0.0], [0.5, 0.0]]), np.array([[-0.5, 0.4], [0.5, 0.4]])])
    assert drawing.distance(one, one) == 0
    assert drawing.distance(one, lower) == pytest.approx(0.1, abs=0.01)
    assert drawing.distance(one, both) == pytest.approx(0.2, abs=0.03)  # a line too many counts
    assert drawing.distance(one, one[:0]) == np.inf


def test_a_pen_that_strayed_is_told_the_way_back():
    torch.manual_seed(0)
    rows = torch.zeros(2, 6, 5)
    rows[..., 0] = 0.5
    inside = torch.ones(2, 6)
    told, wanted = learner.drifted(rows, inside, 1.0)
    where, should = told[..., :2].cumsum(1), rows[..., :2].cumsum(1)
    assert (where - should).abs().max() > 0.05  # it strayed,
    back = torch.cat([torch.zeros(2, 1, 2), where[:, :-1]], 1) + wanted[..., :2]
    assert torch.allclose(back, should, atol=1e-5)  # and each way asked for leads to where the line is
