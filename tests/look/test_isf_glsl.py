"""Shaders written for older and newer GLSL compile and keep their meaning."""

import pytest

from livedream import UserError
from livedream.look import compiler_log

SIZE = (4, 2)


@pytest.fixture
def first(look, pixels):
    """first(body, …) returns the red of the first pixel."""

    def draw(body: str, **header) -> int:
        return int(pixels(look(body, **header).draw(SIZE, time=1.0))[0, 0, 0])

    return draw


@pytest.mark.parametrize(
    "body",
    [
        "#version 120\n#extension GL_EXT_gpu_shader4 : require\nvoid main(void) { gl_FragColor = vec4(0.2); }",
        "#ifdef GL_ES\nprecision mediump float;\n#endif\nvoid main() { gl_FragData[0] = vec4(0.2); }",
        "out vec4 colour;\nvoid main() { colour = vec4(0.2); }",
        "layout(location = 0) out vec4 colour;\nvoid main() { colour = vec4(0.2); }",
        "uniform float TIME;\nuniform vec2 RENDERSIZE;\nvarying vec2 isf_FragNormCoord;\n"
        "void main() { gl_FragColor = vec4(0.2 * TIME); }",
        "void main() { float sample = 0.1, filter = 0.1, smooth = 1., half = 1., texture = 1., input = 1.;\n"
        "float active = 1.;\n"
        "gl_FragColor = vec4(sample + filter) * smooth * half * texture * input * active; }",
        "struct common { float long; };\n"
        "void main() { common buffer = common(0.2); gl_FragColor = vec4(buffer.long); }",
        "vec4 texture(vec2 p) { return vec4(p.x * 0.2); }\nvoid main() { gl_FragColor = texture(vec2(1.)); }",
        "float round(float x) { return floor(x + 0.5); }\n"
        "void main() { gl_FragColor = vec4(round(0.7), round(vec2(1.2)), 1.) * 0.2; }",
        "float sign(vec2 a, vec2 b) { return a.x * b.y; }\n"
        "void main() { gl_FragColor = vec4(sign(vec2(2.), vec2(.1))) * sign(3.) * sign(vec4(2.)); }",
        "int mod(int a, int b) { return a - b * (a / b); }\n"
        "void main() { gl_FragColor = vec4(float(mod(7, 4)) * mod(1.1, 1.) * (2. / 3.)) + mod(vec4(2.), 1.); }",
        "const float LOW = -0.1;\nfloat amount = TIME * (0.3 - LOW) + LOW;\nfloat same = amount;\n"
        "const float third = 1.0 / 3.0;\nvoid main() { gl_FragColor = vec4(same * 2. * third); }",
        "const float twice = TIME * 2.0;\nconst float same = twice / 2.0;\nvec2 size = RENDERSIZE;\n"
        "void main() { const float a = same * 0.2; gl_FragColor = vec4(a); }",
        "void main() { float f = 1; f += 1; int i = 2; if (i == f) f = 0.2f; gl_FragColor = vec4(f) * 1f; }",
        "void main() { float a[] = float[](0.1, 0.2); vec4 c = vec4(a[a.length() - 1]); gl_FragColor = c; }",
        "#define READ(p) texture2D(nothing, p)\nuniform sampler2D nothing;\n"
        "void main() { gl_FragColor = READ(vec2(.5)) * 0. + vec4(0.2); }",
        "// a comment with café and “quotes”\nvoid main() { gl_FragColor = vec4(0.2); } // at the end, no line break",
        "void main() {\r\n\tgl_FragColor = vec4(0.2);\r\n}\r\n",
        "float f(in float x, const in vec2 y, out float z) { z = x; return x; }\n"
        "void main() { float z; gl_FragColor = vec4(f(0.1, vec2(0.), z) + z); }",
        "void main() { float distance = distance(0., .1); vec4 isf = vec4(distance * 2.); gl_FragColor = isf; }",
        "void isf_nothing() {}\nvoid main() { if (TIME > 5.) discard; gl_FragColor = vec4(0.2); }",
        "uint hash(uint x) { return x * 3u ^ 0xFFu; }\n"
        "void main() { switch (int(TIME)) { case 1: gl_FragColor = vec4(0.2); break; default: hash(1u); } }",
    ],
    ids=range(22),
)
def test_old_and_new_styles(first, body):
    assert first(body) == 51


