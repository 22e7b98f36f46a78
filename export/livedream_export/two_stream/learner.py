"""The networks of a two-stream dream in training, and their optimizers."""

import copy
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim import Adam

from livedream import UserError

from ..arrays import Floats, Indices, Rgb
from ..image_model.perceptual import PictureLoss
from ..image_model.training import to_batch, update_average
from ..motion_model.networks import Recurrent
from ..safe_optimizer import SafeOptimizer
from ..torch_device import half_precision
from .loss import loss
from .networks import TwoStream
from .recipe import Recipe


class Learner:
    """Networks for pictures of one size on one device; the same seed makes the same weights.

    Attributes:
        network: encoder and decoders.
        average: exponential moving average of their weights, which is what is exported.
        recurrent: the motion model.
        pictures: moves the weights of `network`.
        motion: moves those of `recurrent`.
        steps: optimizer steps of `network` so far.
    """

    def __init__(self, size: tuple[int, int], recipe: Recipe, device: torch.device, middle: Floats, seed: int = 0):
        torch.manual_seed(seed)
        width, height = size
        self.recipe, self.device, self.middle = recipe, device, torch.from_numpy(middle).to(device)
        self.network = TwoStream(height, width, recipe, middle).to(device)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's types
        self.average = copy.deepcopy(self.network)
        self.recurrent = Recurrent(recipe).to(device)
        fused = device.type != "mps"
        self.pictures = SafeOptimizer(self.network, Adam(self.network.parameters(), betas=(0.9, 0.99), fused=fused))
        self.motion = SafeOptimizer(self.recurrent, Adam(self.recurrent.parameters(), fused=fused))
        self.steps = 0

    @property
    def skipped(self) -> int:
        """Number of batches that were skipped because their gradient was not finite."""
        return self.pictures.skipped + self.motion.skipped

    @property
    def rate_factor(self) -> float:
        """Factor on every learning rate."""
        return self.pictures.rate_factor

    @rate_factor.setter
    def rate_factor(self, factor: float) -> None:
        self.pictures.rate_factor = self.motion.rate_factor = factor

    def learn(
        self,
        frames: Rgb,
        allowed: Indices,
        rng: np.random.Generator,
        times: Iterable[float],
        tell: Callable[[float, float], None],
        perceptual: PictureLoss | None,
    ) -> None:
        """Train encoder and decoders, a step for each of `times`.

        Args:
            frames: the footage, [N, H, W, 3].
            allowed: numbers of the frames to learn from.
            rng: chooses frames.
            times: before each step, the share of the time that has passed, 0 to 1.
            tell: called with loss and PSNR in dB after each step.
            perceptual: a further loss, or None.

        Raises:
            Diverged: too many losses in a row were not finite.
        """
        recipe, device = self.recipe, self.device
        self.network.train()
        with ThreadPoolExecutor(1) as ahead:  # reads the next batch meanwhile
            following = ahead.submit(to_batch, frames, rng.choice(allowed, recipe.batch), device)
            for done in times:
                batch = following.result()
                following = ahead.submit(to_batch, frames, rng.choice(allowed, recipe.batch), device)
                judge = perceptual if done >= recipe.perceptual_from else None
                with half_precision(device):
                    error, square = loss(self.network, batch, recipe, done, self.middle, judge)
                warm = max((self.steps + 1) / recipe.warmup_steps, done / 0.05)  # shorter in a short run
                rate = recipe.learning_rate * min(1.0, warm) * max(0.02, min(1.0, 1.6 * (1 - done)))
                if self.pictures.step(error, rate):
                    self.steps += 1
                    update_average(self.average, self.network, self.steps, recipe)
                    tell(float(error.detach()), -10 * float(square.log10()))

    @torch.no_grad()
    def encode(self, frames: Rgb) -> Tensor:
        """Return the mean latents of frames [N, H, W, 3], f32 [N, Z] on the CPU."""
        encoder, latents = self.average.encoder.eval(), []
        for k in range(0, len(frames), 32):
            with half_precision(self.device):
                latents.append(encoder(to_batch(frames, slice(k, k + 32), self.device))[0].float().cpu())
        return torch.cat(latents)

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
        return {
            "network": self.network,
            "average": self.average,
            "recurrent": self.recurrent,
            "pictures_optimizer": self.pictures.optimizer,
            "motion_optimizer": self.motion.optimizer,
        }
