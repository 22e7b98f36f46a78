"""The past played on a stage: loops, scrubs, backwards and branches, alone, in shows, and in a real `livedream run`."""

import random

import numpy as np
import pytest

from livedream.shows import replay, show_file
from tests import dreams
from tests.performance import FPS, Performance, numbered
from tests.show import Show, has_oscsend
from tests.waiting import until

BEATS = 2  # at 120 a minute and FPS: 30 frames
PERIOD = round(BEATS * 0.5 * FPS)


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dreams")
    target = dreams.noisy(folder / "noisy.onnx", title="Noisy")
    return {
        "calm": dreams.tiny(folder / "calm.onnx", title="Calm"),
        "layers": dreams.tiny(folder / "layers.onnx", title="Layers", layers=True),
        "walk": dreams.tiny(folder / "walk.onnx", title="Walk", step=False),
        "noisy": target,
        "clips": dreams.tiny(folder / "clips.onnx", title="Clips", step=False, layers=True, frames=8),
        "sinking": dreams.sinking(folder / "sinking.onnx"),
    }


@pytest.fixture
def played(paths):
    made = []

    def make(*names, **options):
        made.append(Performance(*(paths[name] for name in names), **options))
        return made[-1]

    yield make
    for each in made:
        each.shows.stop()


def pictures(show, count: int) -> np.ndarray:
    first = show.number + 1
    show.play(count)
    return np.stack([show.pictures[number] for number in range(first, show.number + 1)])


@pytest.mark.parametrize("name", ["calm", "noisy", "walk"])
def test_a_loop_is_the_same_frames_period_after_period_and_ends_where_it_began(played, name):
    show = played(name)
    show.set(player__speed=2)
    pictures(show, 50)
    show.set(player__loop=BEATS)
    show.play(PERIOD)  # it comes in
    first = pictures(show, PERIOD)
    for _ in range(3):
        assert np.array_equal(pictures(show, PERIOD), first)
    assert len({each.tobytes() for each in first}) > PERIOD / 2
    show.set(player__live=1)
    show.play(2)
    assert show.table.target("player/loop") == 0  # what is no longer so is not shown
    show.play(10)
    untouched = played(name)
    untouched.set(player__speed=2)
    untouched.play(50)
    # The dream stood still meanwhile, and goes on as if nothing had been.
    assert np.array_equal(pictures(show, 5), pictures(untouched.play(12), 5))


@pytest.mark.parametrize(
    ("name", "at_once"), [("noisy", 1), ("noisy", 3), ("layers", 3), ("walk", 1), ("clips", 1), ("clips", 3)]
)
def test_a_show_with_its_past_is_drawn_again_to_the_last_bit(played, tmp_path, name, at_once):
    show = played(name, "calm")
    show.shows.keep(tmp_path / "kept.show")
    show.set(mix__crossfade=0.5)
    chance = random.Random(name)
    show.play(30)
    for _ in range(50):
        prefix = chance.choice(["", "b__"])
        address, value = chance.choice(
            [
                ("player__loop", chance.choice([0, 0.25, 1, 2, 1.7])),
                ("player__loop", chance.choice([0.5, 3])),
                ("player__pingpong", chance.random() < 0.5),
                ("player__scrub", chance.random()),
                ("player__scrub", 1),
                ("player__speed", chance.choice([-8, -1, -0.3, 0, 0.4, 1, 1, 3])),
                ("player__live", 1),
                ("player__branch", 1),
                ("player__freeze", chance.random() < 0.3),
                ("dream__scene__jump", chance.randrange(2)),
                ("dream__temperature", chance.random()),
                ("dream__feedback", chance.random()),
                ("dream__knob__1", chance.uniform(-1, 1)),
            ]
        )
        show.set(**{prefix + address: value, "player__glide": chance.choice([0, 0.05, 0.5])})
        show.play(chance.randint(1, 6), chance.randint(1, at_once))
    made = show.end()
    recorded = show_file.read(tmp_path / "kept.show")
    drawn = numbered(replay.frames(recorded, replay.dreams(recorded)))
    wrong = [number for number, each in made.items() if not np.array_equal(each, drawn.get(number))]
    assert not wrong, f"{len(wrong)} of {len(made)} frames differ, the first of them {wrong[:5]}"
    assert sorted(drawn) == list(range(show.number + 1))


