"""The image model in training: its network, the average that is exported, and its optimizer."""

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch.optim import Adam

from livedream import UserError

from ..arrays import Indices, Rgb
from ..safe_optimizer import SafeOptimizer
from . import training
from .networks import Autoencoder
from .perceptual import PictureLoss
from .recipe import PictureRecipe


class ImageLearner:
    """An autoencoder for pictures of one size on one device; the same seed makes the same weights.

    Attributes:
        autoencoder: the network.
        average: exponential moving average of its weights, which is what is exported.
        optimizer: moves its weights.
        steps: optimizer steps so far.
    """

    def __init__(self, size: tuple[int, int], recipe: PictureRecipe, device: torch.device, seed: int = 0):
        torch.manual_seed(seed)
        width, height = size
        self.recipe = recipe
        self.autoencoder = Autoencoder(height, width, recipe).to(device)
        self.autoencoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's types
        self.average = copy.deepcopy(self.autoencoder)
        adam = Adam(self.autoencoder.parameters(), betas=(0.9, 0.99), fused=device.type != "mps")
        self.optimizer = SafeOptimizer(self.autoencoder, adam)
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
        frames: Rgb,
        allowed: Indices,
        rng: np.random.Generator,
        times: Iterable[float],
        tell: Callable[[float, float], None],
        perceptual: PictureLoss | None = None,
    ) -> None:
        """Train, a step for each of `times`; takes and raises what training.learn does."""

        def told(loss: float, psnr: float) -> None:
            self.steps += 1
            tell(loss, psnr)

        args = (frames, allowed, self.recipe, rng, self.steps, times, told, perceptual)
        training.learn(self.optimizer, self.average, *args)

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
            "autoencoder": self.autoencoder,
            "average": self.average,
            "pictures_optimizer": self.optimizer.optimizer,
        }
