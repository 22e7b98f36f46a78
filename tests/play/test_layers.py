"""Layered dreams: laid over each other, thinned, late, muted; each deck's by itself."""

import numpy as np
import pytest

from livedream.backend import cpu, device_runner, providers
from livedream.dream import read
from livedream.picture import alpha
from livedream.play import dream_parameters as tables
from livedream.play.player import Player
from tests import dreams

FPS = 25.0  # of the dream: at this rate and speed 1 a frame is a step
FIRST = dreams.first()[0]


def mixed(pictures) -> tuple[np.ndarray, np.ndarray]:
    """Porter and Duff's over in real numbers: colour times alpha, in levels, and alpha, 0..1."""
    colour, cover = 0.0, 0.0
    for each in pictures:
        own = each[..., 3:] / 255
        colour = each[..., :3] * own + colour * (1 - own)
        cover = own + cover * (1 - own)
    return colour, cover


def chance(seed: int, shape=(70, 513), opaque=False) -> np.ndarray:
    picture = np.random.default_rng(seed).integers(0, 256, (*shape, 4), dtype=np.uint8)
    if opaque:
        picture[..., 3] = 255
    return picture


class Deck:
    """A player with its table, moved frame by frame, without chance."""

    def __init__(self, path, load=cpu.load):
        self.dream = read.load(path)
        self.table = tables.of(self.dream, 7)
        self.player = Player(self.dream, load)
        self.set("player/glide", 0)
        self.set("dream/temperature", 0)
        self.move(0)

    def set(self, address, *arguments):
        assert self.table.set(address, arguments)

    def move(self, frames=1):
        self.now = self.table.tick(frames / FPS)
        self.player.move(frames, FPS, self.now)
        return self

    def drawn(self) -> np.ndarray:
        return self.player.draw(self.now)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return dreams.tiny(tmp_path_factory.mktemp("layers") / "tiny.onnx", layers=True)


@pytest.fixture
def deck(path):
    return Deck(path)


def turned(steps: int) -> np.ndarray:
    latent = FIRST
    for _ in range(steps):
        latent = latent @ dreams.turn(8)
    return latent


def near(found, wanted) -> bool:
    """To one grey level."""
    return found.shape == wanted.shape and np.abs(found.astype(int) - wanted).max() <= 1


def test_over_an_opaque_picture_any_others_are_as_in_real_numbers_to_a_level():
    pictures = [chance(0, opaque=True), chance(1), chance(2)]
    colour, _ = mixed(pictures)
    found = alpha.over(pictures)
    assert (found[..., 3] == 255).all()
    assert np.abs(found[..., :3] - np.rint(colour)).max() <= 1


@pytest.mark.parametrize("count", [2, 3])
def test_over_a_transparent_picture_too_but_for_what_alpha_in_bytes_cannot_say(count):
    pictures = [chance(seed) for seed in range(count)]
    colour, cover = mixed(pictures)
    found = alpha.over(pictures)
    off = np.abs(found[..., :3] * (found[..., 3:] / 255.0) - colour)
    assert off.max() <= 2
    assert off.mean() < 0.35
    assert np.abs(found[..., 3:] - 255 * cover).max() <= 1


def test_alpha_0_lets_everything_through_and_255_nothing():
    below, above = chance(0), chance(1)
    above[:, :200, 3], above[:, 200:400, 3] = 0, 255
    found = alpha.over([below, above])
    assert np.array_equal(found[:, :200], below[:, :200])
    assert np.array_equal(found[:, 200:400], above[:, 200:400])
    clear = np.full((4, 4, 4), (9, 9, 9, 0), np.uint8)
    assert (alpha.over([clear, clear])[..., 3] == 0).all()


def test_what_nobody_sees_costs_nothing_and_the_layers_stay_as_they_were():
    hidden, wall, clear = chance(0), chance(1, opaque=True), alpha.transparent(70, 513)
    assert alpha.over([hidden, wall, clear]) is wall
    pictures = [chance(2, opaque=True), chance(3)]
    before = [each.copy() for each in pictures]
    alpha.over(pictures)
    assert all(map(np.array_equal, pictures, before))


def test_over_black_is_what_a_screen_shows():
    picture = chance(0)
    found = alpha.over_black(picture)
    assert (found[..., 3] == 255).all()
    assert np.abs(found[..., :3] - mixed([picture])[0]).max() <= 0.501
    opaque = chance(1, opaque=True)
    assert alpha.over_black(opaque) is opaque


def test_thinned_changes_alpha_only():
    picture = chance(0)
    found = alpha.scale_alpha(picture, 0.3)
    assert np.array_equal(found[..., 3], np.rint(picture[..., 3] * 0.3))
    assert np.array_equal(found[..., :3], picture[..., :3])
    assert alpha.scale_alpha(picture, 1.0) is picture
    assert not alpha.scale_alpha(picture, 0.0).any()


def test_a_layered_dream_is_its_layers_from_back_to_front(deck):
    drawn = deck.move(3).drawn()
    back, front = dreams.picture(turned(3))[0], dreams.front(turned(3))[0]
    assert list(deck.player.layers) == ["back", "front"]
    assert near(deck.player.layers["back"], back)
    assert near(deck.player.layers["front"], front)
    assert (drawn[..., 3] == 255).all()
    colour, _ = mixed([deck.player.layers["back"], deck.player.layers["front"]])
    assert np.abs(drawn[..., :3] - colour).max() <= 1
    assert np.abs(drawn.astype(int) - back).max() > 20  # the front layer does show


