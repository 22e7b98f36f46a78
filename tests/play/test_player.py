"""The player's pictures, predicted to the grey level: time, scenes, knobs, chance, and what goes wrong."""

import dataclasses

import numpy as np
import pytest
from onnx import helper

from livedream import UserError
from livedream.backend import cpu
from livedream.dream import noise, read, write
from livedream.dream.metadata import INTERPOLATIONS
from livedream.parameters import Table
from livedream.play import dream_parameters as tables
from livedream.play.places import interpolate
from livedream.play.player import Player
from tests import dream_graphs, dreams
from tests.wrapped_runner import WrappedRunner

FPS = 25.0  # of the dream: at this rate and speed 1 a frame is a step
FIRST = dreams.first()[0]


class Deck:
    """A player with its table, moved frame by frame. set: values by address, as of the next frame."""

    def __init__(self, path, seed=7, load=cpu.load, **values):
        self.dream = read.load(path)
        self.table: Table = tables.of(self.dream, seed)
        self.player = Player(self.dream, load)
        self.set("player/glide", 0)
        for address, value in values.items():
            self.set(address.replace("__", "/"), value)
        self.now = self.table.tick(0)
        self.player.move(0, FPS, self.now)

    def set(self, address, *arguments):
        assert self.table.set(address, arguments)

    def move(self, frames=1, fps=FPS):
        self.now = self.table.tick(frames / fps)
        self.player.move(frames, fps, self.now)
        return self

    def picture(self):
        return self.player.draw(self.now)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return dreams.tiny(tmp_path_factory.mktemp("dream") / "tiny.onnx")


def calm(path, **values):
    """Without chance, so that the latents only turn."""
    return Deck(path, dream__temperature=0, **values)


def turned(steps: int, start=FIRST) -> np.ndarray:
    latent = start
    for _ in range(steps):
        latent = latent @ dreams.turn(8)
    return latent


def same(picture, latent, **more) -> bool:
    """To one grey level: a processor may round the sum of two products once or twice."""
    wanted = dreams.picture(latent, **more)[0].astype(int)
    return np.abs(picture - wanted).max() <= 1


def test_it_starts_at_the_first_scene(path):
    assert np.array_equal(calm(path).picture(), dreams.picture(FIRST)[0])


def test_speed_1_is_as_the_footage_moved_whatever_the_rate(path):
    for fps, frames in ((25.0, 10), (50.0, 20), (12.5, 5)):
        assert same(calm(path).move(frames, fps).picture(), turned(10)), fps


def test_any_speed_is_continuous_between_two_steps(path):
    deck = calm(path)
    assert same(deck.move(1, 50.0).picture(), (FIRST + turned(1)) / 2)
    deck.set("player/speed", 0.5)
    assert same(deck.move(1, 50.0).picture(), 0.25 * FIRST + 0.75 * turned(1))
    deck.set("player/speed", 8)
    assert same(deck.move(1, 50.0).picture(), 0.25 * turned(4) + 0.75 * turned(5))
    deck.set("player/speed", 0)
    assert same(deck.move(100).picture(), 0.25 * turned(4) + 0.75 * turned(5))


def test_frames_that_are_skipped_are_moved_as_drawn_ones_would_be(path):
    skipped, drawn = Deck(path).move(7, 60.0), Deck(path)
    for _ in range(7):
        drawn.move(1, 60.0).picture()
    assert np.array_equal(skipped.picture(), drawn.picture())
    assert skipped.player.steps == drawn.player.steps


def test_enough_leaves_the_rest_of_the_way(path):
    deck, asked = calm(path), []
    deck.player.move(1000, FPS, deck.now, lambda: len(asked) >= 3 or asked.append(1))
    assert deck.player.steps == 1 + 3
    assert same(deck.picture(), turned(3))


def test_freeze_holds_the_dream_and_not_the_hands(path):
    deck = calm(path, player__freeze=1)
    assert np.array_equal(deck.move(50).picture(), dreams.picture(FIRST)[0])
    deck.set("dream/knob/2", -0.5)
    assert np.array_equal(deck.move().picture(), dreams.picture(FIRST - 0.5 * np.eye(8)[1])[0])
    deck.set("dream/scene", "second")
    assert np.array_equal(deck.move().picture(), dreams.picture(-FIRST - 0.5 * np.eye(8)[1])[0])


