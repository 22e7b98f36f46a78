"""`livedream train --kind`: which kinds there are, what each takes, and that only its own code is called."""

import dataclasses
import io
import re
import sys
import types

import numpy as np
import pytest
from livedream_export import half_blocks, kind_list, kinds

from livedream import cli


def test_a_question_mark_lists_every_kind_with_its_options(capsys):
    assert cli.main(["train", "--kind", "?"]) == 0
    said = capsys.readouterr().out
    assert all(f"\n{name} " in f"\n{said}" for name in kinds.KINDS)
    assert "--style" in said


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def seen(line):
    """The characters of a line, without the codes of their colours."""
    return re.sub(r"\033\[[\d;]*m", "", line)


@pytest.mark.parametrize("columns", [80, 200])
def test_a_terminal_of_many_colours_shows_a_picture_beside_each_kind(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = kind_list.text(Terminal(), {"COLORTERM": "truecolor"}).splitlines()
    assert max(len(seen(line)) for line in lines) < columns
    for name, kind in kinds.KINDS.items():
        (at,) = [
            k for k, line in enumerate(lines) if seen(line)[kind_list.COLUMNS + 1 :].strip().split("  ")[0] == name
        ]
        assert ("▀" * kind_list.COLUMNS in seen(lines[at])) == (kind_list.picture(kind) is not None)
    starts = {seen(line).find("FOOTAGE…") for line in lines} - {-1}
    assert len(starts) <= 2  # one column; a bracket before it where footage is optional


@pytest.mark.parametrize(
    "environment", [{}, {"COLORTERM": "truecolor", "NO_COLOR": "1"}, {"COLORTERM": "24bit", "TERM": "dumb"}]
)
def test_other_terminals_get_words_and_where_the_pictures_are(environment):
    said = kind_list.text(Terminal(), environment)
    assert "\033" not in said
    assert said.splitlines()[-1].endswith(kind_list.PICTURES)


def test_a_picture_of_half_blocks_has_its_colours():
    pixels = np.uint8([[[1, 2, 3]], [[4, 5, 6]]]).repeat(2, 1)
    assert half_blocks.draw(pixels) == ["\033[38;2;1;2;3;48;2;4;5;6m▀▀\033[0m"]


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
