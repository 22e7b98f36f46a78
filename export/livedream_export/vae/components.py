"""The components of a vae dream, with the inputs and outputs that the contract names.

Latents of the file are those of the autoencoder as independent standard normal numbers, the strongest first: they are
turned onto the principal axes of the material's latents and measured in standard deviations.
"""

import copy

import torch
from torch import Tensor

from ..arrays import Floats
from ..dream_file import rounded
from ..image_model.networks import Autoencoder
from ..image_model.training import renders_full_size
from ..proof import Component

LEFT_OUT = 1e-3  # share of the latents' variance that is left to the weakest axes, which are left out


class Axes(torch.nn.Module):
    """Principal axes of the material's latents.

    Attributes:
        mean: of the latents, f32 [Z].
        forward_axes: from standard normal numbers to latents, f32 [K, Z].
        backward_axes: the way back, f32 [Z, K].
    """

    mean: Tensor
    forward_axes: Tensor
    backward_axes: Tensor

    def __init__(self, latents: Floats):
        super().__init__()
        found = torch.from_numpy(latents)
        mean = found.mean(0)
        _, sizes, axes = torch.linalg.svd(found - mean, full_matrices=False)
        variance = sizes.square() / max(1, len(found) - 1)
        left = 1 - variance.cumsum(0) / variance.sum()
        count = min(len(sizes), int((left > LEFT_OUT).sum()) + 1)
        std = variance[:count].sqrt().clamp(min=1e-6)
        self.register_buffer("mean", mean)
        self.register_buffer("forward_axes", axes[:count] * std[:, None])
        self.register_buffer("backward_axes", axes[:count].T / std)

    @property
    def count(self) -> int:
        """Number of latents of the file."""
        return len(self.forward_axes)

    def latent(self, white: Tensor) -> Tensor:
        """Return the autoencoder's latents [B, Z] of standard normal numbers [B, K]."""
        return white @ self.forward_axes + self.mean

    def white(self, latent: Tensor) -> Tensor:
        """Return standard normal numbers [B, K] of the autoencoder's latents [B, Z]."""
        return (latent - self.mean) @ self.backward_axes


class Decode(Component):
    """Renders a latent as a frame, uint8 [1, H, W, 4]."""

    inputs, outputs = ("latent",), ("frame",)

    def __init__(self, autoencoder: Autoencoder, axes: Axes):
        super().__init__()
        self.decoder, self.axes = autoencoder.decoder, axes

    def forward(self, latent: Tensor) -> Tensor:
        picture = self.decoder(self.axes.latent(latent)) * 255
        picture = torch.cat([picture, torch.full_like(picture[:, :1], 255.0)], 1).permute(0, 2, 3, 1)
        return picture.clamp(0, 255).round().to(torch.uint8)


class Encode(Component):
    """Encodes an image, uint8 [1, H, W, 4], as a latent; far from the material it stays within its range."""

    inputs, outputs = ("image",), ("latent",)

    def __init__(self, autoencoder: Autoencoder, axes: Axes):
        super().__init__()
        self.encoder, self.axes = autoencoder.encoder, axes

    def forward(self, image: Tensor) -> Tensor:
        latent = self.encoder(image.float()[..., :3].permute(0, 3, 1, 2) / 255)[0]
        return self.axes.white(latent).clamp(-6, 6)


def ready(autoencoder: Autoencoder, latents: Floats) -> tuple[Autoencoder, Axes]:
    """Return a copy of the autoencoder as it goes into the file, and the axes of the latents f32 [N, Z]."""
    copied = rounded(copy.deepcopy(autoencoder).cpu().float().eval())
    copied.decoder.full_size = renders_full_size(copied, torch.from_numpy(latents))
    return copied, Axes(latents)
