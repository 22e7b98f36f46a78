"""NRPN and RPN: controls of their own, 14 bits, increments, and the ways in which controllers send them."""

import pytest

mido = pytest.importorskip("mido")

from livedream.control.midi.controls import Binding, Control, parse_control  # noqa: E402
from livedream.control.midi.mapper import Mapper  # noqa: E402
from livedream.control.midi.scale import position  # noqa: E402
from livedream.parameters import MASTER, PLAYER, Table, knob  # noqa: E402

KNOB = "dream/knob/1"


class Box:
    """A controller with parameter numbers; soft takeover is off, so that each value shows."""

    def __init__(self, *bindings):
        self.table = Table([*PLAYER, *MASTER, *(knob(i) for i in range(1, 4))])
        self.midi = Mapper(self.table, takeover=False)
        self.midi.replace(bindings)
        self.now = 0.0

    def cc(self, *pairs, channel=0):
        for control, value in pairs:
            self.now += 0.001
            self.midi.receive(mido.Message("control_change", control=control, value=value, channel=channel), self.now)

    def move(self, number, value, kind="nrpn", channel=0):
        first = 99 if kind == "nrpn" else 101
        self.cc((first, number >> 7), (first - 1, number & 127), (6, value >> 7), (38, value & 127), channel=channel)
        self.now += 0.05

    def learn(self, text):
        self.midi.learn(text)
        assert self.midi.error is None

    @property
    def at(self):
        return self.table.target(KNOB)


def reached(value):
    return pytest.approx(-3 + 6 * position(value, 14), abs=1e-9)


@pytest.mark.parametrize("kind", ["nrpn", "rpn"])
@pytest.mark.parametrize("number", [0, 7, 135, 16382])
def test_a_fader_is_learned_with_its_number_goes_up_and_down_and_no_other_moves_it(kind, number):
    box = Box()
    box.learn(KNOB)
    for value in (*range(0, 16384, 800), 16383, *range(16383, -1, -800)):
        box.move(number, value, kind)
        assert box.at == reached(value)
    (binding,) = box.midi.bindings
    assert binding.control == Control(kind, 0, number)
    before = box.at
    box.move(number ^ 1, 9000, kind)
    box.move(number, 9000, "rpn" if kind == "nrpn" else "nrpn")
    box.move(number, 9000, kind, channel=1)
    assert box.at == before
    box.move(number, 8192, kind)
    assert box.at == 0  # the middle, exactly


def test_running_status_the_number_is_sent_once_or_by_its_low_half():
    box = Box(Binding(KNOB, Control("nrpn", 0, 5 << 7 | 3)), Binding("dream/knob/2", Control("nrpn", 0, 5 << 7 | 4)))
    box.cc((99, 5), (98, 3), (6, 64), (38, 1), (6, 65), (38, 2), (38, 3))
    assert box.at == reached(65 << 7 | 3)
    box.cc((98, 4), (6, 100), (38, 0))
    assert box.table.target("dream/knob/2") == reached(100 << 7)
    assert box.at == reached(65 << 7 | 3)


def test_a_controller_without_the_low_half_reaches_both_ends_and_the_middle():
    box = Box(Binding(KNOB, Control("nrpn", 0, 9)))
    for high, wanted in ((0, -3), (64, 0), (127, 3)):
        box.cc((99, 0), (98, 9), (6, high))
        assert box.at == wanted


def test_the_low_half_may_come_first():
    box = Box(Binding(KNOB, Control("nrpn", 0, 9)))
    way = []
    for value in (100, 200, 300, 8000, 8100, 8200):  # crosses the high half
        box.cc((99, 0), (98, 9), (38, value & 127), (6, value >> 7))
        way.append(box.at)
    assert way == [reached(value) for value in (100, 200, 300, 8000, 8100, 8200)]


