"""The header of an ISF file: its content, and one line for each mistake."""

import contextlib
import json
import os
import random

import pytest

from livedream import UserError
from livedream.look import header, header_inputs

BODY = "\nvoid main() { gl_FragColor = vec4(1.0); }\n"


@pytest.fixture
def file(tmp_path):
    def make(text: str):
        path = tmp_path / "a.fs"
        path.write_text(text)
        return path

    return make


def refused(path) -> str:
    with pytest.raises(UserError) as found:
        header.read(path)
    text = str(found.value)
    assert "\n" not in text
    assert text.startswith(f"{path}:")
    return text.removeprefix(f"{path}:")


def test_inputs_with_their_ranges_labels_and_defaults(write):
    source = header.read(
        write(
            BODY,
            DESCRIPTION="d",
            CREDIT="c",
            CATEGORIES=["Glitch", "Film"],
            INPUTS=[
                {"NAME": "inputImage", "TYPE": "image"},
                {"NAME": "hit", "TYPE": "event"},
                {"NAME": "on", "TYPE": "bool", "DEFAULT": 1.0},
                {"NAME": "mode", "TYPE": "long", "VALUES": [0, 5, 9], "LABELS": ["a", "b", "c"], "DEFAULT": 5},
                {"NAME": "amount", "LABEL": "How much", "TYPE": "float", "MIN": -2, "MAX": 4, "DEFAULT": 1},
                {"NAME": "plain", "TYPE": "float"},
                {"NAME": "turned", "TYPE": "float", "MIN": 1, "MAX": 0.05, "DEFAULT": 0.001},
                {"NAME": "at", "TYPE": "point2D", "MIN": [0, 0], "MAX": [1, 1], "DEFAULT": [0.25, 0.5]},
                {"NAME": "tint", "TYPE": "color", "DEFAULT": [1, 0.5, 0]},
                {"NAME": "wave", "TYPE": "audio", "MAX": 4},
                {"NAME": "fft", "TYPE": "audioFFT"},
            ],
        )
    )
    found = {each.name: each for each in source.inputs}
    assert list(found) == ["inputImage", "hit", "on", "mode", "amount", "plain", "turned", "at", "tint", "wave", "fft"]
    assert source.kind == "filter"
    assert (source.title, source.description, source.credit, source.categories) == (
        "look",
        "d",
        "c",
        ("Glitch", "Film"),
    )
    assert (found["hit"].default, found["on"].default) == (False, True)
    assert (found["mode"].default, found["mode"].values, found["mode"].labels) == (5, (0, 5, 9), ("a", "b", "c"))
    assert (found["amount"].low, found["amount"].high, found["amount"].default) == (-2, 4, 1)
    assert found["amount"].label == "How much"
    assert (found["plain"].low, found["plain"].high, found["plain"].default) == (0, 1, 0.5)
    assert (found["turned"].low, found["turned"].high) == (0.001, 1)  # in order, and widened to hold the default
    assert (found["at"].default, found["at"].pixels) == ((0.25, 0.5), False)
    assert found["tint"].default == (1, 0.5, 0, 1)
    assert (found["wave"].high, found["fft"].high) == (4, None)


@pytest.mark.parametrize(("default", "pixels"), [([0, 0], True), ([320, 240], True), ([0.5, 0.5], False), (None, True)])
def test_points_without_a_range_are_pixels_unless_they_start_at_a_fraction(write, default, pixels):
    (point,) = header.read(write(BODY, INPUTS=[{"NAME": "p", "TYPE": "point2D", "DEFAULT": default}])).inputs
    assert point.pixels is pixels
    assert all(0 <= each <= 1 for each in point.default)


def test_transitions_filters_and_generators(write):
    ends = [{"NAME": "startImage", "TYPE": "image"}, {"NAME": "endImage", "TYPE": "image"}]
    assert header.read(write(BODY, INPUTS=[*ends, {"NAME": "progress", "TYPE": "float"}])).kind == "transition"
    assert header.read(write(BODY, INPUTS=ends)).kind == "generator"
    assert header.read(write(BODY)).kind == "generator"


def test_isf_1_keeps_its_persistent_buffers_apart(write):
    source = header.read(
        write(
            BODY,
            ISFVSN=None,
            PERSISTENT_BUFFERS={"kept": {"WIDTH": "$WIDTH/2", "FLOAT": 1}, "unused": {}},
            PASSES=[{"TARGET": "kept"}, {"TARGET": "other"}],
        )
    )
    assert [(each.target, each.persistent, each.float) for each in source.passes] == [
        ("kept", True, True),
        ("other", False, False),
    ]
    assert source.passes[0].width.value({"WIDTH": 10}) == 5
    assert [each.target for each in source.idle] == ["unused"]
    listed = header.read(write(BODY, PERSISTENT_BUFFERS=["kept"], PASSES=[{"TARGET": "kept"}, {}]))
    assert [each.persistent for each in listed.passes] == [True, False]


def test_common_mistakes_are_read(file):
    text = (
        '/* a licence */\n/*{\n  ISFVSN" : "2",\n  "PASSES": [ {"TARGET": "a", "PERSISTENT": true,}, ],\n}\n*/' + BODY
    )
    assert header.read(file(text)).passes[0].persistent
    assert header.read(file('\ufeff\r\n/*{"DESCRIPTION": "a, ] */ b"}*/' + BODY)).description == "a, ] */ b"


