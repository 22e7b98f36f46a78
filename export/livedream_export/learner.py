"""The networks while they learn, and their optimisers: what a checkpoint keeps."""

import copy

import torch
from torch.optim import Adam

from livedream import UserError

from .descent import Descent
from .hyperparameters import Hyperparameters
from .networks import Autoencoder, Recurrent

KEPT = ("autoencoder", "average", "recurrent", "pictures_optimizer", "motion_optimizer")


class Learner:
    """Networks for pictures of a size (width, height), on a device; the same seed makes the same weights.

    average: the autoencoder's weights, averaged over its steps; what is exported. pictures, motion: the descents
    of the autoencoder and of the recurrent network.
    """

    def __init__(self, size, hp: Hyperparameters, device: torch.device, seed: int = 0):
        torch.manual_seed(seed)
        width, height = size
        self.autoencoder = Autoencoder(height, width, hp).to(device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.autoencoder)
        self.recurrent = Recurrent(hp).to(device)
        fused = device.type != "mps"
        self.pictures_optimizer = Adam(self.autoencoder.parameters(), betas=(0.9, 0.99), fused=fused)
        self.motion_optimizer = Adam(self.recurrent.parameters(), fused=fused)
        self.pictures = Descent(self.autoencoder, self.pictures_optimizer)
        self.motion = Descent(self.recurrent, self.motion_optimizer)

    @property
    def skipped(self) -> int:
        """Batches that were not learned from, because they gave no finite gradient."""
        return self.pictures.skipped + self.motion.skipped

    @property
    def slower(self) -> float:
        """Factor on every learning rate."""
        return self.pictures.slower

    @slower.setter
    def slower(self, factor: float) -> None:
        self.pictures.slower = self.motion.slower = factor

    def state(self) -> dict:
        """What a checkpoint keeps."""
        return {name: getattr(self, name).state_dict() for name in KEPT} | {"slower": self.slower}

    def restore(self, saved: dict) -> None:
        """Take up what a checkpoint kept. UserError when it is of other networks."""
        try:
            for name in KEPT:
                getattr(self, name).load_state_dict(saved[name])
        except (KeyError, RuntimeError, ValueError, TypeError) as error:
            what = str(error).strip().splitlines()[0]
            raise UserError(f"the checkpoint does not fit these networks ({what}); train without --resume") from None
        self.slower = saved.get("slower", 1.0)
