"""Training the recurrent network on the latents of the footage, against its own drift."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from .hyperparameters import Hyperparameters
from .networks import Recurrent


def measure(network: Recurrent, latents: Tensor, segments) -> None:
    """Set mean, deviation and pace from the footage's latents [N, Z]; a step across a cut does not count."""
    network.mean.copy_(latents.mean(0))
    network.deviation.copy_(latents.std(0).clamp(min=1e-3))
    white = (latents - network.mean) / network.deviation
    steps = torch.cat([white[a + 1 : b] - white[a : b - 1] for a, b in segments if b - a > 1])
    network.pace.copy_(steps.square().mean(0).sqrt().clamp(min=1e-3))


def window_starts(segments, length: int) -> np.ndarray:
    """First frames of all windows of `length` + 1 latents that cross no cut."""
    return np.concatenate([np.arange(a, max(a, b - length)) for a, b in segments]).astype(np.int64)


def window_loss(
    network: Recurrent, white: Tensor, starts: np.ndarray, length: int, hp: Hyperparameters
) -> Tensor:
    """Mean negative log likelihood over windows.

    First the network hears the footage with noise added (from none to `input_noise` paces, drawn for each window), so it
    learns to come back to the footage from beside it; then it hears its own samples while the truth goes on
    (scheduled sampling, Bengio et al. 2015), so it learns to come back from where it really strays to.
    """
    device = white.device
    window = white[(torch.from_numpy(starts)[:, None] + torch.arange(length + 1)).to(device)]
    strength = hp.input_noise * torch.rand(len(starts), 1, device=device) ** 2
    state = torch.zeros(len(starts), hp.state, device=device)
    one = torch.ones(1, device=device)
    own = min(hp.own_steps, length // 2)
    total = 0.0
    heard = window[:, 0]
    for t in range(length):
        if t < length - own:
            heard = window[:, t] + strength * network.pace * torch.randn_like(window[:, t])
        state, *predicted = network(heard, state)
        total = total + network.negative_log_likelihood(heard, window[:, t + 1], predicted)
        if t >= length - own - 1:
            with torch.no_grad():
                noise = torch.randn_like(heard)
                uniform = torch.rand(len(starts), 1, device=device)
                heard = network.sample(heard, predicted, one, noise, uniform)
    return total / length


def learn(
    network: Recurrent,
    optimizer: torch.optim.Optimizer,
    latents: Tensor,
    segments,
    hp: Hyperparameters,
    rng: np.random.Generator,
    remaining: Callable[[], float],
    tell: Callable[[float], None],
) -> None:
    """Train until remaining() (share of this spell's time, 1 falling to 0) is used up. tell(loss) follows each step."""
    measure(network, latents, segments)
    white = (latents - network.mean) / network.deviation
    length = min(hp.sequence, max(b - a for a, b in segments) - 1)
    starts = window_starts(segments, length)
    network.train()
    while (left := remaining()) > 0:
        for group in optimizer.param_groups:
            group["lr"] = hp.recurrent_rate * max(0.02, min(1.0, 1.5 * left))
        loss = window_loss(network, white, rng.choice(starts, hp.windows), length, hp)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        tell(float(loss.detach()))
    network.eval()
