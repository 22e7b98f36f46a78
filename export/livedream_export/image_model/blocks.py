"""The building block of the image model."""

import torch.nn.functional as F
from torch import Tensor, nn


def zero_bias(layer: nn.Conv2d | nn.Linear) -> None:
    """Let a layer start without a bias, though it learns one."""
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


class Block(nn.Module):
    """Residual block, [B, C, H, W] to the same shape; in the decoder the latent scales and shifts its middle."""

    def __init__(self, width: int, latent: int = 0):
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.film = nn.Linear(latent, 2 * width) if latent else None
        zero_bias(self.second)
        self.second.weight.data.mul_(0.3)
        if self.film:
            self.film.weight.data.mul_(0.5)
            zero_bias(self.film)

    def forward(self, x: Tensor, z: Tensor | None = None) -> Tensor:
        h: Tensor = self.first(x)
        if self.film is not None:
            scale, shift = self.film(z)[..., None, None].chunk(2, 1)
            h = h * (1 + scale) + shift
        return F.leaky_relu(x + self.second(F.leaky_relu(h, 0.1)), 0.1)
