"""Looks over a real show: moved by OSC, saved while it plays, with errors, and as transitions between decks."""

import numpy as np
import pytest

from tests import dreams
from tests.show import Show
from tests.waiting import until

FIRST = dreams.picture(dreams.first())[0]
STILL = ("--size", "64x32", "--seed", "1")

INVERT = """/*{"ISFVSN": "2", "INPUTS": [
    {"NAME": "inputImage", "TYPE": "image"},
    {"NAME": "amount", "TYPE": "float", "DEFAULT": 1.0, "MIN": 0.0, "MAX": 1.0, "LABEL": "Amount"}
]}*/
void main() {
    vec4 c = IMG_THIS_PIXEL(inputImage);
    gl_FragColor = vec4(mix(c.rgb, 1.0 - c.rgb, amount), c.a);
}
"""
RED = INVERT.replace("mix(c.rgb, 1.0 - c.rgb, amount)", "vec3(1.0, 0.0, 0.0)")
FLIP = INVERT.replace(
    "IMG_THIS_PIXEL(inputImage)", "IMG_NORM_PIXEL(inputImage, vec2(1.0) - isf_FragNormCoord)"
).replace("mix(c.rgb, 1.0 - c.rgb, amount)", "c.rgb")


def inverted(picture):
    other = 255 - picture
    other[..., 3] = picture[..., 3]
    return other


def like(wanted):
    return lambda pixels: pixels.shape == wanted.shape and np.abs(pixels.astype(int) - wanted).max() <= 1


def begin(show, *decks):
    """Hold each deck still at a scene of its own, the first by default."""
    show.frame()
    show.osc("player/glide", "f", "0")
    for deck, scene in decks or [("", 0)]:
        show.osc(f"{deck}player/freeze", "i", "1")
        show.osc(f"{deck}dream/scene_jump", "i", str(scene))


@pytest.fixture
def folder(tmp_path):
    dreams.tiny(tmp_path / "tiny.onnx")
    (tmp_path / "invert.fs").write_text(INVERT)
    (tmp_path / "flip.fs").write_text(FLIP)
    return tmp_path


@pytest.fixture
def show(folder):
    with Show(folder / "tiny.onnx", *STILL, "--look", str(folder / "invert.fs")) as show:
        begin(show)
        yield show


def test_a_look_is_seen_and_its_inputs_wet_and_bypass_are_parameters(show):
    show.until(like(inverted(FIRST)))
    show.osc("look/invert/amount", "f", "0")
    show.until(like(FIRST))
    show.osc("look/invert/amount", "f", "1")
    show.until(like(inverted(FIRST)))
    show.osc("look/invert/bypass", "i", "1")
    show.until(like(FIRST))
    show.osc("look/invert/bypass", "i", "0")
    show.osc("look/invert/wet", "f", "0.5")
    half = (FIRST.astype(float) + inverted(FIRST)) / 2
    show.until(lambda pixels: np.abs(pixels - half).max() <= 1)
    assert show.status()["looks"] == [{"name": "invert", "error": None}]


def test_a_saved_file_is_seen_and_one_that_does_not_compile_leaves_the_last_one(show, folder):
    show.until(like(inverted(FIRST)))
    (folder / "invert.fs").write_text(RED)
    red = FIRST.copy()
    red[..., :3] = 255, 0, 0
    show.until(like(red))
    (folder / "invert.fs").write_text(RED.replace("vec4 c =", "vec4 c = nonsense;\nvec4 d ="))
    error = until(lambda: show.status()["looks"][0]["error"])
    assert "invert.fs:6" in error
    assert "nonsense" in error
    assert all(like(red)(pixels) for _, _, pixels in show.frames(5))
    (folder / "invert.fs").write_text("no header")
    until(lambda: "nonsense" not in (show.status()["looks"][0]["error"] or "nonsense"))
    (folder / "invert.fs").write_text(INVERT)
    show.until(like(inverted(FIRST)))
    until(lambda: show.status()["looks"][0]["error"] is None)


def test_a_look_is_put_in_by_name_moved_and_taken_out(show):
    def names():
        return [each["name"] for each in show.status()["looks"]]

    show.osc("look/insert", "s", "kaleidoscope")
    until(lambda: names() == ["invert", "kaleidoscope"])
    show.osc("look/insert", "s", "kaleidoscope")
    until(lambda: names() == ["invert", "kaleidoscope", "kaleidoscope-2"])
    show.osc("look/kaleidoscope-2/place", "i", "0")
    until(lambda: names() == ["kaleidoscope-2", "invert", "kaleidoscope"])
    show.osc("look/remove", "s", "kaleidoscope-2")
    until(lambda: names() == ["invert", "kaleidoscope"])
    show.osc("look/remove", "s", "kaleidoscope")
    until(lambda: names() == ["invert"])
    show.until(like(inverted(FIRST)))


def test_looks_act_in_the_order_given_and_pictures_stand_upright(folder):
    looks = ["--look", str(folder / "flip.fs"), "--look", str(folder / "invert.fs")]
    with Show(folder / "tiny.onnx", *STILL, *looks) as show:
        begin(show)
        show.until(like(inverted(FIRST)[::-1, ::-1]))


def test_two_decks_by_a_blend_mode(folder):
    with Show(folder / "tiny.onnx", *STILL, "--model", str(folder / "tiny.onnx")) as show:
        begin(show, ("", 0), ("b/", 1))
        second = dreams.picture(-dreams.first())[0]
        show.osc("mix/mode", "s", "difference")
        show.osc("mix/crossfade", "f", "1")
        show.until(like(second))  # all the way over, that one alone
        show.osc("mix/crossfade", "f", "0.5")
        off = np.abs(FIRST.astype(int) - second)
        show.until(lambda p: np.abs(p[..., :3] - (FIRST.astype(float) + off)[..., :3] / 2).max() <= 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--look", "nowhere.fs"], ["nowhere.fs", "no such file"]),
        (["--look", "{folder}/tiny.onnx"], ["tiny.onnx"]),
    ],
)
def test_a_look_that_is_none_is_refused_in_one_line(folder, arguments, words):
    show = Show(folder / "tiny.onnx", *(each.format(folder=folder) for each in arguments))
    with show:
        show.child.wait(60)
    assert show.code == 2
    assert len(show.errors.strip().splitlines()) == 1
    assert all(word in show.errors for word in words)


def test_of_ten_looks_the_one_that_is_broken_is_named_and_nine_are_drawn(folder):
    broken = folder / "broken.fs"
    broken.write_text(INVERT.replace("vec4 c =", "vec4 c = nonsense +"))
    place = INVERT.replace('"NAME": "amount", "TYPE": "float"', '"NAME": "place", "TYPE": "float"')
    (folder / "place.fs").write_text(place.replace(", amount)", ", place)"))
    looks = [folder / "invert.fs", folder / "place.fs", broken, *[folder / "invert.fs"] * 7]
    with Show(folder / "tiny.onnx", *STILL, *(text for each in looks for text in ("--look", str(each)))) as show:
        begin(show)
        show.until(like(inverted(FIRST)))  # nine times
        found = show.status()["looks"]
        assert [each["name"] for each in found if each["error"]] == ["broken"]
        assert "nonsense" in found[2]["error"]
        show.osc("look/place/input_place", "f", "0")
        show.until(like(FIRST))
        assert show.status()["look_error"] is None
