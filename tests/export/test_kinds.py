"""`livedream train --kind`: which kinds there are, what each takes, and that only its own code is called."""

import dataclasses
import sys
import types

import pytest
from livedream_export import kinds

from livedream import cli


def test_a_question_mark_lists_every_kind_with_its_options(capsys):
    assert cli.main(["train", "--kind", "?"]) == 0
    said = capsys.readouterr().out
    assert all(f"\n{name} " in f"\n{said}" for name in kinds.KINDS)
    assert "--style" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--kind", "styl", "a.mp4"], "--kind styl: no such kind; did you mean style?"),
        (["a.mp4", "-o", "x.onnx", "--style", "a.jpg"], "--style: an option of --kind style, not of vae-rnn"),
        (["--kind", "style", "--tier", "live"], "--tier: an option of --kind vae-rnn, not of style"),
        (["-o", "x.onnx"], "FOOTAGE is missing"),
        (["--kind", "deepdream", "a.mp4", "-o", "x.onnx"], "a.mp4: --kind deepdream is not trained on footage"),
    ],
)
def test_what_a_kind_does_not_take_is_one_line(tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["train", *arguments]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_kind_gets_the_options_with_its_own_defaults(monkeypatch, capsys):
    given = []
    trainer = types.SimpleNamespace(train=lambda options, status: given.append(options))
    monkeypatch.setitem(sys.modules, "a_kind_of_effect", trainer)
    entry = dataclasses.replace(kinds.KINDS["style"], entry="a_kind_of_effect:train")
    monkeypatch.setitem(kinds.KINDS, "style", entry)
    assert cli.main(["train", "--kind", "style", "--style", "a.jpg", "b.jpg", "-o", "x.onnx", "c.mp4", "d.mp4"]) == 0
    (options,) = given
    assert (options.style, options.footage) == (["a.jpg", "b.jpg"], ["c.mp4", "d.mp4"])
    assert (options.size, options.minutes, options.device) == ("512x288", 20.0, "auto")
