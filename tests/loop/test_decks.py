"""Two decks: what goes out lies between their pictures, and one deck never stops the other."""

import time

import numpy as np
import pytest

from livedream.backend import cpu
from livedream.dream import read
from livedream.loop.deck import Deck
from livedream.loop.live import Stage
from livedream.picture.fit import letterbox
from livedream.play import dream_parameters as tables
from livedream.play.player import Player
from tests import dreams
from tests.loop.test_live import Collect
from tests.show import Show, has_oscsend
from tests.waiting import until

FPS = 30.0
FIRST, SECOND = (dreams.picture(sign * dreams.first())[0] for sign in (1, -1))


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dreams")
    big = dreams.tiny(folder / "big.onnx", 96, 96, title="Big", control=True)
    return dreams.tiny(folder / "calm.onnx", title="Calm"), big


@pytest.fixture
def stage(paths):
    """make(one, other) -> (stage, output, table) of two such dreams, calm, frozen at their first scenes; started."""
    made = []

    def make(*wanted, frozen=True, on_frame=lambda values: None):
        played = [read.load(path) for path in wanted]
        table, output = tables.of(played), Collect()
        for address, value in (("player/glide", 0), ("player/freeze", frozen), ("dream/temperature", 0)):
            for prefix in "", "b/":
                if prefix + address in table.parameters:
                    table.set(prefix + address, [value])
        table.tick(0)
        decks = [Deck(number, Player(dream, cpu.load, number)) for number, dream in enumerate(played)]
        made.append(Stage(decks, table, FPS, [output], on_frame=on_frame))
        return made[-1], output, table

    yield make
    for each in made:
        each.stop()


def half(a, b):
    return (a.astype(float) + b) / 2


def test_half_way_is_the_mean_of_both_and_the_ends_are_each(paths, stage):
    show, output, table = stage(paths[0], paths[0])
    table.set("b/dream/scene", ["second"])
    show.start()
    for share, wanted in ((0.5, half(FIRST, SECOND)), (1, SECOND), (0.25, FIRST * 0.75 + SECOND * 0.25), (0, FIRST)):
        table.set("mix/crossfade", [share])
        until(lambda wanted=wanted: output.frames and np.abs(output.last.pixels - wanted).max() <= 1)


def test_pictures_of_different_sizes_lie_over_each_other_in_their_own_shapes(paths, stage):
    show, output, table = stage(*paths)
    show.start()
    square = dreams.picture(dreams.first(), 96, 96)[0]
    table.set("mix/crossfade", [1])
    until(lambda: output.frames and np.array_equal(output.last.pixels, square))
    table.set("mix/crossfade", [0.5])
    dark = FIRST.copy()
    dark[..., :3] = np.round(FIRST[..., :3] / 2)

    def beside():  # a square in the middle of 64 x 32: at its sides there is nothing of it
        now = output.last.pixels
        return now.shape == FIRST.shape and np.abs(now[:, :16].astype(int) - dark[:, :16]).max() <= 1

    until(beside)
    middle = output.last.pixels[:, 16:48].astype(int)
    assert np.abs(middle - half(FIRST[:, 16:48], square[1::3, 1::3])).max() <= 1


def test_nearest_pixels_of_a_smaller_picture_are_themselves():
    small = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    large = letterbox(small, 4, 6)
    assert np.array_equal(large, small.repeat(2, 0).repeat(2, 1))


def test_a_deck_that_is_not_seen_is_not_drawn_and_goes_on(paths, stage):
    show, output, table = stage(paths[0], paths[0], frozen=False)
    drawn = [0, 0]
    for number, deck in enumerate(show.decks):

        def counted(values, number=number, draw=deck.player.draw):
            drawn[number] += 1
            return draw(values)

        deck.player.draw = counted
    show.start()
    output.more(10)
    assert drawn[1] == 0
    assert show.decks[1].player.steps >= 5
    table.set("mix/crossfade", [1])
    until(lambda: drawn[1] > 3)
    before, steps = drawn[0], show.decks[0].player.steps
    until(lambda: show.decks[0].player.steps > steps + 5)
    assert drawn[0] <= before + 1


def test_two_decks_too_slow_for_one_period_are_drawn_in_turn(paths, stage):
    show, output, table = stage(paths[0], paths[0])
    table.set("b/dream/scene", ["second"])
    table.set("mix/crossfade", [0.5])
    drawn = []
    for number, deck in enumerate(show.decks):

        def slow(values, number=number, draw=deck.player.draw):
            time.sleep(0.6 / FPS)  # two of them are longer than a period
            drawn.append(number)
            return draw(values)

        deck.player.draw = slow
    show.start()
    fresh = output.more(24, lambda frame: frame.fresh)
    assert drawn[8:20] in ([0, 1] * 6, [1, 0] * 6)  # each once, then the other
    assert np.abs(fresh[-1].pixels - half(FIRST, SECOND)).max() <= 1  # and the picture is of both


def test_a_dream_comes_with_its_parameters_on_one_frame_and_goes_with_them(paths, stage):
    seen = []
    show, output, table = stage(
        *paths[:1], *paths[:1], on_frame=lambda values: seen.append((values, show.decks[0].player))
    )
    show.start()
    table.set("dream/knob/1", [2])
    output.more(5)
    other = Player(read.load(paths[1]), cpu.load, 0)
    show.decks[0].offer(other)
    until(lambda: output.last.pixels.shape == (96, 96, 4))
    assert all(("dream/push" in values) == (player is other) for values, player in seen)
    assert table.target("dream/knob/1") == 2  # it means the same thing there
    wanted = dreams.picture(dreams.first() + 2 * np.eye(8)[0], 96, 96)[0]
    first = next(frame for frame in output.frames if frame.pixels.shape == (96, 96, 4))
    assert np.array_equal(first.pixels, wanted)
    assert all(frame.pixels.shape[0] in (32, 96) and frame.pixels[..., :3].any() for frame in output.frames)
    assert "b/dream/push" not in table.parameters


def test_the_chance_of_two_decks_is_not_the_same_one(paths):
    dream = read.load(paths[0])

    def latent_of(deck):
        player, table = Player(dream, cpu.load, deck), tables.of(dream, seed=5)
        player.move(30, FPS, table.tick(0))
        return player.walk.after.latent

    assert np.array_equal(latent_of(1), latent_of(1))
    assert not np.allclose(latent_of(0), latent_of(1))


@pytest.mark.skipif(not has_oscsend, reason="needs oscsend: apt install liblo-tools")
def test_a_real_show_of_two_dreams_by_osc(paths):
    with Show(paths[0], "--model", str(paths[1]), "--seed", "7") as show:
        show.frame()
        decks = show.status()["decks"]
        assert [each["dream"] for each in decks] == ["Calm", "Big"]
        assert [each["seed"] for each in decks] == [7, 7]
        for address, value in (("freeze", "1"), ("glide", "0")):
            show.osc(f"player/{address}", "f", value)
        show.osc("b/player/freeze", "i", "1")
        show.osc("b/player/seed", "i", "8")
        show.osc("dream/scene_jump", "i", "1")
        show.until(SECOND)
        show.osc("mix/crossfade", "f", "1")
        show.osc("b/dream/scene_jump", "i", "1")
        show.until(dreams.picture(-dreams.first(), 96, 96)[0])
        show.osc("b/dream/push", "f", "1")
        show.until(dreams.picture(-dreams.first(), 96, 96, push=1.0)[0])
        assert [each["seed"] for each in show.status()["decks"]] == [7, 8]
    assert (show.code, show.errors) == (0, "")
