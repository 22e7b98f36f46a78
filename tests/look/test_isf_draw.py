"""Looks drawn on a real OpenGL context; each feature of ISF is shown by a shader in one pixel."""

import datetime

import av
import numpy as np
import pytest

from livedream import UserError
from livedream.look.audio_texture import columns

SIZE = (8, 4)


def rgba(pixels, texture, x=0, y=0):
    return [int(each) for each in pixels(texture)[y, x]]


def main(*lines: str) -> str:
    return "void main() {\n" + "\n".join(lines) + "\n}\n"


def image(*names: str) -> list[dict]:
    return [{"NAME": name, "TYPE": "image"} for name in names]


def test_every_kind_of_value_reaches_the_shader(look, pixels):
    inputs = [
        {"NAME": "hit", "TYPE": "event"},
        {"NAME": "on", "TYPE": "bool"},
        {"NAME": "mode", "TYPE": "long", "VALUES": [0, 7]},
        {"NAME": "amount", "TYPE": "float"},
        {"NAME": "at", "TYPE": "point2D", "MIN": [0, 0], "MAX": [1, 1]},
        {"NAME": "tint", "TYPE": "color"},
    ]
    body = main(
        "if (gl_FragCoord.x < 1.) gl_FragColor = vec4(hit ? 1. : 0., on ? 1. : 0., float(mode) / 255., amount);",
        "else if (gl_FragCoord.x < 2.) gl_FragColor = vec4(at, 0., 1.);",
        "else gl_FragColor = tint;",
    )
    values = {"hit": True, "on": True, "mode": 7, "amount": 0.2, "at": (0.4, 0.6), "tint": (0.0, 0.2, 0.4, 0.6)}
    drawn = pixels(look(body, INPUTS=inputs).draw(SIZE, values))
    assert drawn[0, :3].tolist() == [[255, 255, 7, 51], [102, 153, 0, 255], [0, 51, 102, 153]]
    bad = {"mode": "x", "amount": float("nan"), "at": (1.0,), "tint": None, "on": [], "hit": 0}
    defaults = pixels(look(body, INPUTS=inputs).draw(SIZE, bad))
    assert defaults[0, :3].tolist() == [[0, 0, 0, 128], [128, 128, 0, 255], [255, 255, 255, 255]]


def test_pixels_of_an_image_by_place(look, picture, pixels):
    source = np.zeros((4, 8, 4))
    source[..., 0] = np.arange(8) * 10
    source[..., 1] = np.arange(4)[:, None] * 20
    source[..., 3] = 255
    given = {"inputImage": picture(source)}
    for text in (
        "IMG_PIXEL(inputImage, gl_FragCoord.xy)",
        "IMG_NORM_PIXEL(inputImage, isf_FragNormCoord)",
        "IMG_THIS_PIXEL(inputImage)",
        "IMG_THIS_NORM_PIXEL(inputImage)",
        "IMG_NORM_THIS_PIXEL(inputImage)",
        "IMG_NORM_PIXEL(inputImage, vv_FragNormCoord, 0.0)",
        "texture2D(inputImage, isf_FragNormCoord)",
        "texture2DRect(inputImage, gl_FragCoord.xy)",
        "texture(inputImage, isf_fragCoord / IMG_SIZE(inputImage))",
        "IMG_PIXEL(inputImage, gl_FragCoord.xy / RENDERSIZE * _inputImage_imgSize)",
        "IMG_PIXEL(inputImage, isf_FragNormCoord * _inputImage_imgRect.zw + _inputImage_imgRect.xy)",
    ):
        drawn = look(main(f"gl_FragColor = {text};"), INPUTS=image("inputImage")).draw(SIZE, images=given)
        np.testing.assert_array_equal(pixels(drawn), source, err_msg=text)
    beyond = look(main("gl_FragColor = IMG_PIXEL(inputImage, vec2(99., -99.));"), INPUTS=image("inputImage"))
    assert rgba(pixels, beyond.draw(SIZE, images=given)) == [70, 0, 0, 255]  # the edge is repeated
    assert rgba(pixels, beyond.draw(SIZE)) == [0, 0, 0, 0]  # a missing image


def test_an_image_of_another_size_is_read_as_a_whole(look, picture, pixels):
    given = {"inputImage": picture(np.full((2, 2, 4), (10, 20, 30, 255)))}
    shader = look(
        main("gl_FragColor = IMG_THIS_PIXEL(inputImage) + vec4(IMG_SIZE(inputImage), 0, 0) / 255.;"),
        INPUTS=image("inputImage"),
    )
    assert (pixels(shader.draw((64, 36), images=given)) == (12, 22, 30, 255)).all()


