"""The loop as a show sees it: an unbroken row of frames whatever the model, the outputs and the hands do."""

import threading
import time
from itertools import pairwise

import numpy as np
import pytest

from livedream.backend import cpu
from livedream.dream import read
from livedream.loop import deck as deck_module
from livedream.loop import live
from livedream.loop.deck import Deck
from livedream.loop.live import Stage
from livedream.output import Options, Output
from livedream.play import dream_parameters as tables
from livedream.play.player import Player
from tests import dreams
from tests.collect import Collect
from tests.waiting import until

FPS = 60.0
FIRST = dreams.picture(dreams.first())[0]


@pytest.fixture(scope="module")
def dream(tmp_path_factory):
    return read.load(dreams.tiny(tmp_path_factory.mktemp("dream") / "tiny.onnx"))


@pytest.fixture
def show(dream):
    """show(…) -> (stage, output, table), to be started; calm and frozen at the first scene unless frozen=False."""
    made = []

    def make(*others, frozen=True, fps=FPS, **options):
        table, output = tables.of(dream), Collect()
        table.set("player/glide", [0])
        table.set("dream/temperature", [0])
        table.set("player/freeze", [frozen])
        table.tick(0)
        stage = Stage([Deck(0, Player(dream, cpu.load))], table, fps, [output, *others], **options)
        made.append(stage)
        return stage, output, table

    yield make
    for stage in made:
        if stage.alive:
            stage.stop()


def test_frames_go_out_in_order_fresh_and_right(show):
    stage, output, _ = show()
    assert stage.state == "loading"
    stage.start()
    output.more(30)
    stage.stop()
    numbers = [frame.number for frame in output.frames]
    assert numbers[0] == 0
    assert numbers == sorted(set(numbers))
    assert all(np.array_equal(frame.pixels, FIRST) for frame in output.frames)
    fresh = sum(frame.fresh for frame in output.frames)
    assert fresh + stage.repeated == len(numbers) == len(stage.ticks)
    assert stage.repeated == stage.late  # nothing was held
    assert stage.state == "playing"
    assert stage.decks[0].errors == 0
    assert not stage.latency_s  # nobody touched it


def test_between_slow_drawings_frames_are_blended_if_that_is_asked_for(show):
    stage, output, table = show(frozen=False)
    draws = stage.decks[0].player.draw

    def slow(values):
        shown = len(output.frames)
        if shown:
            until(lambda: len(output.frames) >= shown + 2)  # two ticks go by
        return draws(values)

    stage.decks[0].player.draw = slow
    table.set("master/blend", [1])
    stage.start()
    output.more(40)
    stage.stop()
    fresh = [i for i, frame in enumerate(output.frames) if frame.fresh][3:]
    between = []
    for a, b in pairwise(fresh):
        ends = [output.frames[i].pixels.astype(int) for i in (a, b)]
        for frame in output.frames[a + 1 : b]:
            low, high = np.minimum(*ends), np.maximum(*ends)
            between.append(not np.array_equal(frame.pixels, ends[0]))
            assert ((frame.pixels >= low - 1) & (frame.pixels <= high + 1)).all()
    assert sum(between) > 5
    assert stage.repeated >= sum(between)


def test_it_ends_by_itself_after_its_seconds(show):
    stage, output, _ = show(seconds=0.5)
    stage.start()
    assert stage.stopped.wait(60)
    stage.stop()
    assert output.last.number >= 29
    assert output.frames[-2].number < 29


def test_a_slow_model_skips_drawings_and_never_steps(show):
    stage, output, _ = show(frozen=False)
    draw, move, moved, gate = stage.decks[0].player.draw, stage.decks[0].player.move, [], threading.Semaphore(1)

    def slow(values):
        gate.acquire(timeout=60)
        return draw(values)

    def counted(frames, *others):
        moved.append(frames)
        move(frames, *others)

    stage.decks[0].player.draw, stage.decks[0].player.move = slow, counted
    stage.start()
    for _ in range(5):  # each drawing takes three frames or more
        stale = output.more(3, lambda frame: not frame.fresh)
        assert all(frame.pixels is stale[0].pixels for frame in stale[:3])
        gate.release()
        output.more(1, lambda frame: frame.fresh)
    stage.stopped.set()
    gate.release()
    stage.stop()
    assert max(moved) >= 3
    assert 0 <= sum(moved) - output.last.number <= 1  # the dream's time is the frame's number
    # One step lies ahead of the present.
    assert stage.decks[0].player.steps == pytest.approx(1 + sum(moved) * 25 / FPS, abs=1)
    assert stage.late == stage.repeated == sum(not frame.fresh for frame in output.frames)


