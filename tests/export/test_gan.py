"""A gan dream: its prior goes both ways, what it draws is various and new, and a collapse is said."""

import dataclasses

import numpy as np
import pytest
import torch
from livedream_export import kinds
from livedream_export.gan import collage, parts, train
from livedream_export.gan.components import Axes
from livedream_export.gan.networks import Critic, Flow, augmented
from livedream_export.gan.recipe import Recipe

from livedream.backend import cpu
from livedream.dream import read
from livedream.loop import offline
from livedream.play.recall import Recall
from tests.export import every_kind, training

SMALL = dataclasses.replace(Recipe(), **every_kind.ROWS["gan"].recipe)
SMALL = dataclasses.replace(SMALL, learning_rate=5e-3, ema_decay=0.95, batch=16)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A tiny training on pictures of several sizes: the dream, and what was said."""
    folder = tmp_path_factory.mktemp("gan")
    given = kinds.options("gan", [every_kind.pictures(folder)], out=folder / "squares.onnx", size="32", minutes=0.5)
    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.setattr(train.Run, "judge", lambda self: "")
        patch.setattr(parts, "DRAWN", 48)
        run = train.Run(given, SMALL, now=training.counter(0.015))
        patch.setattr(run.progress, "line", said.append)
        dream = read.load(run.run())
        return dream, said


def rendered(dream, latents, **controls):
    decode, recall, found = cpu.load(dream.components["decode"]), Recall(dream, cpu.load), []
    controls = {"control.recall": np.ones(1, np.float32), **controls}
    for each in latents:
        given = {"latent": each[None]}
        found.append(np.array(decode(given | recall(given) | controls)["frame"])[..., :3])
    return np.concatenate(found)


def test_the_prior_learns_where_latents_lie_and_goes_both_ways():
    torch.manual_seed(0)
    flow = Flow(4, SMALL)
    normal = torch.randn(64, 4)
    assert torch.equal(flow(normal), normal)  # untrained, it changes nothing
    two = torch.randint(0, 2, (512, 1)) * 4.0 - 2 + 0.3 * torch.randn(512, 4)  # two heaps, in a corner each
    optimizer = torch.optim.Adam(flow.parameters(), 3e-3)
    before = flow.loss(two).item()
    for _ in range(200):
        optimizer.zero_grad()
        flow.loss(two).backward()
        optimizer.step()
    assert flow.loss(two).item() < before - 1
    with torch.no_grad():
        drawn = flow(torch.randn(400, 4))
        assert (drawn.mean(1).abs() > 1).float().mean() > 0.7  # few lie between the heaps
        assert torch.allclose(flow.back(flow(normal))[0], normal, atol=1e-3)


def test_axes_whiten_latents_even_where_nothing_varies():
    latents = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32) * (3, 0.5, 0) + 1
    axes = Axes(3)
    axes.measure(latents.astype(np.float32))
    found = axes.white(torch.from_numpy(latents.astype(np.float32)))
    assert torch.allclose(found.std(0)[:2], torch.ones(2), atol=0.02)
    assert torch.allclose(axes.latent(found), torch.from_numpy(latents.astype(np.float32)), atol=1e-4)


def test_gradients_pass_through_augmentation_and_critic():
    pictures = torch.rand(3, 3, 32, 64, requires_grad=True)
    said = Critic(SMALL)(augmented(pictures))
    sum(each.sum() for each in said).backward()
    assert {len(each) for each in said} == {3}
    assert all(each.abs().max() > 0 for each in pictures.grad)


def test_its_latents_are_standard_normal_and_walked_by_slerp(made):
    dream, _ = made
    assert dream.interpolation == "slerp"
    assert not dream.mean.any()
    assert np.all(dream.std == 1)
    assert {"decode", "encode"} <= set(dream.components)
    assert 4 <= len(dream.scenes) <= 8
    assert 1 <= len({knob.name for knob in dream.directions}) == len(dream.directions) <= 8


def test_what_it_draws_varies_and_is_found_again(made):
    dream, _ = made
    latents = np.random.default_rng(1).standard_normal((12, SMALL.latent)).astype(np.float32)
    pictures = rendered(dream, latents).astype(int)
    assert np.abs(pictures - pictures.mean(0)).mean() > 1
    encode = cpu.load(dream.components["encode"])
    opaque = np.concatenate([pictures, np.full((*pictures.shape[:3], 1), 255)], 3).astype(np.uint8)
    found = np.concatenate([np.array(encode({"image": each[None]})["latent"]) for each in opaque])
    again = np.abs(rendered(dream, found) - pictures).mean()
    assert again < 0.8 * np.abs(pictures[1:] - pictures[:-1]).mean()  # nearer than another


def test_it_plays_without_a_jump(made):
    """Memories come and go as it walks, but no frame is as unlike the one before as other pictures are."""
    frames = np.stack([frame.pixels[..., :3] for frame in offline.frames(made[0], 100, 25.0, seed=1)]).astype(int)
    changes = np.abs(np.diff(frames, axis=0)).mean((1, 2, 3))
    drawn = rendered(made[0], np.random.default_rng(1).standard_normal((24, SMALL.latent)).astype(np.float32)).astype(
        int
    )
    unlike = np.abs(drawn[1:] - drawn[:-1]).mean()
    assert changes.mean() > 0
    assert changes.mean() < 0.2 * unlike
    assert changes.max() < 0.7 * unlike


def test_untrained_a_collage_takes_each_part_from_the_memory_that_fits_the_sketch(monkeypatch):
    monkeypatch.setattr(collage, "TERRITORY", 0.0)
    lay = collage.Collage(64, 64, SMALL)
    memories = torch.zeros(1, 2, 3, 64, 64)
    memories[0, 0, :, :, :32] = 0.3  # fits on the left
    memories[0, 1, :, :, :32], memories[0, 1, :, :, 32:] = 1.0, 0.6  # on the right
    wanted = torch.cat([memories[0, 0, :, :, :32], memories[0, 1, :, :, 32:]], 2)
    features = torch.zeros(1, SMALL.widths[1], 8, 8)
    plain = torch.nn.functional.avg_pool2d(wanted, 2)[None]
    zeros, both = torch.zeros(1, SMALL.latent), torch.full((1, 2), 0.5)
    given = features, plain, zeros, memories, zeros[:, None].expand(1, 2, -1), both
    with torch.no_grad():
        lay.likeness.fill_(6.0)
        full, none = (lay(*given, torch.full((1, 1), recall)) for recall in (1.0, 0.0))
    laid, even = (float((each - wanted).abs().mean()) for each in (full[0], memories[0].mean(0)))
    assert laid < 0.4 * even
    assert torch.allclose(none, torch.nn.functional.interpolate(plain, scale_factor=2, mode="bilinear"), atol=0.05)


def test_a_memorys_weight_is_nothing_where_the_next_takes_its_place():
    keys = torch.randn(40, 6)
    way = torch.lerp(torch.randn(1, 6), torch.randn(1, 6), torch.linspace(0, 1, 2000)[:, None])
    numbers, weights = collage.nearest(way, keys)
    each = torch.zeros(2000, 40).scatter(1, numbers, weights)
    assert torch.allclose(each.sum(1), torch.ones(2000), atol=1e-5)
    assert len(numbers.unique()) > collage.GIVEN  # memories come and go on the way
    assert (each[1:] - each[:-1]).abs().max() < 0.1
    without, _ = collage.nearest(keys, keys, torch.arange(40))
    assert not (without == torch.arange(40)[:, None]).any()


def test_a_collapse_is_said_while_it_trains(tmp_path, monkeypatch):
    class Unlike:
        """Stands for LPIPS, which is not installed everywhere: the mean difference in grey."""

        def __call__(self, a, b):
            return np.abs(a.astype(float) - b).mean((1, 2, 3))

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    given = kinds.options("gan", [every_kind.pictures(tmp_path)], out=tmp_path / "a.onnx", size="32", minutes=1.0)
    run = train.Run(given, SMALL, now=training.counter(0.02))
    run.prepare()
    said = []
    monkeypatch.setattr(run, "_alex", Unlike())
    monkeypatch.setattr(run.progress, "line", said.append)
    frames = np.array(run.footage.frames)
    monkeypatch.setattr(run, "_rendered", lambda given: given)
    monkeypatch.setattr(run, "_drawn", lambda count: frames[:count])
    run.watch()
    assert not said
    monkeypatch.setattr(run, "_drawn", lambda count: np.repeat(frames[:1], count, 0))
    run.watch()
    run.watch()
    assert [line for line in said if "collapsing" in line] == said
    assert len(said) == 1  # once
