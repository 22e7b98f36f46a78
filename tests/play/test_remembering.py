"""A dream that remembers shows the pictures of its footage that its place says, whichever way it is played."""

import functools

import numpy as np
import pytest

from livedream.backend import cpu
from livedream.dream import read, write
from livedream.play import dream_parameters as tables
from livedream.play.player import Player
from livedream.play.recall import Recall
from tests import dreams

FPS = 25.0  # of the dream: at this rate and speed 1 a frame is a step
ROUND = [*range(1, 9), 9, (4, 10), *range(5, 9), 9, (4, 10), *range(5, 9)]  # memories that are seen, step by step

load = functools.cache(read.load)  # each file is checked once


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return dreams.remembering(tmp_path_factory.mktemp("dream") / "remembering.onnx")


class Played:
    """A player moved frame by frame; parameters are corrected as a deck does it."""

    def __init__(self, path, load_runner=cpu.load, **values):
        self.dream = load(path)
        self.table = tables.of(self.dream, 7)
        self.player = Player(self.dream, load_runner)
        self.set(player__glide=0)
        self.set(**values).move(0)

    def set(self, **values):
        for name, value in values.items():
            address = name.replace("__", "/")
            assert self.table.set(address, value if isinstance(value, tuple) else (value,)), address
        return self

    def move(self, frames=1, fps=FPS):
        for address, value in self.player.walk.take_corrections().items():
            self.table.set(address, (value,))
        for _ in range(max(frames, 1)):
            self.now = self.table.tick(min(frames, 1) / fps)
            self.player.move(min(frames, 1), fps, self.now)
        return self

    def picture(self):
        return self.player.draw(self.now)

    def memories(self):
        """Which are seen in the picture of now: a number, or two of them."""
        found = np.flatnonzero(dreams.weights(self.picture()) > 0.02)
        return tuple(found) if len(found) > 1 else found[0]

    def seen(self, frames, fps=FPS):
        """Those of this frame, and of those that follow."""
        found = []
        for _ in range(frames):
            found.append(self.memories())
            self.move(1, fps)
        return found


def test_it_shows_the_memories_of_its_place(path):
    deck = Played(path)
    look = np.float32([0.5, -0.25, 0])
    for wanted in ROUND[:8]:
        picture = np.zeros((16, 96, 4))
        picture[..., :3], picture[..., 3] = dreams.memory(wanted), 255
        picture[..., :2] += 40 * look[:2]
        assert np.abs(deck.picture() - picture.clip(0, 255)).max() <= 1
        deck.move()
        look = look @ dreams.turn(3)


