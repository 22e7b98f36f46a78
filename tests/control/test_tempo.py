"""The tempo by itself: every time is given, frames are counted, nothing waits."""

import math
import random
import time
from itertools import pairwise

import pytest

from livedream import parameters
from livedream.control.tempo import Tempo
from livedream.parameters import DREAM, PLAYER, TEMPO, Table

FPS = 30
ORIGIN = 5000.0  # perf_counter when the show began


class Instrument:
    """A table and its tempo at frame `number`, as a stage moves them; what the frame's values are, in `values`."""

    def __init__(self, fps=FPS):
        self.fps, self.number, self.beats = fps, -1, []
        self.table = Table([*PLAYER, *(each for each in DREAM if each.type != "choice"), *TEMPO, *CHOICES])
        self.tempo = Tempo(self.table, self.beats.append)
        self.table.off_beat = self.tempo.off_beat
        self.frame()

    def frame(self):
        self.number += 1
        self.tempo.move(self.number / self.fps, ORIGIN)
        values = self.table.tick(1 / self.fps)
        self.values = self.tempo.transform(values)
        self.tempo.on_frame(self.values)
        return self.values

    def set(self, address, *arguments):
        assert self.table.set(address, arguments)

    def until(self, seconds, play=()):
        """Draw frames until `seconds` of the show. play: (seconds, act) to do on the way, in order."""
        play = list(play)
        while self.number / self.fps < seconds:
            while play and play[0][0] < (self.number + 1) / self.fps:
                at, act = play.pop(0)
                act(ORIGIN + at)
            self.frame()


CHOICES = parameters.scenes(["first", "second", "third"])


@pytest.fixture
def instrument():
    return Instrument()


def clock(bpm, seconds, begin=0.0, jitter=0.005, seed=0):
    """When a MIDI clock's pulses come: evenly, but each up to `jitter` seconds early or late."""
    chance = random.Random(seed)
    period = 60 / bpm / 24
    return [begin + i * period + chance.uniform(-jitter, jitter) for i in range(int(seconds / period))]


# -- beats are counted from frames ----------------------------------------------------------------------------------


def test_the_beat_is_the_frame_number_over_the_rate(instrument):
    for number in range(1, 400):
        instrument.frame()
        assert instrument.tempo.beat == pytest.approx(number / FPS * 2, abs=1e-9)
    assert instrument.beats == list(range(27))
    assert instrument.tempo.bar == 6


def test_a_change_of_tempo_goes_on_from_the_beat_where_it_is(instrument):
    instrument.until(2.0)
    instrument.set("tempo/bpm", 90)
    instrument.frame()
    at, beat = instrument.number / FPS, instrument.tempo.beat
    assert beat == pytest.approx(at * 2)
    instrument.until(4.0)
    assert instrument.tempo.beat == pytest.approx(beat + (instrument.number / FPS - at) * 1.5)


def test_frames_that_were_not_drawn_have_gone_by_all_the_same(instrument):
    instrument.number = 100
    instrument.frame()
    assert instrument.tempo.beat == pytest.approx(101 / FPS * 2)
    assert instrument.beats == [0, 6]  # nobody is told of beats that are long gone


# -- taps -----------------------------------------------------------------------------------------------------------


def tapped(instrument, *times):
    for at in times:
        instrument.tempo.tap(ORIGIN + at)
    instrument.frame()
    return instrument.tempo.bpm


def test_four_taps_make_a_tempo_and_three_do_not(instrument):
    assert tapped(instrument, 0.0, 0.4, 0.8) == 120
    assert tapped(instrument, 1.2) == pytest.approx(150)
    assert instrument.table.target("tempo/bpm") == pytest.approx(150)  # everybody sees it