def test_a_slow_model_draws_as_often_as_it_can(show):
    """No drawing waits for the last one to be shown: it begins when that one is done."""
    stage, output, _ = show(fps=1)
    draw, begun, gate = stage.decks[0].player.draw, [], threading.Semaphore(1)

    def slow(values):
        begun.append(len(output.frames))
        gate.acquire(timeout=60)
        return draw(values)

    stage.decks[0].player.draw = slow
    stage.start()
    until(lambda: len(output.frames) == 2)  # the second drawing is late
    gate.release()
    until(lambda: len(begun) == 3)
    assert begun[2] == 2  # before the next frame went out
    gate.release()


def test_hold_keeps_the_picture_while_the_dream_and_the_master_go_on(show):
    stage, output, table = show()
    stage.start()
    output.more(3)
    table.set("master/hold", [1])
    until(lambda: stage.state == "held")
    table.set("dream/knob/1", [1])
    held = output.more(10, lambda frame: not frame.fresh)[-5:]
    assert all(np.array_equal(frame.pixels, FIRST) for frame in held)
    assert not output.last.fresh
    table.set("master/blackout", [1])
    until(lambda: not output.last.pixels[..., :3].any())
    table.set("master/blackout", [0])
    table.set("player/freeze", [0])
    steps = stage.decks[0].player.steps
    until(lambda: stage.decks[0].player.steps > steps + 3)
    assert np.array_equal(output.more(1)[0].pixels, FIRST)
    table.set("master/hold", [0])
    output.more(1, lambda frame: frame.fresh and not np.array_equal(frame.pixels, FIRST))
    assert stage.state == "playing"


def test_fade_is_exact_and_blackout_is_black_at_once(show):
    stage, output, table = show()
    stage.start()
    table.set("master/fade", [0.5])
    half = np.rint(FIRST * 0.5)
    half[..., 3] = 255
    until(lambda: output.frames and np.array_equal(output.last.pixels, half))
    table.set("master/blackout", [1])
    until(lambda: not output.last.pixels[..., :3].any())
    assert stage.state == "blackout"
    at = next(i for i, frame in enumerate(output.frames) if not frame.pixels[..., :3].any())
    assert np.array_equal(output.frames[at - 1].pixels, half)  # nothing in between
    assert (output.frames[at].pixels[..., 3] == 255).all()
    table.set("master/blackout", [0])
    until(lambda: np.array_equal(output.last.pixels, half))


def test_a_change_is_seen_by_the_next_drawing_and_its_latency_is_counted_once(show):
    stage, output, table = show()
    stage.start()
    output.more(10)
    table.set("dream/knob/1", [1])
    shown = until(lambda: next((frame for frame in output.frames if frame.event_at is not None), None))
    wanted = dreams.picture(dreams.first() + np.eye(8)[0])[0]
    assert np.array_equal(shown.pixels, wanted)
    assert next(f for f in output.frames if np.array_equal(f.pixels, wanted)) is shown
    output.more(5)
    assert len(stage.latency_s) == 1
    assert 0 < stage.latency_s[0] < 60


def test_a_drawing_that_comes_too_late_gives_its_event_to_the_next(show):
    stage, output, table = show()
    draws, gate = stage.decks[0].player.draw, threading.Event()
    stage.start()
    output.more(3)
    stage.decks[0].player.draw = lambda values: gate.wait(60) and draws(values)
    table.set("dream/knob/1", [1])
    table.set("dream/knob/2", [1])
    output.more(5, lambda frame: not frame.fresh)
    gate.set()
    shown = until(lambda: next((frame for frame in output.frames if frame.event_at is not None), None))
    assert np.array_equal(shown.pixels, dreams.picture(dreams.first() + np.eye(8)[0] + np.eye(8)[1])[0])


