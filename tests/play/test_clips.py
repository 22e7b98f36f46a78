"""Dreams that draw clips: one stream without a seam, whose clips are made in time, and are the same wherever drawn."""

import threading

import numpy as np
import pytest
from onnx import numpy_helper

from livedream import UserError
from livedream.backend import cpu
from livedream.dream import read, write
from livedream.loop import offline
from livedream.play import clip_drawing, clip_mix
from livedream.play import dream_parameters as tables
from livedream.play.player import Player
from tests import dreams
from tests.waiting import until
from tests.wrapped_runner import WrappedRunner

FPS, LENGTH, HOP = 25.0, 8, 5
SHARED = clip_mix.shared(LENGTH, HOP)


def clips(path, hop=HOP, **options):
    """Write a dream in clips of 8, each 8 levels bluer from frame to frame, and return its path."""
    target, components, metadata = dreams.tiny_parts(path, frames=LENGTH, **{"z": 8, "step": False} | options)
    write.write(target, components, metadata | ({"hop": hop} if hop else {}))
    return path


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    return {
        "plain": clips(folder / "plain.onnx"),
        "layers": clips(folder / "layers.onnx", layers=True),
        "cut": clips(folder / "cut.onnx", hop=LENGTH, step=True),
        "turning": clips(folder / "turning.onnx", step=True, control=True),
    }


class Deck:
    """A player with its table, moved frame by frame."""

    def __init__(self, path, load=cpu.load, seed=7, **values):
        self.dream = read.load(path)
        self.table, self.player = tables.of(self.dream, seed), Player(self.dream, load)
        self.set(player__glide=0, **values)
        self.frames(0)

    def set(self, **values):
        for name, value in values.items():
            assert self.table.set(name.replace("__", "/"), (value,))

    def frames(self, count, fps=FPS):
        """Move by frame after frame, and return the pictures, uint8 [count, H, W, 4]; 0: the one of now."""
        found = []
        for _ in range(max(count, 1)):
            self.now = self.table.tick(min(count, 1) / fps)
            self.player.move(min(count, 1), fps, self.now)
            found.append(np.asarray(self.player.draw(self.now)))
        return np.stack(found)


def level(pictures) -> np.ndarray:
    """Return the blue of the middle, which says which frame of a clip it is."""
    return np.asarray(pictures)[..., 16, 32, 2].astype(int)


def test_between_two_joints_it_is_the_clip_itself(paths):
    deck = Deck(paths["turning"], dream__temperature=0)
    seen, latent = deck.frames(4 * HOP), dreams.first()[0]
    for clip in range(1, 4):
        latent = latent @ dreams.turn(8)
        wanted = dreams.picture(latent, frames=LENGTH)[SHARED]
        assert np.abs(seen[clip * HOP - 1] - wanted.astype(int)).max() <= 1


def test_shared_frames_are_crossfaded_so_that_no_joint_is_seen(paths):
    joined, cut = (
        np.abs(np.diff(Deck(path, dream__temperature=0).frames(120).astype(int), axis=0)).mean((1, 2, 3)).max()
        for path in (paths["turning"], paths["cut"])
    )
    assert cut > 4 * joined


def test_half_the_speed_blends_neighbouring_frames(paths):
    one, half = Deck(paths["plain"]), Deck(paths["plain"], player__speed=0.5)
    slow, fast = half.frames(2 * HOP), one.frames(HOP)
    assert np.abs(slow[1::2].astype(int) - fast).max() <= 1
    between = (fast[:-1].astype(int) + fast[1:]) / 2
    assert np.abs(slow[2::2] - between).max() <= 8  # the crossfade is eased


def test_a_layer_of_one_picture_and_one_of_a_clip_go_on_side_by_side(paths):
    deck = Deck(paths["layers"])
    for picture in deck.frames(3 * HOP):
        assert [*deck.player.layers] == ["back", "front"]
        back, front = deck.player.layers.values()
        assert (back[..., 3] == 255).all()
        assert (front[..., 3] == 128).all()
        assert picture.shape == back.shape
    mute = Deck(paths["layers"], layer__front__mute=1)
    assert (np.asarray(mute.frames(0)[0]) == mute.player.layers["back"]).all()


def test_a_clip_fades_as_it_covers():
    clear, red = np.zeros((4, 4, 4), np.uint8), np.full((4, 4, 4), [200, 10, 0, 255], np.uint8)
    assert (clip_mix.mixed([clear, red], [0.5, 0.5], opaque=False) == [200, 10, 0, 128]).all()
    assert (clip_mix.mixed([red, red], [0.3, 0.7], opaque=True) == red).all()


def test_a_mixture_is_as_rich_in_contrast_as_its_parts():
    across = np.broadcast_to(dreams.ramps(64, 64)[0].clip(0, 255).astype(np.uint8), (64, 64, 4)).copy()
    across[..., 1], across[..., 3] = np.arange(64) * 2 + 40, 255
    down = np.ascontiguousarray(across.swapaxes(0, 1))
    mixed = clip_mix.mixed([across, down], [0.5, 0.5], opaque=True)
    plain = (across.astype(int) + down) / 2
    assert plain[..., 1].std() < 0.75 * across[..., 1].std()
    assert mixed[..., 1].std() > 0.9 * across[..., 1].std()
    assert abs(mixed[..., 1].mean() - plain[..., 1].mean()) < 1


@pytest.mark.parametrize("hop", range(1, LENGTH + 1))
def test_whatever_the_hop_weights_add_up_and_nothing_jumps(hop):
    for layer in (1, LENGTH):
        before: dict[int, float] = {}
        for k in range(3 * 20 + 1):
            clip, phase = divmod(k / 20, 1)
            now: dict[int, float] = {}
            for after, number, weight in clip_mix.seen(phase, LENGTH, hop, layer):
                assert 0 <= number < layer
                at = int(clip + after) * LENGTH + number
                now[at] = now.get(at, 0) + weight
            assert sum(now.values()) == pytest.approx(1)
            if before:
                changed = sum(abs(now.get(each, 0) - before.get(each, 0)) for each in {*now, *before})
                assert changed < 2 * (hop + 3) / 20 + 0.5
            before = now


