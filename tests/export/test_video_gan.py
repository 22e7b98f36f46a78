"""The video GAN of 2016: its layers as published, its camera held still, and its clips as one endless stream."""

import dataclasses
import itertools

import cv2
import numpy as np
import pytest
import torch
from livedream_export import kinds, moving_shapes
from livedream_export.cache import Footage, Source
from livedream_export.video_gan import components, stabilising, train
from livedream_export.video_gan.learner import Learner, clips
from livedream_export.video_gan.networks import Discriminator, Generator
from livedream_export.video_gan.recipe import Recipe

from livedream import UserError
from livedream.dream import read
from livedream.loop import offline

SMALL = dataclasses.replace(Recipe(), width=4, processor_batch=4, statistics=8, learning_rate=1e-3)

MOVING = [(512, 2, 4), (256, 4, 8), (128, 8, 16), (64, 16, 32)]  # channels, frames and side of each layer
TOLD = [(64, 16, 32), (128, 8, 16), (256, 4, 8), (512, 2, 4), (2, 1, 1)]


def sizes(layers, kind, value):
    """What comes out of each layer of a kind: channels, frames where there are some, and side."""
    found = []
    for layer in layers:
        value = layer(value)
        if isinstance(layer, kind):
            found.append((value.shape[1], *value.shape[2:-1]))
    return found


def test_layers_and_weights_are_the_published_ones():
    with torch.device("meta"):
        generator, discriminator = Generator(Recipe()), Discriminator(Recipe())
        moving = sizes(generator.moving, torch.nn.ConvTranspose3d, torch.empty(1, 100, 1, 1, 1))
        still = sizes(generator.background, torch.nn.ConvTranspose2d, torch.empty(1, 100, 1, 1))
        told = sizes(discriminator.layers, torch.nn.Conv3d, torch.empty(1, 3, 32, 64, 64))
        made = generator(torch.empty(2, 100))
    assert moving == MOVING
    assert still == [(512, 4), (256, 8), (128, 16), (64, 32), (3, 64)]
    assert told == TOLD
    assert [tuple(each.shape[1:]) for each in made] == [(3, 32, 64, 64), (3, 32, 64, 64), (1, 32, 64, 64), (3, 64, 64)]
    weights = [sum(each.numel() for each in network.parameters()) for network in (generator, discriminator)]
    assert weights == [16_245_383, 11_057_858]


def test_the_generator_in_the_file_draws_what_it_learned_to():
    torch.manual_seed(0)
    generator = Generator(SMALL).train()
    with torch.no_grad():
        for each in generator.parameters():
            each.mul_(1.5)
        noise = torch.randn(16, 100, generator=torch.Generator().manual_seed(5))
        trained = generator(noise).video
        folded = components.ready(generator, dataclasses.replace(SMALL, statistics=48))(noise).video
    assert not any("BatchNorm" in type(each).__name__ for each in components.ready(generator, SMALL).modules())
    assert float((folded - trained).abs().mean()) < 0.25 * float(trained.std())


def test_generator_and_discriminator_learn_of_one_another():
    frames = np.stack(list(moving_shapes.frames(64, 64, 4)))
    learner = Learner(SMALL, torch.device("cpu"), seed=1)
    real = clips(frames, np.arange(4) * 32)
    assert real.shape == (4, 3, 32, 64, 64)
    assert np.array_equal(((real[1, :, 5] + 1) * 127.5).round().byte().permute(1, 2, 0).numpy(), frames[37])
    before = [each.clone() for each in learner.generator.parameters()]
    told = [learner.iterate(real) for _ in range(6)]
    assert told[-1]["D"] < 0.8 * told[0]["D"]  # it tells them apart
    changed = [not torch.equal(*each) for each in zip(before, learner.generator.parameters(), strict=True)]
    assert np.mean(changed) > 0.6  # biases before batch normalisation do nothing


def camera(shift, zoom=0.0):
    """Footage of one shot whose camera goes along a textured wall, and the wall at its first frame, [128, 128, 3]."""
    rng = np.random.default_rng(3)
    wall = cv2.GaussianBlur(rng.integers(0, 256, (512, 512, 3), np.uint8), (0, 0), 2)
    wall = cv2.normalize(wall, None, 0, 255, cv2.NORM_MINMAX)
    frames = []
    for k in range(40):
        place = np.array([[1 + zoom * k, 0, 190 + shift * k], [0, 1 + zoom * k, 190.0]])
        frames.append(cv2.warpAffine(wall, place, (128, 128), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP))
    made = np.stack(frames)
    return Footage(made, ((0, 40),), 25.0, (Source("wall", "0", 1.6),), f"{shift} {zoom}", ())


def test_a_camera_that_moves_a_little_is_held_still(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    footage = camera(shift=0.7, zoom=0.001)
    held = stabilising.stabilised(footage)
    assert held.segments == ((0, 32),)
    assert held.frames.shape == (32, 64, 64, 3)
    inner = held.frames[:, 8:-8, 8:40].astype(int)  # the rest comes into sight
    moved = np.abs(footage.frames[31].astype(int) - footage.frames[0]).mean()
    assert np.abs(inner[31] - inner[0]).mean() < 0.15 * moved


def test_a_camera_that_runs_away_is_left_as_it_is_and_said(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    held = stabilising.stabilised(camera(shift=4.0))
    assert "moves too far" in held.notes[0]
    assert len(held.frames) == 32


@pytest.fixture(scope="module")
def dream(tmp_path_factory):
    folder = tmp_path_factory.mktemp("video-gan")
    options = kinds.options("video-gan", ["moving-shapes:6"], out=folder / "shapes.onnx", minutes=0.5, device="cpu")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.setattr(train.Run, "judge", lambda self: "")
        patch.setattr(train.Run, "lesson", lambda self: None)
        return read.load(train.train(options, recipe=SMALL, now=itertools.count(0.0, 0.25).__next__))


def test_the_dream_plays_clip_after_clip_without_a_seam(dream):
    assert set(dream.components) == {"decode"}
    assert (dream.frames, dream.hop, dream.layers) == (32, 24, ("background", "foreground"))
    frames = np.stack([frame.pixels for frame in offline.frames(dream, 100, dream.fps, seed=1)]).astype(int)
    assert frames.shape[1:] == (64, 64, 4)
    steps = np.abs(np.diff(frames[..., :3], axis=0)).mean((1, 2, 3))
    assert steps.max() < 4 * np.median(steps) + 2


def test_it_has_scenes_and_knobs(dream):
    assert len(dream.scenes) == 8
    assert len({scene.name for scene in dream.scenes}) == 8
    assert len(dream.directions) == 8
    assert all(np.linalg.norm(knob.vector) > 1 for knob in dream.directions)


def test_its_size_is_that_of_the_network(tmp_path):
    options = kinds.options("video-gan", ["moving-shapes:6"], out=tmp_path / "a.onnx", size="256")
    with pytest.raises(UserError, match="this network draws 64x64"):
        train.train(options)


def test_what_the_published_training_takes_is_said_at_the_start(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(train.Run, "judge", lambda self: "")
    run = train.Run(kinds.options("video-gan", out=tmp_path / "a.onnx"), SMALL)
    run.learner = Learner(dataclasses.replace(SMALL, processor_batch=16), torch.device("cpu"))
    said = run.published(6.0)
    assert said.startswith(
        "10 iterations of 16 clips a minute here; the published 65000 of 64 clips would take 18 days"
    )
