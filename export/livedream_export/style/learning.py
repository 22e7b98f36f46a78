"""The steps of training: pictures are painted, looked at beside paintings and originals, and the network is moved."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim import Adam

from livedream import UserError
from livedream_export import torch_device
from livedream_export.cache import Footage
from livedream_export.safe_optimizer import SafeOptimizer

from . import eyes
from .content import Crops
from .networks import Painter, grain
from .painted import Painting
from .recipe import Recipe

LOWEST_RATE = 0.05  # share of the learning rate that is left at the end
STILL = 20.0  # by which the difference of two frames counts against their being the same there

Tell = Callable[[Mapping[str, float]], None]


class Learner:
    """The network in training, its optimizer, and what it is judged by.

    Attributes:
        painter: the network.
        average: moving average of its weights, which is what is exported.
        optimizer: moves the weights.
        steps: taken so far.
        judges: names of the networks that it is judged by.
    """

    def __init__(self, paintings: Sequence[Painting], recipe: Recipe, device: torch.device, seed: int):
        torch.manual_seed(seed)
        self.recipe, self.device = recipe, device
        self.painter = Painter(
            len(paintings), recipe.width, recipe.deep, recipe.deepest, recipe.blocks, recipe.fine
        ).to(device)
        self.painter.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's types
        self.average = copy.deepcopy(self.painter).requires_grad_(False)
        adam = Adam(self.painter.parameters(), betas=(0.9, 0.99), fused=device.type != "mps")
        self.optimizer = SafeOptimizer(self.painter, adam)
        self.steps = 0
        shown = [each.tensor(recipe.painting).to(device) for each in paintings]
        vgg = eyes.vgg_eye(device)
        lite0 = eyes.lite0_eye(device)
        self._eyes = [lite0, eyes.reduced(lite0), *([eyes.reduced(vgg)] if vgg else [])]
        self._wanted = [eyes.targets(eye, shown) for eye in self._eyes]
        self.judges = ["lite0", *(["vgg16"] if vgg else [])]

    def to_checkpoint(self) -> dict[str, Any]:
        """Return what a checkpoint keeps: tensors and numbers by name."""
        return {
            "painter": self.painter.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.optimizer.state_dict(),
            "steps": self.steps,
            "slower": self.optimizer.rate_factor,
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Load what a checkpoint kept. Raises UserError when it is of another network."""
        try:
            self.painter.load_state_dict(saved["painter"])
            self.average.load_state_dict(saved["average"])
            self.optimizer.optimizer.load_state_dict(saved["optimizer"])
        except (KeyError, RuntimeError, ValueError, TypeError) as error:
            reason = str(error).strip().splitlines()[0]
            raise UserError(f"the checkpoint does not fit this network ({reason}); train without --resume") from None
        self.steps, self.optimizer.rate_factor = saved["steps"], saved["slower"]

    def learn(self, footage: Footage, rng: np.random.Generator, times: Iterator[float], tell: Tell) -> None:
        """Train as long as `times` yields shares of the time, with `tell` behind every step. Raises Diverged."""
        crops = Crops(footage, self.recipe.crop, rng)
        generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
        for done in times:
            now, after = (each.to(self.device) for each in crops.draw(self.recipe.batch))
            which = torch.from_numpy(rng.integers(len(self.painter.stem.norm.scale), size=len(now))).to(self.device)
            canvas = torch.cat([grain(now.shape[2], now.shape[3], generator) for _ in now]).to(self.device)
            loss, said = self._loss(now, after, which, canvas, len(self._eyes) if done >= self.recipe.vgg_from else 2)
            self.optimizer.step(loss, self._rate(done))
            self.steps += 1
            self._follow()
            tell(said)

    def _rate(self, done: float) -> float:
        falls = self.recipe.falls_from
        rest = 1.0 if done < falls else max(LOWEST_RATE, (1 - done) / (1 - falls))
        return self.recipe.learning_rate * rest * min(1.0, (self.steps + 1) / self.recipe.warmup_steps)

    def _loss(
        self, now: Tensor, after: Tensor, which: Tensor, canvas: Tensor, count: int
    ) -> tuple[Tensor, dict[str, float]]:
        """Return the loss of painting frames `now` in styles `which`, each followed by `after`, and its parts.

        count: how many of the eyes look.
        """
        recipe = self.recipe
        weights = F.one_hot(which, self.painter.settings["styles"]).float()
        noisy = (after + recipe.noise * torch.randn_like(after)).clamp(0, 1)
        with torch_device.half_precision(self.device):
            both = self.painter(torch.cat([now, noisy]), torch.cat([weights] * 2), torch.cat([canvas] * 2)).float()
        painted, later = both.chunk(2)
        style, content = self._looked_at(painted, now, which, count)
        colour = eyes.colour_distance(painted, self._wanted[0], which).mean()
        still = (1 - STILL * (now - after).abs().mean(1, keepdim=True)).clamp(min=0)
        steady = ((painted - later).abs() * still).sum() / (3 * still.sum() + 1e-3)
        lattice = eyes.lattice_share(painted).mean()
        loss = recipe.style * style + recipe.colour * colour + recipe.content * content + recipe.steady * steady
        loss = loss + recipe.lattice * lattice
        said = {"style": float(style.detach()), "content": float(content.detach()), "change": float(steady.detach())}
        return loss, said

    def _looked_at(self, painted: Tensor, original: Tensor, which: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Return style and content distance, as means over the networks."""
        styles, contents = [], []
        for eye, wanted in list(zip(self._eyes, self._wanted, strict=True))[:count]:
            with torch_device.half_precision(self.device):
                layers, content = eye(painted)
                with torch.no_grad():
                    _, own = eye(original)
            styles.append(eyes.style_distance(layers, wanted, which).mean())
            contents.append(eyes.content_distance(content, own).mean())
        return torch.stack(styles).mean(), torch.stack(contents).mean()

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the average, faster in the beginning."""
        decay = min(self.recipe.ema_decay, self.steps / (self.steps + 20))
        for mean, weight in zip(self.average.parameters(), self.painter.parameters(), strict=True):
            mean.lerp_(weight, 1 - decay)