def test_scenes_by_number_and_name_on_change_and_jumps_always(path):
    deck = calm(path)
    deck.move(5)
    deck.set("dream/scene", "first")  # no change
    assert same(deck.move().picture(), turned(6))
    deck.set("dream/scene", 1)
    assert same(deck.move().picture(), turned(1, -FIRST))
    deck.set("dream/scene_jump", "second")
    assert same(deck.move().picture(), turned(1, -FIRST))
    deck.set("dream/scene", "first")
    assert same(deck.move().picture(), turned(1))


def test_the_same_seed_is_the_same_dream_and_another_is_not(path):
    def film(seed):
        deck = Deck(path, seed, dream__temperature=2)
        return np.stack([deck.move().picture() for _ in range(30)])

    assert np.array_equal(film(1), film(1))
    assert not np.array_equal(film(1), film(2))


@pytest.mark.parametrize("how", ["player/reseed", "player/seed"])
def test_a_seed_and_reseed_begin_the_random_numbers_anew(path, how):
    deck = Deck(path, seed=3 if how == "player/reseed" else 4, dream__temperature=2)
    deck.move(17)
    deck.set(how, 1 if how == "player/reseed" else 3)
    deck.set("dream/scene_jump", 0)
    again = np.stack([deck.move().picture() for _ in range(20)])
    deck = Deck(path, seed=3, dream__temperature=2)
    assert np.array_equal(again, np.stack([deck.move().picture() for _ in range(20)]))


def test_temperature_reaches_the_step(path):
    chance = dreams.NOISE * noise.noise(7, 0, "step", 0, 8)
    for temperature in (0.0, 1.0, 2.0):
        deck = Deck(path, dream__temperature=temperature)
        assert same(deck.move().picture(), turned(1) + temperature * chance), temperature


def test_knobs_and_latent_offsets_are_added_to_what_is_drawn(path):
    deck = calm(path, player__freeze=1, dream__knob__1=1.5)
    assert np.array_equal(deck.picture(), dreams.picture(FIRST + 1.5 * np.eye(8)[0])[0])
    deck.set("dream/latent/2", -1)
    assert np.array_equal(deck.move().picture(), dreams.picture(FIRST + np.float32([1.5, 0, -1, 0, 0, 0, 0, 0]))[0])
    deck.set("dream/knob/1", 0)
    deck.set("dream/latents", 0.5, 0, 0, 0, 0, 0, 0, 0)
    assert np.array_equal(deck.move().picture(), dreams.picture(FIRST + 0.5 * np.eye(8)[0])[0])


def test_latent_offsets_are_in_standard_deviations(tmp_path):
    target, components, metadata = dreams.tiny_parts(tmp_path / "wide.onnx")
    metadata["latents"]["latent"] = write.latent(np.zeros(8), np.full(8, 0.25))
    write.write(target, components, metadata)
    deck = calm(target, player__freeze=1, dream__latent__0=2)
    assert np.array_equal(deck.picture(), dreams.picture(FIRST + 0.5 * np.eye(8)[0])[0])


def test_a_step_sees_the_offsets_only_as_far_as_feedback_says(path):
    offset = np.eye(8, dtype=np.float32)[0]
    for feedback in (0.0, 0.5):
        deck = calm(path, dream__knob__1=1, dream__feedback=feedback)
        assert same(deck.move().picture(), (FIRST + feedback * offset) @ dreams.turn(8) + offset), feedback


def test_a_files_own_control_is_a_parameter_and_acts(tmp_path):
    deck = calm(dreams.tiny(tmp_path / "push.onnx", control=True), player__freeze=1)
    assert (deck.table.parameters["dream/push"].low, deck.table.parameters["dream/push"].high) == (-1, 1)
    assert np.array_equal(deck.picture(), dreams.picture(FIRST)[0])
    deck.set("dream/push", -0.5)
    assert np.array_equal(deck.move().picture(), dreams.picture(FIRST, push=-0.5)[0])