def test_it_leaves_for_another_place_by_way_of_both_for_ever(path):
    assert Played(path).seen(len(ROUND)) == ROUND
    assert Played(path, player__speed=2).seen(len(ROUND) // 2) == ROUND[::2]


def test_between_two_steps_lies_what_lies_between_two_memories(path):
    deck = Played(path).move(1, 100.0)
    assert np.allclose(dreams.weights(deck.picture())[:4], [0, 0.75, 0.25, 0], atol=0.02)


def test_backwards_it_shows_again_what_it_showed(path):
    deck = Played(path)
    there = [deck.picture() for _ in range(15) if deck.move()]
    deck.set(player__speed=-1)
    back = [deck.picture() for _ in range(14) if deck.move()]
    assert all(np.array_equal(a, b) for a, b in zip(there[-2::-1], back, strict=True))


def test_a_loop_goes_over_from_its_end_to_its_beginning_by_no_third_place(path):
    """In 8 steps from memory 1 to 8: there the way back would lead by all of them."""
    deck = Played(path).move(7)
    deck.set(player__glide=0.1, player__loop=0.56)  # 7 steps at 120 bpm
    places = []
    for _ in range(70):
        deck.move(1, 250.0)
        places.append(deck.player.walk.shown().latent[3:])
    whole = [each for each in places if 0.02 < each[2] < 0.98]
    assert len(whole) > 10  # on the way into the loop, and at its seam
    for low, high in (sorted(each[:2]) for each in whole):
        assert high == 8 or (low < 1.5 and high > 6)
    deck.set(player__glide=0)
    assert {np.ravel(each)[-1] for each in deck.move(3).seen(30)} <= set(range(1, 9))


def test_it_goes_on_from_its_past(path):
    deck = Played(path).move(12)
    deck.set(player__scrub=0.5)
    held = deck.move().memories()
    at = ROUND.index(held)
    assert at == 6
    deck.set(player__branch=1).move()
    assert deck.player.walk.playhead.at is None
    assert deck.seen(8) == ROUND[at + 1 : at + 9]


def test_knobs_and_offsets_do_not_move_places(path):
    """The knob's vector has numbers where the place is, too."""
    deck = Played(path)
    calm = deck.picture().astype(int)
    deck.set(dream__knob__1=1, dream__latent=(0.0, 1.0, 0.0)).move(0)
    assert set(deck.table.parameters) >= {"dream/latent/2"}
    assert "dream/latent/3" not in deck.table.parameters
    moved = deck.picture().astype(int)
    assert np.array_equal(dreams.weights(moved), dreams.weights(calm))
    assert moved[0, 0, 0] - calm[0, 0, 0] > 30
    deck.set(dream__feedback=1)  # nor for the dream itself
    assert deck.seen(8) == ROUND[:8]


def test_one_that_walks_by_chance_stays_at_its_place(tmp_path):
    target, components, metadata, memories = dreams.remembering_parts(tmp_path / "walk.onnx")
    del components["step"]
    for scene in metadata["scenes"]:
        scene["tensors"] = {name.replace("step", "decode"): each for name, each in scene["tensors"].items()}
    metadata["controls"] = []
    write.write(target, components, metadata, memories)
    deck = Played(target, dream__feedback=0.01, dream__knob__1=1)
    reds = [int(deck.picture()[0, 0, 0]) for _ in range(20) if deck.move()]
    assert len(set(reds)) > 10
    assert deck.memories() == 1


def test_going_round_in_places_is_no_movement(tmp_path):
    """Its look rests while it goes through its memories: that is at rest, and is pushed, which moves no place."""
    target, components, metadata, memories = dreams.remembering_parts(tmp_path / "resting.onnx")
    turn = next(each for each in components["step"].graph.initializer if each.name == "turn")
    turn.raw_data = np.eye(3, dtype=np.float32).tobytes()
    write.write(target, components, metadata, memories)
    deck = Played(target)
    deck.move(25 * 12)
    assert deck.player.unstuck >= 1
    following = [deck.memories() for _ in range(24) if deck.move()]
    assert following[:12] == following[12:]


def test_a_scene_that_is_near_is_judged_without_places(path):
    deck = Played(path, player__unstick="scene")
    walk = deck.player.walk
    walk.idle.help(walk.after.latent, walk.steps, walk.seed, walk.random_step, deck.now)
    assert deck.player.walk.rescue_scene in (0, 1)
    assert np.isfinite(deck.player.walk.after.latent).all()


def test_another_player_goes_on_where_it_is(path):
    one, other = Played(path).move(4), Played(path).move(9)
    plain = Played(path).move(4)
    other.player.take_over(one.player)
    other.now = one.now
    one.player = one.player.moved_to(cpu.load)
    for _ in range(10):
        wanted = plain.move(1, 40.0).picture()
        assert np.array_equal(one.move(1, 40.0).picture(), wanted)
        other.player.move(1, 40.0, one.now)
        assert np.array_equal(other.player.draw(one.now), wanted)


def damaged(path, *numbers):
    """A dream of whose JPEG files some end in the middle."""
    target, components, metadata, memories = dreams.remembering_parts(path)
    for k in numbers:
        memories[k] = memories[k][:-30]
    write.write(target, components, metadata, memories)
    return target


def test_a_damaged_memory_gives_way_to_the_last_good_one_and_is_counted(tmp_path):
    deck = Played(damaged(tmp_path / "damaged.onnx", 3, 4))
    assert deck.seen(6) == [1, 2, 2, 2, 5, 6]
    assert deck.player.lost == 2
    again = Played(damaged(tmp_path / "damaged.onnx", 3, 4), dream__scene="far")
    again.set(dream__scene="first").move(0)
    assert again.seen(6) == [1, 2, 2, 2, 5, 6]  # whatever was seen before


def test_where_all_are_damaged_it_is_dark_and_goes_on(tmp_path):
    deck = Played(damaged(tmp_path / "dark.onnx", *range(12)))
    assert (deck.move(3).picture()[..., 2] == 0).all()
    assert (deck.picture()[..., 3] == 255).all()


def test_recall_is_a_thing_of_its_own_and_takes_no_number_that_is_none(path):
    """As an evaluation asks for memories: without a player."""
    recall = Recall(load(path), cpu.load)
    inputs = {"latent.look": np.zeros((1, 3), np.float32), "latent.place": np.float32([[11.5, -4, 0.25]])}
    made = recall(inputs | {"noise": np.zeros(3)})
    assert made.keys() == {"memory", "recall.weights"}
    assert made["memory"].shape == (4, 16, 96, 4)
    assert [dreams.weights(each).argmax() for each in made["memory"]] == [11, 11, 0, 0]
    assert np.allclose(made["recall.weights"], [[0.375, 0.375, 0.25, 0]])


def test_recall_runs_where_it_is_loaded_and_what_recurs_is_not_decoded_again(path, monkeypatch):
    dream, asked = load(path), []
    sound = type(dream.memories).sound
    monkeypatch.setattr(type(dream.memories), "sound", lambda self, k, into: (asked.append(k), sound(self, k, into))[1])
    recall = Recall(dream, cpu.load)
    for place in (1, 1.25, 1.5, 2, 3, 1):
        recall({"latent.look": np.zeros((1, 3), np.float32), "latent.place": np.float32([[place, 1, 0]])})
    assert sorted(asked) == [1, 2, 3, 4]