def test_a_knob_acts_at_the_next_clip(paths):
    turned, untouched = Deck(paths["turning"]), Deck(paths["turning"])
    assert np.array_equal(turned.frames(HOP + 1), untouched.frames(HOP + 1))
    turned.set(dream__push=1)
    rest = HOP - SHARED - 2  # frames of this clip that nothing follows into, but the one that is made already
    assert np.array_equal(turned.frames(rest), untouched.frames(rest))
    turned.frames(2 * HOP), untouched.frames(2 * HOP)
    assert (turned.frames(0)[0].astype(int) - untouched.frames(0)[0])[..., 0].mean() > 10


def test_the_same_frames_wherever_and_however_often_it_is_drawn(paths):
    dream = read.load(paths["layers"])
    one, two = ([each.pixels for each in offline.frames(dream, 60, 30.0, seed=5)] for _ in range(2))
    assert np.array_equal(one, two)
    other = [each.pixels for each in offline.frames(dream, 60, 30.0, seed=6)]
    assert not np.array_equal(one[-1], other[-1])


def test_live_it_never_waits_for_a_clip_and_a_jump_comes_when_it_is_ready(paths):
    gate = threading.Event()
    gate.set()

    class Slow(WrappedRunner):
        def __call__(self, inputs):
            assert gate.wait(60)
            return self.runner(inputs)

    deck = Deck(paths["plain"], Slow, player__freeze=1)
    deck.player.drawing.waits = False
    still = deck.frames(2)[-1]
    gate.clear()
    deck.set(dream__scene_jump=1)
    assert np.array_equal(deck.frames(5)[-1], still)  # it goes on, and what is not there is not waited for
    assert deck.player.drawing.waiting
    gate.set()
    until(lambda: not (deck.frames(1) is None or deck.player.drawing.waiting), 30)
    seen = deck.frames(20)
    assert level(seen[-1]) != level(still)
    assert abs(np.diff(level(seen))).max() < abs(level(seen[-1]) - level(still))  # crossfaded
    settled = Deck(paths["plain"], player__freeze=1, dream__scene=1)
    assert np.array_equal(seen[-1], settled.frames(0)[0])


def test_it_goes_on_the_same_on_another_device(paths):
    one, two = Deck(paths["layers"]), Deck(paths["layers"])
    assert np.array_equal(one.frames(13), two.frames(13))
    two.player = two.player.moved_to(cpu.load)
    assert np.array_equal(one.frames(20), two.frames(20))


def test_a_device_that_hangs_with_a_clip_is_given_up(paths, monkeypatch):
    monkeypatch.setattr(clip_drawing, "HUNG", 0.0)
    gate = threading.Event()
    gate.set()

    class Hanging(WrappedRunner):
        provider = "card"

        def __call__(self, inputs):
            assert gate.wait(60)
            return self.runner(inputs)

    deck = Deck(paths["plain"], Hanging)
    deck.player.drawing.waits = False
    deck.frames(1)
    gate.clear()
    deck.set(dream__scene_jump=1)
    with pytest.raises(UserError, match="card: no clip"):
        until(lambda: deck.frames(1) is None, 30)
    deck.player = deck.player.moved_to(cpu.load)  # as a deck does then
    assert len(deck.frames(2)) == 2
    gate.set()


def test_a_clip_that_fails_is_tried_again(paths):
    failing = [False]

    class Failing(WrappedRunner):
        def __call__(self, inputs):
            if failing[0]:
                raise RuntimeError("no memory left")
            return self.runner(inputs)

    deck = Deck(paths["plain"], Failing)
    deck.frames(2)
    failing[0] = True
    with pytest.raises(RuntimeError, match="no memory"):
        deck.frames(3 * HOP)
    failing[0] = False
    assert len(deck.frames(HOP)) == HOP


@pytest.mark.parametrize("hop", [0.5, 0, LENGTH + 1, True, "4"])
def test_a_hop_that_is_none_is_refused_in_one_line(tmp_path, hop):
    with pytest.raises(UserError, match=f"hop: a whole number from 1 to {LENGTH}"):
        clips(tmp_path / "odd.onnx", hop=hop or "0")


def test_a_hop_is_half_a_clip_unless_the_file_says(tmp_path, paths):
    assert read.load(clips(tmp_path / "none.onnx", hop=None)).hop == LENGTH // 2
    assert read.load(paths["plain"]).hop == HOP
    target, components, metadata = dreams.tiny_parts(tmp_path / "frames.onnx")
    write.write(target, components, metadata | {"hop": 4})
    assert read.load(target).hop == 0
    assert any("hop" in note for note in read.load(target).notes)


def test_a_decoder_with_a_state_draws_no_clips(tmp_path):
    target, _, metadata = dreams.tiny_parts(tmp_path / "state.onnx", frames=LENGTH, step=False)
    decode = dreams.noisy_decode()
    frame = next(value for value in decode.graph.output if value.name == "frame")
    frame.type.tensor_type.shape.dim[0].dim_value = LENGTH
    base = next(each for each in decode.graph.initializer if each.name == "base")
    base.CopyFrom(numpy_helper.from_array(dreams.ramps(64, 32, LENGTH), "base"))
    write.write(target, {"decode": decode}, metadata)
    with pytest.raises(UserError, match="a state") as error:
        Player(read.load(target), cpu.load)
    assert "\n" not in str(error.value)
