"""input/mix: a live picture in a deck's picture, before its effects; and its delay."""

import functools

import numpy as np
import pytest

from livedream.backend import cpu
from livedream.dream import read
from livedream.input.live_source import LivePicture
from livedream.loop.deck import Deck
from livedream.parts.delay import Delay
from livedream.parts.live_input import LiveInput
from livedream.play import dream_parameters as tables
from livedream.play.player import Player
from tests import dreams
from tests.waiting import until

FPS = 25.0
SIZE = (64, 32)  # of the dream and of the show

load = functools.cache(read.load)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return dreams.tiny(tmp_path_factory.mktemp("dream") / "tiny.onnx", encode=True)


@pytest.fixture(scope="module")
def blind(tmp_path_factory):
    return dreams.tiny(tmp_path_factory.mktemp("dream") / "blind.onnx", title="Blind")


def plain(red=200, width=64, height=32):
    picture = np.full((height, width, 4), 255, np.uint8)
    picture[..., :3] = red, 40, 90
    return picture


class Source:
    """A pretended camera: what is put in `latest` is seen."""

    name, kind, state, error, note, received, dropped = "pretended", "camera", "up", None, None, 0, 0
    latest = None

    def start(self): ...

    def stop(self): ...

    def status(self):
        return {"name": self.name}

    def see(self, picture, at=0.0):
        self.received += 1
        self.latest = LivePicture(picture, at, self.received)


class Played:
    """A deck before a pretended camera, frame by frame."""

    def __init__(self, path, size=SIZE, **values):
        dream = load(path)
        self.table = tables.of(dream, 7, live=True)
        self.deck = Deck(0, Player(dream, cpu.load))
        self.source = Source()
        self.input = LiveInput(self.source, [self.deck], size)
        self.number = -1
        self.set(player__glide=0, **values)

    def set(self, **values):
        for name, value in values.items():
            assert self.table.set(name.replace("__", "/"), (value,)), name

    def frame(self):
        self.number += 1
        values = self.table.tick(1 / FPS)
        self.input.on_frame(values)
        assert self.deck.move(min(self.number, 1), FPS, values)
        assert self.deck.draw(self.number, values)
        return self.deck.drawn


@pytest.fixture
def played(path):
    made = Played(path)
    yield made
    made.input.stop()


def test_0_is_the_dream_1_the_live_picture_and_half_way_their_mean(played):
    before = played.frame()
    assert np.array_equal(before, dreams.picture(dreams.first())[0])
    played.source.see(plain())
    played.set(player__freeze=True)
    dream = played.frame()
    played.set(input__mix=0.5)
    mean = (dream.astype(int) + plain()) / 2
    assert np.abs(played.frame() - mean).max() <= 1
    played.set(input__mix=1)
    assert np.array_equal(played.frame(), plain())


def test_where_the_live_picture_is_alone_the_dream_is_not_drawn_but_goes_on(played):
    drawn = []
    player = played.deck.player
    draw = player.draw
    player.draw = lambda values: drawn.append(1) or draw(values)
    played.source.see(plain())
    played.set(input__mix=1)
    steps = player.steps
    for _ in range(5):
        played.frame()
    assert not drawn
    assert player.steps - steps >= 4


def test_before_the_first_picture_the_dream_is_shown_and_a_source_that_goes_away_leaves_its_last(played):
    played.set(input__mix=1)
    assert np.array_equal(played.frame(), dreams.picture(dreams.first())[0])
    played.source.see(plain())
    played.frame()
    played.source.latest, played.source.state = None, "retrying"
    assert np.array_equal(played.frame(), plain())


def test_freeze_and_mirror(played):
    halves = plain()
    halves[:, 32:] = 0
    played.source.see(halves)
    played.set(input__mix=1, input__mirror=True)
    assert np.array_equal(played.frame(), halves[:, ::-1])
    played.set(input__freeze=True)
    played.frame()
    played.source.see(plain())
    assert np.array_equal(played.frame(), halves[:, ::-1])
    played.set(input__freeze=False, input__mirror=False)
    assert np.array_equal(played.frame(), plain())


