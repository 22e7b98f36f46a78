"""A graphics card that fails or hangs in the middle of a show. No real one can be broken here: the cards are pretended,
the processor's own runners under another name, and everything else is real."""

import threading

import numpy as np
import pytest

from livedream.backend import cpu
from livedream.dream import read
from livedream.loop.deck import Deck
from livedream.loop.live import Stage
from livedream.play import dream_parameters as tables
from livedream.play.player import Player
from tests import dreams
from tests.collect import Collect
from tests.waiting import until
from tests.wrapped_runner import WrappedRunner

FPS = 60.0


class PretendedCard(WrappedRunner):
    """A runner on the processor that calls itself a card. fault: called before each run; it may raise or hang."""

    provider = "pretended"

    def __init__(self, component, fault):
        super().__init__(component)
        self.fault = fault

    def __call__(self, inputs):
        self.fault()
        return super().__call__(inputs)


def no_fault():
    """A card that works."""


@pytest.fixture
def show(tmp_path):
    """show(fault, component) -> (stage, output, broken): a dream plays on pretended cards, 20 frames long; `fault` is
    of that component, or of all.
    """
    made = []

    def make(fault, component=None):
        dream = read.load(dreams.tiny(tmp_path / "tiny.onnx"))
        broken, output = [], Collect()
        player = Player(dream, lambda part: PretendedCard(part, fault if component in (None, part.name) else no_fault))
        deck = Deck(0, player, on_broken=lambda provider, why: broken.append(provider))
        stage = Stage([deck], tables.of(dream, 7), FPS, [output])
        made.append(stage)
        stage.start()
        output.more(20)
        assert stage.decks[0].player.providers == {"step": "pretended", "decode": "pretended"}
        return stage, output, broken

    yield make
    for stage in made:
        stage.stop()


def goes_on_with_cpu(stage, output, broken, before):
    """Fresh frames within a second of the fault at frame `before`, each like the one before it, no number missing."""
    output.more(40, lambda frame: frame.fresh)
    assert stage.decks[0].player.providers == {"step": "cpu", "decode": "cpu"}
    assert broken == ["pretended"]
    numbers = [frame.number for frame in output.frames]
    assert numbers == sorted(set(numbers))
    first = next(frame.number for frame in output.frames if frame.fresh and frame.number > before)
    assert first - before <= FPS
    jumps = [
        np.abs(b.pixels.astype(int) - a.pixels).max()
        for a, b in zip(output.frames, output.frames[1:], strict=False)
        if b.number - a.number <= 2
    ]
    assert max(jumps) < 70  # one step turns a latent by less than that; a new start would be further off


def test_a_pretended_card_that_fails_gives_way_to_the_processor_with_the_picture_held(show):
    failing = threading.Event()

    def fault():
        if failing.is_set():
            raise RuntimeError("CUDA error 719: unspecified launch failure")

    stage, output, broken = show(fault)
    before = output.last.number
    failing.set()
    goes_on_with_cpu(stage, output, broken, before)


def test_a_pretended_card_that_hangs_is_given_up_within_a_second(show):
    hanging, gone, free = threading.Event(), threading.Event(), threading.Event()

    def fault():
        if hanging.is_set():
            gone.set()
            free.wait(60)

    stage, output, broken = show(fault)
    hanging.set()
    assert gone.wait(60)
    before = output.last.number
    goes_on_with_cpu(stage, output, broken, before)
    free.set()
    output.more(20, lambda frame: frame.fresh)
    assert stage.decks[0].player.providers == {"step": "cpu", "decode": "cpu"}
    assert sum(thread.name == "stage drawer" for thread in threading.enumerate() if thread.is_alive()) == 1


@pytest.mark.parametrize("component", ["step", "decode"])
def test_a_lost_cards_late_answer_changes_nothing(show, component):
    hanging, gone, free = threading.Event(), threading.Event(), threading.Event()

    def fault():
        if hanging.is_set():
            gone.set()
            free.wait(60)

    stage, output, broken = show(fault, component)
    deck = stage.decks[0]
    deck.player.walk.trace(True)
    lost = next(thread for thread in threading.enumerate() if thread.name == "stage drawer")
    hanging.set()
    assert gone.wait(60)
    before = output.last.number
    goes_on_with_cpu(stage, output, broken, before)
    stage.table.set("player/freeze", [1])
    until(lambda: same_frames(output))
    then = everything(deck)
    free.set()
    lost.join(60)  # it comes back, and has done what it does with the answer
    assert not lost.is_alive()
    output.more(5, lambda frame: frame.fresh)
    assert everything(deck) == then
    stage.table.set("player/freeze", [0])
    output.more(20, lambda frame: frame.fresh)
    now = everything(deck)
    assert now["newest"] - now["steps"] == then["newest"] - then["steps"]
    assert len(now["trace"]) - now["steps"] == len(then["trace"]) - then["steps"]


def same_frames(output, count=5):
    """Whether the last frames are fresh and the same."""
    last = output.frames[-count:]
    return all(each.fresh and np.array_equal(each.pixels, last[0].pixels) for each in last)


def everything(deck):
    """All that says what comes next, and what is kept of what was."""
    player, walk, history = deck.player, deck.player.walk, deck.player.walk.past.history
    state = walk.state()
    return {
        "steps": player.steps,
        "newest": history.newest,
        "history": [history.latent(number).tobytes() for number in range(history.oldest, history.newest + 1)],
        "trace": [latent.tobytes() for latent in walk.traced()],
        "trail": state.trail.tobytes(),
        "position": (state.before.latent.tobytes(), state.after.latent.tobytes(), state.phase, state.random_step),
        "playhead": (walk.playhead.at, walk.playhead.loop, walk.playhead.held),
        "states": {name: each.tobytes() for name, each in state.step_state.items()},
        "errors": (deck.errors, deck.error, player.lost),
    }


def test_a_state_on_a_lost_card_is_at_most_a_second_old(tmp_path):
    dream = read.load(dreams.tiny(tmp_path / "tiny.onnx"))
    table = tables.of(dream, 7)
    player = Player(dream, cpu.load)
    player.move(0, 25.0, table.tick(0))
    player.move(60, 25.0, table.tick(0))  # 61 steps: the state was saved at the 50th
    other = player.moved_to(cpu.load)
    assert (other.steps, other.lost) == (player.steps, player.lost)
    assert np.array_equal(other.draw(table.tick(0)), player.draw(table.tick(0)))
    younger = Player(dream, cpu.load)
    younger.move(0, 25.0, tables.of(dream, 7).tick(0))
    younger.move(49, 25.0, tables.of(dream, 7).tick(0))
    assert np.array_equal(other.walk.state().step_state["state.h"], younger.walk.state().step_state["state.h"])
