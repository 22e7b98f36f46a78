"""From which frames a dream learns what its memories lack: never from the frame itself, never from one left out."""

import numpy as np
import pytest
import torch
from livedream_export.material import held_out
from livedream_export.vae_rnn import correction
from livedream_export.vae_rnn.appearance import Appearance
from livedream_export.vae_rnn.correction import BESIDE, Examples
from livedream_export.vae_rnn.networks import Autoencoder

from tests.export import footage_frames, training

FPS = 25.0
SEGMENTS = [(0, 120), (120, 300)]


@pytest.fixture(scope="module")
def frames():
    return footage_frames.round_trip(300)


@pytest.fixture
def examples(frames):
    return made_of(frames, np.flatnonzero(~held_out(300, FPS)), SEGMENTS)


def made_of(frames, allowed, segments) -> Examples:
    return Examples(frames, allowed, segments, np.random.default_rng(0), Appearance(frames, allowed))


def by_kind(examples, monkeypatch, kind, count=150):
    monkeypatch.setattr(correction, "SHARES", tuple(float(kind == each) for each in correction.KINDS))
    return [examples.one() for _ in range(count)]


def test_no_frame_that_is_left_out_is_ever_learned_from(examples):
    allowed = set(examples.allowed.tolist())
    assert set(range(225, 250)).isdisjoint(allowed)
    made = [examples.one() for _ in range(400)]
    assert all({each.wanted, *each.memories} <= allowed for each in made)
    assert len({each.wanted for each in made}) > 150
    assert all(sum(each.weight) == pytest.approx(1) for each in made)
    assert all(each.motion.shape == (2, 4, 4) for each in made)


def test_what_is_found_is_never_the_frame_itself_nor_one_beside_it_and_looks_like_it(examples, frames, monkeypatch):
    made = by_kind(examples, monkeypatch, "found")
    assert min(abs(each.wanted - k) for each in made for k in each.memories) > BESIDE
    unlike = np.mean([np.abs(frames[each.wanted] - frames[each.memories[0]].astype(int)).mean() for each in made])
    by_chance = np.abs(frames[:150] - frames[149::-1].astype(int)).mean()
    assert unlike < 0.5 * by_chance


def test_between_two_frames_lies_the_one_that_is_wanted_and_no_cut(examples, monkeypatch):
    made = [each for each in by_kind(examples, monkeypatch, "between") if each.motion.any()]
    assert len(made) > 50
    for each in made:
        first, second = sorted(each.memories)
        assert first < each.wanted < second <= first + 6
        assert not first < 120 <= second


def test_moved_to_between_the_memory_looks_like_what_is_wanted(monkeypatch):
    """The flow's sign and size, as training takes them."""
    frames = footage_frames.slide(60)
    examples = made_of(frames, np.arange(60), [(0, 60)])
    made = [each for each in by_kind(examples, monkeypatch, "between", 40) if each.motion.any()]
    moved, unmoved = [], []
    seen = Autoencoder(64, 64, training.SMALL).remembering.prepare
    for each in made:
        wanted, memory = (
            seen(correction.to_luma_chroma(torch.from_numpy(frames[k]).permute(2, 0, 1)[None].float()))
            for k in (each.wanted, each.memories[0])
        )
        warped = correction.warp(memory, torch.from_numpy(each.motion)[None])
        inside = (..., slice(12, -12))
        moved.append(float((warped.luma - wanted.luma)[inside].abs().mean()))
        unmoved.append(float((memory.luma - wanted.luma)[inside].abs().mean()))
    assert len(made) > 20
    assert np.median(moved) < 0.35 * np.median(unmoved)


def test_an_exact_memory_is_the_frame_itself_with_a_latent_that_trembles(examples, monkeypatch):
    for each in by_kind(examples, monkeypatch, "exact", 20):
        assert (each.memories[0], each.weight) == (each.wanted, (1.0, 0.0))
        assert each.tremble > 0


@pytest.mark.parametrize("count", [9, 20])
def test_of_twenty_frames_there_are_examples_too(count):
    frames = footage_frames.round_trip(count, period=count)
    examples = made_of(frames, np.arange(count), [(0, count)])
    made = [examples.one() for _ in range(100)]
    assert all(0 <= k < count for each in made for k in each.memories)


def test_a_batch_says_how_far_its_latents_are_from_what_the_memories_show(examples):
    torch.manual_seed(0)
    latents = 3 * torch.randn(300, 8) + 1
    made = correction.make_batch(examples, latents, 24, torch.device("cpu"))
    assert made.memories.shape == (24, 2, 3, 32, 32)
    assert made.motion.shape == (24, 2, 4, 4)
    assert torch.allclose((made.latent - latents.mean(0)) / latents.std(0), made.white, atol=1e-4)
    assert 0 <= made.wanted.min() <= made.wanted.max() <= 1
    assert made.away.square().mean() > 0.1
