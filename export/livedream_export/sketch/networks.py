"""The networks of a sketch dream (Ha and Eck 2017): an encoder of drawings, and one that draws with a pen.

The encoder reads a drawing forwards and backwards and makes a latent of it. The drawing network is an LSTM that is told
at every point the latent and, what theirs is not, where the pen is, so that lines meet and nothing leaves the page. It
predicts a mixture of Gaussians for the way to the next point, and whether the pen then stays down, is lifted, or has
ended.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .recipe import Recipe

FLAGS = 3  # pen down, lifted, ended
ROW = 2 + FLAGS


class Mixture(NamedTuple):
    """What may come next, for each of B points.

    Attributes:
        logits: of the components, [B, K].
        mean: of the way (x, y), [B, K, 2].
        log_std: its standard deviation's logarithm, [B, K, 2].
        bend: correlation of x and y, [B, K].
        flags: logits of the flags, [B, 3].
    """

    logits: Tensor
    mean: Tensor
    log_std: Tensor
    bend: Tensor
    flags: Tensor


class Encoder(nn.Module):
    """Turns drawings [B, N, 5], their ends filled up, into mean and log variance of a latent [B, Z]."""

    def __init__(self, recipe: Recipe):
        super().__init__()
        self.lstm = nn.LSTM(ROW, recipe.encoder, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * recipe.encoder, 2 * recipe.latent)

    def forward(self, rows: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        packed = nn.utils.rnn.pack_padded_sequence(rows, lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (state, _) = self.lstm(packed)
        mean, log_variance = self.out(torch.cat([state[0], state[1]], 1)).chunk(2, 1)
        return mean, log_variance.clamp(-12, 4)


class Pen(nn.Module):
    """Draws: an LSTM and the mixture that it predicts."""

    def __init__(self, recipe: Recipe):
        super().__init__()
        self.mixtures = recipe.mixtures
        self.begin = nn.Linear(recipe.latent, 2 * recipe.state)
        self.lstm = nn.LSTM(ROW + 2 + recipe.latent, recipe.state, batch_first=True)
        self.out = nn.Linear(recipe.state, 6 * recipe.mixtures + FLAGS)

    def start(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """Return the state before the first point, two of [B, S], for latents [B, Z]."""
        h, c = torch.tanh(self.begin(latent)).chunk(2, 1)
        return h, c

    def predict(self, state: Tensor) -> Mixture:
        """Return what may come next, of states [B, S]."""
        out = self.out(state).float()
        k = self.mixtures
        logits, x, y, sx, sy, bend, flags = out.split([k, k, k, k, k, k, FLAGS], 1)
        mean, log_std = torch.stack([x, y], 2), torch.stack([sx, sy], 2).clamp(-7, 2)
        return Mixture(logits, mean, log_std, 0.98 * torch.tanh(bend), flags)

    def forward(self, rows: Tensor, latent: Tensor, mask: Tensor | None = None) -> Mixture:
        """Return what may come next at every point.

        Args:
            rows: the points before, [B, N, 5].
            latent: [B, Z].
            mask: by which states are multiplied, [B, S], or None.
        """
        h, c = self.start(latent)
        places = rows[..., :2].cumsum(1)
        told = torch.cat([rows, places, latent[:, None].expand(-1, rows.shape[1], -1)], 2)
        states, _ = self.lstm(told, (h[None], c[None]))
        if mask is not None:
            states = states * mask[:, None]
        return self.predict(states.flatten(0, 1))

    def step(self, row: Tensor, place: Tensor, latent: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Return the state [B, S], in two parts, after one more point [B, 5], which lies at a place [B, 2]."""
        of_input, of_state, bias, more = self.lstm.parameters()
        gates = torch.cat([row, place, latent], 1) @ of_input.T + bias + h @ of_state.T + more
        enter, keep, change, show = gates.chunk(4, 1)
        c = torch.sigmoid(keep) * c + torch.sigmoid(enter) * torch.tanh(change)
        return torch.sigmoid(show) * torch.tanh(c), c


def negative_log_likelihood(found: Mixture, rows: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:
    """Return how unlikely points were, in nats a point: the way to them, and their flags.

    Args:
        found: for B points.
        rows: the points, [B, 5].
        inside: 1 where a point belongs to a drawing, [B]; ways are counted there, flags everywhere.
    """
    off = (rows[:, None, :2] - found.mean) * torch.exp(-found.log_std)
    bend = found.bend
    square = off.square().sum(2) - 2 * bend * off[..., 0] * off[..., 1]
    straight = 1 - bend.square()
    density = -0.5 * square / straight - found.log_std.sum(2) - 0.5 * straight.log() - 1.8378771
    way = -torch.logsumexp(F.log_softmax(found.logits, 1) + density, 1)
    flags = F.cross_entropy(found.flags, rows[:, 2:].argmax(1), reduction="none")
    count = inside.sum().clamp(min=1)
    return (way * inside).sum() / count, (flags * inside).sum() / count


def first(count: int) -> Tensor:
    """Return what the pen is told before the first point, [B, 1, 5]: it has stood still, and is lifted."""
    row = torch.zeros(count, 1, ROW)
    row[:, :, 3] = 1
    return row


class Sketcher(nn.Module):
    """Encoder and pen.

    Attributes:
        unit: root mean square of the ways between points, in which the pen works.
    """

    unit: Tensor

    def __init__(self, recipe: Recipe):
        super().__init__()
        self.encoder, self.pen = Encoder(recipe), Pen(recipe)
        self.register_buffer("unit", torch.ones(()))
