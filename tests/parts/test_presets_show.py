"""Presets in real shows, by OSC: from one run to the next, and with files that are not whole."""

import json

import pytest

from tests import dreams
from tests.show import Show, has_oscsend
from tests.waiting import until

pytestmark = pytest.mark.skipif(not has_oscsend, reason="needs liblo's oscsend (apt: liblo-tools)")


@pytest.fixture
def model(tmp_path):
    return dreams.tiny(tmp_path / "tiny.onnx", title="Tiny show")


def asked(show, name):
    return until(lambda: (status := show.status())["preset"] == name and status)


def test_a_moment_outlives_the_program(tmp_path, model):
    given = ["--size", "64x32", "--model", str(dreams.tiny(tmp_path / "other.onnx", title="Other"))]
    with Show(model, *given, "--seed", "5") as show:
        show.frame()
        show.osc("mix/crossfade", "f", "0.5")
        show.osc("dream/knob/1", "f", "1.25")
        show.frames(20)
        show.osc("player/freeze", "i", "1")
        show.osc("b/player/freeze", "i", "1")
        until(lambda: show.value("b/player/freeze") and same(stills := [each[2] for each in show.frames(8)]) and stills)
        dawn = show.frame()[2]
        show.osc("preset/store", "s", "dawn")
        asked(show, "dawn")
        show.osc("player/freeze", "i", "0")
        show.osc("b/player/freeze", "i", "0")
        show.osc("dream/knob/1", "f", "-1")
        until(lambda: (show.frame()[2] != dawn).any())
        show.osc("preset/store", "i", "4")
        assert asked(show, "4")["presets"] == [{"number": 0, "name": "dawn"}, {"number": 4, "name": "4"}]
        show.osc("preset/recall", "f", "0.0")  # as a fader sends a number
        show.until(dawn)
    (path,) = (tmp_path / "config").glob("livedream/presets/*.json")
    assert path.name.startswith("Tiny show-")
    assert show.code == 0
    with Show(model, *given, "--seed", "77") as show:
        show.frame()
        show.osc("preset/morph", "f", "0.4")
        show.osc("preset/recall", "s", "dawn")
        show.until(dawn)
        show.osc("preset/recall", "s", "noon")
        assert until(lambda: show.status()["preset_error"]) == (
            "preset/recall: no preset 'noon'; there are: 0 dawn, 4 4"
        )
        show.osc("preset/delete", "i", "4")
        until(lambda: len(show.status()["presets"]) == 1)
        show.osc("preset/undo", "i", "1")
        show.until(lambda now: (now != dawn).any())
    assert [each["name"] for each in json.loads(path.read_text())["presets"]] == ["dawn"]


def same(pictures):
    return all((each == pictures[0]).all() for each in pictures)


def test_a_file_of_ones_own_and_a_damaged_one(tmp_path, model):
    path = tmp_path / "mine.json"
    path.write_text('{"livedream presets": 1, "presets": [')
    with Show(model, "--presets", str(path), "--size", "64x32") as show:
        show.frame()
        assert "mine.json: damaged" in until(lambda: show.status()["preset_error"])
        show.osc("preset/store", "s", "dawn")
        asked(show, "dawn")
    assert show.errors.count("\n") == 1
    assert "mine.json: damaged" in show.errors
    assert (tmp_path / "mine.damaged-1.json").read_text() == '{"livedream presets": 1, "presets": ['
    assert json.loads(path.read_text())["presets"][0]["name"] == "dawn"


@pytest.fixture(autouse=True)
def own_config(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