class Spoiled(WrappedRunner):
    """A runner whose outputs of one name are NaN while `faulty`."""

    provider = "spoiled"

    def __init__(self, component, name):
        super().__init__(component)
        self.name, self.faulty = name, False
        self.session, self.runner.session = self.runner.session, self

    def run(self, names, feeds):
        outputs = self.session.run(names, feeds)
        at = next((i for i, name in enumerate(names) if name.endswith("/" + self.name)), None)
        if self.faulty and at is not None:
            outputs[at] = np.full_like(outputs[at], np.nan)
        return outputs


@pytest.mark.parametrize("output", ["next.latent", "next.state.h"])
def test_what_is_not_finite_is_counted_and_never_fed_back(path, output):
    runners = {}

    def load(component):
        made = runners[component.name] = Spoiled(component, output)
        return made

    deck = Deck(path, load=load, dream__temperature=0).move(3)
    runners["step"].faulty = True
    deck.move(4)
    assert deck.player.lost == 4
    assert same(deck.picture(), turned(4))  # three steps, and the one that lay ahead
    runners["step"].faulty = False
    assert same(deck.move(2).picture(), turned(5))
    assert deck.player.lost == 4


def test_a_dream_without_a_step_wanders_and_keeps_unit_variance(tmp_path):
    deck = Deck(dreams.tiny(tmp_path / "walk.onnx", step=False), player__speed=8)
    assert np.array_equal(deck.picture(), dreams.picture(FIRST)[0])
    middle = 16, 32
    base = dreams.ramps(64, 32)[0][middle]
    seen = np.array([(deck.move().picture()[middle] - base)[:3] / 40 for _ in range(1000)])
    assert 0.8 < seen.var() < 1.2
    assert abs(seen.mean()) < 0.2
    assert np.abs(np.diff(seen, axis=0)).max() > 0  # it moves


def test_without_scenes_it_starts_at_the_mean_and_without_directions_it_has_no_knobs(tmp_path):
    target, components, metadata = dreams.tiny_parts(tmp_path / "bare.onnx")
    metadata |= {"scenes": [], "directions": []}
    metadata["latents"]["latent"] = write.latent(np.full(8, 0.5), np.ones(8))
    write.write(target, components, metadata)
    deck = calm(target, player__freeze=1)
    assert np.array_equal(deck.picture(), dreams.picture(np.full(8, 0.5))[0])
    deck.set("dream/scene_jump", 0)
    assert np.array_equal(deck.move().picture(), dreams.picture(np.full(8, 0.5))[0])
    assert "dream/knob/1" not in deck.table.parameters


def test_a_decoders_noise_and_state_belong_to_the_step(tmp_path):
    target = dreams.noisy(tmp_path / "noisy.onnx")
    deck = calm(target)

    def drawn(chance, age):
        wanted = dreams.ramps(64, 32)[0] + [10 * chance, 0, age, 0]
        wanted[..., :3] += 40 * deck.latent[:3]
        return np.abs(deck.picture() - np.clip(wanted, 0, 255)).max() <= 1

    chance = [float(noise.noise(7, 0, "decode", i, 1)[0]) for i in range(3)]
    deck.latent = FIRST
    assert drawn(chance[0], 0)
    assert drawn(chance[0], 0)  # to draw again changes nothing
    deck.move(1, 50.0).latent = (FIRST + turned(1)) / 2
    assert drawn((chance[0] + chance[1]) / np.sqrt(2), 0)  # unit variance half-way
    deck.move(1, 50.0).latent = turned(1)
    assert drawn(chance[1], 1)
    deck.move(1).latent = turned(2)
    assert drawn(chance[2], 2)
    deck.set("dream/scene_jump", 0)
    deck.set("player/freeze", 1)
    deck.move().latent = FIRST
    assert np.abs(deck.picture()[..., 2].astype(int) - dreams.picture(FIRST)[0][..., 2]).max() == 0  # age 0 again