def test_a_mix_has_the_shape_of_the_show_and_is_no_larger_than_what_it_shows(path):
    played = Played(path, (1280, 720))
    played.source.see(plain(width=120, height=120))
    assert played.frame().shape == (32, 64, 4)
    played.set(input__mix=0.5)
    mixed = played.frame()
    height, width = mixed.shape[:2]
    assert width / height == pytest.approx(16 / 9, rel=0.03)
    assert (mixed[:, :2, :3] < 128).all()  # the live picture is whole: bars beside it, where the dream is seen
    played.set(input__mix=1)
    assert played.frame().shape == (120, 120, 4)  # alone it needs none
    played.set(input__fit="cover")
    assert played.frame().shape[1] / played.frame().shape[0] == pytest.approx(16 / 9, rel=0.03)
    played.source.see(plain(width=1920, height=1080))
    assert played.frame().shape == (720, 1280, 4)


def test_the_encoder_sees_the_live_picture_on_a_thread_of_its_own(played):
    seen = 40 * np.float32([1, -0.5, 0.25]) + 127.5  # encode takes 40 levels for a unit of latents 0, 1 and 2
    picture = np.full((32, 64, 4), 255, np.uint8)
    picture[..., :3] = np.rint(seen)
    played.set(input__pull=1)
    played.source.see(picture)
    until(lambda: played.frame() is not None and played.deck.player.walk.pulled is not None)
    for _ in range(20):
        played.frame()
    assert np.allclose(played.deck.player.walk.shown().latent[:3], [1, -0.5, 0.25], atol=0.02)
    encoders = played.input.status()["input"]["encoders"]
    assert [each["encoded"] for each in encoders] == [1]  # a picture that stands still is encoded once


def test_a_dream_without_an_encoder_says_so_once_and_goes_on(blind, caplog):
    played = Played(blind, input__pull=1)
    assert played.table.parameters["input/pull"].hidden
    played.source.see(plain())
    for _ in range(3):
        played.source.see(plain())
        played.frame()
    assert [each.getMessage() for each in caplog.records] == ["deck a: Blind has no encoder: input/pull does nothing"]
    assert played.deck.player.walk.pulled is None


def test_an_encoder_that_fails_is_one_line_and_is_tried_again(path, caplog, monkeypatch):
    from livedream.parts import live_encoder

    played = Played(path, input__pull=1)
    monkeypatch.setattr(live_encoder, "AGAIN", 0.01)
    good = live_encoder.encode
    monkeypatch.setattr(live_encoder, "encode", lambda *_: 1 / 0)

    def tries():
        played.source.see(plain())
        played.frame()
        return played.input.status()["input"]["encoders"][0]["error"]

    until(tries)
    monkeypatch.setattr(live_encoder, "encode", good)
    until(lambda: not tries() and played.deck.player.walk.pulled)
    assert len(caplog.records) == 1
    played.input.stop()


def test_another_dream_brings_its_own_pull(path, blind):
    table = tables.of(load(path), 7, live=True)
    assert not table.parameters["input/pull"].hidden
    table.set("input/pull", [0.5])
    table.tick(1)
    tables.change(table, load(blind))
    assert table.parameters["input/pull"].hidden
    tables.change(table, load(path))
    assert not table.parameters["input/pull"].hidden
    assert table.tick(1)["input/pull"] == 0.5


def test_a_delay_shows_what_came_so_long_ago_in_little_memory():
    delay = Delay((64, 32))
    pictures = [LivePicture(plain(10 * n), n / 10, n + 1) for n in range(25)]
    assert delay.picture(pictures[0], 0.0) is pictures[0]
    shown = [delay.picture(each, 0.5) for each in pictures]
    assert [each.number for each in shown[:7]] == [1, 1, 1, 1, 1, 1, 2]  # the oldest there is, until it is old enough
    assert [each.number for each in shown[7:]] == list(range(3, 21))
    assert np.abs(shown[-1].pixels.astype(int) - pictures[19].pixels).max() <= 3
    large = LivePicture(plain(width=128, height=64), 3.0, 99)
    assert delay.picture(large, 1e-9).pixels.shape == (32, 64, 4)  # no larger than the show
    assert delay.picture(pictures[0], 0.0) is pictures[0]


def test_a_delay_keeps_no_more_bytes_than_it_may(monkeypatch):
    from livedream.parts import delay as module

    monkeypatch.setattr(module, "LARGEST", 4000)
    delay = Delay((64, 32))
    shown = [delay.picture(LivePicture(plain(n), n / 30, n + 1), 10.0).number for n in range(200)]
    assert delay.bytes <= 4000
    assert shown[-1] > 150  # the oldest that is left