def test_taps_lie_on_beats(instrument):
    at = 0.13
    tapped(instrument, *(at + i * 0.6 for i in range(6)))
    beat = instrument.tempo.beat_at(ORIGIN + at + 5 * 0.6)
    assert beat == pytest.approx(round(beat), abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_an_unsteady_hand_that_misses_once_and_slips_once(instrument, seed):
    chance = random.Random(seed)
    times = [i * 60 / 128 + chance.uniform(-0.015, 0.015) for i in range(9)]
    del times[4]
    times[6] += 0.17
    assert tapped(instrument, *times) == pytest.approx(128, abs=3)


def test_a_tap_that_came_twice(instrument):
    assert tapped(instrument, 0, 0.5, 0.53, 1.0, 1.5, 2.0, 2.5) == pytest.approx(120, abs=0.1)


def test_two_seconds_forget(instrument):
    tapped(instrument, 0.0, 0.3, 0.6)
    assert tapped(instrument, 2.7) == 120  # the first of another series
    assert tapped(instrument, 3.2, 3.7, 4.2) == pytest.approx(120)
    assert tapped(instrument, 6.3, 6.7, 7.1, 7.5) == pytest.approx(150)


def test_a_hand_that_goes_faster_is_followed_after_eight(instrument):
    times = [i * 0.5 for i in range(8)]
    assert tapped(instrument, *times) == pytest.approx(120)
    assert tapped(instrument, *(times[-1] + i * 0.4 for i in range(1, 9))) == pytest.approx(150, abs=0.01)


def test_a_tap_counts_when_it_came_and_not_when_a_frame_is_drawn(monkeypatch):
    slow = Instrument(fps=4)  # frames a quarter of a second apart would make every tempo 120
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: ORIGIN + now[0])
    play = [(i * 60 / 137, lambda at: (now.__setitem__(0, at - ORIGIN), slow.set("tempo/tap"))) for i in range(8)]
    slow.until(5.0, play)
    assert slow.tempo.bpm == pytest.approx(137, abs=0.01)


# -- resync and nudge -----------------------------------------------------------------------------------------------


def test_resync_is_the_first_of_a_bar(monkeypatch, instrument):
    instrument.until(1.7)
    monkeypatch.setattr(time, "perf_counter", lambda: ORIGIN + 1.71)
    instrument.set("tempo/resync")
    instrument.until(2.5)
    assert instrument.tempo.beat == pytest.approx((instrument.number / FPS - 1.71) * 2)
    assert instrument.tempo.bar == 0


def test_a_nudge_acts_each_time_and_those_of_one_frame_add_up(instrument):
    before = Instrument()
    for _ in range(3):
        instrument.set("tempo/nudge", 0.05)
        instrument.frame()
    instrument.set("tempo/nudge", 0.2)
    instrument.set("tempo/nudge", -0.1)
    instrument.set("tempo/nudge", 0.0)
    instrument.frame()
    for _ in range(4):
        before.frame()
    assert instrument.tempo.beat - before.tempo.beat == pytest.approx(0.25)
    assert instrument.table.target("tempo/nudge") == 0.0  # it springs back
    assert instrument.values["tempo/nudge"] == 0.0


def test_a_nudge_goes_no_further_than_its_range(instrument):
    before = instrument.tempo.beat
    for _ in range(9):
        instrument.set("tempo/nudge", -0.2)
    instrument.frame()
    assert instrument.tempo.beat - before == pytest.approx(2 / FPS - 0.25)


# -- MIDI clock -----------------------------------------------------------------------------------------------------

FOUR_BEATS = 97  # pulses: where they begin, and four times 24


