"""MadMapper's dialect: words as values, more types, its functions, names and generators."""

import numpy as np
import pytest

from livedream.look import header

SIZE = (4, 2)


def test_values_as_words_are_numbered(look, pixels, write):
    inputs = [{"NAME": "way", "Label": "Way", "TYPE": "long", "VALUES": ["Keep", "Drop", "Fall"], "DEFAULT": "drop"}]
    body = "void main() { gl_FragColor = vec4(float(way) / 255.0); }"
    shader = look(body, INPUTS=inputs)
    way = shader.inputs[0]
    assert (way.label, way.values, way.labels, way.default) == ("Way", (0, 1, 2), ("Keep", "Drop", "Fall"), 1)
    assert [int(pixels(shader.draw(SIZE, {"way": each}))[0, 0, 0]) for each in (None, 0, 2)] == [1, 0, 2]


@pytest.mark.parametrize(("default", "wanted"), [("20", 20), (20, 20), ("b", 20), ("zzz", 10), (None, 10)])
def test_a_default_is_a_number_or_a_label(write, default, wanted):
    item = {"NAME": "a", "TYPE": "long", "VALUES": [10, 20], "LABELS": ["a", "b"], "DEFAULT": default}
    assert header.read(write("", INPUTS=[item])).inputs[0].default == wanted


def test_more_types(look, pixels):
    inputs = [
        {"NAME": "steps", "TYPE": "int", "MIN": 1, "MAX": 8, "DEFAULT": 3},
        {"NAME": "light", "TYPE": "point3D", "MIN": [-1, -1, -1], "MAX": [1, 1, 1], "DEFAULT": [0.2, 0.4, 0.6]},
        {"NAME": "span", "TYPE": "floatRange", "MIN": 0, "MAX": 1, "DEFAULT": [0.2, 0.8]},
        {"NAME": "fft", "TYPE": "audioFFT", "SIZE": 16},
    ]
    body = "void main() { gl_FragColor = gl_FragCoord.x < 1.0 ? vec4(light, float(steps) / 255.0) : vec4(span, 0, 1); }"
    shader = look(body, INPUTS=inputs)
    drawn = pixels(shader.draw(SIZE))
    assert drawn[0, :2].tolist() == [[51, 102, 153, 3], [51, 204, 0, 255]]
    assert shader.inputs[3].high == 16
    assert pixels(shader.draw(SIZE, {"light": (1.0, 0.0, 0.0)}))[0, 0].tolist() == [255, 0, 0, 3]


def test_a_material_has_no_main(look, pixels):
    body = "vec4 materialColorForPixel(vec2 texCoord) { return vec4(texCoord, mm_SurfaceCoord.y, 1.0); }"
    assert pixels(look(body).draw(SIZE))[1, 0].tolist() == [32, 191, 191, 255]


def test_an_effect_reads_the_picture(look, picture, pixels):
    body = "vec4 fxColorForPixel(vec2 mm_FragNormCoord) { return FX_NORM_PIXEL(mm_FragNormCoord) * FX_IMG_SIZE().x; }"
    shader = look(body)
    assert shader.kind == "filter"
    assert pixels(shader.draw(SIZE, images={"inputImage": picture(np.full((2, 4, 4), 20))}))[0, 0, 0] == 80


def test_its_own_uniforms(look, pixels):
    body = "in vec2 mm_FragNormCoord;\nvoid main() { gl_FragColor = vec4(mm_FragNormCoord, CLOCK_TIME / 255.0, 1.0); }"
    assert pixels(look(body).draw(SIZE, time=7.0))[0, 0].tolist() == [32, 64, 7, 255]


def test_a_time_base_runs_at_the_speed_of_its_input(look, pixels):
    shader = look(
        "void main() { gl_FragColor = vec4(t / 255.0, twice / 255.0, 0.0, 1.0); }",
        INPUTS=[{"NAME": "speed", "TYPE": "float", "MAX": 40}, {"NAME": "back", "TYPE": "bool"}],
        GENERATORS=[
            {"NAME": "t", "TYPE": "time_base", "PARAMS": {"speed": "speed", "reverse": "back"}},
            {"NAME": "twice", "TYPE": "multiplier", "PARAMS": {"value1": "t", "value2": 2}},
        ],
    )
    shown = [
        pixels(shader.draw(SIZE, values, dt=1.0))[0, 0, :2].tolist()
        for values in ({"speed": 10.0}, {"speed": 10.0}, {"speed": 30.0}, {"speed": 5.0, "back": True})
    ]
    assert shown == [[10, 20], [20, 40], [50, 100], [45, 90]]


def test_comments_in_the_header(write, tmp_path):
    path = tmp_path / "a.fs"
    inputs = '[ // all\n{"NAME": "a", "TYPE": "float", "LABEL": "a // b"}, //"x"\n]'
    path.write_text('/*{"INPUTS": ' + inputs + "}*/\nvoid main() {}")
    assert header.read(path).inputs[0].label == "a // b"
