"""Training the recurrent network on the latents of the footage, against its own drift."""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor

from livedream import UserError

from . import bridges
from .descent import Descent
from .hyperparameters import Hyperparameters
from .networks import Recurrent
from .torch_device import half_precision

SHORTEST = 8  # steps; a shot in which not even these fit teaches no motion
LOOKED_AT = 300  # frames at most, to see whether anything moves
CELLS = 8  # on a side of a picture; what moves changes the mean of one by
MOVES = 3.0  # grey levels at least, as the noise of a coded still does not


def measure(network: Recurrent, latents: Tensor, segments) -> None:
    """Set mean, deviation, pace and anchors from the footage's latents [N, Z]; a step across a cut does not count."""
    network.mean.copy_(latents.mean(0))
    network.deviation.copy_(latents.std(0).clamp(min=1e-3))
    white = (latents - network.mean) / network.deviation
    steps = torch.cat([white[a + 1 : b] - white[a : b - 1] for a, b in segments])
    network.pace.copy_(steps.square().mean(0).sqrt().clamp(min=1e-3))
    ways, runs = bridges.build(white, segments)
    ways = torch.cat([ways[a:b] for a, b in runs])
    network.anchors = ways[torch.linspace(0, len(ways) - 1, min(network.most_anchors, len(ways))).long()].clone()


def must_move(frames: np.ndarray) -> None:
    """Raise UserError for footage, uint8 [N, H, W, 3], in which nothing moves: it would teach no motion."""
    some = np.random.default_rng(0).permutation(len(frames))[:LOOKED_AT]  # by chance, as loops would hide from a rhythm
    height, width = frames.shape[1:3]
    shape = CELLS, height // CELLS, CELLS, width // CELLS, 3
    cells = np.stack([frames[k].reshape(shape).mean((1, 3)) for k in np.sort(some)])
    if np.ptp(cells, axis=0).max() < MOVES:
        raise UserError("footage: nothing moves in it, all its pictures are alike; choose footage that moves")


def window_length(segments, longest: int) -> int:
    """Steps of a training window: as many as fit into the shots that hold four fifths of the footage, at most
    `longest`. UserError when all shots are too short to learn motion from."""
    steps = np.sort([b - a - 1 for a, b in segments])
    held = np.cumsum((steps + 1)[::-1])[::-1] / np.sum(steps + 1)  # share of the footage in shots that long
    fitting = max(int(steps[held >= 0.8].max()), min(SHORTEST, int(steps.max())))
    if fitting < SHORTEST:
        raise UserError(
            f"footage: its longest shot without a cut is {int(steps.max()) + 1} frames; motion needs {SHORTEST + 1}: "
            "add footage with longer shots"
        )
    return min(longest, fitting)


def window_starts(segments, length: int) -> np.ndarray:
    """First frames of all windows of `length` + 1 latents that cross no cut."""
    return np.concatenate([np.arange(a, max(a, b - length)) for a, b in segments]).astype(np.int64)


def window_loss(network: Recurrent, white: Tensor, starts: np.ndarray, length: int, hp: Hyperparameters) -> Tensor:
    """Mean negative log likelihood over windows of `length` steps of the whitened latents [N, Z].

    First the network hears the footage with noise added (from none to `input_noise` paces, drawn for each window), so
    that it learns to come back to the footage from beside it; then it hears its own samples while the truth goes on
    (scheduled sampling, Bengio et al. 2015), so that it learns to come back from where it really strays to.
    """
    device, count = white.device, len(starts)
    window = white[(torch.from_numpy(starts)[:, None] + torch.arange(length + 1)).to(device)]
    own = min(hp.own_steps, length // 2)
    hears = length - own
    strength = hp.input_noise * torch.rand(count, 1, 1, device=device) ** 2
    heard = window[:, :hears] + strength * network.pace * torch.randn_like(window[:, :hears])
    state, states = torch.zeros(count, hp.state, device=device), []
    for t in range(hears):
        state = network.cell(heard[:, t], state)
        states.append(state)
    predicted = network.predict(torch.stack(states, 1).flatten(0, 1))
    following = window[:, 1 : hears + 1].flatten(0, 1)
    total = hears * network.negative_log_likelihood(heard.flatten(0, 1), following, predicted)
    here, predicted = heard[:, -1], network.predict(state)
    one = torch.ones(1, device=device)
    for t in range(hears, length):
        with torch.no_grad():
            uniform = torch.rand(count, 1, device=device)
            here = network.homeward(network.sample(here, predicted, one, torch.randn_like(here), uniform))
            truth, far = window[:, t], hp.farthest * network.pace
            here = torch.minimum(torch.maximum(here, truth - far), truth + far)
        state, *predicted = network(here, state)
        total = total + network.negative_log_likelihood(here, window[:, t + 1], predicted)
    return total / length


def learn(
    descent: Descent,
    latents: Tensor,
    segments,
    hp: Hyperparameters,
    rng: np.random.Generator,
    times: Iterable[float],
    tell: Callable[[float], None],
) -> None:
    """One step for each of `times`: how much of this spell's time has passed, 0 to 1.

    latents: f32 [N, Z] on the network's device. tell(loss) comes after each step. Raises Diverged.
    """
    network = descent.network.train()
    measure(network, latents, segments)
    white = (latents - network.mean) / network.deviation
    white, runs = bridges.build(white, segments)
    length = window_length(runs, hp.sequence)
    starts = window_starts(runs, length)
    for done in times:
        with half_precision(white.device):
            loss = window_loss(network, white, rng.choice(starts, hp.windows), length, hp)
        if descent.step(loss, hp.recurrent_rate * max(0.02, min(1.0, 1.5 * (1 - done)))):
            tell(float(loss.detach()))