def steered(pulses, fps=FPS, begin=True):
    """The instrument, and (seconds, beat, bpm) of every frame, while a MIDI clock steers it."""
    instrument, told = Instrument(fps), []
    instrument.set("tempo/source", "midi")
    instrument.frame()
    if begin:
        instrument.tempo.midi_start()
    pulses = list(pulses)
    while pulses:
        while pulses and pulses[0] < (instrument.number + 1) / fps:
            instrument.tempo.clock(ORIGIN + pulses.pop(0))
        instrument.frame()
        told.append((instrument.number / fps, instrument.tempo.beat, instrument.tempo.bpm))
    return instrument, told


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("bpm", [60, 93.5, 120, 128, 140, 174])
def test_a_clock_that_is_5_ms_early_or_late_is_locked_within_half_a_bpm_in_four_beats(bpm, seed):
    begin = 0.3
    _, told = steered(clock(bpm, 60 / bpm * 24, begin, 0.005, seed))
    after = [(at, beat, found) for at, beat, found in told if at > begin + 4 * 60 / bpm]
    assert len(after) > 200
    assert max(abs(found - bpm) for *_, found in after) < 0.5
    astray = [beat - (at - begin) * bpm / 60 for at, beat, _ in after]
    assert max(map(abs, astray)) < 0.02  # of a beat: a tenth of the frame that is drawn
    steps = [b[1] - a[1] for a, b in pairwise(after)]
    assert min(steps) > 0.9 * bpm / 60 / FPS  # the beat never stands nor turns
    assert max(steps) < 1.1 * bpm / 60 / FPS


@pytest.mark.parametrize("seed", range(4))
def test_another_tempo_is_locked_within_four_beats_too(seed):
    first = clock(120, 8, 0.3, 0.005, seed)
    begin = 0.3 + len(first) * 60 / 120 / 24
    _, told = steered([*first, *clock(140, 8, begin, 0.005, seed + 100)])
    after = [found for at, _, found in told if at > begin + 4 * 60 / 140]
    assert max(abs(found - 140) for found in after) < 0.5


def test_start_is_beat_0_of_a_clock_that_runs_already():
    instrument, _ = steered(clock(120, 3, 0.1, 0.002), begin=False)
    beat = instrument.tempo.beat
    assert beat == pytest.approx(instrument.number / FPS * 2, abs=0.05)  # it had no other to go by
    instrument.tempo.midi_start()
    pulses = clock(120, 2.2, 3.1, 0.002)
    instrument.until(5.2, [(at, instrument.tempo.clock) for at in pulses])
    assert instrument.tempo.beat == pytest.approx((instrument.number / FPS - 3.1) * 2, abs=0.02)


def test_stop_lets_the_picture_go_on_and_continue_goes_on_where_the_song_was():
    instrument, _ = steered(clock(120, 2.0, 0.1, 0.0))  # four beats
    instrument.tempo.midi_stop()
    instrument.until(4.0)
    assert instrument.tempo.beat == pytest.approx(3.9 * 2, abs=0.01)
    instrument.tempo.resume()
    instrument.until(5.5, [(at, instrument.tempo.clock) for at in clock(120, 1.7, 4.5, 0.0)])
    assert instrument.tempo.beat == pytest.approx(4 + (5.5 - 4.5) * 2, abs=0.1)
    instrument.tempo.midi_stop()
    instrument.tempo.position(16 * 4)  # the fifth bar
    instrument.tempo.resume()
    instrument.until(7.0, [(at, instrument.tempo.clock) for at in clock(120, 1.5, 6.0, 0.0)])
    assert instrument.tempo.beat == pytest.approx(16 + (7.0 - 6.0) * 2, abs=0.1)


def test_a_clock_that_goes_away_leaves_its_tempo():
    instrument, _ = steered(clock(97, 5, 0.0))
    assert instrument.table.target("tempo/bpm") == pytest.approx(97, abs=0.5)
    at, beat = instrument.number / FPS, instrument.tempo.beat
    assert instrument.tempo.following
    instrument.until(20.0)
    assert not instrument.tempo.following
    assert instrument.tempo.beat == pytest.approx(beat + (20 - at) * 97 / 60, abs=0.2)
    instrument.set("tempo/bpm", 60)  # hands may go on with it
    instrument.until(21.0)
    assert instrument.tempo.bpm == 60
    at, beat = instrument.number / FPS, instrument.tempo.beat
    instrument.until(25.0, [(each, instrument.tempo.clock) for each in clock(60, 4, 21.0)])  # it is back: no leap
    assert instrument.tempo.following
    assert instrument.tempo.beat == pytest.approx(beat + instrument.number / FPS - at, abs=0.05)


