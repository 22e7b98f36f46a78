"""`livedream looks FILE…` names the shaders that work, and what is wrong with the others."""

import pytest

from livedream.look.check import check, check_all


def test_a_look_that_draws_passes(gl, write):
    inputs = [{"NAME": "inputImage", "TYPE": "image"}, {"NAME": "amount", "TYPE": "float"}]
    path = write("void main() { gl_FragColor = IMG_THIS_PIXEL(inputImage) * amount; }", INPUTS=inputs)
    assert check(path, gl) is None


@pytest.mark.parametrize(
    ("body", "header"),
    [
        ("if (hit) c = vec4(1.);", {"INPUTS": [{"NAME": "hit", "TYPE": "event"}]}),
        ("if (on) c = vec4(1.);", {"INPUTS": [{"NAME": "on", "TYPE": "bool"}]}),
        ("if (mode == 4) c = vec4(1.);", {"INPUTS": [{"NAME": "mode", "TYPE": "long", "VALUES": [0, 1, 2, 3, 4]}]}),
        ("c = IMG_NORM_PIXEL(fft, isf_FragNormCoord);", {"INPUTS": [{"NAME": "fft", "TYPE": "audioFFT"}]}),
        ("c = vec4(abs(IMG_NORM_PIXEL(w, isf_FragNormCoord).r - .5));", {"INPUTS": [{"NAME": "w", "TYPE": "audio"}]}),
        ("c = vec4(step(10., TIME));", {}),
        ("c = FRAMEINDEX < 2 ? vec4(1.) : vec4(0.);", {}),
        (
            "c = PASSINDEX == 0 ? IMG_THIS_PIXEL(inputImage) : abs(IMG_THIS_PIXEL(inputImage) - IMG_THIS_PIXEL(last));",
            {
                "INPUTS": [{"NAME": "inputImage", "TYPE": "image"}],
                "PASSES": [{}, {"TARGET": "shown"}, {"TARGET": "last", "PERSISTENT": True}],
            },
        ),
    ],
    ids=range(8),
)
def test_a_look_that_draws_only_sometimes_passes(gl, write, body, header):
    path = write("void main() { vec4 c = vec4(0.); " + body + " gl_FragColor = c; }", **header)
    assert check(path, gl) is None


def test_black_alone_is_a_failure(gl, write):
    path = write("void main() { gl_FragColor = vec4(0., 0., 0., 1.); }")
    assert check(path, gl) == f"{path}:1: draws nothing but black, at five settings and times"


def test_each_file_gets_its_line_in_order(write, tmp_path):
    good = write("void main() { gl_FragColor = vec4(1.); }", name="good")
    broken = write("\nvoid main() { gl_FragColor = nothing; }", name="broken")
    missing = tmp_path / "missing.fs"
    answers = list(check_all([good, broken, missing, good]))
    assert [path for path, _ in answers] == [str(good), str(broken), str(missing), str(good)]
    assert [what is None for _, what in answers] == [True, False, False, True]
    assert answers[1][1].startswith(f"{broken}:3: ")
    assert answers[2][1].startswith(f"{missing}:1: ")


def test_a_shader_that_never_ends_does_not_stop_the_others(write):
    good = write("void main() { gl_FragColor = vec4(1.); }", name="good")
    inner = "float f(float x) { for (int i = 0; i < 60000; i++) x = sin(x + TIME); return x; }\n"
    endless = write(
        inner
        + "void main() { float a = gl_FragCoord.x; for (int i = 0; i < 60000; i++) a = f(a); gl_FragColor = vec4(a); }",
        name="endless",
    )
    answers = dict(check_all([endless, good], patience=4.0))
    assert "took longer than 4 s" in answers[str(endless)]
    assert answers[str(good)] is None


def test_without_opengl_one_line_says_what_to_install(monkeypatch):
    from livedream import UserError
    from livedream.look import context

    def refuse(**_):
        raise Exception("libEGL.so not found\nat all")

    monkeypatch.setattr(context.moderngl, "create_context", refuse)
    with pytest.raises(UserError) as found:
        context.create()
    assert "\n" not in str(found.value)
    assert "no OpenGL 3.3" in str(found.value)
