"""The networks in training and their optimizers: what a checkpoint keeps of them."""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch.optim import Adam

from livedream import UserError

from ..motion_model.networks import Recurrent
from ..safe_optimizer import SafeOptimizer
from .networks import Autoencoder
from .recipe import Recipe


class TrainerState:
    """Networks for pictures of one size on one device; the same seed makes the same weights.

    Attributes:
        autoencoder: the image model.
        average: exponential moving average of the autoencoder's weights, which is what is exported.
        recurrent: the motion model.
        autoencoder_optimizer: moves the autoencoder's weights.
        recurrent_optimizer: moves the recurrent network's weights.
        steps: optimizer steps of the autoencoder so far.
        encoder_steps: those of them in which its encoder was trained too.
    """

    def __init__(self, size: tuple[int, int], hp: Recipe, device: torch.device, seed: int = 0):
        torch.manual_seed(seed)
        width, height = size
        self.autoencoder = Autoencoder(height, width, hp).to(device)
        self.autoencoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's types
        self.average = copy.deepcopy(self.autoencoder)
        self.recurrent = Recurrent(hp).to(device)
        fused = device.type != "mps"
        adam = Adam(self.autoencoder.parameters(), betas=(0.9, 0.99), fused=fused)
        self.autoencoder_optimizer = SafeOptimizer(self.autoencoder, adam)
        self.recurrent_optimizer = SafeOptimizer(self.recurrent, Adam(self.recurrent.parameters(), fused=fused))
        self.steps = self.encoder_steps = 0

    @property
    def skipped(self) -> int:
        """Number of batches that were skipped because their gradient was not finite."""
        return self.autoencoder_optimizer.skipped + self.recurrent_optimizer.skipped

    @property
    def rate_factor(self) -> float:
        """Factor on every learning rate."""
        return self.autoencoder_optimizer.rate_factor

    @rate_factor.setter
    def rate_factor(self, factor: float) -> None:
        self.autoencoder_optimizer.rate_factor = self.recurrent_optimizer.rate_factor = factor

    def to_checkpoint(self) -> dict[str, Any]:
        """Return what a checkpoint keeps: tensors and numbers by name."""
        kept = {name: part.state_dict() for name, part in self._parts().items()}
        return {**kept, "slower": self.rate_factor, "steps": self.steps, "encoder_steps": self.encoder_steps}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Load what a checkpoint kept. Raises UserError when it is of other networks."""
        try:
            for name, part in self._parts().items():
                part.load_state_dict(saved[name])
        except (KeyError, RuntimeError, ValueError, TypeError) as error:
            reason = str(error).strip().splitlines()[0]
            raise UserError(f"the checkpoint does not fit these networks ({reason}); train without --resume") from None
        self.rate_factor = saved.get("slower", 1.0)
        self.steps, self.encoder_steps = saved["steps"], saved["encoder_steps"]

    def _parts(self) -> dict[str, torch.nn.Module | torch.optim.Optimizer]:
        """Everything with a state_dict, by its name in the checkpoint."""
        return {
            "autoencoder": self.autoencoder,
            "average": self.average,
            "recurrent": self.recurrent,
            "pictures_optimizer": self.autoencoder_optimizer.optimizer,
            "motion_optimizer": self.recurrent_optimizer.optimizer,
        }