def test_lines_of_the_shader_are_those_of_the_file(file):
    source = header.read(file('/*{\n"DESCRIPTION": "x"\n}*/\nvoid main() {}\n'))
    assert source.fragment.splitlines()[3] == "void main() {}"
    assert source.fragment.splitlines()[1].strip() == ""


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", 1, "no ISF header"),
        ("void main() {}", 1, "no ISF header"),
        ('/*{"INPUTS": []}', 1, "never closed"),
        ('/*{\n"INPUTS": [\n{"NAME": }\n]}*/', 3, "not JSON"),
        ('/*{\n"INPUTS": 3}*/', 2, "INPUTS must be a list"),
        ('/*{"INPUTS": [3]}*/', 1, "must be an object"),
        ('/*{"INPUTS": [\n{"NAME": "a b", "TYPE": "float"}]}*/', 1, "must be a GLSL name"),
        ('/*{"INPUTS": [\n\n{"NAME": "a", "TYPE": "cube"}]}*/', 3, "one of event, bool"),
        ('/*{"INPUTS": [\n{"NAME": "a", "TYPE": "float", "MIN": "x"}]}*/', 2, "MIN of input 'a' must be a number"),
        ('/*{"INPUTS": [\n{"NAME": "a", "TYPE": "float", "MIN": 1e999}]}*/', 2, "must be a number"),
        ('/*{"INPUTS": [{"NAME": "a", "TYPE": "float", "MIN": NaN}]}*/', 1, "NaN is no number"),
        ('/*{"INPUTS": [{"NAME": "a", "TYPE": "long", "MIN": ' + "9" * 9999 + "}]}*/", 1, "not JSON"),
        ('/*{"INPUTS": [{"NAME": "a", "TYPE": "bool"},\n{"NAME": "a", "TYPE": "image"}]}*/', 1, "two inputs"),
        ('/*{"INPUTS": [{"NAME": "a", "TYPE": "image"}],\n"PASSES": [{"TARGET": "a"}]}*/', 1, "two things"),
        ('/*{"PASSES": [\n{"TARGET": "a", "WIDTH": "$b/2"}]}*/', 2, "WIDTH of pass 0 reads 'b'"),
        ('/*{"PASSES": [\n{"TARGET": "a", "WIDTH": "' + "(" * 900 + '1"}]}*/', 2, "nested more than"),
        ('/*{"PASSES": [' + "{}," * 5000 + "{}]}*/", 1, "5001 passes"),
        ('/*{"INPUTS": [' + "{}," * 5000 + "{}]}*/", 1, "5001 inputs"),
        ('/*{"IMPORTED": {"a": {"PASSINDEX": 1}}}*/', 1, "imports pass 1; there are 1"),
        ("/*" + '{"a":' * 100000 + "*/", 1, "nested too deep"),
        ('/*{"INPUTS": ' + "[" * 200000 + "*/", 1, "nested too deep"),
        ("/*" * 100000, 1, "no ISF header"),
        ('/*{"' + "\\" * 200000 + "*/", 1, "not JSON"),
        ("x" * 10_000_000, 1, "a shader may have"),
        ("/*{}*/ \0", 1, "not a text file"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_mistake_is_named_with_its_line(file, text, line, what):
    said = refused(file(text + BODY))
    assert what in said
    assert said.startswith(f"{line}: ")


def test_a_pipe_or_device_is_never_waited_for(tmp_path):
    refused(tmp_path / "missing.fs")
    refused(tmp_path)
    os.mkfifo(tmp_path / "pipe.fs")
    refused(tmp_path / "pipe.fs")


def test_fuzzed_headers_are_read_or_refused(write, tmp_path):
    good = write(
        BODY,
        INPUTS=[
            {"NAME": "inputImage", "TYPE": "image"},
            {"NAME": "mode", "TYPE": "long", "VALUES": [0, 1], "LABELS": ["a", "b"]},
            {"NAME": "at", "TYPE": "point2D", "MIN": [0, 0], "MAX": [1, 1]},
            {"NAME": "tint", "TYPE": "color", "DEFAULT": [0, 0, 0, 1]},
        ],
        PASSES=[{"TARGET": "a", "WIDTH": "floor($WIDTH/2)", "PERSISTENT": True}, {}],
        IMPORTED={"x": {"PATH": "x.png"}},
    ).read_text()
    chance = random.Random(5)
    path = tmp_path / "fuzz.fs"
    odd = ["{", "}", "[", "]", '"', ",", ":", "null", "-1", "1e9", "*/", "/*", "\\", "\n", "é", "true", '"NAME"', "{}"]
    for _ in range(400):
        text = good
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(text))
            text = text[:at] + chance.choice(odd) + text[at + chance.randint(0, 8) :]
        path.write_text(text)
        with contextlib.suppress(UserError):  # no other exception
            header.read(path)


def test_fuzzed_values_are_read_or_refused(write):
    odd = [None, True, -1, 0, 1.5, 1e300, "", "x", "$WIDTH", [], [1], [[]], ["x", None], {}, {"a": 1}, [{}], "a" * 300]
    keys = ["NAME", "TYPE", "DEFAULT", "MIN", "MAX", "VALUES", "LABELS", "LABEL"]
    for kind in header_inputs.TYPES:
        for key in keys:
            for value in odd:
                item = {"NAME": "a", "TYPE": kind, key: value}
                with contextlib.suppress(UserError):
                    source = header.read(write(BODY, INPUTS=[item]))
                    json.dumps([[each.default, each.low, each.high] for each in source.inputs])
    for key in ["TARGET", "PERSISTENT", "FLOAT", "WIDTH", "HEIGHT"]:
        for value in odd:
            with contextlib.suppress(UserError):
                header.read(write(BODY, PASSES=[{"TARGET": "a", key: value}]))
    for key in ["INPUTS", "PASSES", "IMPORTED", "PERSISTENT_BUFFERS", "CATEGORIES", "DESCRIPTION", "CREDIT", "ISFVSN"]:
        for value in odd:
            with contextlib.suppress(UserError):
                header.read(write(BODY, **{key: value}))
