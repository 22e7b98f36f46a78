"""MIDI without ports: learning, kinds of controls, soft takeover, lights, files."""

import pytest

from livedream.parameters import (
    DREAM,
    MASTER,
    MIDI,
    OUTPUT,
    PLAYER,
    PRESET,
    TEMPO,
    Parameter,
    Table,
    knob,
    latents,
    scenes,
)

mido = pytest.importorskip("mido")

from livedream.control.midi.controls import Binding, Control  # noqa: E402
from livedream.control.midi.mapper import Mapper  # noqa: E402
from livedream.control.midi.scale import data, position, steps  # noqa: E402

OWN = [each for each in DREAM if not each.address.startswith("dream/scene")]
PARAMETERS = [*PLAYER, *OWN, *scenes(["dawn", "noon", "dusk"]), *MASTER, *OUTPUT, *TEMPO, *PRESET, *MIDI]
INK = Parameter("look/tint/ink", "vector", default=(1.0, 0.5, 0.0, 1.0), length=4, parts=("r", "g", "b", "a"))


class Box:
    """A controller that is plugged in, and the table that it moves."""

    def __init__(self, *bindings):
        self.table = Table([*PARAMETERS, *(knob(i) for i in range(1, 9)), *latents(300), INK])
        self.midi = Mapper(self.table)
        self.midi.replace(bindings)
        self.now = 0.0

    def send(self, kind, after=0.01, **fields):
        self.now += after
        self.midi.receive(mido.Message(kind, **fields), self.now)

    def cc(self, n, *values, after=0.01, channel=0):
        for each in values:
            self.send("control_change", after, control=n, value=each, channel=channel)

    def pair(self, n, value, lsb_first=False):
        halves = [(n, value >> 7), (n + 32, value & 127)]
        for i, (each, half) in enumerate(halves[::-1] if lsb_first else halves):
            self.cc(each, half, after=0.0005 if i else 0.02)

    def press(self, note, velocity=100):
        self.send("note_on", note=note, velocity=velocity)

    def release(self, note):
        self.send("note_on", note=note, velocity=0)

    def learn(self, text):
        self.midi.learn(text)
        assert self.midi.error is None

    def at(self, address):
        return self.table.target(address)

    @property
    def only(self):
        (binding,) = self.midi.bindings
        return binding


@pytest.mark.parametrize("bits", [7, 14])
def test_middle_ends_and_every_number_there_and_back(bits):
    top, half = (1 << bits) - 1, 1 << (bits - 1)
    assert (position(0, bits), position(half, bits), position(top, bits)) == (0.0, 0.5, 1.0)
    assert all(data(position(n, bits), bits) == n for n in range(top + 1))
    low, high = -3.0, 3.0
    assert low + (high - low) * position(half, bits) == 0.0


def test_64_and_8192_and_a_wheel_at_rest_are_exactly_0():
    box = Box(
        Binding("dream/knob/1", Control("cc", 0, 1)),
        Binding("dream/knob/2", Control("cc14", 0, 2)),
        Binding("dream/knob/3", Control("pitch", 0)),
    )
    for first, value in ((0, 1), (20, 0.5)):
        for i in (1, 2, 3):
            box.table.set(f"dream/knob/{i}", [value])
        box.cc(1, first, 127, 64)
        for each in (first << 7, 16383, 8192):
            box.pair(2, each)
        for pitch in (-8192, 8191, 0):
            box.send("pitchwheel", pitch=pitch)
        assert [box.at(f"dream/knob/{i}") for i in (1, 2, 3)] == [0.0, 0.0, 0.0]


