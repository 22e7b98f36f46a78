"""Modulation: waves at exact frames, envelopes, followers, and where they may go."""

import math

import numpy as np
import pytest

from livedream.control.lfo import random
from livedream.control.modulation import Modulation
from livedream.parameters import Parameter, Table, knob, latents, modulator, scenes

COLOUR = Parameter("look/tint/colour", "vector", 0, 1, 0.5, length=4, modulated=True)


class Beat:
    """A tempo of 120 bpm, four frames of 8 a second to a beat."""

    bpm, beat = 120.0, 0.0


class Rack:
    """A table of a few parameters with its modulation, frame by frame at 8 frames a second."""

    def __init__(self, **slot):
        bool_ = Parameter("look/tint/on", "bool", modulated=True)
        speed = Parameter("player/speed", "float", -8, 8, 1, modulated=True)
        whole = Parameter("look/tint/steps", "int", 0, 10, 5, modulated=True)
        flash = Parameter("look/tint/flash", "trigger", modulated=True)
        seed = Parameter("player/seed", "int", 0, 99, 0)
        some = [speed, knob(1), *latents(5), *scenes("abcd"), bool_, whole, flash, COLOUR, seed]
        self.table, self.tempo, self.number = Table(some), Beat(), -1
        self.sources = {}
        self.modulation = Modulation(self.table, 8.0, self.tempo, self.sources)
        self.set(1, **slot)

    def set(self, number, **slot):
        for name, value in slot.items():
            assert self.table.set(f"mod/{number}/{name}", [value]), name

    def frame(self, skipped=0):
        self.number += 1 + skipped
        self.tempo.beat = self.number / 4
        return self.modulation.transform(self.table.tick((1 + skipped) / 8), self.number)

    def frames(self, count, address="dream/knob/1"):
        return [self.frame()[address] for _ in range(count)]


@pytest.mark.parametrize(
    ("source", "cycle"),
    [
        ("sine", [math.sin(math.pi * i / 4) for i in range(8)]),
        ("triangle", [0, 0.5, 1, 0.5, 0, -0.5, -1, -0.5]),
        ("saw", [-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75]),
        ("square", [1, 1, 1, 1, -1, -1, -1, -1]),
        ("random", [random(0, 1)] * 8),
    ],
)
def test_a_wave_sweeps_the_whole_range_at_depth_1(source, cycle):
    rack = Rack(source=source, target="dream/knob/1", depth=1)
    assert rack.frames(8) == pytest.approx([3 * each for each in cycle])


def test_in_beats_a_cycle_is_so_many_beats_long_and_begins_on_one():
    rack = Rack(source="saw", target="dream/knob/1", depth=1, rate=2, beats=1)
    assert rack.frames(16) == pytest.approx([-3 + 6 * (i % 8) / 8 for i in range(16)])


def test_sample_and_hold_is_another_value_each_cycle_and_slot_and_always_the_same_one():
    def held():
        rack = Rack(source="random", target="dream/knob/1", depth=1, rate=4)
        rack.set(2, source="random", target="dream/latent/1", depth=1, rate=4)
        both = [rack.frame() for _ in range(40)]
        return [(each["dream/knob/1"], each["dream/latent/1"]) for each in both]

    found = held()
    assert found == held()
    firsts, seconds = zip(*found, strict=True)
    assert firsts[::2] == firsts[1::2]
    assert len(set(firsts)) == len(set(seconds)) == 20
    assert abs(np.mean(firsts)) < 1 < np.std(firsts)


def test_frames_that_are_left_out_change_no_later_one():
    each = Rack(source="sine", target="dream/knob/1", rate=0.37)
    some = Rack(source="sine", target="dream/knob/1", rate=0.37)
    assert each.frame()["dream/knob/1"] == some.frame()["dream/knob/1"] == 0
    all_of_them = each.frames(30)
    assert [some.frame(2)["dream/knob/1"] for _ in range(10)] == all_of_them[2::3]


def test_another_rate_goes_on_from_where_the_wave_is():
    rack = Rack(source="saw", target="dream/knob/1", depth=1, rate=1)
    before = rack.frames(4)[-1]
    rack.set(1, rate=0.5)
    assert rack.frames(3) == pytest.approx([before + 0.75, before + 1.125, before + 1.5])


def test_depth_offset_and_the_hand_add_up_within_the_range():
    rack = Rack(source="square", target="dream/knob/1", depth=0.5, offset=0.25)
    rack.table.set("dream/knob/1", [1])
    assert rack.frames(8) == [3.0] * 4 + [1.0] * 4  # 1 + 6·(0.25 ± 0.25), at most 3
    rack.set(1, depth=-0.5)
    assert rack.frames(8) == [1.0] * 4 + [3.0] * 4
    assert rack.table.target("dream/knob/1") == 1  # the hand's


def test_a_latent_moves_the_vector_that_the_player_reads():
    values = Rack(source="square", target="dream/latent/3", depth=0.5).frame()
    assert values["dream/latent/3"] == 1.5
    assert values["dream/latents"] == (0, 0, 0, 1.5, 0)


