"""Pictures return from OpenGL upright and exact to the grey level, one frame later if a card draws."""

import numpy as np
import pytest

from livedream import UserError
from livedream.look import context
from livedream.look.chain import Chain, parameters, transitions
from livedream.look.compositor import Compositor
from livedream.loop.frame_composer import FrameComposer
from livedream.parameters import FINISH, MASTER, MODES, Table, mix
from livedream.picture.fit import fitted_size

SIZE = (48, 32)
INVERT = """/*{"INPUTS": [{"NAME": "inputImage", "TYPE": "image"}]}*/
void main() { vec4 c = IMG_THIS_PIXEL(inputImage); gl_FragColor = vec4(1.0 - c.rgb, c.a); }"""
CLOCK = """/*{}*/
void main() { gl_FragColor = vec4(TIME / 10.0, float(FRAMEINDEX) / 255.0, DATE.w / 86400.0, 1.0); }"""
WIPE = """/*{"INPUTS": [{"NAME": "startImage", "TYPE": "image"}, {"NAME": "endImage", "TYPE": "image"},
{"NAME": "progress", "TYPE": "float"}]}*/
void main() {
    bool there = isf_FragNormCoord.x < progress;
    gl_FragColor = there ? IMG_THIS_PIXEL(endImage) : IMG_THIS_PIXEL(startImage);
}"""


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (SIZE[1], SIZE[0], 4), np.uint8)


@pytest.fixture
def compose(tmp_path, gl):
    """compose(*sources, transition=…) returns compositor, chain and table of looks in that order."""
    made = []

    def make(*sources, transition="", live=True):
        chain = Chain()
        for number, source in enumerate(sources):
            file = tmp_path / f"look{number}.fs"
            file.write_text(source)
            chain.insert(file)
        if transition:
            (tmp_path / "wipe.fs").write_text(transition)
            chain.transitions = transitions([tmp_path / "wipe.fs"])
        table = Table([*mix(each.name for each in chain.transitions), *MASTER, *FINISH, *parameters(chain)])
        table.set("player/glide", [0])
        compositor = Compositor(chain, live=live)
        made.append(compositor)
        return compositor, chain, table

    yield make
    for each in made:
        each.release()


def test_a_picture_comes_back_as_it_was_sent(compose):
    compositor, _, table = compose()
    for behind in (0, 0):
        compositor.behind = behind
        assert np.array_equal(compositor.draw([picture(1)], table.tick(0), SIZE, 0, 30.0), picture(1))


def test_a_card_gives_the_frame_before(compose):
    compositor, _, table = compose()
    compositor.behind = 1
    shown = [compositor.draw([picture(number)], table.tick(0), SIZE, number, 30.0) for number in range(5)]
    assert np.array_equal(shown[0], picture(0))
    for number in range(1, 5):
        assert np.array_equal(shown[number], picture(number - 1)), number


def test_two_looks_undo_each_other_and_one_does_not(compose):
    wanted = picture(2)
    compositor, _, table = compose(INVERT, INVERT)
    assert np.array_equal(compositor.draw([wanted], table.tick(0), SIZE, 0, 30.0), wanted)
    compositor, _, table = compose(INVERT)
    drawn = compositor.draw([wanted], table.tick(0), SIZE, 0, 30.0)
    assert np.array_equal(drawn[..., :3], 255 - wanted[..., :3])
    assert np.array_equal(drawn[..., 3], wanted[..., 3])


def test_time_is_the_frames(compose):
    compositor, _, table = compose(CLOCK, live=False)
    for number in (0, 75, 150):
        red, green, blue, _ = compositor.draw([picture(0)], table.tick(0), SIZE, number, 30.0)[0, 0]
        assert (red, green) == (round(number / 300 * 255), number)
        assert blue == 0  # a rendering does not depend on today's date


@pytest.mark.parametrize(
    ("mode", "both"),
    [
        ("add", lambda a, b: np.minimum(a + b, 255)),
        ("screen", lambda a, b: a + b - a * b / 255),
        ("multiply", lambda a, b: a * b / 255),
        ("lighten", np.maximum),
        ("darken", np.minimum),
        ("difference", lambda a, b: np.abs(a - b)),
    ],
)
def test_modes_mix_two_decks(compose, mode, both):
    compositor, _, table = compose()
    table.set("mix/mode", [mode])
    table.set("mix/crossfade", [1.0])
    table.tick(0)
    drawn = compositor.draw([picture(3), picture(4)], table.tick(0), SIZE, 0, 30.0)
    a, b = (picture(seed)[..., :3].astype(float) for seed in (3, 4))
    assert np.abs(drawn[..., :3] - both(a, b)).max() <= 1


def test_a_transition_leads_from_one_deck_to_the_other(compose):
    compositor, _, table = compose(transition=WIPE)
    table.set("mix/mode", [len(MODES)])
    table.set("mix/crossfade", [0.5])
    drawn = compositor.draw([picture(5), picture(6)], table.tick(0), SIZE, 0, 30.0)
    half = SIZE[0] // 2
    assert np.array_equal(drawn[:, :half], picture(6)[:, :half])
    assert np.array_equal(drawn[:, half:], picture(5)[:, half:])


@pytest.mark.parametrize("kind", ["edge", "lanczos", "bilinear", "nearest"])
def test_a_dream_is_enlarged_upright(compose, kind):
    compositor, _, table = compose()
    ramp = np.full((SIZE[1], SIZE[0], 4), 255, np.uint8)
    ramp[..., 0] = np.linspace(0, 250, SIZE[0])
    ramp[..., 1] = np.linspace(0, 250, SIZE[1])[:, None]
    table.set("master/upscale", [kind])
    drawn = compositor.draw([ramp], table.tick(0), (2 * SIZE[0], 2 * SIZE[1]), 0, 30.0)
    assert drawn.shape == (2 * SIZE[1], 2 * SIZE[0], 4)
    assert np.abs(drawn[::2, ::2].astype(int) - ramp)[2:-2, 2:-2].max() <= 10  # a pixel is 5 to 8 levels


def test_grain_is_seen_and_is_the_same_for_the_same_frame(compose):
    compositor, _, table = compose()
    grey = np.full((SIZE[1], SIZE[0], 4), 128, np.uint8)
    table.set("master/grain", [1.0])
    one, again, other = (compositor.draw([grey], table.tick(0), SIZE, number, 30.0) for number in (4, 4, 5))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert 5 < one[..., :3].std() < 60
    assert abs(one[..., :3].mean() - 128) < 5


def test_a_picture_keeps_its_shape_in_any_size():
    assert fitted_size(np.zeros((384, 672, 4)), (1280, 720)) == (1260, 720)
    assert fitted_size(np.zeros((720, 405, 4)), (1280, 720)) == (404, 720)


def test_without_opengl_the_show_goes_on_with_one_warning(compose, monkeypatch, caplog, tmp_path):
    _, chain, table = compose(INVERT)

    def none():
        raise UserError("no OpenGL 3.3 for looks; install libegl1")

    monkeypatch.setattr(context, "create", none)
    composed = FrameComposer(chain, SIZE, 30.0)

    class Deck:
        drawn = picture(7)

    for number in range(3):
        assert composed([Deck], table.tick(0), number) is Deck.drawn
    assert composed.error == "no OpenGL 3.3 for looks; install libegl1"
    assert len(caplog.records) == 1
