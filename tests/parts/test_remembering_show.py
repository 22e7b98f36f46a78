"""A dream that remembers in a show: presets lead from place to place, and a show that was kept is drawn again."""

import random

import numpy as np
import pytest

from livedream.backend import cpu
from livedream.dream import read
from livedream.parts.isolated import LoadProcess
from livedream.parts.preset_recall import PresetRecall
from livedream.play import dream_parameters as tables
from livedream.play.player import Player
from livedream.shows import replay, show_file
from tests import dreams
from tests.performance import FPS, Performance, numbered
from tests.waiting import until


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return dreams.remembering(tmp_path_factory.mktemp("dreams") / "remembering.onnx")


@pytest.fixture
def played(tmp_path, path):
    """played() -> a performance with presets, kept in a show."""
    made = []

    def make(count=1):
        show = Performance(*[path] * count)
        show.shows.keep(tmp_path / "kept.show")
        show.presets = PresetRecall(show.decks, show.table, tmp_path / "presets")
        show.presets.start()
        show.transform = show.presets.transform
        made.append(show)
        show.play(1)
        until(lambda: show.presets.bank is not None)
        return show

    yield make
    for each in made:
        each.presets.stop()
        each.shows.stop()


def say(show, command, *arguments):
    assert show.table.set(f"preset/{command}", arguments, "performer")


def weights(show):
    return dreams.weights(show.pictures[show.number])


def again(folder, **options):
    show = show_file.read(folder / "kept.show")
    return numbered(replay.frames(show, replay.dreams(show), **options))


def test_a_morph_shows_both_places_and_no_third_one(played, tmp_path):
    show = played()
    show.set(player__glide=0, player__speed=0, dream__scene="far")
    show.play(2)
    say(show, "store", "far")
    show.play(1).set(dream__scene="first")
    show.play(2).set(preset__morph=1)
    assert weights(show).argmax() == 1
    say(show, "recall", "far")
    way = [weights(show.play(1)) for _ in range(round(FPS) + 2)]
    for each in way:
        assert np.delete(np.abs(each), [1, 7]).max() < 0.02  # 2 to 6 lie between
    far = [each[7] for each in way]
    assert np.all(np.diff(far) > -0.01)
    assert np.diff(far).max() < 0.1
    assert far[0] < 0.05
    assert far[round(FPS / 2)] == pytest.approx(0.5, abs=0.1)
    assert far[-1] == pytest.approx(1, abs=0.01)
    # A second one that begins on the way of the first goes on from what is seen, and replay draws the same.
    show.set(dream__scene="first")
    show.play(2)
    say(show, "recall", "far")
    show.play(12)
    say(show, "undo")
    show.play(40)
    pictures = show.end()
    drawn = again(tmp_path)
    assert all(np.array_equal(picture, drawn[number]) for number, picture in pictures.items())


def performer(show, chance, prefix):
    address, value = chance.choice(
        [
            ("player/speed", chance.choice([-2, 0.3, 1, 2.5, 8])),
            ("player/loop", chance.choice([0, 0.5, 1])),
            ("player/scrub", chance.choice([0.2, 0.7, 1])),
            ("player/pingpong", chance.random() < 0.3),
            ("player/live", 1),
            ("player/branch", 1),
            ("dream/temperature", chance.uniform(0, 2)),
            ("dream/scene_jump", chance.randrange(2)),
            ("dream/knob/1", chance.uniform(-1, 1)),
            ("preset/store", chance.choice("ab")),
            ("preset/recall", chance.choice("ab")),
        ]
    )
    if address.startswith("preset/"):
        show.set(preset__morph=chance.choice([0, 0.4]))
        say(show, address.removeprefix("preset/"), value)
    else:
        show.set(**{prefix + address: value})


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_show_is_drawn_again_to_the_last_bit(played, tmp_path, at_once):
    show = played(2)
    chance = random.Random(at_once)
    show.set(mix__crossfade=0.5, player__glide=0.1)
    for _ in range(70):
        performer(show, chance, chance.choice(["", "b/"]))
        show.play(1, chance.randint(1, at_once))
        show.play(chance.randint(0, 2))
    pictures = show.end()
    drawn = again(tmp_path)
    wrong = [number for number, picture in pictures.items() if not np.array_equal(picture, drawn.get(number))]
    assert not wrong
    assert len(pictures) > 100


def test_at_another_rate_it_shows_what_lies_between_and_no_third_place(played, tmp_path):
    show = played()
    show.set(player__glide=0, player__speed=0, dream__scene="far")
    show.play(2)
    say(show, "store", "far")
    show.play(1).set(dream__scene="first", preset__morph=1)
    show.play(5)
    say(show, "recall", "far")
    show.play(40).end()
    seen = [dreams.weights(picture) for picture in again(tmp_path, fps=75.0).values()]
    assert len(seen) > 100
    for each in seen[15:]:
        assert np.delete(np.abs(each), [1, 7]).max() < 0.02


def test_another_runner_and_another_process_make_no_seam(path, tmp_path):
    plain, handed = Performance(path), Performance(path)
    for show in (plain, handed):
        show.play(10)
    handed.decks[0].offer_same(Player(read.load(path), cpu.load))
    plain.play(10), handed.play(10)
    handed.decks[0].fall_back("a test")
    plain.play(10), handed.play(10)
    for show in (plain, handed):
        show.end()
    assert plain.pictures.keys() == handed.pictures.keys()
    assert all(np.array_equal(plain.pictures[number], handed.pictures[number]) for number in plain.pictures)


def test_one_that_is_read_beside_a_show_is_the_same(path):
    there, here = LoadProcess(path).dream(), read.load(path)
    assert there.memories.pictures == here.memories.pictures
    assert np.array_equal(there.memories.ends, here.memories.ends)
    assert there.places == here.places
    pictures = []
    for dream in (there, here):
        player, now = Player(dream, cpu.load), tables.of(dream).tick(0)
        player.move(0, FPS, now)
        pictures.append(player.draw(now))
    assert np.array_equal(*pictures)
