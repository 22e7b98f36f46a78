"""What a look imports: cube maps, passes, and files that matter only where they are read."""

import av
import numpy as np
import pytest

from livedream import UserError

SIZE = (4, 2)
FACES = ((250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0), (0, 250, 250), (250, 0, 250))
WAYS = ("1,0,0", "-1,0,0", "0,1,0", "0,-1,0", "0,0,1", "0,0,-1")


def save(path, pixels):
    with av.open(f"file:{path}", "w", format="image2", options={"update": "1"}) as file:
        stream = file.add_stream("png", rate=1)
        stream.height, stream.width = pixels.shape[:2]
        stream.pix_fmt = "rgb24"
        file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels.astype(np.uint8), "rgb24")))
        file.mux(stream.encode(None))


@pytest.fixture
def cube(tmp_path):
    for number, colour in enumerate(FACES):
        side = 4 if number else 2  # the faces need not be of one size
        save(tmp_path / f"sky{number}.png", np.full((side, side, 3), colour))
    return {"PATH": [f"sky{number}.png" for number in range(6)]}


@pytest.mark.parametrize("call", ["textureCube(sky, {})", "texture(sky, {})", "IMG_NORM_PIXEL(sky, {})"])
@pytest.mark.parametrize("kind", ["cube", ""])
def test_each_face_of_a_cube_map_lies_where_it_belongs(look, pixels, cube, call, kind):
    for way, colour in zip(WAYS, FACES, strict=True):
        body = f"void main() {{ gl_FragColor = {call.format(f'vec3({way})')}; }}"
        drawn = look(body, IMPORTED={"sky": {**cube, "TYPE": kind}}).draw(SIZE)
        assert pixels(drawn)[0, 0].tolist() == [*colour, 255]


def test_a_face_has_its_top_row_first(look, pixels, cube, tmp_path):
    face = np.zeros((8, 8, 3))
    face[:4] = (200, 0, 0)  # the upper half; +z seen from within has +y above
    save(tmp_path / "sky4.png", face)
    body = "void main() { gl_FragColor = textureCube(sky, vec3(0.0, isf_FragNormCoord.y - 0.5, 1.0)); }"
    drawn = pixels(look(body, IMPORTED={"sky": {**cube, "TYPE": "cube"}}).draw(SIZE))
    assert drawn[:, 0, 0].tolist() == [0, 200]  # rows from the bottom


@pytest.mark.parametrize(
    ("item", "what"),
    [
        ({"PATH": [f"no{i}.png" for i in range(6)], "TYPE": "cube"}, "no0.png: No such file"),
        ({"PATH": ["no.png"], "TYPE": "cube"}, "a cube map has 6 files, not 1"),
        ({"PATH": "no.png"}, "no.png: No such file"),
        ({}, "has no PATH"),
    ],
)
def test_missing_files_matter_only_where_they_are_read(look, pixels, item, what):
    unread = look("void main() { gl_FragColor = vec4(1.0); }", IMPORTED={"sky": item})
    assert pixels(unread.draw(SIZE))[0, 0, 0] == 255
    at = "vec3(1.0)" if item.get("TYPE") else "vec2(0.5)"
    with pytest.raises(UserError, match=rf"look\.fs:1: the imported image 'sky': {what}"):
        look(f"void main() {{ gl_FragColor = texture(sky, {at}); }}", IMPORTED={"sky": item})


def test_a_pass_is_imported_by_its_number(look, pixels):
    body = "void main() {{ gl_FragColor = PASSINDEX == 0 ? vec4(0.2) : IMG_THIS_PIXEL({}); }}"
    for name, target in (("kept", "kept"), ("other", "kept"), ("alone", None)):
        passes = [{"TARGET": target} if target else {}, {}]
        drawn = look(body.format(name), PASSES=passes, IMPORTED={name: {"PASSINDEX": 0}}).draw(SIZE)
        assert pixels(drawn)[0, 0].tolist() == [51] * 4, name


def test_the_last_pass_imported_is_the_picture_before(look, pixels):
    body = "void main() { gl_FragColor = IMG_THIS_PIXEL(before) + vec4(0.2); }"
    shader = look(body, IMPORTED={"before": {"PASSINDEX": 0}})
    assert [int(pixels(shader.draw(SIZE))[0, 0, 0]) for _ in range(3)] == [51, 102, 153]


def test_a_picture_with_a_colon_in_its_name(look, pixels, tmp_path):
    save(tmp_path / "20:15.png", np.full((2, 2, 3), 90))
    body = "void main() { gl_FragColor = IMG_NORM_PIXEL(a, vec2(0.5)); }"
    assert pixels(look(body, IMPORTED={"a": {"PATH": "20:15.png"}}).draw(SIZE))[0, 0, 0] == 90
