"""An input may have any name: the host's, GLSL's, ISF's and MadMapper's own, and still moves the picture."""

import numpy as np
import pytest

from livedream.look.chain import Chain, parameters, values
from livedream.parameters import Table

SIZE = (4, 2)
HOST = ("place", "wet", "bypass", "input_place", "error", "name", "file", "insert", "remove", "fault", "progress")
ISF = (
    *("TIME", "TIMEDELTA", "RENDERSIZE", "PASSINDEX", "FRAMEINDEX", "DATE", "WIDTH", "HEIGHT"),
    *("isf_FragNormCoord", "isf_main", "isf_number", "vv_FragNormCoord", "VERTEXDATA", "IMG_PIXEL", "IMG_SIZE"),
)
GLSL = (
    *("sin", "mix", "texture", "texture2D", "cross", "equal", "not", "noise1", "dFdx", "main", "image", "at", "c"),
    *("sample", "filter", "smooth", "common", "input", "output", "double", "buffer", "default", "case", "layout"),
    *("textureCube", "ftransform", "a__b", "image_imgSize"),
)
MADMAPPER = (
    "mm_FragNormCoord",
    "mm_SurfaceCoord",
    "CLOCK_TIME",
    "FX_NORM_PIXEL",
    "FX_IMG_SIZE",
    "materialColorForPixel",
)
UNREADABLE = ("float", "void", "vec2", "if", "gl_FragCoord", "gl_FragColor", "attribute", "uniform", "struct")


@pytest.mark.parametrize("name", [*HOST, *ISF, *GLSL, *MADMAPPER])
def test_a_name_of_the_hosts_moves_the_picture(look, pixels, name):
    body = f"void main() {{ gl_FragColor = vec4(sin(0.0) + {name}, mix(0.0, 1.0, {name} ), 0.0, 1.0); }}"
    shader = look(body, INPUTS=[{"NAME": name, "TYPE": "float", "DEFAULT": 0.2}])
    assert pixels(shader.draw(SIZE))[0, 0].tolist() == [51, 51, 0, 255]
    assert pixels(shader.draw(SIZE, {name: 0.8}))[0, 0].tolist() == [204, 204, 0, 255]


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_word_of_the_language_is_a_parameter_that_the_shader_cannot_read(look, pixels, write, name):
    shader = look("void main() { gl_FragColor = vec4(1.0); }", INPUTS=[{"NAME": name, "TYPE": "float"}])
    assert pixels(shader.draw(SIZE, {name: 0.5}))[0, 0].tolist() == [255] * 4
    chain = Chain()
    chain.insert(shader.source.path)
    assert f"look/look/{name}" in {each.address for each in parameters(chain)}


@pytest.mark.parametrize("name", ["TIME", "sin", "place", "mm_SurfaceCoord", "IMG_SIZE"])
def test_so_may_a_buffer_and_an_image(look, picture, pixels, name):
    body = f"void main() {{ gl_FragColor = IMG_NORM_PIXEL({name}, vec2(0.5)); }}"
    given = {name: picture(np.full((2, 4, 4), 70))}
    assert pixels(look(body, INPUTS=[{"NAME": name, "TYPE": "image"}]).draw(SIZE, images=given))[0, 0, 0] == 70
    twice = f"void main() {{ gl_FragColor = PASSINDEX == 0 ? vec4(0.2) : IMG_NORM_PIXEL({name}, vec2(0.5)); }}"
    assert pixels(look(twice, PASSES=[{"TARGET": name}, {}]).draw(SIZE))[0, 0, 0] == 51


def test_names_of_a_looks_own_parameters_have_other_addresses(write):
    chain = Chain()
    names = ["place", "wet", "bypass", "input_wet"]
    inputs = [{"NAME": each, "TYPE": "float", "DEFAULT": 0.5} for each in names]
    chain.insert(write("void main() { gl_FragColor = vec4(place); }", INPUTS=inputs))
    table = Table(parameters(chain))
    for number, address in enumerate(("input_place", "input_input_wet", "input_bypass", "input_wet")):
        table.set(f"look/look/{address}", [number / 10])
    table.set("look/look/wet", [0.9])
    table.set("player/glide", [0])
    found = values(chain.slots[0], table.tick(0))
    assert found == pytest.approx({"place": 0.0, "wet": 0.1, "bypass": 0.2, "input_wet": 0.3})


def test_the_hosts_own_values_go_on_beside_inputs_of_their_names(look, pixels):
    inputs = [{"NAME": each, "TYPE": "float", "DEFAULT": 9} for each in ("WIDTH", "PASSINDEX", "RENDERSIZE")]
    body = "void main() { gl_FragColor = vec4(IMG_SIZE(half_), 0.0, 0.0) / 255.0 + vec4(0.0, 0.0, isf_FragNormCoord); }"
    drawn = pixels(look(body, INPUTS=inputs, PASSES=[{"TARGET": "half_", "WIDTH": "$WIDTH/2"}, {}]).draw(SIZE))
    assert drawn[0, 0].tolist() == [2, 2, 32, 64]