@pytest.mark.parametrize(
    "name", ["sample", "filter", "smooth", "input", "length", "distance", "buffer", "texture", "mix"]
)
def test_inputs_may_have_the_names_of_words_and_functions(first, name):
    body = (
        f"void main() {{ gl_FragColor = vec4({name} * length(vec2(1., 0.)) * distance(0., 1.) * mix(0., 1., 1.)"
        " * texture2D(white, vec2(.5)).a); }"
    )
    passes = [{"TARGET": "white"}, {}]
    body = body.replace("gl_FragColor = ", "gl_FragColor = PASSINDEX == 0 ? vec4(1.) : ")
    inputs = [{"NAME": name, "TYPE": "float", "DEFAULT": 0.2}]
    assert first(body, INPUTS=inputs, PASSES=passes) == 51


@pytest.mark.parametrize("name", ["length", "sample", "buffer", "texture"])
def test_buffers_too(first, name):
    body = (
        f"void main() {{ gl_FragColor = PASSINDEX == 0 ? vec4(0.2) : IMG_THIS_PIXEL({name}) * length(vec2(1., 0.)); }}"
    )
    assert first(body, PASSES=[{"TARGET": name}, {}]) == 51


def test_a_function_may_be_given_an_image(first):
    body = (
        "vec4 sized(sampler2D image, vec2 at) { return IMG_NORM_PIXEL(image, at) * IMG_SIZE(image).x / 4.; }\n"
        "void main() { gl_FragColor = PASSINDEX == 0 ? vec4(0.2) : sized(white, vec2(.5)); }"
    )
    assert first(body, PASSES=[{"TARGET": "white"}, {}]) == 51


def test_a_variable_may_have_the_name_of_the_buffer_it_is_read_from(first):
    body = (
        "vec2 corner = vec2(on, TIME);\n"
        "void main() { if (PASSINDEX == 0) gl_FragColor = vec4(0.2);\n"
        "else { vec4 last = IMG_PIXEL(last, vec2(0.5)); gl_FragColor = last * corner.x; } }"
    )
    assert first(body, PASSES=[{"TARGET": "last"}, {}], INPUTS=[{"NAME": "on", "TYPE": "bool", "DEFAULT": 1}]) == 51


@pytest.mark.parametrize(
    ("body", "line", "what"),
    [  # the header is the first line of the file, and these begin on the third
        ("void main() {\n  gl_FragColor = vec4(nothing);\n}\n", 4, "nothing"),
        ("\n\nvoid main() {\n\n\n  gl_FragColor = vec3(1.);\n}", 8, ""),
        ("void main() { gl_FragColor = vec4(IMG_PIXEL(missing, vec2(0.))); }", 3, "missing"),
        ("#line 900\nvoid main() { oops }", 4, ""),
        ("void other() {}", 1, "main"),
        ("void main() { float sample = 1.; gl_FragColor = vec4(sampl); }", 3, "sampl"),
        ("void main() { float sample = 1.; sample.x = vec2(2.); }", 3, ""),
        ("void main() { gl_FragColor = vec4(1.);\n for (int i = 0; i < count; i++) {} }", 4, "count"),
    ],
)
def test_messages_name_the_writers_own_line_and_words(look, body, line, what):
    with pytest.raises(UserError) as found:
        look("\n" + body)
    text = str(found.value)
    assert f"look.fs:{line}: " in text
    assert what in text
    assert "isf_" not in text
    assert "\n" not in text


