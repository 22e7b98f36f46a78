"""The networks of the gan kind beside the autoencoder: the prior of its latents, and the critic of its pictures.

The prior is a flow (RealNVP, Dinh, Sohl-Dickstein and Bengio 2017), so it can be walked through, and back from a
picture. The critic sees patches (Isola et al. 2017) of the picture, and of a pretrained network's features of it (Sauer
et al., "Projected GANs Converge Faster", 2021).
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..image_model.blocks import Block
from .recipe import Recipe

Eyes = Callable[[Tensor], list[Tensor]]  # pictures [B, 3, H, W] in 0..1 to features, each [B, C, h, w]
LIMIT = 1.2  # most by which a coupling stretches, in the exponent


class Coupling(nn.Module):
    """Stretches and shifts half of the numbers [B, K] by what the other half says; the same at first."""

    def __init__(self, mask: Tensor, hidden: int):
        super().__init__()
        count = len(mask)
        self.register_buffer("mask", mask)
        self.body = nn.Sequential(nn.Linear(count, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU())
        self.last = nn.Linear(hidden, 2 * count)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    mask: Tensor

    def said(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the exponent of the stretch, and the shift, each [B, K]."""
        stretch, shift = self.last(self.body(x * self.mask)).chunk(2, 1)
        rest = 1 - self.mask
        return LIMIT * torch.tanh(stretch / LIMIT) * rest, shift * rest

    def forward(self, x: Tensor) -> Tensor:
        stretch, shift = self.said(x)
        return x * stretch.exp() + shift

    def back(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return what forward makes `y` of, and the logarithm of how much that shrinks volumes, [B]."""
        stretch, shift = self.said(y)
        return (y - shift) * (-stretch).exp(), stretch.sum(1)


class Flow(nn.Module):
    """Turns standard normal numbers [B, K] into whitened latents [B, K], and back; the same at first."""

    def __init__(self, count: int, recipe: Recipe):
        super().__init__()
        self.count = count
        chance = torch.Generator().manual_seed(1)
        masks = []
        for k in range(recipe.couplings):
            if k % 2 == 0:
                mask = torch.zeros(count)
                mask[torch.randperm(count, generator=chance)[: (count + 1) // 2]] = 1
            masks.append(mask if k % 2 == 0 else 1 - mask)
        self.couplings = nn.ModuleList(Coupling(mask, recipe.hidden) for mask in masks)

    def forward(self, normal: Tensor) -> Tensor:
        for coupling in self.couplings:
            normal = coupling(normal)
        return normal

    def back(self, white: Tensor) -> tuple[Tensor, Tensor]:
        """Return the standard normal numbers, and the logarithm of how much the way here shrinks volumes, [B]."""
        shrunk = torch.zeros_like(white[:, 0])
        for k in range(len(self.couplings) - 1, -1, -1):
            white, found = self.couplings[k].back(white)  # type: ignore[operator]  # a Coupling
            shrunk = shrunk + found
        return white, shrunk

    def loss(self, white: Tensor) -> Tensor:
        """Return the mean negative logarithm of the likelihood a number, of whitened latents [B, K]; scalar."""
        normal, shrunk = self.back(white)
        return (0.5 * normal.square().sum(1) + shrunk).mean() / self.count


class Critic(nn.Module):
    """Says how real patches of pictures [B, 3, H, W] in 0..1 look, coarse ones and fine: each [B, N], more for real.

    Args:
        recipe: the recipe.
        seen: channels of the features that `eyes` finds.
    """

    def __init__(self, recipe: Recipe, seen: Sequence[int] = ()):
        super().__init__()
        fine, middle, coarse = recipe.critic_widths
        self.stem = nn.Conv2d(48, fine, 3, padding=1)
        self.block = Block(fine)
        self.down = nn.Conv2d(fine, middle, 4, 2, 1)
        self.further = nn.Conv2d(middle, coarse, 4, 2, 1)
        self.heads = nn.ModuleList(nn.Conv2d(width, 1, 3, padding=1) for width in (middle, coarse))
        self.on_features = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(width, 64, 1), nn.LeakyReLU(0.2), nn.Conv2d(64, 64, 3, 2, 1), nn.LeakyReLU(0.2)
            ).append(nn.Conv2d(64, 1, 3, padding=1))
            for width in seen
        )

    def forward(self, pictures: Tensor, features: Sequence[Tensor] = ()) -> list[Tensor]:
        x = F.leaky_relu(self.stem(F.pixel_unshuffle(pictures * 2 - 1, 4)), 0.2)
        x = F.leaky_relu(self.down(self.block(x)), 0.2)
        said = [self.heads[0](x), self.heads[1](F.leaky_relu(self.further(x), 0.2))]
        for head, found in zip(self.on_features, features, strict=True):
            said.append(head(found * found.shape[1] ** 0.5))  # from length 1 to variance 1
        return [each.float().flatten(1) for each in said]


def augmented(pictures: Tensor) -> Tensor:
    """Return pictures [B, 3, H, W] in other light and colours, and moved, each by chance, so that gradients pass.

    Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training", NeurIPS 2020.
    """
    count, _, height, width = pictures.shape
    light, colour, contrast = torch.rand(3, count, 1, 1, 1, device=pictures.device)
    x = pictures + 0.6 * (light - 0.5)
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * 2 * colour
    middle = x.mean((1, 2, 3), keepdim=True)
    x = middle + (x - middle) * (0.5 + contrast)
    most = max(1, height // 8), max(1, width // 8)
    padded = F.pad(x, (most[1], most[1], most[0], most[0]))
    down = torch.randint(0, 2 * most[0] + 1, (count,)).tolist()
    right = torch.randint(0, 2 * most[1] + 1, (count,)).tolist()
    return torch.stack(
        [padded[k, :, y : y + height, z : z + width] for k, (y, z) in enumerate(zip(down, right, strict=True))]
    )
