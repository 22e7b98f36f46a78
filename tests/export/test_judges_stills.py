"""The judge of dreams that learn no motion, on dreams and pictures whose figures are known beforehand."""

import dataclasses

import numpy as np
import pytest
from livedream_export import evaluate, kinds
from livedream_export.cache import Footage, Source
from livedream_export.judges import lpips, stills, stills_table

from livedream import UserError
from livedream.dream import read
from tests import dreams


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


class Levels:
    """Stands for LPIPS, whose weights may be missing: the mean difference of two pictures."""

    def __call__(self, a, b):
        return np.abs(a.astype(np.float32) - b).mean((1, 2, 3)) / 255


@pytest.fixture(autouse=True)
def without_lpips(monkeypatch):
    monkeypatch.setattr(lpips, "load", lambda kind: Levels() if kind == "alex" else None)


def tones(pictures):
    """Mean red, green and blue: all in which the pictures of the tiny dream differ."""
    return pictures.mean((1, 2)).astype(np.float64)


def material(spread=1.0, count=80, fps=25.0) -> Footage:
    """Pictures as the tiny dream draws them where its latents have that spread."""
    latents = spread * np.random.default_rng(1).normal(size=(count, 8))
    frames = np.stack([dreams.picture(each)[0, ..., :3] for each in latents])
    return Footage(frames, tuple((k, k + 1) for k in range(count)), fps, (Source("a.png", "0" * 64, 0.04),), "", ())


@pytest.fixture
def dream(tmp_path):
    return read.load(dreams.tiny(tmp_path / "tiny.onnx", step=False))


def test_a_dream_that_draws_as_the_material_is_good(dream):
    found = stills.measure(dream, material(), tones)
    like = found["likeness"]["lite0"]
    assert like["pictures"] == 40
    assert like["ratio"] < 4
    assert like["coverage"] > 0.7
    assert found["variety"]["share"] == pytest.approx(1, abs=0.2)
    assert found["spectrum"]["edges"] == pytest.approx(1, abs=0.1)
    assert found["word"] == "good"


def test_a_dream_that_has_collapsed_is_told_so_with_what_to_do(dream):
    found = stills.measure(dream, material(spread=3), tones)
    assert found["variety"]["share"] < 0.5
    assert found["likeness"]["lite0"]["ratio"] > 1.5
    assert stills.advice(found).startswith("draws the same picture again: it has collapsed")


def test_other_colours_and_copies_are_named(dream):
    pale = dataclasses.replace(material(), frames=material().frames // 2 + 120)
    assert stills.measure(dream, pale, tones)["word"] == "grey"
    found = stills.measure(dream, material(), tones)
    assert found["novelty"]["copies"] < 0.5
    found["novelty"]["copies"] = 1.0
    assert stills.word(found) == "copies its pictures"


def test_soft_pictures_are_less_various_but_have_not_collapsed(dream):
    found = stills.measure(dream, material(), tones)
    found["spectrum"] |= {"edges": 0.2, "dream": {"slope": -3.5}, "footage": {"slope": -2.4}}
    found["variety"]["share"] = 0.5
    assert stills.word(found) == "soft"
    found["variety"]["share"] = 0.2
    assert stills.word(found) == "draws the same picture again"


def test_the_same_seed_gives_the_same_figures_and_another_others(dream):
    one, again, other = (stills.measure(dream, material(), tones, seed=seed) for seed in (0, 0, 5))
    assert one == again
    assert one["variety"]["dream"] != other["variety"]["dream"]


def test_few_pictures_and_missing_networks_are_said_in_the_table(dream, monkeypatch):
    monkeypatch.setattr(lpips, "load", lambda kind: None)
    found = stills.measure(dream, material(count=8), None) | {"dream": "tiny.onnx"}
    text = stills_table.text(found | {"verdict": stills.advice(found)})
    assert "too few pictures" in text
    assert lpips.INSTALL in text
    assert text.splitlines()[-1].startswith("good: ")


def test_the_walk_is_smooth_and_a_jump_is_seen(dream, monkeypatch):
    smooth = stills.measure(dream, material(), tones)["walk"]
    assert smooth["largest"] < 5


def test_evaluate_asks_the_judge_of_the_kind(dream, tmp_path, monkeypatch):
    asked = []

    def judge(dream, sources, wanted):
        asked.append((dream.kind, sources, wanted.minutes))
        return {"figure": 1}, "a table"

    monkeypatch.setattr(stills, "judge", judge)
    kind = dataclasses.replace(kinds.KINDS["vae"], judge="livedream_export.judges.stills:judge")
    monkeypatch.setitem(kinds.KINDS, dream.kind, kind)
    wanted = evaluate.Asked(lambda share, what: None, minutes=2)
    assert evaluate.judge(dream.path, ["folder"], wanted) == ({"figure": 1}, "a table")
    assert asked == [("test", ["folder"], 2)]
    with pytest.raises(UserError, match="at least one seed"):
        evaluate.judge(dream.path, ["folder"], dataclasses.replace(wanted, seeds=()))


def test_coverage_counts_the_pictures_that_have_a_drawn_one_near():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(60, 4))
    assert stills.coverage(real + 1e-3, real) == 1
    assert stills.coverage(np.zeros((60, 4)) + real[0], real) < 0.3
    assert stills.coverage(real + 100, real) == 0