def test_several_latents_stand_one_after_the_other(tmp_path):
    """latent.a goes to red and grows by half a step; latent.b goes to green and stays."""
    one, f32 = [1, 1], np.float32
    constants = {"gain": f32(1.5), "still": f32(1), "base": dreams.ramps(64, 32), "picture": np.array([1, 1, 1, 4])}
    step = dream_graphs.model(
        [
            helper.make_node("Mul", ["latent.a", "gain"], ["next.latent.a"]),
            helper.make_node("Mul", ["latent.b", "still"], ["next.latent.b"]),
        ],
        {"latent.a": (f32, one), "latent.b": (f32, one)},
        {"next.latent.a": (f32, one), "next.latent.b": (f32, one)},
        {name: constants[name] for name in ("gain", "still")},
    )
    decode = dream_graphs.model(
        [
            helper.make_node("MatMul", ["latent.a", "red"], ["by.a"]),
            helper.make_node("MatMul", ["latent.b", "green"], ["by.b"]),
            helper.make_node("Add", ["by.a", "by.b"], ["both"]),
            helper.make_node("Reshape", ["both", "picture"], ["offset"]),
            helper.make_node("Add", ["base", "offset"], ["levels"]),
            *dream_graphs.to_picture("levels", "frame"),
        ],
        {"latent.b": (f32, one), "latent.a": (f32, one)},  # in another order than in step
        {"frame": (np.uint8, [1, 32, 64, 4])},
        {name: constants[name] for name in ("base", "picture")}
        | {"red": f32([[40, 0, 0, 0]]), "green": f32([[0, 40, 0, 0]])}
        | dream_graphs.BOUNDS,
    )
    metadata = {
        "contract": 1,
        "title": "Two",
        "kind": "test",
        "fps": 25,
        "latents": {"latent.a": write.latent([0], [1]), "latent.b": write.latent([0], [2])},
        "directions": [write.direction("b", [0, 1])],
        "scenes": [write.scene("s", {"step/latent.a": f32([[0.5]]), "step/latent.b": f32([[-0.25]])})],
    }
    write.write(tmp_path / "two.onnx", {"step": step, "decode": decode}, metadata)
    deck = Deck(tmp_path / "two.onnx")
    assert np.array_equal(deck.picture(), dreams.picture([0.5, -0.25, 0])[0])
    assert np.array_equal(deck.move().picture(), dreams.picture([0.75, -0.25, 0])[0])
    deck.set("dream/knob/1", 1)  # along b
    deck.set("dream/latent/1", 0.5)  # b's deviation is 2
    assert np.array_equal(deck.move(0).picture(), dreams.picture([0.75, 1.75, 0])[0])


def test_slerp_keeps_the_length_and_linear_the_line(path):
    a, b = np.float32([2, 0, 0]), np.float32([0, 4, 0])
    linear, slerp, none = (dataclasses.replace(read.load(path), interpolation=way) for way in INTERPOLATIONS)
    assert np.allclose(interpolate(linear, a, b, 0.5), [1, 2, 0])
    assert np.allclose(interpolate(slerp, a, b, 0.5), np.float32([3, 3, 0]) / np.sqrt(2))
    assert np.array_equal(interpolate(none, a, b, 0.9), a)
    for each in (linear, slerp):
        assert np.allclose(interpolate(each, a, b, 0.0), a)


@pytest.mark.parametrize("b", [[1, 2, 3], [-1, -2, -3], [0, 0, 0], [1, 2, 3.0001]])
def test_slerp_has_an_answer_where_there_is_no_angle(path, b):
    dream = dataclasses.replace(read.load(path), interpolation="slerp")
    found = interpolate(dream, np.float32([1, 2, 3]), np.float32(b), 0.25)
    assert np.allclose(found, 0.75 * np.float32([1, 2, 3]) + 0.25 * np.float32(b), atol=1e-3)


def test_an_effect_is_no_source(tmp_path):
    with pytest.raises(UserError, match="an effect"):
        Player(read.load(dreams.invert(tmp_path / "invert.onnx")), cpu.load)