def test_a_show_that_begins_in_a_loop_and_one_at_twice_the_rate(played, tmp_path):
    show = played("noisy")
    show.set(player__speed=0.7)
    show.play(40).set(player__loop=1)
    show.play(20)
    show.shows.keep(tmp_path / "kept.show")
    show.play(20).set(player__speed=-0.7, player__loop=0)
    made = show.play(20).end()
    recorded = show_file.read(tmp_path / "kept.show")
    drawn = numbered(replay.frames(recorded, replay.dreams(recorded)))
    assert all(np.array_equal(made[number], drawn[number]) for number in drawn)
    twice = numbered(replay.frames(recorded, replay.dreams(recorded), fps=2 * FPS))
    assert all(np.array_equal(twice[2 * number], drawn[number]) for number in drawn)
    begins = min(drawn)
    between = twice[2 * begins + 5].astype(int), drawn[begins + 2].astype(int), drawn[begins + 3].astype(int)
    low, high = np.minimum(*between[1:]), np.maximum(*between[1:])
    assert (low[..., 1] - 1 <= between[0][..., 1]).all()
    assert (between[0][..., 1] <= high[..., 1] + 1).all()


def test_the_second_decks_past_is_its_own(played):
    show = played("calm", "calm")
    show.set(mix__crossfade=1, player__glide=0.0)
    past = pictures(show, 25)
    show.set(b__player__speed=-1)
    assert np.array_equal(pictures(show, 20), past[::-1][1:21])
    assert show.decks[0].player.walk.playhead.present
    assert not show.decks[1].player.walk.playhead.present


@pytest.mark.parametrize("how", ["nudge", "scene"])
def test_a_dream_at_rest_is_helped_at_the_next_bar_and_the_show_has_it(played, tmp_path, how):
    show, bar = played("sinking"), [0]
    show.begin = lambda number: bar[0]
    show.shows.keep(tmp_path / "kept.show")
    show.set(player__unstick=how, player__speed=8)
    player = show.decks[0].player
    show.play(50, 2)
    assert player.unstuck >= 1
    assert show.table.target("dream/scene") == 0  # a bar has not begun
    bar[0] += 1
    show.play(30, 2)
    assert (show.table.target("dream/scene") > 0) == (how == "scene")
    made = show.end()
    recorded = show_file.read(tmp_path / "kept.show")
    drawn = numbered(replay.frames(recorded, replay.dreams(recorded)))
    assert all(np.array_equal(each, drawn[number]) for number, each in made.items())
    if how == "scene":
        return
    last = [each.tobytes() for each in made.values()]
    assert len(set(last[-60:])) > 10  # it moves


def test_another_dream_comes_in_live(played, paths):
    show = played("calm")
    show.play(40).set(player__loop=1)
    show.play(5).load(paths["noisy"])
    show.play(3)
    assert show.table.target("player/loop") == 0
    assert show.decks[0].player.walk.playhead.present


def test_a_dream_that_goes_on_elsewhere_stays_in_its_loop(played):
    show = played("calm")
    show.play(40).set(player__loop=BEATS)
    show.play(PERIOD)
    first = pictures(show, PERIOD)
    show.decks[0].fall_back("its card was drawn")
    assert np.array_equal(pictures(show, PERIOD), first)


@pytest.mark.skipif(not has_oscsend, reason="needs liblo's oscsend")
def test_a_real_show_loops_scrubs_goes_back_and_goes_on(paths):
    with Show(paths["calm"], "--seed", "3", "--fps", "25") as show:

        def past():
            return show.status()["decks"][0]["past"]

        show.frames(60)
        show.osc("player/loop", "f", "1")  # 12.5 frames: two periods are 25
        until(lambda: past() == "loop")
        seen = {}

        def repeats():
            """Whether of the last frames those of two periods apart are the same, as far as the machine was in time."""
            number, fresh, pixels = show.frame()
            if fresh:
                seen[number] = pixels.tobytes()
            pairs = [n for n in seen if number - 60 < n and n + 25 in seen]
            return len(pairs) > 12 and all(seen[n] == seen[n + 25] for n in pairs) and len({seen[n] for n in pairs}) > 5

        until(repeats)
        show.osc("player/scrub", "f", "0.5")
        until(lambda: past() == "scrub")
        until(lambda: len({each[2].tobytes() for each in show.frames(8)}) == 1)  # it is held
        show.osc("player/live", "i", "1")
        until(lambda: past() is None)
        until(lambda: len({each[2].tobytes() for each in show.frames(8)}) > 3)
        until(lambda: (show.value("player/loop"), show.value("player/scrub")) == (0, 1))
        show.osc("player/speed", "f", "-1")
        until(lambda: past() == "past")
        step = show.status()["decks"][0]["step"]
        show.osc("player/branch", "i", "1")
        show.osc("player/speed", "f", "1")
        until(lambda: show.status()["decks"][0]["step"] > step + 25)
    assert show.code == 0
