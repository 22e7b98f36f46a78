"""A layered dream in a real show: its picture goes to one output, a layer by itself to another."""

import av
import numpy as np
import pytest

from livedream import UserError
from livedream.dream import read
from livedream.loop import offline
from livedream.picture.frame import Frame
from tests import dreams
from tests import show as shows
from tests.show import Show
from tests.waiting import until

pytestmark = pytest.mark.skipif(not shows.has_oscsend, reason="needs oscsend")

FIRST = dreams.first()
BACK, FRONT = dreams.picture(FIRST)[0], dreams.front(FIRST)[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The files of a layered dream and of a plain one."""
    made = tmp_path_factory.mktemp("dreams")
    dreams.tiny(made / "layered.onnx", layers=True, title="Layered")
    dreams.tiny(made / "plain.onnx", title="Plain")
    return made


def still(show) -> None:
    """Hold the show still at its first scene."""
    show.frame()  # OSC is not received before
    show.osc("player/freeze", "i", "1")
    show.osc("dream/scene_jump", "i", "0")


def over(back, front) -> np.ndarray:
    share = front[..., 3:] / 255.0
    return np.rint(back[..., :3] * (1 - share) + front[..., :3] * share)


def alike(wanted):
    return lambda pixels: np.abs(pixels[..., : wanted.shape[-1]].astype(int) - wanted).max() <= 1


def test_whole_and_layer_go_their_ways_and_follow_the_faders(folder):
    with Show(folder / "layered.onnx", "--dreams", str(folder), layers=["front", "sky"]) as show:
        front, sky = show.layers.values()
        still(show)
        show.until(alike(over(BACK, FRONT)))
        front.until(FRONT)
        assert not sky.frame()[2].any()
        outputs = {each["name"]: each for each in show.status()["outputs"]}
        assert outputs[f"raw:{front.port}"]["error"] is None
        assert outputs[f"raw:{sky.port}"]["error"] == "no layer 'sky': there are back, front"
        assert outputs[f"raw:{sky.port}"]["state"] == "up"

        show.osc("player/glide", "f", "0")
        show.osc("layer/front/gain", "f", "0.5")
        thin = FRONT.copy()
        thin[..., 3] = 64
        front.until(thin)
        show.until(alike(over(BACK, thin)))
        show.osc("layer/front/mute", "i", "1")
        front.until(lambda pixels: not pixels.any())
        show.until(BACK)
        show.osc("layer/front/mute", "i", "0")
        show.osc("layer/front/gain", "i", "1")
        front.until(FRONT)

        show.osc("master/fade", "f", "0.5")  # acts on layers, too
        faded = np.rint(FRONT * np.float64([0.5, 0.5, 0.5, 1]))
        front.until(alike(faded))
        show.osc("master/fade", "f", "1")

        show.osc("dream/load", "s", "plain")
        show.until(lambda pixels: (pixels[..., 3] == 255).all() and not alike(over(BACK, FRONT))(pixels))
        front.until(lambda pixels: pixels.shape == FRONT.shape and not pixels.any())
        until(
            lambda: "no layer 'front': this dream has no layers" in [each["error"] for each in show.status()["outputs"]]
        )
        show.osc("dream/load", "s", "layered")
        front.until(lambda pixels: pixels.any())
        still(show)
        front.until(FRONT)
    assert show.code == 0
    assert show.errors.count("no layer 'front'") == 1


def test_the_second_decks_layers_have_names_of_their_own_and_come_while_only_the_first_is_seen(folder):
    layered = str(folder / "layered.onnx")
    with Show(folder / "plain.onnx", "--model", layered, layers=["b/front", "front"]) as show:
        second, first = show.layers.values()
        show.frame()
        show.osc("b/player/freeze", "i", "1")
        show.osc("b/dream/scene_jump", "i", "0")
        second.until(FRONT)
        show.osc("b/player/freeze", "i", "0")
        second.until(lambda pixels: pixels.any() and not np.array_equal(pixels, FRONT))
        assert not first.frame()[2].any()
    assert show.code == 0


def test_a_frame_of_a_layer_has_its_fade_and_over_black_no_alpha():
    clear = np.zeros((4, 6, 4), np.uint8)
    clear[...] = 200, 100, 50, 51
    frame = Frame(np.full((4, 6, 4), 255, np.uint8), 3, fade=0.5, layers={"veil": clear})
    layer = frame.of_layer("veil")
    assert (layer.number, layer.fade) == (3, 0.5)
    assert np.array_equal(layer.pixels[0, 0], [100, 50, 25, 51])
    assert np.array_equal(layer.opaque[0, 0], [20, 10, 5, 255])
    assert np.array_equal(frame.pixels[0, 0], [128, 128, 128, 255])
    assert frame.opaque is frame.pixels
    nothing = frame.of_layer("none")
    assert nothing.pixels.shape == (4, 6, 4)
    assert not nothing.pixels.any()


def test_rendered_frames_have_their_layers(folder):
    dream = read.load(folder / "layered.onnx")
    frames = list(offline.frames(dream, 3, 25.0))
    assert [list(frame.layers) for frame in frames] == [["back", "front"]] * 3
    for frame in frames:
        assert alike(over(*(frame.of_layer(name).pixels for name in ("back", "front"))))(frame.pixels)


def test_one_layer_is_rendered_with_its_alpha(folder, tmp_path):
    dream = read.load(folder / "layered.onnx")
    first = offline.render(dream, f"{tmp_path}/%02d.png#layer=front", 0.04, 25.0)
    with av.open(str(first).replace("%02d", "00")) as read_back:
        picture = next(read_back.decode(video=0))
    assert np.array_equal(picture.to_ndarray(format="rgba"), FRONT)
    with pytest.raises(UserError, match="no layer 'sky': there are back, front"):
        offline.render(dream, f"{tmp_path}/sky.mov#layer=sky", 0.04, 25.0)
    assert not list(tmp_path.glob("sky*"))


def test_what_carries_no_alpha_shows_a_layer_over_black(folder, tmp_path):
    dream = read.load(folder / "layered.onnx")
    first = offline.render(dream, f"{tmp_path}/front.mp4#layer=front", 0.04, 25.0)
    with av.open(str(first)) as read_back:
        picture = next(read_back.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    wanted = FRONT[..., :3] * (128 / 255)
    assert np.abs(picture.mean((0, 1)) - wanted.mean((0, 1))).max() < 4
    assert np.abs(picture - wanted).mean() < 6
