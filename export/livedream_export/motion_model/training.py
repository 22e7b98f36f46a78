"""Trains the recurrent network on the latents of the footage, against its own drift."""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor

from livedream import UserError

from ..arrays import Indices, Rgb, Segments
from ..safe_optimizer import SafeOptimizer
from ..torch_device import half_precision
from . import bridges
from .networks import Recurrent
from .recipe import MotionRecipe

SHORTEST = 8  # steps that a shot must have to teach motion
SAMPLED = 300  # most frames that are compared to find out whether anything moves
CELLS = 8  # cells on a side of a picture, whose means are compared
MOVES = 3.0  # grey levels by which the mean of a cell must change; the noise of a coded still changes it by less


def measure(network: Recurrent, latents: Tensor, segments: Segments) -> None:
    """Set mean, std, step_scale and anchors from the footage's latents [N, Z]; steps across cuts do not count."""
    network.mean.copy_(latents.mean(0))
    network.std.copy_(latents.std(0).clamp(min=1e-3))
    white = (latents - network.mean) / network.std
    steps = torch.cat([white[a + 1 : b] - white[a : b - 1] for a, b in segments])
    network.step_scale.copy_(steps.square().mean(0).sqrt().clamp(min=1e-3))
    ways, runs = bridges.build(white, segments)
    here = torch.cat([torch.arange(a, b - 1) for a, b in runs])  # the last of a run leads nowhere
    here = here[torch.linspace(0, len(here) - 1, min(network.most_anchors, len(here))).long()]
    network.anchors, network.onward = ways[here].clone(), ways[here + 1].clone()


def must_move(frames: Rgb) -> None:
    """Raise UserError for footage [N, H, W, 3] in which nothing moves: it would teach no motion."""
    some = np.random.default_rng(0).permutation(len(frames))[:SAMPLED]  # at random: regular sampling could miss a loop
    height, width = frames.shape[1:3]
    shape = CELLS, height // CELLS, CELLS, width // CELLS, 3
    cells = np.stack([frames[k].reshape(shape).mean((1, 3)) for k in np.sort(some)])
    if np.ptp(cells, axis=0).max() < MOVES:
        raise UserError("footage: nothing moves in it, all its pictures are alike; choose footage that moves")


def window_length(segments: Segments, longest: int) -> int:
    """Return the steps of a training window: as many as fit into the shots that hold four fifths of the footage.

    It is at most `longest`. Raises UserError when all shots are too short to learn motion from.
    """
    steps = np.sort([b - a - 1 for a, b in segments])
    held = np.cumsum((steps + 1)[::-1])[::-1] / np.sum(steps + 1)  # share of the footage in shots at least as long
    fitting = max(int(steps[held >= 0.8].max()), min(SHORTEST, int(steps.max())))
    if fitting < SHORTEST:
        raise UserError(
            f"footage: its longest shot without a cut is {int(steps.max()) + 1} frames; motion needs {SHORTEST + 1}: "
            "add footage with longer shots"
        )
    return min(longest, fitting)


def window_starts(segments: Segments, length: int) -> Indices:
    """Return the first frames of all windows of `length` + 1 latents that cross no cut."""
    return np.concatenate([np.arange(a, max(a, b - length)) for a, b in segments]).astype(np.int64)


def window_loss(network: Recurrent, white: Tensor, starts: Indices, length: int, hp: MotionRecipe) -> Tensor:
    """Return the mean negative log likelihood over windows of `length` steps of the whitened latents [N, Z].

    First the network gets the footage with noise added (up to `input_noise` steps of the footage, chosen for each
    window), so that it learns to return to the footage from beside it; then its own samples while the truth goes on
    (scheduled sampling, Bengio et al. 2015), so that it learns to return from where it really drifts to.
    """
    device, count = white.device, len(starts)
    window = white[(torch.from_numpy(starts)[:, None] + torch.arange(length + 1)).to(device)]
    forced = length - min(hp.rollout_steps, length // 2)
    strength = hp.input_noise * torch.rand(count, 1, 1, device=device) ** 2
    inputs = window[:, :forced] + strength * network.step_scale * torch.randn_like(window[:, :forced])
    state, states = torch.zeros(count, hp.state, device=device), []
    for t in range(forced):
        state = network.cell(inputs[:, t], state)
        states.append(state)
    predicted = network.predict(torch.stack(states, 1).flatten(0, 1))
    following = window[:, 1 : forced + 1].flatten(0, 1)
    total = forced * network.negative_log_likelihood(inputs.flatten(0, 1), following, predicted)
    here, predicted = inputs[:, -1], network.predict(state)
    one = torch.ones(1, device=device)
    for t in range(forced, length):
        with torch.no_grad():
            uniform = torch.rand(count, 1, device=device)
            here = network.led(here, network.sample(here, predicted, one, torch.randn_like(here), uniform))
            truth, far = window[:, t], hp.max_drift * network.step_scale
            here = torch.minimum(torch.maximum(here, truth - far), truth + far)
        state, *predicted = network(here, state)
        total = total + network.negative_log_likelihood(here, window[:, t + 1], predicted)
    return total / length


def learn(
    optimizer: SafeOptimizer[Recurrent],
    latents: Tensor,
    segments: Segments,
    hp: MotionRecipe,
    rng: np.random.Generator,
    times: Iterable[float],
    tell: Callable[[float], None],
) -> None:
    """Train the recurrent network, one step for each of `times`.

    Args:
        optimizer: of the recurrent network.
        latents: of the footage, f32 [N, Z], on the network's device.
        segments: the shots.
        hp: the recipe.
        rng: chooses windows.
        times: before each step, the share of this phase's time that has passed, 0 to 1.
        tell: called with the loss after each step.

    Raises:
        Diverged: too many losses in a row were not finite.
    """
    network = optimizer.network.train()
    measure(network, latents, segments)
    white = (latents - network.mean) / network.std
    white, runs = bridges.build(white, segments)
    length = window_length(runs, hp.sequence)
    starts = window_starts(runs, length)
    for done in times:
        with half_precision(white.device):
            loss = window_loss(network, white, rng.choice(starts, hp.windows), length, hp)
        if optimizer.step(loss, hp.recurrent_learning_rate * max(0.02, min(1.0, 1.5 * (1 - done)))):
            tell(float(loss.detach()))
