"""A dream drawn in its past, latent by latent: the same every time, without jerks, and gone on from exactly."""

import functools

import numpy as np
import pytest

from livedream.backend import cpu
from livedream.dream import read
from livedream.play import dream_parameters as tables
from livedream.play import history, playhead
from livedream.play.history import History
from livedream.play.player import Player
from tests import dreams

FPS = 25.0  # of the dream: at this rate and speed 1 a frame is a step


load = functools.cache(read.load)  # each file is checked once


class Played:
    """A player with its table, moved frame by frame; parameters are corrected as a deck does it."""

    def __init__(self, path, seed=7, **values):
        self.dream = load(path)
        self.table = tables.of(self.dream, seed)
        self.player = Player(self.dream, cpu.load)
        self.set(player__glide=0)
        self.now = None
        self.set(**values).move(0)

    def set(self, **values):
        for name, value in values.items():
            assert self.table.set(name.replace("__", "/"), (value,)), name
        return self

    def move(self, frames=1, fps=FPS):
        for address, value in self.player.walk.take_corrections().items():
            self.table.set(address, (value,))
        self.now = self.table.tick(frames / fps)
        self.player.move(frames, fps, self.now)
        return self

    def latents(self, count: int, fps=FPS) -> np.ndarray:
        """f32 [count, Z]: of the next frames, as drawn, before offsets."""
        return np.stack([self.move(1, fps).player.walk.shown().latent.copy() for _ in range(count)])

    def state(self) -> dict:
        return {name: each.copy() for name, each in self.player.walk.runners["step"].state.items()}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return dreams.tiny(tmp_path_factory.mktemp("dream") / "tiny.onnx")


def jumps(latents: np.ndarray) -> np.ndarray:
    """How far each lies from the one before."""
    return np.linalg.norm(np.diff(latents, axis=0), axis=1)


# -- loops ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("beats", "fps", "frames"), [(2, 25.0, 25), (4, 30.0, 60), (0.5, 60.0, 15), (8, 50.0, 200)])
def test_a_loop_has_the_last_beats_and_is_the_same_every_time_round(path, beats, fps, frames):
    deck = Played(path)
    past = deck.latents(250, fps)
    deck.set(player__loop=beats)
    periods = [deck.latents(frames, fps) for _ in range(4)]
    assert all(np.array_equal(each, periods[0]) for each in periods[1:])
    # Without a glide nothing leads over: a period is the frames of the past, the last one among them as its first.
    assert np.allclose(np.roll(periods[0], 1, axis=0), past[-frames - 1 : -1], atol=1e-4)
    assert deck.player.steps == 250 * 25 // round(fps) + 1  # the dream stands still


def test_a_loop_goes_with_the_tempo_and_with_the_speed(path):
    deck = Played(path, player__speed=0.5)
    past = deck.latents(200)
    deck.set(player__loop=2)  # a second
    assert np.allclose(deck.latents(25)[:-1], past[-25:-1], atol=1e-4)
    deck.set(tempo__bpm=60)
    slow = deck.latents(100)
    assert np.array_equal(slow[:50], slow[50:])
    assert not np.allclose(slow[:25], slow[25:50], atol=1e-2)
    deck.set(player__speed=1)
    assert np.array_equal(*np.split(deck.latents(50), 2))
    deck.set(player__speed=-1)
    back = deck.latents(50)
    assert np.array_equal(back[:25], back[25:])


def test_ping_pong_goes_to_and_fro_without_a_jerk(path):
    deck = Played(path)
    usual = jumps(deck.latents(200)).max()
    deck.set(player__pingpong=1, player__loop=2)
    first = deck.latents(50)
    assert np.array_equal(deck.latents(50), first)
    assert np.array_equal(first[:24], first[25:49][::-1])
    assert jumps(np.concatenate([first, first])).max() <= usual * 1.001


