"""A dream that has come to rest is helped, and one that moves is left alone."""

import functools

import numpy as np
import pytest

from livedream.backend import cpu
from livedream.dream import read
from livedream.parameters import UNSTICK
from livedream.play import dream_parameters as tables
from livedream.play.player import Player
from livedream.play.stuck import Stuck
from tests import dreams

FPS = 25.0
load = functools.cache(read.load)  # each file is checked once


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return dreams.sinking(tmp_path_factory.mktemp("dream") / "sinking.onnx")


class Played:
    """A player moved frame by frame; it goes to the scene of idle recovery at once, as without a tempo."""

    def __init__(self, path, **values):
        self.table = tables.of(load(path), 7)
        self.player = Player(load(path), cpu.load)
        for name, value in ({"player__glide": 0} | values).items():
            self.set(**{name: value})

    def set(self, **values):
        for name, value in values.items():
            assert self.table.set(name.replace("__", "/"), (value,)), name
        return self

    def move(self, frames=1, at_once=1):
        for _ in range(frames):
            if self.player.walk.rescue_scene is not None:
                self.table.set("dream/scene_jump", (self.player.walk.rescue_scene,))
            self.player.move(at_once, FPS, self.table.tick(at_once / FPS))
        return self

    def latents(self, count):
        return np.stack([self.move().player.walk.shown().latent.copy() for _ in range(count)])


def test_a_dream_at_rest_is_pushed_gently_and_counted(path):
    deck = Played(path)
    seen = deck.latents(25 * 40)
    assert deck.player.unstuck in (2, 3)
    size = np.linalg.norm(seen, axis=1)
    moves = np.linalg.norm(np.diff(seen[300:], axis=0), axis=1)
    assert size[240:].min() < 0.01  # it did rest
    assert size[300:].max() > 0.2  # and was moved
    assert 0 < moves.max() < 0.5  # by no jerk
    assert np.array_equal(seen, Played(path).latents(25 * 40))  # and so it is every time


def test_a_push_that_does_not_help_is_followed_by_a_harder_one(path):
    deck = Played(path)
    seen = np.linalg.norm(deck.latents(25 * 65), axis=1)
    heights = [seen[at : at + 250].max() for at in range(260, 25 * 65 - 250, 260)]
    assert deck.player.unstuck >= 4
    assert max(heights[-2:]) > 2 * heights[0]


def test_the_nearest_scene_is_faded_to_and_if_it_does_not_help_the_next(path):
    deck = Played(path, player__unstick="scene")
    seen = deck.latents(25 * 12)
    assert deck.player.unstuck == 1
    assert deck.table.target("dream/scene") == 2
    assert np.linalg.norm(np.diff(seen[100:], axis=0), axis=1).max() < 0.05
    deck.move(25 * 12)
    assert deck.table.target("dream/scene") == 1
    deck.set(dream__scene__jump=0)  # a performer's jump is one
    assert np.linalg.norm(deck.latents(1)[0]) > 1


def test_it_can_be_turned_off(path):
    deck = Played(path, player__unstick="off").move(25 * 40)
    assert deck.player.unstuck == 0
    assert np.linalg.norm(deck.player.walk.after.latent) < 1e-6
    assert UNSTICK[deck.table.parameters["player/unstick"].start] == "nudge"


@pytest.mark.parametrize(
    "still",
    [{"player__freeze": 1}, {"master__hold": 1}, {"player__speed": 0}, {"player__loop": 2}, {"player__scrub": 0.5}],
)
def test_what_a_hand_holds_still_is_not_stuck(path, still):
    deck = Played(path).move(200)
    deck.set(**still).move(25 * 30)
    assert deck.player.unstuck == 0


def test_a_dream_that_turns_in_wide_circles_without_any_chance_is_left_alone(tmp_path):
    deck = Played(dreams.tiny(tmp_path / "turns.onnx"), dream__temperature=0, player__speed=8)
    deck.move(25 * 20 // 8)
    deck.set(dream__temperature=1).move(25 * 12 // 8)
    assert deck.player.unstuck == 0


def test_the_dream_that_ships_is_left_alone():
    """For a little while; for ten minutes it was tried at several seeds and temperatures by hand."""
    deck = Played("rainbow", player__speed=8).move(45)  # more than ten seconds of its time
    assert deck.player.steps > 10 * deck.player.dream.fps
    assert deck.player.unstuck == 0


# -- the detector alone ----------------------------------------------------------------------------------------------


def wandering(seconds: int, fps: float, slow: float, seed: int = 0, size: int = 32) -> np.ndarray:
    """Latents that wander at unit variance and forget where they were in `slow` seconds."""
    chance, keeps = np.random.default_rng(seed), np.exp(-1 / (slow * fps))
    found, here = [], chance.normal(size=size)
    for _ in range(round(seconds * fps)):
        here = keeps * here + np.sqrt(1 - keeps**2) * chance.normal(size=size)
        found.append(here)
    return np.float32(found)


def fires(latents, fps) -> list[float]:
    """The seconds at which it does."""
    stuck = Stuck(np.ones(latents.shape[1]), fps)
    return [number / fps for number, each in enumerate(latents) if stuck.step(each)]


@pytest.mark.parametrize("fps", [10.0, 30.0])
@pytest.mark.parametrize("slow", [0.2, 3, 60, 600])
def test_what_wanders_fast_or_slowly_is_left_alone(slow, fps):
    for seed in range(3):
        assert fires(wandering(300, fps, slow, seed), fps) == []


@pytest.mark.parametrize("noise", [0.0, 0.03])
@pytest.mark.parametrize("slow", [0.5, 20])
def test_what_comes_to_rest_after_a_while_is_seen_within_some_seconds(slow, noise):
    moving = wandering(90, 30.0, slow)
    rest = moving[-1] + noise * np.random.default_rng(1).normal(size=(600, 32)).astype(np.float32)
    found = fires(np.concatenate([moving, rest]), 30.0)
    assert found
    assert 90 < found[0] < 102


@pytest.mark.parametrize("seconds", [0.5, 0.73, 1.9, 4.4])
@pytest.mark.parametrize("wide", [0.02, 0.2])
def test_small_circles_are_seen(seconds, wide):
    moving = wandering(90, 30.0, 2.0)
    around = 2 * np.pi * np.arange(900) / (30 * seconds)
    a, b = np.random.default_rng(2).normal(size=(2, 32))
    circles = moving[-1] + wide * (np.outer(np.cos(around), a) + np.outer(np.sin(around), b))
    found = fires(np.concatenate([moving, np.float32(circles)]), 30.0)
    assert found
    assert 90 < found[0] < 102