def test_messages_of_a_vertex_shader_name_its_file(look):
    with pytest.raises(UserError, match=r"look\.vs:2: .*nothing"):
        look("void main() { gl_FragColor = vec4(1.); }", vertex="void main() {\nisf_vertShaderInit(); nothing(); }")


@pytest.mark.parametrize(
    ("log", "line", "what"),
    [
        ("0:12(5): error: `nothing' undeclared", 12, "`nothing' undeclared"),
        ('0(7) : error C1008: undefined variable "nothing"', 7, 'undefined variable "nothing"'),
        ("ERROR: 0:9: 'nothing' : undeclared identifier", 9, "'nothing' : undeclared identifier"),
        ("0:1(2): warning: x\n0:100004(1): error: far\n0:3(1): error: near isf_FragColor", 3, "near gl_FragColor"),
        ("GLSL Linker failed\nerror: too many samplers", None, "too many samplers"),
        ("", None, ""),
    ],
)
def test_logs_of_every_maker_are_understood(log, line, what):
    assert compiler_log.first_error(log) == (line, what)


def test_loops_without_an_end_end(first):
    for loop in (
        "while (true) a += 1.;",
        "for (;;) { a += 1.; }",
        "do { a += 1.; } while (a > 0.);",
        "for (int i = 0; i < 10; i++) { i--; a += 1.; }",
        "for (float x = 0.; x < 1.; x += 0.0000001) a += 1.;",
        "for (int i = 0; i < int(TIME * 1e9); i++) a += 1.;",
        "while (a > 0.) while (a > 0.) for (;;) a += 1.;",
    ):
        assert first("void main() { float a = 1.; " + loop + " gl_FragColor = vec4(a > 100. ? 0.2 : 0.); }") == 51, loop


def test_loops_that_end_turn_as_often_as_they_say(first):
    for loop, turns in (
        ("for (int i = 0; i < 200; i++) for (int j = 0; j < 300; ++j) n++;", 60000),
        ("for (float x = 10.; x > 0.; x -= 0.5) n++;", 20),
        ("int i; for (i = 3; i <= N; i += 2) n++;", 4),
        ("int k = 0; while (k < 1000) { k++; n++; }", 1000),
        ("int k = 0; do { k++; n++; } while (k < 7);", 7),
        ("int top = int(TIME) * 500; for (int i = 0; i < top; i++) { if (i == 499) break; n++; }", 499),
        ("for (int i = 0, j = 5; i < j; i++) n++;", 5),
    ):
        body = f"#define N 9\nvoid main() {{ int n = 0; {loop} gl_FragColor = vec4(n == {turns} ? 0.2 : 0.); }}"
        assert first(body) == 51, loop


@pytest.mark.parametrize(
    "body",
    [
        "".join(f"#define A{i} A{i + 1} A{i + 1}\n" for i in range(60)) + "float a = A0;",
        "#define D(x) x x\n#define E(x) D(D(D(D(x))))\n#define F(x) E(E(E(x)))\nfloat a = F(F(F(1.)));",
        "float a = " + "(" * 50000 + "1.",
        "float a = 1." + "+1." * 50000 + ";",
        "float a[1000000000];",
        "void f() {" + "for (;;) {" * 20000,
        "void f() {" + "for (int i = 0; i < 2; i++)" * 9000,
        "void f() { if (true) {}" + "else if (true) {}" * 9000 + "}",
        "in " * 60000,
        "uniform float " * 30000,
        "/*" * 100000,
        "{" * 300000,
    ],
    ids=range(12),
)
def test_a_shader_beyond_the_limits_is_one_line(look, body):
    with pytest.raises(UserError) as found:
        look(body + "\nvoid main() { gl_FragColor = vec4(1.); }\n")
    assert str(found.value).count("\n") == 0
    assert "look.fs:" in str(found.value)
