"""A dream of pictures: it wanders smoothly, its latents are independent, and a picture finds its place."""

import dataclasses

import numpy as np
import pytest
from livedream_export import kinds
from livedream_export.image_model.recipe import PictureRecipe
from livedream_export.vae import train

from livedream.backend import cpu
from livedream.dream import read
from livedream.loop import offline
from livedream.play import dream_parameters
from livedream.play.player import Player
from tests.export import training

SMALL = dataclasses.replace(
    PictureRecipe(), latent=8, widths=(16, 16, 24, 24), warmup_steps=30, ema_decay=0.95, batch=16, learning_rate=5e-3
)
SMALL = dataclasses.replace(SMALL, perceptual_weight=0.0)


@pytest.fixture(scope="module")
def dream(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vae")
    clip = training.square(folder / "square.mp4")
    options = kinds.options("vae", [clip], out=folder / "square.onnx", size="32", minutes=0.5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.setattr(train.Run, "judge", lambda self: "")
        return read.load(train.train(options, recipe=SMALL, now=training.counter(0.03)))


def walked(dream, steps, seed):
    """The latents of so many steps."""
    player, table = Player(dream, cpu.load), dream_parameters.of(dream, seed)
    player.walk.trace(True)
    found = []
    while len(found) < steps:
        player.move(1, 40.0, table.tick(0.04))
        found += player.walk.take_trace()
    return np.stack(found)


def test_it_wanders_smoothly_with_the_spread_of_the_pictures(dream):
    assert set(dream.components) == {"step", "decode", "encode"}
    latents = walked(dream, 3000, seed=1)
    assert 0.6 < latents.std() < 1.4
    steps = np.diff(latents, axis=0)
    turned = np.diff(steps, axis=0)
    assert np.square(turned).mean() < 0.1 * np.square(steps).mean()  # a walk without speed has 2


def test_what_it_draws_is_like_the_pictures_and_moves(dream):
    frames = np.stack([frame.pixels[..., :3] for frame in offline.frames(dream, 100, 25.0, seed=1)])
    assert frames.shape[1:] == (32, 32, 3)
    assert frames[..., 0].max(axis=(1, 2)).mean() > 60  # the bright square
    assert np.abs(np.diff(frames.astype(int), axis=0)).mean() > 0.1


def test_scenes_are_pictures_and_knobs_have_names(dream):
    assert 4 <= len(dream.scenes) <= 8
    assert len({knob.name for knob in dream.directions}) == len(dream.directions)
