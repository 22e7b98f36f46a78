"""A preset for panic that is not there is known before the show, while it can still be mended."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from livedream import parameters
from livedream.control import preset_file
from livedream.parts.preset_recall import PresetRecall

DREAM = SimpleNamespace(title="Sea", sha256="0" * 64)


def recall(folder, file=None):
    deck = SimpleNamespace(player=SimpleNamespace(dream=DREAM))
    return PresetRecall([deck], parameters.Table(parameters.ALWAYS), folder, file)


@pytest.mark.parametrize("own", [False, True], ids=["the dream's bank", "--presets FILE"])
def test_a_missing_preset_is_named_with_those_that_are_there(tmp_path, own):
    path = tmp_path / "mine.json" if own else tmp_path / preset_file.file_name(DREAM.title, DREAM.sha256)
    bank = preset_file.Bank(path, DREAM.title)
    for name in ("safe", "dawn", "7"):
        bank.store(name, {}, ())
    bank.write()
    presets = recall(tmp_path, path if own else None)
    for there in ("safe", "0", "dawn", "1", "7"):
        assert presets.lacks(there) is None
    assert presets.lacks("save") == "Sea has no such preset; did you mean safe?; there are: 0 safe, 1 dawn, 7 7"
    for missing in ("3", "99", "nosuch", "", "²"):
        assert presets.lacks(missing) == "Sea has no such preset; there are: 0 safe, 1 dawn, 7 7"


@pytest.mark.parametrize("content", [None, "", "{", '{"livedream presets": 1}'])
def test_without_a_readable_bank_there_is_none(tmp_path, content):
    path = Path(tmp_path, "mine.json")
    if content is not None:
        path.write_text(content)
    assert recall(tmp_path, path).lacks("safe") == "Sea has no such preset; there are: none yet"