def test_gain_thins_a_layer_on_the_next_frame(deck):
    deck.set("layer/front/gain", 0.5)
    drawn = deck.move().drawn()
    assert np.array_equal(deck.player.layers["front"][..., 3], np.full((32, 64), 64))
    colour, _ = mixed(deck.player.layers.values())
    assert np.abs(drawn[..., :3] - colour).max() <= 1


def test_a_muted_layer_is_not_seen_and_comes_back(deck):
    deck.set("layer/front/mute", 1)
    drawn = deck.move().drawn()
    assert np.array_equal(drawn, deck.player.layers["back"])
    assert not deck.player.layers["front"].any()
    deck.set("layer/front/mute", 0)
    deck.set("layer/back/mute", 1)
    assert np.array_equal(deck.move().drawn(), deck.player.layers["front"])
    deck.set("layer/front/gain", 0)
    assert (deck.move().drawn()[..., 3] == 0).all()


def test_a_late_layer_is_what_it_was(deck):
    deck.set("layer/front/offset", 4 / FPS)
    seen = [deck.move(0).drawn() is not None and deck.player.layers["front"]]
    for step in range(1, 12):
        deck.move().drawn()
        assert near(deck.player.layers["back"], dreams.picture(turned(step))[0])
        seen.append(deck.player.layers["front"])
    for step, front in enumerate(seen):  # it begins with the oldest there is
        assert near(front, dreams.front(turned(max(0, step - 4)))[0]), step
    deck.set("layer/front/offset", 10 / FPS)  # back to what it has kept
    deck.move().drawn()
    assert near(deck.player.layers["front"], dreams.front(turned(2))[0])
    deck.set("layer/front/offset", 0)
    deck.move().drawn()
    assert near(deck.player.layers["front"], dreams.front(turned(13))[0])


def test_a_late_layer_knows_frames_that_were_skipped(deck):
    deck.set("layer/front/offset", 6 / FPS)
    for _ in range(5):
        deck.move(3).drawn()
    assert near(deck.player.layers["front"], dreams.front(turned(9))[0])


def test_a_frozen_dream_holds_late_layers_too(deck):
    deck.set("layer/front/offset", 2 / FPS)
    for _ in range(4):
        deck.move().drawn()
    deck.set("player/freeze", 1)
    for _ in range(9):
        deck.move().drawn()
    assert near(deck.player.layers["front"], dreams.front(turned(2))[0])


def test_no_more_is_kept_than_the_longest_offset_needs(deck):
    deck.set("layer/front/offset", 1)
    for _ in range(60):
        deck.move().drawn()
    assert near(deck.player.layers["front"], dreams.front(turned(35))[0])
    kept = deck.player.drawing.mixer.past
    assert {name: len(past) for name, past in kept.items()} == {"front": 26}
    deck.set("layer/front/offset", 0)
    deck.move().drawn()
    assert not kept


def test_other_runners_go_on_with_the_past_there_is(deck):
    deck.set("layer/front/offset", 3 / FPS)
    for _ in range(5):
        deck.move().drawn()
    other = Player(deck.dream, cpu.load)
    other.take_over(deck.player)
    deck.player = other
    deck.move().drawn()
    assert near(deck.player.layers["front"], dreams.front(turned(3))[0])


class OnCard:
    """A picture that lies elsewhere."""

    def __init__(self, pixels):
        self.shape, self.pixels = pixels.shape, lambda: pixels


def lying_elsewhere(component):
    """A runner that has its values bound, as on a card, and whose pictures stay there."""
    bound = providers.Provider("bound", "CPUExecutionProvider", "", memory="cpu")
    runner = device_runner.DeviceRunner(component, bound, exact=True, graph=False)
    run = runner.__call__

    class Elsewhere:
        def __call__(self, inputs):
            return {name: OnCard(each[0]) if each.dtype == np.uint8 else each for name, each in run(inputs).items()}

        def __getattr__(self, name):
            return getattr(runner, name)

    return Elsewhere()


def test_layers_on_a_card_are_the_same(path, deck):
    other = Deck(path, lying_elsewhere)
    for each in (deck, other):
        each.set("layer/front/offset", 2 / FPS)
        each.set("layer/back/gain", 0.5)
    for _ in range(4):
        assert near(other.move().drawn(), deck.move().drawn())
    assert near(other.player.layers["front"], deck.player.layers["front"])


def test_a_dream_brings_its_layers_addresses_and_takes_them_along(path, tmp_path):
    layered, plain = read.load(path), read.load(dreams.tiny(tmp_path / "plain.onnx"))
    table = tables.of([layered, plain], names=["tiny", "plain"], playing=["tiny", "plain"])
    assert [each for each in table.parameters if each.startswith(("layer/", "b/layer/"))] == [
        f"layer/{name}/{what}" for name in ("back", "front") for what in ("gain", "offset", "mute")
    ]
    table.set("layer/front/gain", [0.25])
    table.tick(1)
    tables.change(table, layered, "b/")
    assert "b/layer/front/gain" in table.parameters
    assert table.target("b/layer/front/gain") == 1.0
    assert table.target("layer/front/gain") == 0.25  # the other deck's
    tables.change(table, plain, "b/")
    tables.change(table, plain)
    assert not [each for each in table.parameters if each.startswith(("layer/", "b/layer/"))]
    assert not table.set("layer/front/gain", [1])