def test_where_a_loop_begins_anew_it_does_not_jerk_unless_that_is_asked_for(path):
    found = {}
    for glide in (0, 0.05):
        deck = Played(path)
        usual = jumps(deck.latents(200)).max()
        deck.set(player__glide=glide, player__loop=3)  # 1.5 s: it ends far from where it began
        deck.latents(38 * 4)
        found[glide] = jumps(deck.latents(80)).max() / usual
    assert found[0] > 4
    assert found[0.05] < 2.5
    assert found[0.05] < found[0] / 2


@pytest.mark.parametrize("glide", [0.05, 1.0])
def test_a_loop_comes_and_goes_by_a_glide(path, glide):
    deck = Played(path, player__glide=glide)
    usual = jumps(deck.latents(200)).max()
    deck.set(player__loop=3)
    into = deck.latents(60)
    deck.set(player__loop=0)
    out = deck.latents(60)
    untouched = Played(path).latents(260)
    assert np.array_equal(out[30:], untouched[230:])  # what was newest goes on
    ways = jumps(np.concatenate([untouched[199:200], into, out]))
    assert ways.max() < 3.2 * usual
    assert not np.array_equal(out[0], untouched[200])


def test_a_loop_can_be_made_shorter_and_longer_in_play_and_keeps_its_end(path):
    deck = Played(path)
    past = deck.latents(250)
    deck.set(player__loop=4)
    deck.latents(70)
    deck.set(player__loop=2)
    short = deck.latents(50)
    assert np.array_equal(short[:25], short[25:])
    assert all(np.abs(past[-26:] - each).max(1).min() < 1e-4 for each in short)
    deck.set(player__loop=8)
    long = deck.latents(200)
    assert np.array_equal(long[:100], long[100:])


def test_a_loop_of_more_than_there_is_takes_what_there_is(path):
    deck = Played(path)
    deck.set(player__loop=4).move(1)
    deck.move(1)
    assert deck.table.target("player/loop") == 0  # there was nothing yet
    past = deck.latents(10)
    deck.set(player__loop=64)
    again = deck.latents(24)
    assert np.array_equal(again[:12], again[12:])
    assert np.allclose(again[2:11], past[:9], atol=1e-4)


# -- backwards and by hand -------------------------------------------------------------------------------------------


def test_backwards_are_the_same_frames_and_it_holds_at_the_beginning_and_joins_the_present(path):
    deck = Played(path)
    past = deck.latents(100)
    deck.set(player__speed=-1)
    assert np.array_equal(deck.latents(99), past[::-1][1:])
    first = deck.latents(20)
    assert np.array_equal(first, np.repeat(first[:1], 20, axis=0))
    assert np.array_equal(first[0], dreams.first()[0])
    deck.set(player__speed=1)
    assert np.array_equal(deck.latents(99), past[:99])
    untouched = Played(path).latents(130)
    assert np.array_equal(deck.latents(31), untouched[99:])
    assert deck.player.walk.playhead.mode is None


def test_any_speed_back_lies_between_the_steps(path):
    deck = Played(path)
    past = np.concatenate([dreams.first(), deck.latents(100)])
    deck.set(player__speed=-0.7)
    for number, each in enumerate(deck.latents(60), 1):
        at = 100 - 0.7 * number
        before, part = int(at), at % 1
        assert np.allclose(each, past[before] + part * (past[before + 1] - past[before]), atol=1e-5)


def test_a_hand_scrubs_and_holds_and_lets_go(path):
    deck = Played(path)
    past = np.concatenate([dreams.first(), deck.latents(100)])
    for place in (0.5, 0.1, 0.9, 0.0):
        deck.set(player__scrub=place)
        assert np.allclose(deck.latents(3), past[round(place * 100)], atol=1e-5), place
    deck.set(player__freeze=1, player__scrub=0.25)
    assert np.allclose(deck.latents(1), past[25], atol=1e-5)  # the hand moves what stands, too
    deck.set(player__freeze=0, player__scrub=1)
    assert np.array_equal(deck.latents(20), Played(path).latents(120)[100:])