def test_a_knob_is_learned_and_picks_the_value_up_where_it_is():
    box = Box()
    box.table.set("dream/temperature", [1.5])  # 95.25 of 0..127
    box.learn("/livedream/dream/temperature")
    assert box.midi.learning == "dream/temperature"
    box.cc(21, 10, 12, 15)
    assert box.only == Binding("dream/temperature", Control("cc", 0, 21))
    assert (box.midi.learning, box.midi.waiting()) == (None, {"dream/temperature"})
    box.cc(21, 60, 90)
    assert box.at("dream/temperature") == 1.5
    box.cc(21, 99)  # it has passed it
    assert box.at("dream/temperature") == pytest.approx(2 * position(99))
    assert box.midi.waiting() == set()
    box.cc(21, 20)
    assert box.at("dream/temperature") == pytest.approx(2 * position(20))
    box.table.set("dream/temperature", [2.0], "another sender")
    box.cc(21, 21, 22)
    assert box.at("dream/temperature") == 2.0
    box.cc(21, 126)  # near enough
    assert box.at("dream/temperature") == pytest.approx(2 * position(126))


def test_after_it_was_unplugged_nothing_jumps():
    box = Box(Binding("master/fade", Control("cc", 0, 7)))
    box.cc(7, 127, 64)
    box.midi.forget_positions()
    box.table.set("master/fade", [1.0], "another sender")
    box.cc(7, 3)
    assert box.at("master/fade") == 1.0


@pytest.mark.parametrize("lsb_first", [False, True])
def test_fourteen_bits_are_recognised_in_either_order(lsb_first):
    box = Box()
    box.learn("dream/knob/1")
    for value in range(7900, 9000, 45):
        box.pair(3, value, lsb_first)
    assert box.only.control == Control("cc14", 0, 3, lsb_first)
    assert box.at("dream/knob/1") == pytest.approx(-3 + 6 * position(8980, 14), abs=1e-9)
    way = []
    for value in [*range(8980, 7000, -37), *range(7000, 8000, 41)]:
        box.pair(3, value, lsb_first)
        way.append(box.at("dream/knob/1"))
    assert way == [
        pytest.approx(-3 + 6 * position(each, 14)) for each in [*range(8980, 7000, -37), *range(7000, 8000, 41)]
    ]


def test_between_the_halves_of_fourteen_bits_a_value_goes_no_other_way():
    box = Box(Binding("dream/knob/1", Control("cc14", 0, 3)))
    box.pair(3, 8192)
    box.pair(3, (70 << 7) + 100)
    before = box.at("dream/knob/1")
    box.cc(3, 71)
    between = box.at("dream/knob/1")
    box.cc(35, 4)
    assert before < between < box.at("dream/knob/1")
    box.cc(3, 70)
    assert between > box.at("dream/knob/1") > before


@pytest.mark.parametrize(
    ("encoding", "right", "left"), [("twos", 1, 127), ("signed", 1, 65), ("offset", 65, 63)], ids=lambda each: str(each)
)
def test_an_endless_encoder_is_recognised_and_never_jumps(encoding, right, left):
    box = Box()
    box.table.set("dream/knob/1", [1.0])
    box.learn("dream/knob/1")
    box.cc(16, *[right] * 4)
    assert box.only.control.kind == "relative"
    box.cc(16, left, left)
    assert box.only.encoding == encoding
    assert box.at("dream/knob/1") == pytest.approx(1.0, abs=3.1 * 6 / 128)
    before = box.at("dream/knob/1")
    box.cc(16, *[right] * 10)
    assert box.at("dream/knob/1") == pytest.approx(before + 10 * 6 / 128)
    box.table.set("dream/knob/1", [-2.0], "another sender")
    box.cc(16, right)
    assert box.at("dream/knob/1") == pytest.approx(-2.0 + 6 / 128)
    box.cc(16, *[right] * 200)
    assert box.at("dream/knob/1") == 3.0
    assert box.table.counters["clamped"] == 0


def test_a_fast_turn_changes_no_encoding_once_both_ways_were_seen():
    box = Box()
    box.learn("dream/knob/1")
    box.cc(16, 1, 1, 1, 127, 127)
    box.cc(16, 128 - 40)
    assert box.only.encoding == "twos"
    assert steps("twos", 128 - 40) == -40


