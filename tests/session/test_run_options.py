"""An option of `livedream run` is declared once, and everything that knows options has it from there."""

from dataclasses import fields
from pathlib import Path

import pytest

from livedream.cli import parser_of, reference
from livedream.session import session_file
from livedream.session.run_options import GROUPS, OPTIONS, RunOptions

SAMPLES = {  # of each option that a session keeps: what is typed, and the field's value
    "models": (["a.onnx", "b.onnx"], ["a.onnx", "b.onnx"]),
    "dreams": (["/dreams"], "/dreams"),
    "effects": (["deepdream", "ink.onnx#deck=b"], ["deepdream", "ink.onnx#deck=b"]),
    "looks": (["bloom"], ["bloom"]),
    "size": (["64x32"], (64, 32)),
    "fps": (["25"], 25.0),
    "seed": (["7"], 7),
    "device": (["cpu"], "cpu"),
    "outputs": (["none", "udp://h:1"], ["none", "udp://h:1"]),
    "web": (["off"], "off"),
    "web_token": (["play:a,admin:b"], {"play": "a", "admin": "b"}),
    "web_host": (["stage.lan"], ["stage.lan"]),
    "web_origin": (["null", "file://"], ["null", "file://"]),
    "recordings": (["/films"], Path("/films")),
    "record": (["/a.show"], Path("/a.show")),
    "osc": (["h:9100", "tcp://h:9101"], ["h:9100", "tcp://h:9101"]),
    "osc_allow": (["192.0.2.0/24", "desk.lan"], ["192.0.2.0/24", "desk.lan"]),
    "osc_out": (["h:1", "h:2"], ["h:1", "h:2"]),
    "osc_prefix": (["/show"], "/show"),
    "midi": (["nano"], "nano"),
    "audio": (["3"], "3"),
    "input": (["screen"], "screen"),
    "link": ([], True),
    "photos": (["/photos"], "/photos"),
    "presets": (["/p.json"], Path("/p.json")),
    "panic": (["calm"], "calm"),
    "vote_word": (["eerie"], "eerie"),
    "seconds": (["1.5"], 1.5),
}


def test_every_field_is_an_option_but_those_that_only_a_file_has():
    assert {each.name for each in fields(RunOptions)} - set(OPTIONS) == {"limits", "values"}
    assert {each.group for each in OPTIONS.values()} == set(GROUPS)
    assert {name for name, each in OPTIONS.items() if each.kept != "never"} == set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_an_option_means_the_same_on_the_command_line_and_in_a_sessions_file(name, tmp_path):
    typed, value = SAMPLES[name]
    option = OPTIONS[name]
    given = [word for each in typed for word in (option.flag, each)] or [option.flag]
    parsed = vars(parser_of("run").parse_args(given))
    assert parsed[name] == value
    options = RunOptions(**{name: parsed[name]})
    written = options.to_json()
    assert set(written) == {option.key, "limits", "values"}
    session_file.write(tmp_path / "a.session", written)
    read = RunOptions(**session_file.read(tmp_path / "a.session"))
    assert read.to_json() == written
    assert type(getattr(read, name)) is type(value) or option.several


def test_what_is_not_given_is_the_default_of_the_fields():
    parsed = vars(parser_of("run").parse_args([]))
    assert {name for name in parsed if name in OPTIONS and parsed[name] is not None} == set()
    assert RunOptions().to_json() == {"limits": {}, "values": {}}


def test_help_and_documentation_list_every_option():
    help, page = parser_of("run").format_help(), reference.markdown()
    for each in OPTIONS.values():
        name = each.flag if each.flag.startswith("-") else each.metavar
        assert name in help
        assert name in page
    assert [help.index(f"\n{group}:\n") for group in GROUPS] == sorted(help.index(f"\n{group}:\n") for group in GROUPS)
    assert "examples:" in help


def test_the_page_of_commands_is_made_from_them():
    page = Path(__file__).parents[2] / "docs" / "commands.md"
    assert page.read_text("utf-8") == reference.markdown(), "python -m livedream.cli.reference > docs/commands.md"