def test_a_hand_scrubs_within_a_loop_which_goes_on_from_there(path):
    deck = Played(path)
    past = deck.latents(100)
    deck.set(player__loop=2).move(5)
    deck.set(player__scrub=0.5)
    assert np.allclose(deck.latents(3), (past[-13] + past[-14]) / 2, atol=1e-4)
    deck.set(player__scrub=0.2).move(1)
    deck.set(player__scrub=1)
    assert np.allclose(deck.latents(3), past[-25:-22], atol=1e-4)  # its end is its beginning


def test_a_hand_that_moves_fast_is_led_over_in_the_glide(path):
    deck = Played(path, player__glide=0.2)
    deck.latents(200)
    deck.set(player__scrub=0.4)
    way = deck.latents(8)
    assert np.count_nonzero(jumps(way) > 1e-6) >= 3
    assert np.array_equal(way[-1], way[-2])


# -- live, branches, scenes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["loop", "scrub", "speed"])
def test_live_is_the_newest_again_and_what_is_no_longer_so_is_not_shown(path, how):
    deck = Played(path)
    deck.latents(100)
    deck.set(**{f"player__{how}": {"loop": 2, "scrub": 0.3, "speed": -1}[how]}).move(10)
    assert deck.player.walk.playhead.mode == {"speed": "past"}.get(how, how)
    deck.set(player__live=1, player__speed=1)
    assert np.array_equal(deck.latents(20), Played(path).latents(120)[100:])
    assert (deck.table.target("player/loop"), deck.table.target("player/scrub")) == (0, 1)
    deck.set(**{f"player__{how}": {"loop": 2, "scrub": 0.3, "speed": -1}[how]}).move(2)
    assert deck.player.walk.playhead.mode  # and again


def test_a_branch_goes_on_with_the_very_state_of_then_to_another_future(path):
    """Whatever moved the state since: temperature, feedback and knobs, another seed."""
    deck = Played(path, dream__temperature=2)
    states = {}
    for frame in range(1, 131):
        if frame == 40:
            deck.set(dream__feedback=0.5, dream__knob__1=1)
        if frame == 60:
            deck.set(player__seed=99, dream__temperature=0.7)
        deck.move()
        states[deck.player.steps - 1] = deck.state(), deck.player.walk.before.latent.copy()
    untouched = [
        deck.player.walk.past.history.latent(number).copy() for number in range(deck.player.walk.past.history.newest)
    ]
    for back in (1, 24, 30, 48):  # to places before and after the changes; each branch is a past, too
        deck.set(player__speed=-back).move()
        place = deck.player.walk.playhead.at
        seen = deck.player.walk.shown().latent.copy()
        deck.set(player__branch=1, player__speed=0).move()
        at = int(place)
        if place < 129:
            assert np.array_equal(deck.player.walk.before.latent, states[at][1])
            for name, state in deck.state().items():
                assert np.array_equal(state, states[at][0][name]), (back, name)
        assert np.array_equal(deck.latents(1)[0], seen)  # nothing jerks
        assert deck.player.walk.playhead.mode is None
        deck.set(player__speed=1)
        future = deck.latents(10)
        assert jumps(future).min() > 0
        assert not any(np.array_equal(future[-1], each) for each in untouched)
        deck.set(player__speed=-1).move(12)  # what was before the branch is still there
        break_at = deck.player.walk.playhead.at
        assert break_at < deck.player.walk.past.history.newest - 10
        deck.set(player__live=1, player__speed=0).move()
        if back == 24:
            break


def test_a_moment_of_the_past_can_be_kept_and_stood_in_again_exactly(path):
    deck = Played(path, dream__temperature=1)
    states = {}
    for _ in range(90):
        deck.move()
        states[deck.player.steps - 1] = deck.state()
    deck.set(player__speed=-1).move(33)
    seen, live = deck.player.walk.shown().latent.copy(), deck.state()
    kept = deck.player.walk.shown_state()
    assert all(np.array_equal(live[name], each) for name, each in deck.state().items())  # nothing has moved
    deck.player.walk.jump(kept, deck.now)
    assert np.array_equal(deck.player.walk.shown().latent, seen)
    assert all(np.array_equal(states[57][name], each) for name, each in deck.state().items())