def test_clocks(look, pixels):
    shader = look(
        main(
            "gl_FragColor = gl_FragCoord.x < 1. ? vec4(TIME, TIMEDELTA, float(FRAMEINDEX), RENDERSIZE.x) / 255.",
            " : vec4(DATE.y, DATE.z, DATE.w / 3600., DATE.x - 2000.) / 255.;",
        )
    )
    date = datetime.datetime(2026, 11, 22, 12, 30, 30)
    drawn = pixels(shader.draw(SIZE, time=61.0, dt=2.0, frame=9, date=date))
    assert drawn[0, :2].tolist() == [[61, 2, 9, 8], [11, 22, round(12.508), 26]]


def test_passes_draw_into_buffers_of_their_own_size(look, pixels):
    body = main(
        "if (PASSINDEX == 0) gl_FragColor = vec4(RENDERSIZE, 0., 255.) / 255.;",
        "else if (PASSINDEX == 1) gl_FragColor = IMG_PIXEL(small, vec2(0.5)) * 2.;",
        "else gl_FragColor = gl_FragCoord.x < 1. ? IMG_PIXEL(small, vec2(0.5)) : IMG_PIXEL(wide, vec2(0.5));",
    )
    passes = [
        {"TARGET": "small", "WIDTH": "floor($WIDTH/3.0)", "HEIGHT": "$HEIGHT*$scale"},
        {"TARGET": "wide", "WIDTH": 20},
        {},
    ]
    shader = look(body, PASSES=passes, INPUTS=[{"NAME": "scale", "TYPE": "float", "MAX": 3}])
    assert pixels(shader.draw(SIZE, {"scale": 0.5}))[0, :2].tolist() == [[2, 2, 0, 255], [4, 4, 0, 255]]
    assert pixels(shader.draw(SIZE, {"scale": 2.0}))[0, :2].tolist() == [[2, 8, 0, 255], [4, 16, 0, 255]]


@pytest.mark.parametrize(("text", "size"), [("1e30", 8192), ("1/0", 8), ("0/0", 8), ("-5", 1), ("0", 1), ("2.9", 2)])
def test_sizes_beyond_reason_become_sizes(look, pixels, text, size):
    body = main(
        "if (PASSINDEX == 0) gl_FragColor = vec4(RENDERSIZE.x, 0., 0., 1.);",
        "else gl_FragColor = vec4(IMG_SIZE(a).x / 8192.);",
    )
    shader = look(body, PASSES=[{"TARGET": "a", "WIDTH": text, "HEIGHT": "1"}, {}])
    assert rgba(pixels, shader.draw(SIZE))[0] == round(255 * size / 8192)


def test_a_buffer_too_large_is_named_and_the_look_lives(look, pixels):
    passes = [
        {"TARGET": f"t{i}", "WIDTH": "$size", "HEIGHT": "$size", "FLOAT": True, "PERSISTENT": True} for i in range(9)
    ]
    shader = look(
        main("gl_FragColor = vec4(1.);"),
        PASSES=[*passes, {}],
        INPUTS=[{"NAME": "size", "TYPE": "float", "MAX": 1e9, "DEFAULT": 4}],
    )
    with pytest.raises(UserError, match=r"its buffers need \d+ MB"):
        shader.draw(SIZE, {"size": 1e9})
    assert rgba(pixels, shader.draw(SIZE, {"size": 4.0})) == [255] * 4


def test_persistent_buffers_keep_their_content(look, pixels):
    body = main("gl_FragColor = IMG_THIS_PIXEL(kept) + vec4(1. / 255.);")
    shader = look(body, PASSES=[{"TARGET": "kept", "PERSISTENT": True}])
    assert [rgba(pixels, shader.draw(SIZE))[0] for _ in range(3)] == [1, 2, 3]
    assert rgba(pixels, shader.draw((16, 10)), 15, 9)[0] == 4  # the content is scaled to the new size
    shader.reset()
    assert rgba(pixels, shader.draw((16, 10)))[0] == 1
    fresh = look(body, PASSES=[{"TARGET": "kept"}])
    assert [rgba(pixels, fresh.draw(SIZE))[0] for _ in range(3)] == [1, 1, 1]


def test_float_buffers_hold_values_that_bytes_cannot(look, pixels):
    body = main(
        "if (PASSINDEX == 0) gl_FragColor = IMG_PIXEL(sum, vec2(.5)) + vec4(1000.25, -1., 0.001, 1.);",
        "else gl_FragColor = vec4(IMG_PIXEL(sum, vec2(.5)) == vec4(2000.5, -2., 0.002, 2.));",
    )
    passes = [{"TARGET": "sum", "PERSISTENT": True, "FLOAT": True, "WIDTH": "1", "HEIGHT": "1"}, {}]
    shader = look(body, PASSES=passes)
    shader.draw(SIZE)
    assert rgba(pixels, shader.draw(SIZE)) == [255] * 4


