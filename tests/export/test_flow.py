"""`--kind flow`: made footage of which one half flows and the other stands still, and what its effect does."""

import itertools
from argparse import Namespace

import numpy as np
import pytest
import torch
from livedream_export import footage as reader
from livedream_export.flow import effect as flow
from livedream_export.flow import measure as measuring
from livedream_export.flow import proof
from livedream_export.flow import train as training
from livedream_export.training_status import TrainingStatus

from livedream import UserError
from livedream.backend import cpu
from livedream.dream import read, resized
from livedream.loop import futures
from livedream.play.motion import flow as measured
from tests.export import footage_clips

RATE = 25
PIXELS = 2  # that the left half flows to the right in a frame
WIDTH, HEIGHT = 192, 128


def texture(seed: int, height: int, width: int) -> np.ndarray:
    """Soft blobs without an end to the right, uint8 [H, W, 3]."""
    waves = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] * (2 * np.pi / np.array([height, width]))[:, None, None]
    parts = [waves.normal() * np.cos(a * x + b * y + waves.random() * 7) for a in range(1, 9) for b in range(-5, 6)]
    whole = np.sum(parts, 0)
    grey = np.clip(128 + 90 * whole / np.abs(whole).max() * 1.5, 0, 255)
    return np.repeat(grey[..., None], 3, 2).astype(np.uint8)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    flowing, still = texture(1, HEIGHT, WIDTH), texture(2, HEIGHT, WIDTH)
    pictures = []
    for k in range(40):
        picture = still.copy()
        picture[:, : WIDTH // 2] = np.roll(flowing, PIXELS * k, 1)[:, : WIDTH // 2]
        pictures.append(picture)
    folder = tmp_path_factory.mktemp("flow")
    return footage_clips.write(folder / "half.mp4", pictures, rate=RATE, options={"crf": "8"})


@pytest.fixture(scope="module")
def motion(clip):
    return measuring.measure(reader.read([clip], (WIDTH, HEIGHT)), 60.0)


@pytest.fixture(scope="module")
def effect(clip, tmp_path_factory):
    """The effect that the command writes."""
    out = tmp_path_factory.mktemp("effect") / "half.onnx"
    options = Namespace(
        footage=[str(clip)],
        out=str(out),
        size=f"{WIDTH}x{HEIGHT}",
        fps=None,
        minutes=1.0,
        seed=1,
        title="",
        licence="CC0",
    )
    assert training.train(options, TrainingStatus(out, "half", False)) == out
    return read.load(out)


def still():
    pixels = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    pixels[..., :3] = texture(5, HEIGHT, WIDTH)
    return pixels


def change(a, b):
    """Return the mean change in the left third and in the right third."""
    off = np.abs(a[..., :3].astype(int) - b[..., :3]).mean((0, 2))
    return off[: WIDTH // 3].mean(), off[-WIDTH // 3 :].mean()


def apply(effect, phase, **controls):
    runner = cpu.load(effect.components["apply"])
    runner.state = {"state.phase": np.full((1, 1), phase, np.float32)}
    inputs = {"image": still()[None]}
    for name, value in effect.components["apply"].inputs.items():
        if name.startswith("control."):
            own = name.removeprefix("control.")
            inputs[name] = np.full(value.shape, controls.get(own, effect.controls[own].default), np.float32)
    return runner(inputs)["frame"][0]


def defaults(effect):
    return {f"control.{name}": np.full(each.length, each.default, np.float32) for name, each in effect.controls.items()}


def test_the_drift_is_measured_where_it_is(motion):
    left = np.median(motion.drift[0][3:-3, 3:9])
    assert abs(left * WIDTH / RATE - PIXELS) < 0.3
    assert np.abs(motion.drift[:, 3:-3, -6:]).max() * WIDTH / RATE < 0.2
    assert motion.moving[8, 5] > 0.95
    assert motion.moving[8, -4] < 0.1


def test_motion_spreads_to_what_stands_still(motion):
    filled = measuring.spread(motion.drift, motion.moving)
    assert filled[0].min() * WIDTH / RATE > 0.3 * PIXELS  # everything flows to the right
    assert np.allclose(filled[0][8, 5], motion.drift[0][8, 5], rtol=0.05)


def test_swaying_is_found_at_its_frequency():
    """A course that swings with 0.5 Hz, 0.03 a second at most, is a shift of 0.03 / (2 pi 0.5) there."""
    course = 0.03 * np.cos(2 * np.pi * 0.5 * np.arange(16 * RATE) / RATE)[:, None].astype(np.float32)
    sway = measuring._sway(course, RATE)[0]  # noqa: SLF001
    at = np.arange(1, measuring.WAVES + 1) / measuring.LOOP
    assert at[sway.argmax()] == 0.5
    whole = float(np.sqrt(np.square(sway).sum()))
    assert 0.6 < whole / (0.03 / (2 * np.pi * 0.5)) < 1.1


def test_a_still_moves_where_the_footage_moved(effect):
    first = apply(effect, 0.0)
    moved, stood = change(first, apply(effect, 0.01))
    assert moved > 1.0
    assert stood < 0.1 * moved
    everywhere, there = change(apply(effect, 0.0, mask=0), apply(effect, 0.01, mask=0))
    assert there > 0.3 * everywhere


def test_amount_and_speed_and_direction(effect):
    assert np.array_equal(apply(effect, 0.37, amount=0)[8:-8, 8:-8], still()[8:-8, 8:-8])
    plain, turned = apply(effect, 0.3), apply(effect, 0.3, direction=180)
    assert change(plain, turned)[0] > 1.0
    runner = cpu.load(effect.components["apply"])
    for speed, phase in ((1, 1), (2, 3), (-4, -1)):
        inputs = {
            f"control.{name}": np.full(each.length, each.default, np.float32) for name, each in effect.controls.items()
        }
        runner({"image": still()[None], **inputs, "control.speed": np.float32([speed])})
        assert runner.keep()
        wanted = phase / (measuring.LOOP * training.FPS) % 1
        assert abs(float(runner.state["state.phase"].item()) - wanted) < 1e-6


def test_things_go_where_the_footage_goes(effect):
    """Between two moments in which one of the two pictures is seen nearly alone, it has gone to the right."""
    a, b = (apply(effect, phase, parts=1)[..., 0].astype(np.float32) for phase in (0.0, 0.004))
    u, _ = measured(a, b)
    assert np.median(u[16:-16, 16 : WIDTH // 3]) < -0.3


def test_all_comes_back_after_the_loop_and_nothing_jumps(effect):
    count = round(measuring.LOOP * training.FPS)
    assert np.abs(apply(effect, 0.0).astype(int) - apply(effect, 1 - 1e-7)).max() <= 1
    drawn = [apply(effect, k / count) for k in range(40)]
    steps = [np.abs(a.astype(int) - b).mean() for a, b in itertools.pairwise(drawn)]
    assert max(steps) < 2.5 * np.median(steps)


def test_edges_are_clean(effect):
    """A picture of one colour with a bright frame keeps both: nothing comes in from beyond."""
    pixels = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    pixels[..., :3] = 60
    runner = cpu.load(effect.components["apply"])
    inputs = {
        f"control.{name}": np.full(each.length, each.default, np.float32) for name, each in effect.controls.items()
    }
    for _ in range(30):
        frame = runner({"image": pixels[None], **inputs})["frame"][0]
        runner.keep()
        assert np.array_equal(frame, pixels)


def test_the_same_file_moves_pictures_of_other_sizes(effect):
    large = resized.resized(effect, 2 * WIDTH, 2 * HEIGHT)
    picture = np.repeat(np.repeat(still(), 2, 0), 2, 1)
    small = [each[0] for each in futures.of_effect(effect, still(), 12, 10, loop=True)][-1]
    drawn = [each[0] for each in futures.of_effect(large, picture, 12, 10, loop=True)][-1]
    assert drawn.shape == (2 * HEIGHT, 2 * WIDTH, 4)
    halved = drawn.reshape(HEIGHT, 2, WIDTH, 2, 4).mean((1, 3))
    assert np.abs(halved - small).mean() < 0.15 * np.abs(small.astype(int) - still()).mean()
    odd = resized.resized(effect, 70, 131)
    assert next(futures.of_effect(odd, np.zeros((131, 70, 4), np.uint8), 1, 30))[0].shape == (131, 70, 4)


def test_animate_begins_with_the_still(effect):
    drawn = [each[0] for each in futures.of_effect(effect, still(), 45, 30)]
    assert np.array_equal(drawn[0], still())
    assert change(drawn[40], drawn[44])[0] > 0.5


def test_the_file_says_where_it_comes_from(effect):
    assert effect.kind == "flow"
    assert effect.is_effect
    assert effect.provenance["licence"] == "CC0"
    assert effect.provenance["footage"][0]["name"] == "half.mp4"
    assert effect.path.stat().st_size < 2e6


def test_footage_that_stands_still_is_refused(tmp_path):
    clip = footage_clips.write(tmp_path / "still.mp4", [texture(1, 64, 96)] * 30)
    with pytest.raises(UserError, match="pairs of frames that move"):
        measuring.measure(reader.read([clip], (96, 64)), 60.0)


@pytest.mark.parametrize("size", ["wide", "0x0", "99999x4", "12"])
def test_sizes_that_cannot_be(size):
    with pytest.raises(UserError, match="--size"):
        training._sides(size)  # noqa: SLF001


def test_the_period_goes_into_the_loop():
    for speed in (0.001, 0.03, 0.11, 2.0):
        cycles, seconds = flow.period(speed)
        assert cycles * seconds == pytest.approx(measuring.LOOP)
        assert 0.7 < seconds <= flow.LONGEST


def test_a_wrong_export_is_refused(motion):
    part = flow.Warp(motion, (WIDTH, HEIGHT), 30.0)
    model = proof.export_component(part, [training.start(part)[each] for each in part.inputs])
    other = flow.Warp(motion, (WIDTH, HEIGHT), 30.0)
    other.fields = -other.fields
    other.filled = -other.filled
    with torch.no_grad(), pytest.raises(UserError, match="grey levels off"):
        proof.prove(other, model, training.start(part))