def test_a_branch_is_the_same_future_if_its_chance_is_the_same(path):
    """At temperature 0 there is no chance: what follows is what followed then."""
    deck = Played(path, dream__temperature=0)
    past = deck.latents(80)
    deck.set(player__scrub=0.5).move()
    deck.set(player__branch=1)
    assert np.allclose(deck.latents(30), past[40:70], atol=1e-5)


def test_states_that_are_no_longer_kept_are_the_nearest(path, monkeypatch):
    monkeypatch.setattr(history, "STATES", 1)
    deck = Played(path)
    deck.latents(100)
    assert len(deck.player.walk.past.history.saved) == 1
    deck.set(player__scrub=0.1).move()
    deck.set(player__branch=1)
    assert np.isfinite(deck.latents(10)).all()


def test_a_scene_is_live_at_once_and_the_way_to_it_is_no_way_in_the_past(path):
    deck = Played(path)
    deck.latents(50)
    deck.set(player__loop=1).move(5)
    deck.set(dream__scene="second")
    assert np.linalg.norm(deck.latents(1)[0] + dreams.first()[0]) < 1  # a step from it
    assert deck.player.walk.playhead.mode is None
    deck.latents(20)
    assert deck.table.target("player/loop") == 0
    deck.set(player__speed=-0.25)
    back = deck.latents(200)
    assert np.linalg.norm(back, axis=1).min() > 0.8 * np.linalg.norm(back, axis=1).max()  # never half-way between two


# -- what it holds -----------------------------------------------------------------------------------------------------


def test_only_the_last_minutes_are_kept(path, monkeypatch):
    monkeypatch.setattr(history, "SECONDS", 4.0)
    deck = Played(path, player__speed=8)
    past = deck.latents(100)
    kept = deck.player.walk.past.history
    assert (kept.newest, kept.oldest) == (801, 700)
    assert len(kept.saved) <= 6
    deck.set(player__speed=-8)
    assert np.array_equal(deck.latents(12), past[::-1][1:13])
    assert np.array_equal(*deck.latents(2))  # at the oldest
    deck.set(player__loop=64, player__speed=8).move(50)
    deck.set(player__branch=1, player__loop=0)
    assert np.isfinite(deck.latents(50)).all()


@pytest.mark.parametrize(("size", "rate"), [(64, 30.0), (16384, 25.0), (64, 240.0)])
def test_what_is_kept_is_bounded_whatever_the_dream(size, rate):
    class Some:
        mean, fps, step_rate, hop, components = np.zeros(size), rate, rate, 0, {}

    kept = History(Some)
    assert kept.nbytes < (6 << 20 if rate == 30 else 68 << 20)
    state = {"step": {"state.h": np.zeros(1 << 18, np.float32)}}  # a megabyte
    for _ in range(100):
        kept.step(np.zeros(size, np.float32), 0, 0)
        kept.save(state)
    assert sum(each.size for each in kept.saved) <= history.STATES


def test_a_decoders_noise_is_that_of_then_and_its_state_stands(tmp_path):
    target = dreams.noisy(tmp_path / "noisy.onnx")
    deck = Played(target)
    seen = []
    for _ in range(60):
        seen.append(deck.move().player.draw(deck.now))
    deck.set(player__speed=-1)
    for number in range(1, 40):
        picture = deck.move().player.draw(deck.now)
        assert np.abs(picture[..., :2].astype(int) - seen[59 - number][..., :2]).max() <= 1
        assert np.abs(picture[..., 2].astype(int) - seen[59 - number][..., 2]).max() <= number + 1  # the age of now


def test_live_costs_no_work_of_the_playhead(path):
    deck = Played(path)
    deck.move(10)
    assert deck.player.walk.whole_target() is None
    assert deck.player.walk.playhead.present
    assert playhead.SEAM < 0.5
