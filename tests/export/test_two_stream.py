"""two-stream: what moves is told from its ground and drawn on a layer of its own; both can be held, changed, mixed."""

import dataclasses

import numpy as np
import pytest
import torch
from livedream_export import dream_file
from livedream_export.cache import Footage
from livedream_export.two_stream import motion, parts
from livedream_export.two_stream.learner import Learner
from livedream_export.two_stream.loss import loss
from livedream_export.two_stream.recipe import Recipe

from livedream.backend import cpu
from livedream.dream import read
from livedream.play import dream_parameters
from livedream.play.player import Player
from tests.export import every_kind

pytestmark = pytest.mark.timeout(600)
COUNT, SIDE, GROUND = 60, 32, 3
TINY = dataclasses.replace(
    Recipe(),
    **every_kind.IMAGE | every_kind.MOTION | {"latent": 10, "ground": GROUND, "ground_widths": (8, 8, 12, 12)},
)


def passing(count=COUNT):
    """Frames of a bright square that crosses a dark ramp, and where it is, [N, 1, H, W]."""
    frames = np.empty((count, SIDE, SIDE, 3), np.uint8)
    frames[:] = np.linspace(20, 90, SIDE)[None, None, :, None]
    there = np.zeros((count, 1, SIDE, SIDE), bool)
    for k in range(count):
        x = k % (SIDE - 8)
        frames[k, 10:18, x : x + 8] = (240, 180, 40)
        there[k, 0, 10:18, x : x + 8] = True
    return frames, there


@pytest.fixture(scope="module")
def learner():
    torch.manual_seed(0)
    made = Learner((SIDE, SIDE), TINY, torch.device("cpu"), motion.ground(passing()[0]))
    network = made.average  # it has learned nothing: let its latents and pictures differ as those of one that has
    for layer in (network.ground.head.last, network.ground.coarse_head):
        layer.weight.data.mul_(1000)
    for layer in (network.figures.head.last, network.figures.coarse_head):
        layer.weight.data.mul_(60)
    latents = made.encode(passing()[0])
    mean, std = latents.mean(0), latents.std(0)
    out, size = network.encoder.out, TINY.latent
    with torch.no_grad():
        out.bias[:size] = (out.bias[:size] - mean) / std
        out.weight[:size] /= std[:, None]
    return made


@pytest.fixture(scope="module")
def dream(learner, tmp_path_factory):
    footage = Footage(passing()[0], ((0, COUNT),), 25.0, (), "0" * 64, ())
    path = tmp_path_factory.mktemp("dream") / "two.onnx"
    dream_file.export(parts.of(learner, footage), path, "two-stream", 25.0, "Two", {"licence": "ours"})
    return read.load(path)


class Show:
    """Plays the dream."""

    def __init__(self, dream):
        self.table, self.player = dream_parameters.of(dream, 1), Player(dream, cpu.load)
        self.set()

    def set(self, **values):
        for name, value in values.items():
            self.table.set(f"dream/{name}", (value,))
        self.table.tick(60.0)  # nothing glides after this
        self.values = self.table.tick(0.0)

    def layers(self, steps=0):
        """Both layers after some steps."""
        for _ in range(steps):
            self.player.move(1, 25.0, self.values)
        if not steps:
            self.player.move(0, 25.0, self.values)
        self.player.draw(self.values)
        return {name: np.array(each, np.int16) for name, each in self.player.layers.items()}


def test_the_ground_is_the_picture_without_figures_and_the_mask_is_where_they_are():
    frames, there = passing()
    middle = motion.ground(frames)
    assert np.abs(middle * 255 - frames[0, 0, :, 0][None, None]).max() < 1.5
    found = motion.mask(torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255, torch.from_numpy(middle)).numpy()
    assert (found[there] > 0.9).all()
    wide = torch.nn.functional.max_pool2d(torch.from_numpy(there).float(), 7, 1, 3).numpy() > 0
    assert (found[~wide] < 0.1).all()


