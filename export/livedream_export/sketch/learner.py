"""The networks of a sketch dream in training, and their optimizer."""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim import Adam

from livedream import UserError

from ..arrays import Floats
from ..safe_optimizer import SafeOptimizer
from ..torch_device import half_precision
from .networks import ROW, Sketcher, first, negative_log_likelihood
from .recipe import Recipe

EMA = 0.999  # of the weights that are exported


class Learner:
    """The network on one device; the same seed makes the same weights.

    Attributes:
        network: encoder and pen.
        average: exponential moving average of its weights, which is what is exported.
        optimizer: moves its weights.
        steps: optimizer steps so far.
    """

    def __init__(self, recipe: Recipe, device: torch.device, unit: float, seed: int = 0):
        torch.manual_seed(seed)
        self.recipe, self.device = recipe, device
        self.network = Sketcher(recipe).to(device)
        self.network.unit.fill_(unit)
        self.average = copy.deepcopy(self.network)
        self.optimizer = SafeOptimizer(self.network, Adam(self.network.parameters(), fused=device.type != "mps"))
        self.steps = 0

    @property
    def skipped(self) -> int:
        """Number of batches that were skipped because their gradient was not finite."""
        return self.optimizer.skipped

    @property
    def rate_factor(self) -> float:
        """Factor on the learning rate."""
        return self.optimizer.rate_factor

    @rate_factor.setter
    def rate_factor(self, factor: float) -> None:
        self.optimizer.rate_factor = factor

    def learn(
        self,
        drawings: Sequence[Floats],
        rng: np.random.Generator,
        times: Iterable[float],
        tell: Callable[[float, float, float], None],
    ) -> None:
        """Train, a step for each of `times`.

        Args:
            drawings: as drawing.sequence makes them.
            rng: chooses and changes them.
            times: before each step, the share of the time that has passed, 0 to 1.
            tell: called after each step with the nats a point of ways and flags, and the KL divergence in nats.

        Raises:
            Diverged: too many losses in a row were not finite.
        """
        recipe = self.recipe
        self.network.train()
        order = np.argsort([len(each) for each in drawings])
        for done in times:
            # Drawings of about the same length, so that little is filled up.
            middle = int(rng.integers(len(order)))
            near = order[max(0, middle - 2 * recipe.batch) : middle + 2 * recipe.batch]
            chosen = rng.choice(near, recipe.batch)
            rows, lengths = self.batch([changed(drawings[k], recipe, rng) for k in chosen])
            with half_precision(self.device):
                ways, flags, kl = self.loss(self.network, rows, lengths, training=True)
            weight = recipe.kl_weight * min(1.0, recipe.kl_from + 2.5 * done)
            total = ways + flags + weight * kl / max(1.0, float(lengths.float().mean()))
            rate = recipe.learning_rate * min(1.0, (self.steps + 1) / 100) * max(0.01, (1 - done) ** 1.2)
            if self.optimizer.step(total, rate):
                self.steps += 1
                keep = min(EMA, (1 + self.steps) / (10 + self.steps))
                with torch.no_grad():
                    torch._foreach_lerp_(list(self.average.parameters()), list(self.network.parameters()), 1 - keep)
                tell(float(ways.detach()), float(flags.detach()), float(kl.detach()))

    def batch(self, drawings: Sequence[Floats]) -> tuple[Tensor, Tensor]:
        """Return drawings as [B, N, 5] in the pen's unit, filled up with ends, and their lengths [B]."""
        longest = max(map(len, drawings))
        rows = np.zeros((len(drawings), longest, ROW), np.float32)
        rows[:, :, 4] = 1
        for row, drawing in zip(rows, drawings, strict=True):
            row[: len(drawing)] = drawing
        rows[:, :, :2] /= float(self.network.unit)
        lengths = torch.tensor([len(each) for each in drawings])
        return torch.from_numpy(rows).to(self.device), lengths

    def loss(
        self, network: Sketcher, rows: Tensor, lengths: Tensor, training: bool = False
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return ways' and flags' nats a point, and the KL divergence in nats above what is free."""
        recipe, device = self.recipe, self.device
        mean, log_variance = network.encoder(rows, lengths)
        mean, log_variance = mean.float(), log_variance.float()
        latent = mean + torch.randn_like(mean) * (0.5 * log_variance).exp() if training else mean
        inside = (torch.arange(rows.shape[1])[None] < lengths[:, None]).float().to(device)
        wanted = rows
        if training and recipe.drift:
            rows, wanted = drifted(rows, inside, recipe.drift / float(network.unit))
        before = torch.cat([first(len(rows)).to(device), rows[:, :-1]], 1)
        mask = None
        if training and recipe.keep < 1:
            mask = torch.bernoulli(torch.full((len(rows), recipe.state), recipe.keep, device=device)) / recipe.keep
        found = network.pen(before, latent, mask)
        ways, flags = negative_log_likelihood(found, wanted.flatten(0, 1), inside.flatten())
        each = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean(0)
        return ways, flags, (each - recipe.kl_least).clamp(min=0).sum()

    @torch.no_grad()
    def encode(self, drawings: Sequence[Floats]) -> Tensor:
        """Return the mean latents of drawings, f32 [N, Z] on the CPU."""
        found = []
        for k in range(0, len(drawings), 64):
            rows, lengths = self.batch(drawings[k : k + 64])
            found.append(self.average.encoder(rows, lengths)[0].float().cpu())
        return torch.cat(found)

    def to_checkpoint(self) -> dict[str, Any]:
        """Return what a checkpoint keeps: tensors and numbers by name."""
        kept = {name: part.state_dict() for name, part in self._parts().items()}
        return {**kept, "slower": self.rate_factor, "steps": self.steps}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Load what a checkpoint kept. Raises UserError when it is of other networks."""
        try:
            for name, part in self._parts().items():
                part.load_state_dict(saved[name])
        except (KeyError, RuntimeError, ValueError, TypeError) as error:
            reason = str(error).strip().splitlines()[0]
            raise UserError(f"the checkpoint does not fit these networks ({reason}); train without --resume") from None
        self.rate_factor, self.steps = saved.get("slower", 1.0), saved["steps"]

    def _parts(self) -> dict[str, torch.nn.Module | torch.optim.Optimizer]:
        """Everything with a state_dict, by its name in the checkpoint."""
        return {"network": self.network, "average": self.average, "optimizer": self.optimizer.optimizer}


def drifted(rows: Tensor, inside: Tensor, most: float) -> tuple[Tensor, Tensor]:
    """Return drawings whose points have strayed, and the ways from there to where they should have been next.

    So the pen learns to come back to its lines, as it must when it draws from what it drew itself.

    Args:
        rows: in the pen's unit, [B, N, 5].
        inside: 1 where a point belongs to a drawing, [B, N].
        most: standard deviation of the straying at most, in the pen's unit; each drawing has its own.
    """
    amount = most * torch.rand(len(rows), 1, 1, device=rows.device).square()
    stray = amount * torch.randn_like(rows[..., :2]) * inside[..., None]
    before = torch.cat([torch.zeros_like(stray[:, :1]), stray[:, :-1]], 1)
    told = torch.cat([rows[..., :2] + stray - before, rows[..., 2:]], 2)
    return told, torch.cat([rows[..., :2] - before, rows[..., 2:]], 2)


def changed(drawing: Floats, recipe: Recipe, rng: np.random.Generator) -> Floats:
    """Return a drawing, [N, 5], turned and scaled by chance."""
    angle = rng.uniform(-recipe.turn, recipe.turn)
    cos, sin = np.cos(angle), np.sin(angle)
    scale = rng.uniform(1 - recipe.scale, 1 + recipe.scale, 2)
    made = drawing.copy()
    made[:, :2] = drawing[:, :2] @ np.array([[cos, sin], [-sin, cos]], np.float32) * scale
    return made
