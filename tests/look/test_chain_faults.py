"""One look that fails in any way is left out and named; the others are drawn."""

import json
import logging

import numpy as np
import pytest

from livedream.look.chain import Chain, parameters
from livedream.look.compositor import Compositor
from livedream.look.isf import Look
from livedream.parameters import FINISH, MASTER, Table, mix

SIZE = (4, 2)
STEP = "void main() { vec4 c = IMG_THIS_PIXEL(inputImage); gl_FragColor = vec4(c.rgb + 0.1 / 2.55, 1.0); }"
BROKEN = {
    "syntax": "void main() { gl_FragColor = nothing; }",
    "no main": "void other() { gl_FragColor = vec4(1.0); }",
    "link": "void later(); void main() { later(); gl_FragColor = vec4(1.0); }",
    "limits": "void main() { gl_FragColor = vec4(" + "(" * 300 + "1.0" + ")" * 300 + "); }",
    "image": "void main() { gl_FragColor = IMG_THIS_PIXEL(gone); }",
}


@pytest.fixture
def chain_of(gl, tmp_path):
    """chain_of(bodies) returns compositor, chain and table of a chain with these shaders, in order."""
    made = []

    def make(bodies, **more):
        chain = Chain()
        for number, body in enumerate(bodies):
            header = {"INPUTS": [{"NAME": "inputImage", "TYPE": "image"}, *more.get("inputs", [])]}
            header |= {"IMPORTED": {"gone": {"PATH": "gone.png"}}} if "gone" in body else {}
            header |= more if "passes" in body else {}
            (tmp_path / f"l{number}.fs").write_text(f"/*{json.dumps(header)}*/{body}")
            chain.insert(tmp_path / f"l{number}.fs")
        table = Table([*mix(()), *MASTER, *FINISH, *parameters(chain)])
        table.set("player/glide", [0])
        made.append(Compositor(chain, live=False))
        made[-1].behind = 0
        return made[-1], chain, table

    yield make
    for each in made:
        each.release()


def brightness(compositor, table, frame=0):
    black = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
    return int(compositor.draw([black], table.tick(frame), SIZE, frame, 30.0)[0, 0, 0])


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("place", [0, 5, 9])
def test_of_ten_looks_with_one_broken_nine_are_drawn(chain_of, caplog, kind, place):
    bodies = [STEP] * 10
    bodies[place] = BROKEN[kind]
    compositor, chain, table = chain_of(bodies)
    with caplog.at_level(logging.WARNING, "livedream.look"):
        assert [brightness(compositor, table, frame) for frame in range(3)] == [90] * 3
    assert [bool(each.error or each.fault) for each in chain.slots] == [at == place for at in range(10)]
    assert "\n" not in chain.slots[place].error
    lines = [each.getMessage() for each in caplog.records]
    assert len(lines) == 1
    assert f"l{place}" in lines[0]
    assert "the others are drawn" in lines[0]


def test_a_look_that_breaks_only_while_drawing_is_left_out_until_it_draws_again(chain_of, monkeypatch, caplog):
    compositor, chain, table = chain_of([STEP] * 10)
    assert brightness(compositor, table) == 100
    draw = Look.draw
    broken = [chain.slots[3].source]

    def breaking(look, *arguments, **more):
        if look.source in broken:
            raise IndexError("tuple index out of range")
        return draw(look, *arguments, **more)

    monkeypatch.setattr(Look, "draw", breaking)
    with caplog.at_level(logging.WARNING, "livedream.look"):
        assert [brightness(compositor, table, frame) for frame in (1, 2, 3)] == [90] * 3
    assert chain.slots[3].fault == "cannot be drawn: tuple index out of range"
    assert len(caplog.records) == 1
    broken.clear()
    assert brightness(compositor, table, 4) == 100
    assert chain.slots[3].fault is None


def test_buffers_that_grow_too_large_leave_out_only_their_look(chain_of):
    large = "/*passes*/ void main() { gl_FragColor = IMG_THIS_PIXEL(inputImage) + vec4(0.1 / 2.55); }"
    inputs = [{"NAME": "size", "TYPE": "float", "MIN": 1, "MAX": 8192, "DEFAULT": 2}]
    passes = [{"TARGET": each, "WIDTH": "$size", "HEIGHT": "$size", "FLOAT": True} for each in "ab"] + [{}]
    compositor, chain, table = chain_of([STEP, large, STEP], inputs=inputs, PASSES=passes)
    assert brightness(compositor, table) == 30
    table.set("look/l1/size", [8192])
    assert brightness(compositor, table, 1) == 20
    assert "its buffers need 2048 MB" in chain.slots[1].fault
    table.set("look/l1/size", [2])
    assert brightness(compositor, table, 2) == 30
    assert chain.slots[1].fault is None


def test_an_error_of_opengl_is_the_looks_that_made_it(chain_of, monkeypatch):
    compositor, chain, table = chain_of([STEP, STEP, STEP])
    draw = Look.draw

    def wrong(look, *arguments, **more):
        drawn = draw(look, *arguments, **more)
        if look.source is chain.slots[1].source:
            look.context.enable_direct(0xFFFF)  # no such thing: GL_INVALID_ENUM
        return drawn

    monkeypatch.setattr(Look, "draw", wrong)
    assert brightness(compositor, table) == 20
    assert "GL_INVALID_ENUM" in chain.slots[1].fault


@pytest.mark.parametrize("name", ["place", "wet", "bypass", "error", "name", "file", "TIME"])
def test_an_input_with_the_hosts_name_ends_no_look(chain_of, name):
    inputs = [{"NAME": name, "TYPE": "long", "VALUES": [0, 1], "LABELS": ["left", "right"], "DEFAULT": 1}]
    compositor, chain, table = chain_of([STEP] * 12, inputs=inputs)
    for place, slot in enumerate(chain.slots):
        table.set(slot.address("place"), [place])
    assert brightness(compositor, table) == 120
    assert not any(each.error or each.fault for each in chain.slots)


def test_ranges_beyond_reason_are_still_parameters(chain_of):
    inputs = [{"NAME": "far", "TYPE": "float", "MIN": -1e308, "MAX": 1e308}]
    compositor, chain, table = chain_of([STEP] * 2, inputs=inputs)
    assert brightness(compositor, table) == 20
    assert chain.slots[0].error is None