def test_a_mask_that_agrees_with_the_motion_costs_less_until_it_is_freed(learner):
    frames, _ = passing(8)
    pictures, middle = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255, learner.middle

    def gradient(done):
        learner.network.zero_grad()
        torch.manual_seed(0)
        loss(learner.network, pictures, TINY, done, middle)[0].backward()
        return float(learner.network.figures.coarse_head.bias.grad[48:].abs().sum())

    assert gradient(TINY.full_size_from / 2) > 2 * gradient(TINY.free_from)


def test_the_figures_have_their_ground_s_colour_where_the_mask_is_empty(learner):
    with torch.no_grad():
        drawn = learner.average(torch.randn(8, TINY.latent))
    assert float(drawn.mask.min()) < 0.1
    assert bool(((drawn.figures - drawn.ground).abs() <= 4 * drawn.mask + 1e-5).all())


def test_the_layers_make_the_picture_and_a_mute_leaves_the_ground(dream):
    show = Show(dream)
    layers = show.layers(3)
    assert list(layers) == ["background", "foreground"]
    assert (layers["background"][..., 3] == 255).all()
    assert layers["foreground"][..., 3].std() > 1
    show.table.set("layer/foreground/mute", (True,))
    show.set()
    alone = np.array(show.player.draw(show.values), np.int16)
    assert np.abs(alone - layers["background"]).max() <= 1


@pytest.mark.parametrize(("held", "still", "moving"), [("background", 0, 1), ("figures", 1, 0)])
def test_one_stream_is_held_while_the_other_goes_on(dream, held, still, moving):
    show = Show(dream)
    show.layers(3)
    show.set(**{f"hold_{held}": 1.0})
    before = list(show.layers(2).values())
    after = list(show.layers(8).values())
    apart = [np.abs(a - b)[..., 3 * k :].max() for k, (a, b) in enumerate(zip(before, after, strict=True))]
    if held == "background":
        apart[0] = np.abs(before[0] - after[0]).max()
    assert apart[still] <= 1
    assert apart[moving] > 3


@pytest.mark.parametrize(("moved", "kept"), [("background", "foreground"), ("figures", "background")])
def test_a_seed_changes_one_stream_at_once_and_leaves_the_other(dream, moved, kept):
    one, other = Show(dream), Show(dream)
    one.layers(4), other.layers(4)
    for each in (one, other):
        each.set(hold_background=1.0, hold_figures=1.0)
        each.layers(1)
    other.set(**{f"{moved}_seed": 0.61})
    a, b = one.layers(2), other.layers(2)
    changed = "background" if moved == "background" else "foreground"
    assert np.abs(a[changed] - b[changed]).max() > 3
    part = slice(3, 4) if kept == "foreground" else slice(0, 4)  # its colour outside of the mask is the ground's
    assert np.abs(a[kept] - b[kept])[..., part].max() <= 1


def test_mismatch_draws_the_ground_of_another_time_behind_the_same_figures(dream):
    show = Show(dream)
    before = show.layers(4)
    show.set(mismatch=1.0)
    after = show.layers()
    assert np.abs(before["background"] - after["background"]).max() > 3
    assert np.abs(before["foreground"] - after["foreground"])[..., 3].max() <= 1


def test_the_mask_s_gain_takes_the_figures_away_and_makes_them_solid(dream):
    show = Show(dream)
    alpha = show.layers(3)["foreground"][..., 3]
    show.set(mask=0.0)
    assert show.layers()["foreground"][..., 3].max() == 0
    show.set(mask=2.0)
    assert np.abs(show.layers()["foreground"][..., 3] - np.minimum(2 * alpha, 255)).max() <= 2


def test_a_picture_is_encoded_as_both_streams(dream):
    runner = cpu.load(dream.components["encode"])
    picture = np.full((1, SIDE, SIDE, 4), 255, np.uint8)
    picture[0, ..., :3] = passing()[0][5]
    found = runner({"image": picture})
    assert {name: value.shape for name, value in found.items()} == {
        "latent.background": (1, GROUND),
        "latent.figures": (1, TINY.latent - GROUND),
        "latent.elsewhere": (1, GROUND),
    }
    assert np.array_equal(found["latent.background"], found["latent.elsewhere"])
