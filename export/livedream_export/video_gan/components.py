"""The component of a video-gan dream, with the inputs and outputs that the contract names."""

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..dream_file import rounded
from ..proof import Component
from .networks import Generator
from .recipe import Recipe

BATCH = 16  # clips at a time, by which normalisation is measured


class Decode(Component):
    """Generates a clip of a latent f32 [1, 100].

    Layers: background uint8 [1, 64, 64, 4], and foreground uint8 [32, 64, 64, 4], whose alpha is the mask.
    """

    inputs, outputs = ("latent",), ("layer.background", "layer.foreground")

    def __init__(self, generator: Generator):
        super().__init__()
        self.generator = generator

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        made = self.generator(latent)
        still = levels(made.background).permute(0, 2, 3, 1)
        still = torch.cat([still, torch.full_like(still[..., :1], 255.0)], -1)
        moving = torch.cat([levels(made.foreground), made.mask * 255], 1)[0].permute(1, 2, 3, 0)
        return _picture(still), _picture(moving)


def levels(colours: Tensor) -> Tensor:
    """Return colours of -1 to 1 in grey levels, 0 to 255."""
    return (colours + 1) * 127.5


def _picture(values: Tensor) -> Tensor:
    return values.clamp(0, 255).round().to(torch.uint8)


@torch.no_grad()
def ready(generator: Generator, recipe: Recipe, seed: int = 0) -> Generator:
    """Return a copy of the generator as it goes into the file: on the CPU, batch normalisation folded into its layers.

    What training leaves of the normalisation's means and variances is of weights that have moved on since, so they are
    measured anew.
    """
    copied = copy.deepcopy(generator).cpu().float().train()
    norms = [each for each in copied.modules() if isinstance(each, (nn.BatchNorm2d, nn.BatchNorm3d))]
    for each in norms:
        each.reset_running_stats()
        each.momentum = None  # the plain mean of all batches
    chance = torch.Generator().manual_seed(seed)
    for _ in range(max(1, recipe.statistics // BATCH)):
        copied(torch.randn(min(BATCH, recipe.statistics), recipe.noise, generator=chance))
    copied.eval()
    for part in (copied.moving, copied.background):
        for k, layer in enumerate(part):
            if isinstance(layer, (nn.BatchNorm2d, nn.BatchNorm3d)):
                before = part[k - 1]
                assert isinstance(before, (nn.ConvTranspose2d, nn.ConvTranspose3d))
                part[k - 1] = fuse_conv_bn_eval(before, layer, transpose=True)
                part[k] = nn.Identity()
    return rounded(copied)
