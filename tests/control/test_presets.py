"""A bank of presets: by number and name, in a file that a person can read and nothing can be lost from."""

import json
import os

import pytest

from livedream import UserError, parameters
from livedream.control import preset_file
from livedream.parameters import Table

VALUES = {"dream/knob/1": 0.1 + 0.2, "player/freeze": True, "mix/mode": "screen", "dream/latents": (0.0, -1.5)}
DECKS = [{"dream": "Tiny", "sha256": "0" * 64, "moment": {"phase": 1 / 3, "states": {"state.h": "AAAA"}, "noises": []}}]


@pytest.fixture
def bank(tmp_path):
    return preset_file.read(tmp_path / "presets" / "Tiny.json", "Tiny")


def names(bank):
    return [(each.number, each.name) for each in bank.presets.values()]


def test_a_name_takes_the_first_free_number_and_a_number_its_own(bank):
    bank.store("5", VALUES, DECKS)
    bank.store("dawn", VALUES, DECKS)
    bank.store("0", {}, DECKS)  # that is dawn's
    bank.store("dusk", VALUES, DECKS)
    assert names(bank) == [(0, "dawn"), (1, "dusk"), (5, "5")]
    assert bank.find("0") is bank.find("dawn")
    assert bank.find("dawn").values == {}
    assert bank.find("5").name == "5"
    assert bank.find("4") is bank.find("noon") is None
    bank.delete("0")
    assert names(bank) == [(1, "dusk"), (5, "5")]
    with pytest.raises(UserError, match="no preset 'dawn'; there are: 1 dusk, 5 5"):
        bank.delete("dawn")


@pytest.mark.parametrize("name", ["1000", "9" * 500, "x" * 81])
def test_what_is_no_number_and_no_name_is_said(bank, name):
    with pytest.raises(UserError, match="numbers go from 0 to 999") as error:
        bank.store(name, VALUES, DECKS)
    assert len(str(error.value)) < 200
    assert not bank.presets


def test_the_file_gives_back_what_was_put_in_and_can_be_read(bank):
    bank.store("dawn — “1”", VALUES, DECKS)
    bank.store("7", {}, [])
    bank.write()
    again = preset_file.read(bank.path, "Tiny")
    assert again.trouble is None
    assert again.presets == bank.presets
    assert again.find("7").values == {}
    text = bank.path.read_text("utf-8")
    assert '    "dream/knob/1": 0.30000000000000004,\n' in text
    assert '    "dream/latents": [0.0, -1.5]' in text
    assert "dawn — “1”" in text.replace('\\"', '"')
    assert json.loads(text)["dream"] == "Tiny"
    again.write()
    assert bank.path.read_text("utf-8") == text


@pytest.mark.parametrize("cut", [0, 1, 40, 150, -3])
def test_a_damaged_file_is_one_line_and_never_overwritten(bank, cut):
    bank.store("dawn", VALUES, DECKS)
    bank.write()
    damaged = bank.path.read_bytes()[:cut]
    bank.path.write_bytes(damaged)
    for number in (1, 2):
        again = preset_file.read(bank.path)
        assert "damaged" in again.trouble
        assert "\n" not in again.trouble
        again.store("dusk", VALUES, DECKS)
        again.write()
        kept = bank.path.with_name(f"Tiny.damaged-{number}.json")
        assert kept.read_bytes() == damaged
        assert names(preset_file.read(bank.path)) == [(0, "dusk")]
        bank.path.write_bytes(damaged)


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": "3"},
        {"number": -1},
        {"number": 0},  # that is another one's
        {"name": "dawn"},
        {"name": "4"},
        {"name": None},
        {"values": {"dream/latents": ["high"]}},
        {"values": []},
        {"decks": [3]},
        {"decks": None},
    ],
)
def test_of_a_file_that_was_edited_what_is_right_is_used(bank, wrong):
    bank.store("dawn", VALUES, DECKS)
    bank.write()
    found = json.loads(bank.path.read_text("utf-8"))
    found["presets"].append(found["presets"][0] | {"number": 3, "name": "dusk"} | wrong)
    bank.path.write_text(json.dumps(found))
    again = preset_file.read(bank.path)
    assert names(again) == [(0, "dawn")]
    assert "damaged at preset 2 of 2" in again.trouble
    again.write()
    assert "dusk" in bank.path.with_name("Tiny.damaged-1.json").read_text() or "name" in wrong


def test_nan_is_no_value(bank):
    bank.store("dawn", VALUES, DECKS)
    bank.write()
    bank.path.write_text(bank.path.read_text("utf-8").replace("0.30000000000000004", "NaN"))
    assert "damaged" in preset_file.read(bank.path).trouble


def test_a_newer_file_is_not_touched(bank):
    bank.path.parent.mkdir()
    bank.path.write_text('{"livedream presets": 2, "presets": {}}')
    assert "newer livedream" in preset_file.read(bank.path).trouble


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to_is_said(bank):
    bank.path.parent.mkdir(mode=0o500)
    with pytest.raises(UserError, match="cannot be written"):
        bank.write()


def test_a_folder_that_is_a_file_is_said(bank):
    bank.path.parent.write_text("")
    bank.store("dawn", VALUES, DECKS)
    with pytest.raises(UserError, match="cannot be kept there"):
        bank.write()


def test_what_belongs_to_the_room_is_not_kept():
    table = Table(
        [
            *parameters.PLAYER,
            *parameters.LOADING,
            *parameters.dream(["road"], latent_length=3),
            *parameters.mix(),
            *parameters.MASTER,
            *parameters.OUTPUT,
            *parameters.PRESET,
            *parameters.TEMPO,
            *parameters.window(0),
        ]
    )
    kept = preset_file.kept(table.parameters)
    assert {"player/speed", "player/freeze", "dream/knob/8", "dream/temperature", "dream/latents", "mix/mode"} <= set(
        kept
    )
    not_kept = ("player/seed", "dream/scene", "dream/load", "master/blackout", "master/fade", "preset/morph")
    assert not [each for each in kept if each in not_kept or each.startswith(("output/", "window/", "tempo/"))]
    assert "dream/latent/0" not in kept  # the vector says it


def test_a_choice_is_kept_by_its_name():
    fade = parameters.mix()[1]
    assert preset_file.chosen(fade, 2) == "screen"
    assert preset_file.chosen(parameters.MASTER[0], 1.0) == 1.0


@pytest.mark.parametrize(
    ("title", "name"),
    [("Rainbow road", "Rainbow road-1a2b3c4d.json"), ("../x:y", "___x_y-1a2b3c4d.json"), ("", "dream-1a2b3c4d.json")],
)
def test_a_bank_is_named_after_its_dream(title, name):
    assert preset_file.file_name(title, "1a2b3c4d5e6f") == name