def test_two_passes_may_share_a_buffer(look, pixels):
    body = main("gl_FragColor = PASSINDEX == 0 ? vec4(0.2) : IMG_THIS_PIXEL(a) * 2.;")
    shader = look(body, PASSES=[{"TARGET": "a"}, {"TARGET": "a"}, {}])
    assert rgba(pixels, shader.draw(SIZE)) == [204] * 4


def test_the_last_buffer_is_the_picture_in_the_size_asked_for(look, pixels):
    shader = look(main("gl_FragColor = vec4(0.2);"), PASSES=[{"TARGET": "a", "WIDTH": "2", "HEIGHT": "2"}])
    drawn = shader.draw(SIZE)
    assert drawn.size == SIZE
    assert (pixels(drawn) == 51).all()


def test_no_number_stays_in_a_buffer(look, pixels):
    body = main("gl_FragColor = IMG_THIS_PIXEL(kept) * 0.5 + vec4(bad ? 0. / 0. * TIME : 0.2);")
    shader = look(
        body, PASSES=[{"TARGET": "kept", "PERSISTENT": True, "FLOAT": True}], INPUTS=[{"NAME": "bad", "TYPE": "bool"}]
    )
    shader.draw(SIZE, {"bad": True}, time=1.0)
    assert pixels(shader.draw(SIZE, {"bad": False}))[0, 0].tolist() == pytest.approx([0.2] * 4)


def test_imported_images_stand_the_right_way_up(look, pixels, tmp_path):
    top_first = np.zeros((2, 2, 4), np.uint8)
    top_first[0] = (255, 0, 0, 255)  # the upper row is red
    top_first[1] = (0, 0, 255, 128)
    (tmp_path / "pictures").mkdir()
    codec = av.CodecContext.create("png", "w")
    codec.width, codec.height, codec.pix_fmt, codec.time_base = 2, 2, "rgba", 1
    (packet,) = codec.encode(av.VideoFrame.from_ndarray(top_first, "rgba"))
    (tmp_path / "pictures" / "flag.png").write_bytes(bytes(packet))
    for listed in ({"flag": {"PATH": "./pictures/flag.png"}}, [{"NAME": "flag", "PATH": "pictures/flag.png"}]):
        shader = look(main("gl_FragColor = IMG_THIS_PIXEL(flag);"), IMPORTED=listed)
        drawn = pixels(shader.draw((2, 2)))
        assert drawn[0, 0].tolist() == [0, 0, 255, 128]
        assert drawn[1, 0].tolist() == [255, 0, 0, 255]


@pytest.mark.parametrize("path", ["missing.png", "/dev/zero", "look.fs", "."])
def test_an_image_that_cannot_be_imported_is_named(look, path):
    with pytest.raises(UserError, match=r"look\.fs:1: the imported image 'flag': "):
        look(main("gl_FragColor = IMG_THIS_PIXEL(flag);"), IMPORTED={"flag": {"PATH": path}})


def test_vertex_shaders_beside_the_file(look, pixels):
    vertex = """
    varying vec2 twice[2];
    attribute vec4 unused;
    void main(void) { vv_vertShaderInit(); twice[0] = vv_FragNormCoord * 2.0; twice[1] = vec2(amount) + RENDERSIZE; }
    """
    body = "#if __VERSION__ <= 120\nvarying vec2 twice[2];\n#else\nin vec2 twice[2];\n#endif\n" + main(
        "gl_FragColor = vec4(twice[0] / 2.0, twice[1] / 255.);"
    )
    shader = look(body, vertex=vertex, INPUTS=[{"NAME": "amount", "TYPE": "float", "MAX": 9}])
    assert rgba(pixels, shader.draw((4, 4), {"amount": 5.0}), 1, 2) == [96, 159, 9, 9]


def test_vertex_shaders_in_the_oldest_style(look, pixels):
    vertex = main(
        "gl_Position = gl_ModelViewProjectionMatrix * (gl_Vertex * vec4(0.5, 1., 1., 1.));",
        "gl_TexCoord[0] = gl_MultiTexCoord0;",
    )
    body = main("gl_FragColor = vec4(gl_TexCoord[0].xy, 1., 1.);")
    drawn = pixels(look(body, vertex=vertex).draw((8, 4)))
    assert drawn[0, 1].tolist() == [96, 32, 255, 255]
    assert (drawn[:, 4:] == 0).all()  # the half outside of the corners