def test_what_is_no_clock_breaks_nothing():
    chance = random.Random(1)
    times = sorted([0.0] * 50 + [chance.uniform(0, 3) for _ in range(3000)])
    instrument, told = steered(times)
    assert all(math.isfinite(beat) and 10 <= bpm <= 500 for _, beat, bpm in told)
    instrument.until(10.0, [(at, instrument.tempo.clock) for at in clock(110, 5, 5.0)])
    assert instrument.tempo.bpm == pytest.approx(110, abs=0.5)


def test_a_clock_is_heard_only_where_it_is_the_source(instrument):
    instrument.until(3.0, [(at, instrument.tempo.clock) for at in clock(90, 3)])
    assert instrument.tempo.bpm == 120
    instrument.set("tempo/source", "midi")
    before = instrument.tempo.beat
    instrument.until(3.2, [(at, instrument.tempo.clock) for at in clock(90, 0.2, 3.0)])
    assert instrument.tempo.bpm == pytest.approx(90, abs=0.5)
    assert instrument.tempo.beat - before == pytest.approx(0.35, abs=0.1)  # no leap


# -- Link -----------------------------------------------------------------------------------------------------------


def test_link_gives_beat_and_tempo_and_hears_what_a_hand_asks_for(instrument):
    def said(at, bpm=133.0, beat=7.25):
        instrument.tempo.follow(bpm, beat + (at - ORIGIN) * bpm / 60, at)

    instrument.set("tempo/source", "link")
    instrument.until(1.0, [(at / 50, said) for at in range(50)])
    assert instrument.tempo.bpm == 133
    assert instrument.tempo.beat == pytest.approx(7.25 + 133 / 60)
    assert instrument.table.target("tempo/bpm") == 133
    assert instrument.tempo.take_request() is None  # what the table was told is not a hand's wish
    instrument.set("tempo/bpm", 140)
    instrument.frame()
    assert instrument.tempo.take_request() == 140
    assert instrument.tempo.take_request() is None
    instrument.until(1.3)
    assert instrument.table.target("tempo/bpm") == 140  # the others have a moment to take it
    instrument.until(2.0)
    assert instrument.table.target("tempo/bpm") == 133  # they did not
    beat = instrument.tempo.beat
    instrument.tempo.leave_link()
    instrument.until(3.0)
    assert instrument.tempo.beat - beat == pytest.approx(133 / 60)


# -- changes that wait ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("grid", "frames"), [("beat", 15), ("bar", 60)])
def test_changes_wait_for_the_first_frame_of_a_beat_or_bar(instrument, grid, frames):
    instrument.set("tempo/quantize", grid)
    instrument.frame()
    for wait in (3, 17, 41):
        instrument.until((instrument.number + wait) / FPS)
        asked = instrument.number
        instrument.set("dream/scene_jump", "second")
        instrument.set("player/reseed")
        instrument.set("player/speed", wait / 50)
        instrument.set("dream/temperature", wait / 50)  # waits for nothing
        assert dict(instrument.frame().changes).keys() == {"dream/temperature"}
        while not (fired := instrument.frame().fired):
            assert instrument.number - asked <= frames
        assert fired == {"dream/scene_jump", "player/reseed"}
        assert "player/speed" in dict(instrument.values.changes)
        assert instrument.number % frames == 0
        assert instrument.number - asked <= frames


def test_where_no_frame_is_on_the_beat_the_first_one_after_it_is_taken(instrument):
    instrument.set("tempo/quantize", "beat")
    instrument.set("tempo/bpm", 100)  # 18 frames a beat, from frame 1 on
    instrument.frame()
    instrument.set("tempo/bpm", 101)
    instrument.frame()
    for _ in range(10):
        instrument.set("dream/scene_jump", "third")
        before = instrument.tempo.beat
        while not instrument.frame().fired:
            before = instrument.tempo.beat
        assert int(before) + 1 == int(instrument.tempo.beat)


