"""The recurrent network (Graves 2013; Ha and Schmidhuber 2018).

A GRU predicts a mixture of Gaussians for the next latent, as a change from the present one.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..image_model.blocks import zero_bias
from .recipe import MotionRecipe

LEAST_PROGRESS = 0.7  # of the way that the footage goes in a step
Mixture = Sequence[Tensor]  # logits [B, K], means [B, K, Z] and standard deviations [B, K, Z] of a step


class Recurrent(nn.Module):
    """Turns latents into a distribution over the next latent.

    It works on whitened latents x = (z - mean) / std and predicts the step in units of `step_scale`, so that one recipe
    fits slow and fast footage.

    Attributes:
        mean: mean of the footage's latents, f32 [Z].
        std: their standard deviation, f32 [Z].
        step_scale: root mean square of the footage's steps, whitened, f32 [Z].
        anchors: whitened latents of the footage that a dream is led along, f32 [A, Z].
        onward: those that follow on each, f32 [A, Z].
    """

    mean: Tensor
    std: Tensor
    step_scale: Tensor
    anchors: Tensor
    onward: Tensor

    def __init__(self, hp: MotionRecipe):
        super().__init__()
        self.latent, self.mixtures = hp.latent, hp.mixtures
        self.min_std, self.max_std = hp.min_std, hp.max_std
        self.cell = nn.GRUCell(hp.latent, hp.state)
        self.hidden = nn.Linear(hp.state, hp.state)
        self.out = nn.Linear(hp.state, hp.mixtures * (1 + 2 * hp.latent))
        self.register_buffer("mean", torch.zeros(hp.latent))
        self.register_buffer("std", torch.ones(hp.latent))
        self.register_buffer("step_scale", torch.ones(hp.latent))
        self.most_anchors, self.anchor_pull, self.anchor_width = hp.anchors, hp.anchor_pull, hp.anchor_width
        for name in ("anchors", "onward"):  # not in a checkpoint: `training.measure` sets them again
            self.register_buffer(name, torch.zeros(1, hp.latent), persistent=False)
        zero_bias(self.out)
        self.out.weight.data.mul_(0.1)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Turn x [B, Z] and state [B, S] into the next state, logits [B, K], means and stds [B, K, Z]."""
        state = self.cell(x, state)
        return state, *self.predict(state)

    def predict(self, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Turn state [B, S] into the distribution of the next step: logits, means and stds, as in forward."""
        out = self.out(F.leaky_relu(self.hidden(state), 0.1)).float()
        of_all = self.mixtures * self.latent
        logits, means, spread = out.split([self.mixtures, of_all, of_all], dim=1)
        stds = F.softplus(spread.view(-1, self.mixtures, self.latent) - 1.0)
        stds = stds * self.max_std / (stds + self.max_std) + self.min_std
        return logits, means.view(-1, self.mixtures, self.latent), stds

    def negative_log_likelihood(self, x: Tensor, following: Tensor, predicted: Mixture) -> Tensor:
        """Return the mean over the following latents [B, Z], given x [B, Z]; in nats a latent dimension."""
        logits, means, stds = predicted
        step = ((following - x) / self.step_scale)[:, None]
        log_density = -0.5 * ((step - means) / stds).square() - stds.log() - 0.5 * math.log(2 * math.pi)
        mixed = torch.logsumexp(F.log_softmax(logits, 1) + log_density.sum(2), 1)
        return -mixed.mean() / self.latent

    def sample(self, x: Tensor, predicted: Mixture, temperature: Tensor, noise: Tensor, uniform: Tensor) -> Tensor:
        """Return the next whitened latent [B, Z].

        It uses neither ArgMax nor Gather, so that every ONNX provider runs it.

        Args:
            x: the present whitened latent [B, Z].
            predicted: distribution of the step.
            temperature: scalar or [1]; it sharpens the choice of a component and narrows the components. At 0 the most
                likely mean is taken.
            noise: normal, [B, Z].
            uniform: in (0, 1), [B, 1].
        """
        logits, means, stds = predicted
        chance = torch.softmax(logits / temperature.clamp(min=0.02), 1)
        below = chance @ torch.triu(torch.ones(self.mixtures, self.mixtures), 1).to(chance)
        pick = ((uniform > below) & (uniform <= below + chance)).to(chance)
        none = (pick.sum(1, keepdim=True) < 0.5).to(chance)  # `uniform` fell into a gap left by rounding
        pick = pick + none * chance
        mean = (pick[..., None] * means).sum(1)
        std = (pick[..., None] * stds).sum(1)
        return x + self.step_scale * (mean + temperature * std * noise)

    def led(self, x: Tensor, going: Tensor) -> Tensor:
        """Move the next latents `going` [B, Z] towards where the footage goes on from around `x` [B, Z].

        This is one step of mean shift (Fukunaga and Hostetler 1975) over the anchors, its kernel `anchor_width` steps
        of the footage wide, and then on to what follows on them: drift sideways is undone, so that no dream dissolves.
        Where a step still goes on less than most of the way that the footage goes, it is moved on, so that no dream
        comes to rest, nor trembles in one place, where its footage moves. The squares of x itself cancel in the softmax
        and are left out.
        """
        variance = self.anchor_width**2 * self.step_scale.square().sum()
        near = torch.softmax((x @ self.anchors.T - 0.5 * self.anchors.square().sum(1)) / variance, 1)
        way = near @ (self.onward - self.anchors)
        going = going + self.anchor_pull * (near @ self.anchors + way - going)
        progress = ((going - x) * way).sum(1, keepdim=True) / way.square().sum(1, keepdim=True).clamp(min=1e-8)
        return going + (LEAST_PROGRESS - progress).clamp(0, 1) * way
