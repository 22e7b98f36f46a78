"""input/pull: a live picture's latents draw a dream towards them, without a jump, and the dream goes on from there."""

import functools

import numpy as np
import pytest

from livedream.backend import cpu
from livedream.dream import read
from livedream.play import dream_parameters as tables
from livedream.play.player import Player
from tests import dreams

FPS = 25.0  # of the dreams: at this rate and speed 1 a frame is a step
FAR = np.float32([-2, 1.5, 1, 0, 0, 0, 0, 0])

load = functools.cache(read.load)  # each file is checked once


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return dreams.tiny(tmp_path_factory.mktemp("dream") / "tiny.onnx", encode=True)


@pytest.fixture(scope="module")
def remembering(tmp_path_factory):
    return dreams.remembering(tmp_path_factory.mktemp("dream") / "remembering.onnx")


class Pulled:
    """A player that sees `seen`, f32 [Z], every few frames."""

    def __init__(self, path, every=3, **values):
        self.dream = load(path)
        self.table = tables.of(self.dream, 7, live=True)
        self.player = Player(self.dream, cpu.load)
        self.every, self.number, self.seen = every, 0, None
        self.set(player__glide=0, dream__temperature=0, **values)
        self.frame()

    def set(self, **values):
        for name, value in values.items():
            assert self.table.set(name.replace("__", "/"), (value,)), name

    def frame(self):
        """The latent that the next frame draws."""
        if self.seen is not None and self.number % self.every == 0:
            self.player.walk.pull_to(self.seen)
        self.now = self.table.tick(1 / FPS)
        self.player.move(1 if self.number else 0, FPS, self.now)
        self.number += 1
        return self.player.walk.shown().latent

    def frames(self, count):
        return np.stack([self.frame() for _ in range(count)])

    @property
    def own(self):
        return self.player.walk.present().latent


def test_the_picture_is_the_dreams_at_0_the_live_one_at_1_and_as_far_between_as_the_pull_says(path):
    pulled = Pulled(path)
    pulled.seen = FAR
    assert np.array_equal(pulled.frames(10)[-1], pulled.own)
    pulled.set(input__pull=0.25)
    shown = pulled.frames(20)[-1]
    assert np.allclose(shown, 0.75 * pulled.own + 0.25 * FAR, atol=1e-5)
    pulled.set(input__pull=1)
    assert np.allclose(pulled.frames(20)[-1], FAR, atol=1e-5)


def test_neither_the_beginning_nor_another_view_is_a_jump(path):
    pulled = Pulled(path, every=4)
    usual = np.abs(np.diff(pulled.frames(20), axis=0)).max()
    pulled.set(input__pull=1)
    pulled.seen = FAR
    begin = pulled.frames(20)
    pulled.seen = -FAR
    turn = pulled.frames(20)
    for shown, far in ((begin, 3.5), (turn, 4.0)):  # how far the largest latent has to go
        assert np.abs(np.diff(shown, axis=0)).max() < far / 2.5 + usual
    assert np.allclose(turn[-1], -FAR, atol=1e-5)


def test_what_was_seen_is_where_the_dream_goes_on(path):
    left, pulled = Pulled(path), Pulled(path)
    pulled.seen = FAR
    pulled.set(input__pull=1)
    pulled.frames(20), left.frames(20)
    pulled.set(input__pull=0)
    first = pulled.frame()
    assert np.array_equal(first, pulled.own)
    radius = [float(np.hypot(*FAR[:2])), float(np.hypot(*left.frame()[:2]))]  # a step turns latents 0 and 1
    assert np.hypot(*first[:2]) == pytest.approx(radius[0], rel=0.02)
    assert abs(radius[0] - radius[1]) > 0.5
    assert np.hypot(*pulled.frames(30)[-1][:2]) == pytest.approx(radius[0], rel=0.02)


def test_a_gentle_pull_leaves_the_dream_its_own_way(path):
    left, pulled = Pulled(path), Pulled(path)
    pulled.seen = FAR
    pulled.set(input__pull=0.1)
    pulled.frames(10), left.frames(10)
    assert np.abs(pulled.own - left.own).max() < 0.02


def test_a_dream_that_remembers_shows_its_own_place_and_the_one_that_is_seen(remembering):
    pulled = Pulled(remembering)
    seen = np.float32([0, 0, 0, 8, 8, 0])
    assert pulled.dream.places == slice(3, 6)
    pulled.seen = seen
    pulled.set(input__pull=0.5)
    pulled.frames(10)
    weights = dreams.weights(pulled.player.draw(pulled.now))
    assert 0.4 < weights[8] < 0.6  # what is seen
    assert weights.sum() == pytest.approx(1, abs=0.1)
    pulled.set(input__pull=1)
    pulled.frames(10)
    assert dreams.weights(pulled.player.draw(pulled.now))[8] > 0.95
    pulled.set(input__pull=0)
    pulled.frame()
    weights = dreams.weights(pulled.player.draw(pulled.now))
    assert weights[8:10].sum() > 0.95  # it goes on from there


def test_what_stands_still_before_the_camera_is_no_dream_that_is_stuck(path):
    pulled = Pulled(path, every=1)
    pulled.seen = FAR
    pulled.set(input__pull=1)
    pulled.frames(600)
    assert pulled.player.unstuck == 0


def test_a_branch_and_a_loop_of_a_pulled_dream_repeat_its_steps(path):
    pulled = Pulled(path)
    pulled.seen = FAR
    pulled.set(input__pull=0.9)
    own = []
    for _ in range(20):
        pulled.frame()
        own.append(pulled.player.walk.after.latent)
    state = pulled.player.walk.state_at(pulled.player.walk.position - 10)
    assert any(np.array_equal(state.after.latent, each) for each in own)
    again = dict(pulled.player.walk.runners["step"].state)
    now = pulled.player.walk.state_at(pulled.player.walk.position)
    for name, value in now.step_state.items():  # the steps since states were saved are repeated from what they had
        assert np.allclose(value, again[name], atol=1e-6)
