"""Shows keep the effects of each deck, and when they ran: what is drawn again is what was seen."""

import json

import numpy as np
import pytest
from onnx import helper

from livedream import UserError
from livedream.dream import read
from livedream.shows import replay, show_file
from tests import dreams, effects
from tests.performance import Performance, numbered, slot

DECAY = {"name": "keep", "low": 0, "high": 1, "default": 0.8, "doc": "how much of the past stays"}


def echo(path, width=64, height=32, **options):
    """An effect whose canvas keeps `control.keep` of itself, and shows it."""
    nodes = [
        helper.make_node("Sub", ["state.canvas", "x"], ["past"]),
        helper.make_node("Mul", ["past", "control.keep"], ["stays"]),
        helper.make_node("Add", ["x", "stays"], ["next.state.canvas"]),
        helper.make_node("Add", ["x", "stays"], ["levels"]),
    ]
    shape = [1, height, width, 4]
    return effects.written(path, nodes, (width, height), {"canvas": shape}, [DECAY], title="Echo", **options)


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("effects")
    return {
        "folder": folder,
        "calm": dreams.tiny(folder / "calm.onnx", title="Calm"),
        "big": dreams.tiny(folder / "big.onnx", 96, 96, title="Big"),
        "echo": echo(folder / "echo.onnx"),
        "bright": effects.brightness(folder / "bright.onnx", 32, 32, scale=2),
        "counter": effects.counter(folder / "counter.onnx", fps=10),
        "slow": effects.slow(folder / "slow.onnx", 96, 96, layers=16),
        "breaking": effects.breaking(folder / "breaking.onnx"),
    }


@pytest.fixture
def kept(tmp_path, paths):
    """kept(*dreams, effects=…) -> (performance, the show's path), kept from its first frame unless kept=False."""
    made = []

    def make(*names, inside=(), found=(), keep=True, **options):
        files = {"effects": [paths[each] for each in inside], "found": [paths[each] for each in found]}
        made.append(Performance(*(paths[name] for name in names), **files, **options))
        if keep:
            made[-1].shows.keep(tmp_path / "kept.show")
        return made[-1], tmp_path / "kept.show"

    yield make
    for each in made:
        each.end()


def again(path, **options):
    show = show_file.read(path)
    return numbered(replay.frames(show, replay.dreams(show), **options))


def assert_same(pictures, drawn):
    assert pictures
    wrong = [number for number, picture in pictures.items() if not np.array_equal(picture, drawn.get(number))]
    assert not wrong, f"{len(wrong)} of {len(pictures)} frames differ, the first of them {wrong[:5]}"


def test_effects_of_two_decks_and_what_hands_do_with_them(kept):
    show, path = kept("calm", "big", inside=["echo", "counter"], found=["bright", "echo"])
    show.set(mix__crossfade=0.4)
    show.play(10)
    show.set(effect__1__keep=0.95, effect__2__wet=0.5)
    show.play(5)
    show.set(effect__1__place=1)
    show.play(5)
    show.set(b__effect__insert="bright", effect__insert="bright")
    while not all(any(slot.name == "bright" for slot in chain.slots) for chain in show.chains):
        show.play(1)
    show.set(**{"effect/3/amount": -0.5, "b/effect/1/amount": 1.0, "effect/2/rate": 3.0})
    show.play(8, at_once=2)
    show.set(effect__1__bypass=1)
    show.play(4)
    show.set(effect__1__bypass=0)
    show.set(effect__2__reset=1)
    show.play(6, at_once=3)
    show.set(effect__remove=2)
    show.play(4)
    show.set(effect__insert="echo")  # takes the number that is free
    while len(show.chains[0].slots) < 3:
        show.play(1)
    show.play(8)
    pictures = show.end()
    assert_same(pictures, again(path))
    assert "Echo" in show_file.text(show_file.read(path))


@pytest.mark.parametrize("blend", [0, 1])
def test_a_slow_effect_shows_the_same_pictures_as_late_as_they_came(kept, blend):
    show, path = kept("calm", inside=["slow", "echo"])
    show.set(master__blend=blend)
    slow = show.chains[0].slots[0]
    while slow.runs < 6:
        show.play(1)
    pictures = show.end()
    assert slow.late
    assert_same(pictures, again(path))


def test_a_show_that_begins_in_the_middle_of_runs(kept, tmp_path):
    show, _ = kept("calm", inside=["slow", "echo", "counter"], keep=False)
    slow, begun = show.chains[0].slots[0], {}
    for name in ("first.show", "later.show", "last.show"):
        show.play(3)
        begun[name] = show.number + 1
        show.shows.keep(tmp_path / name)
        before = slow.runs
        while slow.runs < before + 3:
            show.play(1)
    pictures = show.end()
    for name, first in begun.items():
        assert_same({number: each for number, each in pictures.items() if number >= first}, again(tmp_path / name))


def test_an_effect_that_fails_fails_again(kept):
    show, path = kept("calm", inside=["breaking"])
    show.play(5)
    show.set(effect__1__broken=1)
    show.play(90)
    show.set(effect__1__broken=0)
    show.play(90)
    breaking = show.chains[0].slots[0]
    assert breaking.failed
    assert not breaking.error
    assert_same(show.end(), again(path))


def test_at_another_rate_every_frame_has_its_effects(kept):
    show, path = kept("calm", inside=["bright", "counter"])
    show.set(effect__2__wet=0.5)
    show.play(20, at_once=2)
    show.end()
    once, twice = again(path), again(path, fps=60.0)
    assert len(twice) in range(2 * len(once) - 2, 2 * len(once) + 1)
    for number, picture in twice.items():
        if number % 4 == 0:
            assert np.array_equal(picture, once[number // 2])


def test_a_file_that_is_missing_or_another_one_is_one_line(kept, paths, tmp_path):
    file = echo(tmp_path / "lost.onnx")
    show, path = kept("calm")
    show.chains[0].insert(slot(read.load(file)))
    show.play(3)
    show.end()
    file.unlink()
    with pytest.raises(UserError, match=r"kept\.show: plays Echo \(lost\.onnx, SHA-256 .*is not found; put that file"):
        again(path)


def test_what_a_show_says_of_effects_is_checked_line_by_line(kept):
    show, path = kept("calm", inside=["echo"])
    show.play(3)
    show.end()
    header, first, second, *others = map(json.loads, path.read_text("utf-8").splitlines())

    def written(*lines):
        path.write_text("".join(json.dumps(each) + "\n" for each in lines), "utf-8")

    more = {"ran": {"1": [[0]]}}, {"ran": {"x": []}}, {"chain": [{"number": 1, "path": "a"}]}, {"held": {"1": {}}}
    for wrong in more:
        written(header, first, second | {"a": second.get("a", {}) | wrong}, *others)
        with pytest.raises(UserError, match=r"kept\.show:3: this line of the show is damaged"):
            show_file.read(path)
    del header["decks"][0]["chain"]
    written(header, first, second | {"a": {"chain": [{"number": 1}]}}, *others)
    with pytest.raises(UserError, match=r"kept\.show: effect 1 has no file in this show"):
        again(path)
