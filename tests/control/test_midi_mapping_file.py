"""Mapping files: bindings written and read again, wrong lines named, parameters of another program."""

import json

import pytest

from livedream import UserError
from livedream.control.midi import mapping_file
from livedream.control.midi.controls import Binding, Control, parse_control
from livedream.parameters import Parameter


def test_a_file_can_be_read_by_a_person_and_comes_back_as_it_was(tmp_path):
    bindings = (
        Binding("dream/knob/1", Control("cc", 0, 21)),
        Binding("dream/knob/2", Control("cc14", 3, 1, lsb_first=True)),
        Binding("dream/knob/3", Control("relative", 15, 7), "offset", low=-1.0, high=1.0),
        Binding("player/freeze", Control("note", 9, 36), mode="hold"),
        Binding("dream/scene_jump", Control("note", 9, 37), value=2.0),
        Binding("master/fade", Control("pitch", 8)),
        Binding("dream/feedback", Control("pressure", 0)),
    )
    path = mapping_file.save(tmp_path / "midi", "Launch: Control/XL", bindings)
    assert path.name == "Launch_ Control_XL.json"
    assert mapping_file.load(tmp_path / "midi", "Launch: Control/XL") == bindings
    lines = path.read_text().splitlines()
    assert '    {"control": "CC 33+1", "channel": 4, "address": "dream/knob/2"},' in lines
    assert json.loads(path.read_text())["controller"] == "Launch: Control/XL"


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ({"control": "CC 128", "address": "a"}, "no MIDI control"),
        ({"control": "CC 1+34", "address": "a"}, "no pair"),
        ({"control": "CC 1", "channel": 17, "address": "a"}, "channel 17"),
        ({"control": "CC 1"}, "no 'address'"),
        ({"control": "note 1", "address": "a", "mode": "often"}, "'often'"),
        ({"control": "CC 1", "address": "a", "speed": 1}, "'speed'"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, line, what):
    (tmp_path / "a.json").write_text(json.dumps({"bindings": [line]}))
    with pytest.raises(UserError, match="binding 1") as error:
        mapping_file.load(tmp_path, "a")
    assert what in str(error.value)
    assert "\n" not in str(error.value)


def test_every_control_is_said_as_it_is_read():
    for each in (Control("cc14", 2, 31), Control("relative", 0, 127), Control("note", 0, 0), Control("pitch", 15)):
        assert parse_control(each.text, each.channel) == each


def test_what_a_map_says_of_another_programs_parameters():
    parameters = mapping_file.MappingFile((Binding("a", Control("cc", 0, 1), low=-3.0, high=3.0),)).parameters()
    assert parameters == (Parameter("a", "float", -3.0, 3.0, 0.0),)