def test_the_latest_of_what_waits_counts_and_off_lets_all_go(instrument):
    instrument.set("tempo/quantize", "bar")
    instrument.frame()
    instrument.set("dream/scene", "second")
    instrument.frame()
    instrument.set("dream/scene", "third")
    instrument.frame()
    assert instrument.values["dream/scene"] == 0
    instrument.set("tempo/quantize", "off")
    instrument.frame()
    instrument.frame()
    assert instrument.values["dream/scene"] == 2


def test_resync_lets_go_what_waits(instrument):
    instrument.set("tempo/quantize", "bar")
    instrument.frame()
    instrument.set("player/reseed")
    instrument.frame()
    instrument.set("tempo/resync")
    fired = instrument.frame().fired | instrument.frame().fired
    assert fired == {"tempo/resync", "player/reseed"}


def test_a_preset_waits_too():
    instrument = Instrument()
    instrument.table.replace("preset/", parameters.PRESET)
    instrument.set("tempo/quantize", "bar")
    instrument.frame()
    instrument.set("preset/recall", "dawn")
    instrument.set("preset/store", "dusk")
    assert instrument.frame().texts == {"preset/store": ("dusk",)}
    while not (texts := instrument.frame().texts):
        assert instrument.number < 61
    assert (instrument.number, texts) == (60, {"preset/recall": ("dawn",)})


def test_deck_b_waits_too(instrument):
    instrument.set("tempo/quantize", "bar")
    instrument.until(0.5)
    instrument.table.replace("b/", [each.on_deck("b/") for each in (*parameters.PLAYER, *CHOICES, parameters.knob(1))])
    asked = {"b/dream/scene", "b/player/speed", "dream/scene", "b/dream/knob/1", "master/blackout"}
    assert {each for each in asked if instrument.table.waits(each)} == {
        "b/dream/scene",
        "b/player/speed",
        "dream/scene",
    }


# -- speed ----------------------------------------------------------------------------------------------------------


def test_speed_goes_with_the_tempo(instrument):
    instrument.set("player/glide", 0)
    instrument.set("player/speed", 0.5)
    instrument.set("tempo/bpm", 180)
    instrument.frame()
    assert instrument.frame()["player/speed"] == 0.5
    instrument.set("tempo/sync", 1)
    assert instrument.frame()["player/speed"] == pytest.approx(0.75)
    assert instrument.table.target("player/speed") == 0.5  # the hand's stays the hand's
    instrument.set("player/speed", 8)
    assert instrument.frame()["player/speed"] == 8


@pytest.mark.parametrize(
    ("choice", "frozen"), [("off", [False] * 4), ("freeze", [True, False] * 2), ("resync", [False] * 4)]
)
def test_start_and_stop_of_midi_clock_do_what_is_chosen(choice, frozen):
    table = Table([*PLAYER, *TEMPO])
    tempo = Tempo(table)
    table.set("tempo/source", ["midi"])
    table.set("tempo/start_stop", [choice])
    tempo.on_frame(table.tick(1))
    found = []
    for act in (tempo.midi_stop, tempo.midi_start, tempo.midi_stop, tempo.resume):
        act()
        tempo.on_frame(table.tick(1))
        found.append(table.target("player/freeze"))
    assert found == frozen


def test_a_start_of_link_is_a_downbeat_and_other_clocks_are_not_heard():
    table = Table([*PLAYER, *TEMPO])
    tempo = Tempo(table)
    table.set("tempo/source", ["link"])
    table.set("tempo/start_stop", ["resync"])
    tempo.on_frame(table.tick(1))
    tempo.follow(120, 7.5, 10.0)
    tempo.move(10.0)
    tempo.midi_start()
    tempo.transport("link", True, 9.75)
    tempo.on_frame(table.tick(1))
    assert tempo.beat_at(9.75) == pytest.approx(0)
    assert table.target("player/freeze") is False