def test_a_fader_that_is_moved_slowly_is_no_encoder():
    box = Box()
    box.learn("dream/knob/1")
    box.cc(16, *range(60, 70))
    assert box.only.control.kind == "cc"


def test_what_it_is_can_be_chosen():
    box = Box()
    for text, n, kind, encoding in (
        ("dream/knob/1 offset", 1, "relative", "offset"),
        ("dream/knob/2 14bit", 2, "cc14", "twos"),
        ("dream/knob/3 7bit", 3, "cc", "twos"),
    ):
        box.learn(text)
        box.cc(n, 65, 65, 65)
        found = box.midi.bindings[-1]
        assert (found.control.kind, found.encoding) == (kind, encoding)


def test_pads_fire_triggers_switch_switches_and_light_them():
    box = Box()
    box.learn("player/reseed")
    box.press(36)
    box.learn("player/freeze")
    box.press(37)
    assert box.at("player/freeze") is True
    assert box.table.tick(0).fired == {"player/reseed"}
    box.release(37)
    assert box.at("player/freeze") is True
    sent = box.midi.feedback([("player/freeze", "MIDI note 37")])  # the pad cannot know it: its light is sent
    assert [(each.note, each.velocity) for each in sent] == [(37, 127)]
    box.press(36)
    box.press(36)
    box.press(37)
    assert box.table.tick(0).fired == {"player/reseed"}
    assert box.at("player/freeze") is False


def test_a_button_that_sends_cc_switches_at_each_press_and_a_knob_past_its_middle():
    box = Box()
    box.learn("master/blackout")
    box.cc(64, 127, 0)
    assert box.at("master/blackout") is True
    box.cc(64, 127, 0)
    assert box.at("master/blackout") is False
    box.learn("master/hold hold")
    box.cc(65, 127)
    assert box.at("master/hold") is True
    box.cc(65, 0)
    assert box.at("master/hold") is False
    box.learn("player/freeze")
    box.cc(66, 60, 63, 64, 70)
    assert box.at("player/freeze") is True
    box.cc(66, 63)
    assert box.at("player/freeze") is False


def test_pads_stand_side_by_side_for_scenes_and_presets():
    box = Box()
    for i in range(3):
        box.learn(f"dream/scene_jump {i}")
        box.press(40 + i)
        box.release(40 + i)
    box.learn("preset/recall 7")
    box.press(50)
    assert len(box.midi.bindings) == 4
    box.press(41)
    now = box.table.tick(0)
    assert (now["dream/scene"], now.texts["preset/recall"]) == (1, ("7",))
    lit = {each.note: each.velocity for each in box.midi.feedback()}
    assert lit == {40: 0, 41: 127, 42: 0}
    box.midi.forget("dream/scene_jump 1")
    assert [each.value for each in box.midi.bindings] == [0, 2, 7]


def test_a_program_change_recalls_a_preset():
    box = Box()
    box.send("program_change", program=12)
    assert box.table.tick(0).texts["preset/recall"] == ("12",)


def test_pressure_moves_and_a_wheel_nudges_the_tempo_both_ways():
    box = Box()
    box.learn("dream/feedback")
    box.send("aftertouch", value=0)
    box.send("aftertouch", value=127)
    assert box.at("dream/feedback") == 1.0
    box.learn("tempo/nudge")
    box.send("pitchwheel", pitch=0)
    box.table.tick(0)
    box.send("pitchwheel", pitch=4096)
    assert dict(box.table.tick(0).changes)["tempo/nudge"] == pytest.approx(0.125, abs=1e-3)
    box.send("pitchwheel", pitch=0)
    assert dict(box.table.tick(0).changes)["tempo/nudge"] == pytest.approx(-0.125, abs=1e-3)