def test_an_output_that_blocks_slows_nobody(show):
    gate = threading.Event()

    class Blocked(Output):
        def open(self, width, height, fps):
            pass

        def write(self, frame):
            gate.wait(60)

    blocked = Blocked(Options("blocked", "blocked"))
    stage, output, _ = show(blocked)
    blocked.start(64, 32, FPS)
    stage.start()
    numbers = [frame.number for frame in output.more(30)]
    assert numbers == sorted(set(numbers))
    assert blocked.dropped >= 25
    assert blocked.sent == 0
    gate.set()
    until(lambda: blocked.sent > 0)
    stage.stop()
    blocked.stop()


def test_a_model_that_fails_keeps_the_picture_and_blackout_works(show, caplog):
    stage, output, table = show()
    draw = stage.decks[0].player.draw
    stage.start()
    output.more(3)

    def broken(values):
        raise RuntimeError("the device\nis gone")

    stage.decks[0].player.draw = broken
    until(lambda: stage.decks[0].errors >= 5)
    assert stage.decks[0].error == "the device is gone"
    assert [f for f in output.more(3) if f.fresh] == []
    assert np.array_equal(output.last.pixels, FIRST)
    table.set("master/blackout", [1])
    until(lambda: not output.last.pixels[..., :3].any())
    table.set("master/blackout", [0])
    stage.decks[0].player.draw = draw
    output.more(3, lambda frame: frame.fresh)
    assert np.array_equal(output.last.pixels, FIRST)
    assert stage.decks[0].error is None
    assert [r.getMessage() for r in caplog.records] == ["deck a: drawing failed: the device is gone"]  # not 60 a second


def test_a_model_that_fails_at_first_is_tried_again_without_haste(show, monkeypatch):
    monkeypatch.setattr(live, "RETRY", 0.02)
    stage, output, _ = show()
    draw, tries, waits = stage.decks[0].player.draw, [], []
    wait = stage.stopped.wait
    stage.stopped.wait = lambda seconds=None: (waits.append(seconds), wait(seconds))[1]

    def broken(values):
        tries.append(1)
        if len(tries) < 4:
            raise RuntimeError("not yet")
        return draw(values)

    stage.decks[0].player.draw = broken
    stage.start()
    output.more(5)
    assert output.frames[0].number == 0
    assert stage.decks[0].errors == 3
    assert waits == [0.02] * 3
    assert np.array_equal(output.frames[0].pixels, FIRST)


def test_a_model_that_never_draws_still_ends_in_time(show):
    stage, output, _ = show(seconds=0.3)

    def broken(values):
        raise RuntimeError("never")

    stage.decks[0].player.draw = broken
    stage.start()
    assert stage.stopped.wait(60)
    stage.stop()
    assert output.frames == []
    assert stage.state == "loading"
    assert not stage.alive


def test_a_dream_that_cannot_keep_up_goes_slower_and_is_drawn(show, monkeypatch):
    monkeypatch.setattr(deck_module, "PATIENCE", -1.0)  # no step is ever in time
    stage, output, _ = show(frozen=False)
    stage.start()
    output.more(10, lambda frame: frame.fresh)
    assert stage.decks[0].player.steps == 1


def test_after_a_sleep_of_the_machine_the_show_goes_on_where_it_was(show, monkeypatch):
    monkeypatch.setattr(live, "ASLEEP", 0.2)

    class Lid(Output):
        """Nothing runs while it is closed."""

        def show(self, frame):
            if frame.number == 5:
                time.sleep(0.5)

    stage, output, _ = show(Lid(Options("lid", "lid")))
    stage.start()
    until(lambda: output.frames and output.last.number >= 8)
    numbers = [frame.number for frame in output.frames]
    assert numbers[numbers.index(5) + 1] == 6