def test_elements_whole_numbers_switches_and_triggers():
    rack = Rack(source="square", target="look/tint/colour/2", depth=0.5)
    rack.set(2, source="square", target="look/tint/steps", depth=0.5)
    rack.set(3, source="square", target="look/tint/on", depth=1, offset=0.2)
    rack.set(4, source="square", target="look/tint/flash", depth=1, phase=0.5)
    seen = [rack.frame() for _ in range(13)]
    assert [each["look/tint/colour"][2] for each in seen[2:6]] == [0.75, 0.75, 0.25, 0.25]
    assert [each["look/tint/steps"] for each in seen[2:6]] == [8, 8, 2, 2]
    assert [each["look/tint/on"] for each in seen[2:6]] == [True, True, False, False]
    assert [i for i, each in enumerate(seen) if "look/tint/flash" in each.fired] == [4, 12]


def test_scenes_change_with_the_beat():
    rack = Rack(source="saw", target="dream/scene", depth=0.75, offset=0.375, rate=4, beats=1)
    seen = [rack.frame() for _ in range(16)]
    went = [(i, each["dream/scene"]) for i, each in enumerate(seen) if "dream/scene" in each.fired]
    assert [scene for _, scene in went] == [1, 2]
    assert rack.table.target("dream/scene") == 0


def test_a_trigger_sends_the_envelope_through_attack_decay_and_release():
    rack = Rack(source="envelope", target="dream/knob/1", depth=0.5, attack=0.25, decay=0.5, sustain=0.5, release=0.25)
    assert rack.frames(2) == [0, 0]
    assert rack.table.set("mod/1/trigger")
    level = [0, 0.5, 1, 0.875, 0.75, 0.625, 0.5, 0.25, 0, 0]
    assert rack.frames(10) == pytest.approx([3 * each for each in level])


def test_a_gate_keeps_the_sustain_level_until_it_is_let_go():
    rack = Rack(source="envelope", target="dream/knob/1", depth=0.5, decay=0.25, sustain=0.5, release=0.5, gate=1)
    assert rack.frames(10) == pytest.approx([3, 2.25] + [1.5] * 8)
    rack.set(1, gate=0)
    assert rack.frames(6) == pytest.approx([1.5, 1.125, 0.75, 0.375, 0, 0])


def test_an_envelope_that_begins_anew_does_not_jump_down():
    rack = Rack(source="envelope", target="dream/knob/1", depth=0.5, attack=0.5, decay=1, gate=1)
    rack.frames(6)
    rack.table.set("mod/1/trigger")
    before, *after = rack.frames(5)
    assert before > 2
    assert after == sorted(after)


def test_the_beat_begins_an_envelope_and_so_does_an_onset():
    rack = Rack(source="beat", target="dream/knob/1", depth=0.5, rate=2, decay=0.25)
    assert rack.frames(16) == pytest.approx([3, 1.5, 0, 0, 0, 0, 0, 0] * 2)
    heard = iter([7, 7, 8, 8, 8, 8])
    rack = Rack(source="onset", target="dream/knob/1", depth=0.5, decay=0.25)
    rack.sources["audio/onset"] = lambda: next(heard)
    assert rack.frames(6) == pytest.approx([0, 0, 3, 1.5, 0, 0])


def test_what_is_heard_moves_it_and_silence_does_not():
    rack = Rack(source="low", target="dream/knob/1", depth=-1)
    assert rack.frames(2) == [0, 0]
    rack.sources["audio/low"] = lambda: 0.25
    assert rack.frames(2) == [-1.5, -1.5]
    assert rack.modulation.levels[0] == 0.25


def test_a_slot_moves_the_depth_of_another():
    rack = Rack(source="square", target="mod/2/depth", depth=0.5)
    rack.set(2, source="square", target="dream/knob/1", depth=0, rate=8)
    assert rack.frames(8) == [1.5] * 4 + [-1.5] * 4


def test_only_what_is_seen_can_be_chosen_and_a_target_that_comes_back_is_moved_again():
    rack = Rack(source="square", target="dream/knob/1")
    assert not rack.table.set("mod/1/target", ["player/seed"])
    assert not rack.table.set("mod/1/target", ["mod/1/target"])
    assert rack.frame()["dream/knob/1"] == 1.5
    mine = rack.table.parameters["dream/knob/1"]
    rack.table.replace("dream/", [Parameter("dream/other", "float", modulated=True)])
    assert rack.frame()["dream/other"] == 0
    choices = rack.table.parameters["mod/1/target"].choices
    assert "dream/other" in choices
    assert choices[rack.table.target("mod/1/target")] == "nothing"
    rack.table.replace("dream/", [mine])
    assert rack.frame()["dream/knob/1"] == 1.5
    choices = rack.table.parameters["mod/1/target"].choices
    assert choices[rack.table.target("mod/1/target")] == "dream/knob/1"


def test_every_slot_is_in_the_table():
    table = Table([knob(1)])
    Modulation(table, 30.0, Beat())
    assert {each.address for n in range(1, 9) for each in modulator(n)} <= set(table.parameters)