def test_the_note_of_a_touched_motor_fader_is_not_the_fader():
    box = Box()
    box.learn("master/fade")
    box.press(104)
    for pitch in (-100, 0, 100):
        box.send("pitchwheel", pitch=pitch, channel=2)
    assert box.only.control == Control("pitch", 2)


def test_a_choice_has_bands_of_one_width_and_a_pad_takes_the_next():
    box = Box(Binding("dream/scene", Control("cc", 0, 1)))
    seen = []
    for value in range(128):
        box.cc(1, value)
        seen.append(box.at("dream/scene"))
    assert sorted(set(seen)) == [0, 1, 2]
    assert all(40 <= seen.count(each) <= 44 for each in (0, 1, 2))
    box.learn("dream/scene")
    box.press(36)  # the one that is learned acts, too
    assert box.at("dream/scene") == 0


def test_a_part_of_the_range_and_turned_round():
    box = Box(Binding("player/speed", Control("cc", 0, 1), low=2.0, high=0.5))
    box.cc(1, 127, 0)
    assert box.at("player/speed") == 2.0
    box.cc(1, 127)
    assert box.at("player/speed") == 0.5


def test_lights_go_to_all_but_the_hand_that_moves():
    box = Box(Binding("master/fade", Control("cc", 0, 7)), Binding("master/fade", Control("cc", 0, 8)))
    box.cc(7, 127, 32)
    now = box.table.tick(0)
    sent = box.midi.feedback(now.senders.items())
    assert [(each.control, each.value) for each in sent] == [(8, 32)]
    assert box.midi.feedback(now.senders.items()) == []  # it is known there
    box.table.set("master/fade", [1.0], "another sender")
    now = box.table.tick(0)
    assert [(each.control, each.value) for each in box.midi.feedback(now.senders.items())] == [(7, 127), (8, 127)]


def test_many_movements_in_a_frame_are_one_value():
    box = Box(Binding("master/fade", Control("cc", 0, 7)))
    box.table.tick(0)
    box.cc(7, *range(127, 10, -1))
    changes = box.table.tick(0).changes
    assert changes == (("master/fade", pytest.approx(position(11))),)


def test_a_control_moves_one_thing_and_what_is_learned_anew_loses_the_old_one():
    box = Box()
    for address, n in (("dream/knob/1", 1), ("dream/knob/2", 1), ("dream/knob/2", 5)):
        box.learn(address)
        box.cc(n, 3)
    assert box.only == Binding("dream/knob/2", Control("cc", 0, 5))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("dream/nothing", "no such parameter"),
        ("dream/latents", "has 300 elements, too many to bind"),
        ("look/tint/ink", "bind one of them, look/tint/ink_r"),
        ("output/add", "takes a text"),
        ("preset/recall", "add a number, as in preset/recall 0"),
        ("dream/knob/1 sideways", "'sideways' is none of"),
    ],
)
def test_what_cannot_be_learned_is_said(text, what):
    box = Box()
    box.midi.learn(text)
    assert what in box.midi.error
    assert box.midi.learning is None
    box.cc(1, 5)
    assert box.midi.bindings == ()


def test_addresses_are_learned_and_forgotten_with_the_shows_own_osc_prefix():
    box = Box()
    box.midi = Mapper(box.table, prefix="/vj/left")
    for address in ("/vj/left/master/fade", "/livedream/master/fade", "master/fade"):
        box.learn(address)
        assert box.midi.learning == "master/fade"
    box.cc(7, 5)
    assert box.only.address == "master/fade"
    box.midi.forget("/vj/left/master/fade")
    assert box.midi.bindings == ()


def test_keys_let_go_and_channel_mode_messages_are_not_learned():
    box = Box()
    box.learn("master/fade")
    box.release(36)
    box.cc(123, 0)
    assert box.midi.learning == "master/fade"
    box.midi.learn("off")
    box.cc(7, 5)
    assert box.midi.bindings == ()
