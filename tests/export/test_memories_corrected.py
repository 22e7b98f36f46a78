"""The network that draws with memories, before it has learned anything: it lets them stand, and moves them rightly."""

import numpy as np
import pytest
import torch
from livedream_export.vae_rnn import memories
from livedream_export.vae_rnn.networks import Autoencoder
from livedream_export.vae_rnn.remembering import to_luma_chroma, to_rgb, warp

from tests.export import footage_frames, training

SIZES = [(32, 64), (288, 288)]  # height, width: small, and so large that colour is drawn at half the sides


def pictures(*frames) -> torch.Tensor:
    return torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).float() / 255


def smooth(seed, height, width) -> torch.Tensor:
    return pictures(footage_frames.canvas(seed, max(height, width))[:height, :width])


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size[1]}x{size[0]}")
def draw(request):
    """draw(first, second, weight, recall) with memories that are not moved."""
    height, width = request.param
    torch.manual_seed(0)
    autoencoder = Autoencoder(height, width, training.SMALL).eval()
    decoder, network = autoencoder.decoder, autoencoder.remembering
    z = torch.randn(1, training.SMALL.latent)

    @torch.no_grad()
    def drawn(first, second, weight=(1.0, 0.0), recall=1.0):
        features = decoder.body(z)
        prepare = network.prepare(to_luma_chroma(first)), network.prepare(to_luma_chroma(second))
        weighed, recall = torch.tensor([weight]), torch.tensor([[recall]])
        return network(features, decoder.coarse(features), z, torch.zeros_like(z), prepare, weighed, recall)

    drawn.two = smooth(1, height, width), smooth(2, height, width)
    return drawn


def distance(a, b) -> float:
    return float((a - b).abs().mean())


def test_a_memory_that_is_wholly_recalled_stands_nearly_as_it_is(draw):
    first, second = draw.two
    assert distance(draw(first, second), first) < 0.04
    assert distance(draw(first, second, (0.0, 1.0)), second) < 0.04
    assert distance(draw(first, second, (0.5, 0.5)), (first + second) / 2) < 0.04


def test_recall_at_0_leaves_memories_out(draw):
    first, second = draw.two
    assert distance(draw(first, second, recall=0.0), draw(second, first, recall=0.0)) < 0.02
    assert distance(draw(first, second, recall=0.0), first) > 0.1
    half = draw(first, second, recall=0.5)
    assert distance(half, first) < distance(draw(first, second, recall=0.0), first)


def test_which_of_two_memories_comes_first_makes_no_great_difference(draw):
    first, second = draw.two
    assert distance(draw(first, second, (0.5, 0.5)), draw(second, first, (0.5, 0.5))) < 0.02


def test_luma_and_colour_make_the_picture_again():
    picture = torch.rand(2, 3, 8, 8)
    split = to_luma_chroma(picture)
    assert torch.allclose(to_rgb(split[:, :1], split[:, 1:]), picture, atol=1e-5)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_memory_that_is_not_moved_is_the_same(height, width):
    prepare = Autoencoder(height, width, training.SMALL).remembering.prepare(to_luma_chroma(smooth(1, height, width)))
    moved = warp(prepare, torch.zeros(1, 2, height // 8, width // 8))
    assert torch.allclose(moved.luma, prepare.luma, atol=1e-4)
    assert torch.allclose(moved.colour, prepare.colour, atol=1e-4)


@pytest.mark.parametrize("pixels", [(4, 0), (0, 6), (-3, 5)])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_pan_is_undone(height, width, pixels):
    across, down = pixels
    whole = footage_frames.canvas(3, max(height, width) + 16)
    here, there = (pictures(whole[8 + y : 8 + y + height, 8 + x : 8 + x + width]) for x, y in ((0, 0), (across, down)))
    prepare = Autoencoder(height, width, training.SMALL).remembering.prepare
    motion = torch.tensor(pixels).float().view(1, 2, 1, 1).expand(1, 2, height // 8, width // 8)
    undone, wanted = warp(prepare(to_luma_chroma(here)), motion), prepare(to_luma_chroma(there))
    for found, right, unmoved in zip(undone, wanted, prepare(to_luma_chroma(here)), strict=True):
        inside = (..., slice(8, -8), slice(8, -8))
        assert distance(found[inside], right[inside]) < 0.15 * distance(unmoved[inside], right[inside])


def test_the_flow_that_is_measured_is_the_motion_that_is_drawn():
    """A picture half-way between two, from either."""
    frames = footage_frames.slide(5)
    first, between, second = (pictures(frames[k]) for k in (0, 2, 4))
    flow = torch.from_numpy(memories.optical_flow(frames[0], frames[4]).copy())[None]
    prepare = Autoencoder(64, 64, training.SMALL).remembering.prepare
    wanted = prepare(to_luma_chroma(between)).luma
    for picture, part in ((first, -0.5), (second, 0.5)):
        memory = prepare(to_luma_chroma(picture))
        inside = (..., slice(20, -20))
        left = distance(warp(memory, part * flow).luma[inside], wanted[inside])
        assert left < 0.3 * distance(memory.luma[inside], wanted[inside])
