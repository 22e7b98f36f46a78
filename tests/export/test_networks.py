"""The networks: sizes, the sampler, the parts of the decoder, and windows that cross no cut."""

import dataclasses

import numpy as np
import pytest
import torch
from livedream_export.motion_model import training as recurrent
from livedream_export.motion_model.networks import Recurrent
from livedream_export.vae_rnn.networks import Autoencoder

from livedream import UserError
from tests.export import training


@pytest.fixture
def network():
    """A network without mean shift, whose samples are its own."""
    torch.manual_seed(0)
    return Recurrent(dataclasses.replace(training.SMALL, anchor_pull=0.0))


def told(logits, means, std=0.0):
    """A prediction of K scalar components for one latent: as the network's forward gives it."""
    means = torch.tensor(means)[None, :, None].expand(-1, -1, training.SMALL.latent)
    return torch.tensor([logits]), means, torch.full_like(means, std)


def sampled(network, predicted, temperature, uniform, count=1):
    """The first latent of samples from zero."""
    z = training.SMALL.latent
    uniform = torch.as_tensor(uniform).float().reshape(-1, 1)
    predicted = [part.expand(len(uniform), *part.shape[1:]) for part in predicted]
    x, noise = torch.zeros(len(uniform), z), torch.randn(len(uniform), z)
    return network.sample(x, predicted, torch.tensor([temperature]), noise, uniform)[:, 0]


@pytest.mark.parametrize("size", [(32, 32), (32, 512), (384, 672), (288, 64)])
def test_every_size_in_multiples_of_32_goes_in_and_comes_out(size):
    autoencoder = Autoencoder(*size, training.SMALL)
    with torch.no_grad():
        mean, log_variance = autoencoder.encoder(torch.rand(1, 3, *size))
        assert mean.shape == log_variance.shape == (1, training.SMALL.latent)
        for autoencoder.decoder.full_size in (True, False):
            picture = autoencoder.decoder(mean)
            assert picture.shape == (1, 3, *size)
            assert 0 <= picture.min() <= picture.max() <= 1


def test_a_window_of_the_picture_is_what_the_whole_picture_has_there():
    """Large pictures are learned in windows; inside its margin a window must not know that it is one."""
    autoencoder = Autoencoder(384, 384, training.SMALL)
    decoder, z = autoencoder.decoder, torch.randn(1, training.SMALL.latent)
    with torch.no_grad():
        features = decoder.body(z)
        whole = decoder.fine(features, z)
        part = decoder.fine(features[:, :, 12:36, 6:30], z)
    expected = whole[:, :, 12 * 8 + 16 : 36 * 8 - 16, 6 * 8 + 16 : 30 * 8 - 16]
    assert torch.allclose(part[:, :, 16:-16, 16:-16], expected, atol=1e-5)


def test_temperature_0_takes_the_likeliest_mean(network):
    predicted = told([0.0, 2.0, 1.0], [-1.0, 3.0, 7.0], std=5.0)
    assert sampled(network, predicted, 0.0, [0.001, 0.3, 0.5, 0.999]).tolist() == pytest.approx([3.0] * 4)


def test_components_are_chosen_as_often_as_their_logits_say(network):
    logits = torch.tensor([0.0, 1.0, 2.0])
    predicted = told(logits.tolist(), [0.0, 1.0, 2.0])
    uniform = (torch.arange(30000) + 0.5) / 30000
    for temperature in (1.0, 2.0):
        chosen = sampled(network, predicted, temperature, uniform).round().int()
        share = torch.bincount(chosen, minlength=3) / len(uniform)
        assert share.tolist() == pytest.approx(torch.softmax(logits / temperature, 0).tolist(), abs=0.002)


def test_every_uniform_chooses(network):
    """Also the first and last of float32, and those on a border between two components."""
    predicted = told([0.3, -0.1, 0.7], [5.0, 5.0, 5.0])
    borders = torch.cumsum(torch.softmax(torch.tensor([0.3, -0.1, 0.7]), 0), 0)
    near = [f(b) for b in borders.numpy() for f in (np.float32, lambda b: np.nextafter(b, 2), lambda b: b - 6e-8)]
    uniform = np.array([2.0**-24, 1 - 2.0**-24, *near], np.float32)
    assert sampled(network, predicted, 1.0, uniform).tolist() == pytest.approx([5.0] * len(uniform), abs=1e-4)


