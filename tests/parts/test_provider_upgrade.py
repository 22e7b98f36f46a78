"""A faster way to run the dream is changed to in play, without a seam."""

import dataclasses

import numpy as np
import pytest

from livedream.backend import choose
from livedream.backend.run_settings import RunSettings
from livedream.dream import read
from livedream.loop.deck import Deck
from livedream.loop.live import Stage
from livedream.parts import provider_upgrade
from livedream.parts.provider_upgrade import ProviderUpgrade
from livedream.play import dream_parameters as tables
from livedream.play.player import Player
from tests import dreams
from tests.collect import Collect
from tests.waiting import until

FPS = 60.0


@pytest.fixture
def dream(tmp_path, monkeypatch):
    monkeypatch.setattr(provider_upgrade, "REST", 0.1)
    return read.load(dreams.tiny(tmp_path / "tiny.onnx"))


@pytest.fixture
def show(dream):
    """A dream that turns evenly, playing. (stage, deck, output)"""
    table, output = tables.of(dream, 7), Collect()
    for address, value in (("player/glide", 0), ("dream/temperature", 0)):
        table.set(address, [value])
    deck = Deck(0, Player(dream, choose.quick(dream).load))
    stage = Stage([deck], table, FPS, [output])
    stage.start()
    yield stage, deck, output
    stage.stop()


def test_the_dream_goes_on_where_it_was(dream, show, monkeypatch):
    _, deck, output = show
    now = choose.quick(dream)
    found = dataclasses.replace(now, settings={name: RunSettings(threads=3) for name in now.settings})
    monkeypatch.setattr(choose, "better", lambda *asked: found)
    lines, before = [], deck.player
    output.more(20)
    upgrade = ProviderUpgrade(deck, "auto", now, FPS, lines.append)
    upgrade.start()
    until(lambda: deck.player is not before)
    output.more(20, lambda frame: frame.fresh)
    upgrade.stop()
    assert upgrade.choice is found
    assert lines == ["Tiny: cpu"]
    assert deck.player.steps >= before.steps
    for a, b in zip(output.frames, output.frames[1:], strict=False):
        if b.number - a.number == 1:  # at 25 steps a second it turns so little in a frame
            assert np.abs(b.pixels.astype(int) - a.pixels).max() < 12


def test_other_runners_of_a_dream_that_plays_no_more_are_left(dream, show, tmp_path):
    _, deck, output = show
    other = read.load(dreams.tiny(tmp_path / "other.onnx", title="Other"))
    deck.offer(Player(other, choose.quick(other).load))
    until(lambda: deck.player.dream is other)
    deck.offer_same(Player(dream, choose.quick(dream).load))
    output.more(5)
    assert deck.player.dream is other


def test_a_provider_that_fails_in_the_show_is_not_chosen_again(dream, show, monkeypatch):
    _, deck, _ = show
    forgotten = []
    monkeypatch.setattr(choose, "forget", lambda *asked: forgotten.append(asked))
    upgrade = ProviderUpgrade(deck, "auto", choose.quick(dream), FPS)
    upgrade.broken("webgpu", "the device was lost")
    upgrade.broken("cpu", "ran beside it")
    assert forgotten == [(deck.player.dream, "webgpu", "the device was lost")]