def test_varyings_without_their_vertex_shader_are_filled_in(look, pixels):
    body = "varying vec2 left_coord;\nvarying vec2 more[3];\nvarying mat2 turn;\n" + main(
        "gl_FragColor = vec4(left_coord, more[2].x, turn[0][0] + 1.);"
    )
    assert rgba(pixels, look(body).draw((2, 2)), 1, 0) == [191, 64, 191, 255]


class Sound:
    def wave(self):
        return np.array([[0.0, 1.0, -1.0, 0.5], [-1.0, -1.0, -1.0, -1.0]], np.float32)

    def spectrum(self):
        return np.array([[1.0, 0.6, 0.2, float("nan")]], np.float32)


def test_sound_comes_as_images(look, pixels):
    inputs = [
        {"NAME": "wave", "TYPE": "audio"},
        {"NAME": "fft", "TYPE": "audioFFT"},
        {"NAME": "two", "TYPE": "audio", "MAX": 2},
    ]
    body = main(
        "float x = gl_FragCoord.x;",
        "if (gl_FragCoord.y < 1.) gl_FragColor = IMG_PIXEL(wave, vec2(x, 0.5));",
        "else if (gl_FragCoord.y < 2.) gl_FragColor = IMG_PIXEL(wave, vec2(x, 1.5));",
        "else if (gl_FragCoord.y < 3.) gl_FragColor = IMG_PIXEL(fft, vec2(x, 0.5));",
        "else gl_FragColor = vec4(IMG_SIZE(wave), IMG_SIZE(two)) / 255.;",
    )
    heard = pixels(look(body, audio=Sound(), INPUTS=inputs).draw((4, 4)))
    assert heard[0, :, 0].tolist() == [128, 255, 0, 191]
    assert heard[0, 1].tolist() == [255] * 4
    assert heard[1, :, 1].tolist() == [0] * 4
    assert heard[2, :, 0].tolist() == [255, 153, 51, 0]
    assert heard[3, 0].tolist() == [4, 2, 2, 2]
    silent = pixels(look(body, INPUTS=inputs).draw((4, 4)))
    assert (silent[0, :, 0] == 128).all()
    assert (silent[2, :, 0] == 0).all()


def test_fewer_columns_keep_the_loudest():
    sound = np.array([[0.1, -0.9, 0.3, 0.2, 0.0, 0.5]], np.float32)
    assert columns(sound, 1).tolist() == [[np.float32(-0.9)]]
    assert columns(sound, 3).tolist() == [[np.float32(-0.9), np.float32(0.3), np.float32(0.5)]]
    assert columns(sound, 11)[0, ::2].tolist() == pytest.approx(sound[0].tolist())
    assert columns(np.zeros((0, 0), np.float32), 5).shape == (1, 5)


def test_transitions(look, picture, pixels):
    inputs = [*image("startImage", "endImage"), {"NAME": "progress", "TYPE": "float", "DEFAULT": 0}]
    body = main("gl_FragColor = mix(IMG_THIS_PIXEL(startImage), IMG_THIS_PIXEL(endImage), progress);")
    shader = look(body, INPUTS=inputs)
    assert shader.kind == "transition"
    given = {"startImage": picture(np.full((2, 2, 4), 200)), "endImage": picture(np.full((2, 2, 4), 100))}
    assert [rgba(pixels, shader.draw(SIZE, {"progress": at}, images=given))[0] for at in (0.0, 0.5, 1.0)] == [
        200,
        150,
        100,
    ]


def test_the_same_frames_are_the_same_to_the_last_bit(look, pixels):
    body = main(
        "gl_FragColor = fract(IMG_THIS_PIXEL(kept) + vec4(sin(TIME * gl_FragCoord.xy), float(FRAMEINDEX), 0.1));"
    )

    def played():
        shader = look(body, PASSES=[{"TARGET": "kept", "PERSISTENT": True, "FLOAT": True}])
        return [pixels(shader.draw(SIZE, time=frame / 30, frame=frame)).copy() for frame in range(5)]

    np.testing.assert_array_equal(played(), played())


def test_drawing_leaves_the_callers_framebuffer_in_use(look, gl, pixels):
    mine = gl.simple_framebuffer((4, 4))
    mine.use()
    look(main("gl_FragColor = vec4(1.);")).draw(SIZE)
    assert gl.fbo is mine
    mine.clear(0.0, 0.0, 0.0, 0.0)
    assert set(mine.read()) == {0}
    mine.release()


def test_half_float_pictures_go_above_one(gl, write, pixels):
    from livedream.look import header, isf

    shader = isf.Look(gl, header.read(write(main("gl_FragColor = vec4(2.5);"))), dtype="f2")
    assert pixels(shader.draw(SIZE))[0, 0].tolist() == [2.5] * 4
    shader.release()