def test_temperature_widens(network):
    predicted = told([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], std=1.0)
    uniform = torch.rand(4000)
    for temperature in (0.5, 1.0, 2.0):
        spread = float(sampled(network, predicted, temperature, uniform).std())
        assert spread == pytest.approx(temperature, rel=0.1)


def test_likelihood_is_that_of_a_gaussian_mixture(network):
    x, following = torch.randn(4, 8), torch.randn(4, 8)
    state = torch.zeros(4, training.SMALL.state)
    network.step_scale.copy_(torch.rand(8) + 0.5)
    _, logits, means, stds = network(x, state)
    step = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(logits=logits),
        torch.distributions.Independent(torch.distributions.Normal(means, stds), 1),
    )
    expected = -step.log_prob((following - x) / network.step_scale).mean() / 8
    found = network.negative_log_likelihood(x, following, (logits, means, stds))
    assert float(found.detach()) == pytest.approx(float(expected.detach()), rel=1e-4)


def test_windows_never_cross_a_cut():
    segments = [(0, 30), (30, 35), (35, 36), (36, 100)]
    starts = recurrent.window_starts(segments, 16)
    assert len(starts) == (30 - 16) + (64 - 16)
    shot = np.repeat(np.arange(4), [b - a for a, b in segments])
    for start in starts:
        assert len(set(shot[start : start + 17])) == 1


def test_windows_are_as_long_as_most_of_the_footage_allows():
    assert recurrent.window_length([(0, 500)], 48) == 48
    assert recurrent.window_length([(0, 21), (21, 41), (41, 60), (60, 160)], 48) == 19
    assert recurrent.window_length([(k * 5, k * 5 + 5) for k in range(50)] + [(250, 270)], 48) == 8
    with pytest.raises(UserError, match="longest shot without a cut is 8 frames"):
        recurrent.window_length([(0, 8), (8, 12)], 48)


def test_pace_is_of_steps_inside_shots_and_never_nothing(network):
    latents = torch.zeros(40, 8)
    latents[20:] = 100.0  # at a cut
    latents[:, 0] += torch.arange(40) * 0.5
    recurrent.measure(network, latents, [(0, 20), (20, 40)])
    assert float(network.step_scale[0] * network.std[0]) == pytest.approx(0.5, rel=1e-3)
    assert float(network.step_scale[1]) == pytest.approx(1e-3)
    recurrent.measure(network, torch.ones(40, 8), [(0, 40)])  # nothing moves
    assert torch.isfinite((torch.ones(8) - network.mean) / network.std / network.step_scale).all()


def test_what_strays_sideways_is_drawn_back_to_the_footage_and_what_rests_is_moved_on(network):
    """The footage is a line; beside it there is a pull to it, and a network that stays is led along it."""
    latents = torch.zeros(400, 8)
    latents[:, 0] = torch.linspace(-10, 10, 400)
    recurrent.measure(network, latents, [(0, 400)])
    network.anchor_pull = 0.2
    white = (latents[200:201] - network.mean) / network.std
    beside = white.clone()
    beside[:, 1] += 3
    here = torch.cat([white, beside])
    step = network.step_scale[0]
    resting, going = network.led(here, here), network.led(here, here + torch.eye(8)[:1] * step)
    assert float(resting[1, 1] - white[0, 1]) == pytest.approx(0.8 * 3, abs=0.01)
    assert torch.all((resting - here)[:, 0] >= 0.65 * step)
    assert torch.allclose((going - here)[:, 0], step, rtol=0.02)  # what keeps pace is left alone


def test_a_network_that_has_learned_nothing_does_not_run_away_in_learning():
    """Its own samples are kept near the truth: without that, one wild answer makes the next one wilder."""
    hp = dataclasses.replace(training.SMALL, rollout_steps=16, sequence=20, anchor_pull=0.0)
    wild = Recurrent(hp)
    wild.out.bias.data.normal_(0, 50)
    white = torch.randn(200, hp.latent).cumsum(0) * 0.05
    recurrent.measure(wild, white, [(0, 200)])
    heard = []
    wild.cell.register_forward_pre_hook(lambda cell, arguments: heard.append(arguments[0]))
    loss = recurrent.window_loss(wild, white, np.arange(16), 20, hp)
    far = (hp.max_drift * wild.step_scale).max() + white.abs().max()
    assert loss.isfinite()
    assert max(x.abs().max() for x in heard[-hp.rollout_steps + 8 :]) <= far
    _, _, _, stds = wild(white[:4], torch.zeros(4, hp.state))
    assert stds.max() <= hp.max_std + hp.min_std