def test_between_the_halves_nothing_jumps_back():
    box = Box(Binding(KNOB, Control("nrpn", 0, 9)))
    box.move(9, 100 << 7 | 120)
    before = box.at
    box.cc((99, 0), (98, 9), (6, 101))
    assert before < box.at < reached(101 << 7 | 5).expected
    box.cc((38, 5))
    assert box.at == reached(101 << 7 | 5)


def test_increments_step_it_and_the_null_number_ends_it():
    box = Box(Binding(KNOB, Control("nrpn", 0, 9)))
    box.cc((99, 0), (98, 9), (96, 0), (96, 127))
    assert box.at == pytest.approx(2 * 6 / 128)
    box.cc((97, 1), (97, 1), (97, 1))
    assert box.at == pytest.approx(-6 / 128)
    box.cc((99, 127), (98, 127), (6, 127), (38, 127), (96, 0))
    assert box.at == pytest.approx(-6 / 128)


def test_increments_alone_can_be_learned():
    box = Box()
    box.learn(KNOB)
    box.cc((101, 0), (100, 2), (96, 0))
    assert [each.control.text for each in box.midi.bindings] == ["RPN 2"]
    assert box.at == pytest.approx(6 / 128)


@pytest.mark.parametrize("number", [98, 99, 100, 101])
def test_the_choice_of_a_number_is_never_bound_alone_but_by_name(number):
    box = Box()
    box.learn(KNOB)
    for value in (0, 1, 1, 1, 2):
        box.cc((number, value))
    assert box.midi.learning == KNOB
    assert box.midi.bindings == ()
    box.learn(f"{KNOB} 7bit")
    box.cc((number, 64), (number, 127))
    assert [each.control.text for each in box.midi.bindings] == [f"CC {number}"]
    assert box.at == 3


@pytest.mark.parametrize("number", [6, 38, 96, 97])
def test_the_other_ccs_are_controls_until_a_number_was_chosen_on_their_channel(number):
    box = Box()
    box.learn(KNOB)
    box.cc((number, 10), (number, 70), (number, 127))
    assert [each.control.text for each in box.midi.bindings] == [f"CC {number}"]
    assert box.at == 3
    box.cc((99, 1), (98, 1), (number, 0))
    assert box.at == 3
    again = Box()
    again.cc((99, 127), (98, 127))
    again.learn(KNOB)
    again.cc((number, 10), (number, 70))
    assert again.midi.bindings == ()


def test_a_button_with_a_number_toggles_and_its_light_is_told_in_four_messages():
    box = Box()
    box.learn("master/hold")
    for value in (16383, 0, 16383, 0, 16383):
        box.move(300, value)
    assert box.table.target("master/hold") is True
    box = Box(Binding(KNOB, Control("nrpn", 2, 300)), Binding("dream/knob/2", Control("rpn", 0, 1)))
    box.table.set(KNOB, [3])
    told = [(each.channel, each.control, each.value) for each in box.midi.feedback([(KNOB, "page")])]
    assert told == [(2, 99, 2), (2, 98, 44), (2, 6, 127), (2, 38, 127)]
    told = [(each.control, each.value) for each in box.midi.feedback([("dream/knob/2", "page")])]
    assert told == [(101, 0), (100, 1), (6, 64), (38, 0)]


def test_their_names_in_a_mapping_file():
    for control in (Control("nrpn", 3, 0), Control("nrpn", 0, 16383), Control("rpn", 15, 2)):
        assert parse_control(control.text, control.channel) == control
    for text in ("NRPN 16384", "NRPN", "nrpn 5", "RPN 1+33", "relative NRPN 5"):
        with pytest.raises(ValueError, match="no MIDI control"):
            parse_control(text, 0)


def test_a_mapping_by_a_former_address_plays_on():
    box = Box(Binding("master/fade/time", Control("cc", 0, 5)))
    box.cc((5, 127))
    assert box.table.target("master/fade_time") == 60
    box.midi.forget("/livedream/master/fade/time")
    assert (box.midi.bindings, box.midi.error) == ((), None)
