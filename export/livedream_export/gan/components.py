"""The components of a gan dream, with the inputs and outputs that the contract names.

Latents of the file are standard normal. The flow turns them into whitened latents, and these become those of the
autoencoder on the principal axes of the material's. The pictures nearest to these are remembered and laid together.
"""

from typing import Any

import torch
from torch import Tensor, nn

from ..arrays import Floats
from ..image_model.networks import Autoencoder
from ..proof import Component
from .collage import Collage, nearest
from .networks import Flow

RECALL: dict[str, Any] = {
    "name": "recall",
    "low": 0,
    "high": 1,
    "default": 1,
    "doc": "0 leaves the remembered pictures out and shows the sketch that they are laid over",
}
REACH = 4.0  # standard deviations beyond which a picture's latent is drawn back


class Axes(nn.Module):
    """Principal axes of the material's latents; before any are measured, the latents as they are.

    Attributes:
        mean: f32 [Z].
        turn: from whitened latents to latents, f32 [Z, Z].
        back_turn: the way back, f32 [Z, Z].
    """

    mean: Tensor
    turn: Tensor
    back_turn: Tensor

    def __init__(self, count: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(count))
        self.register_buffer("turn", torch.eye(count))
        self.register_buffer("back_turn", torch.eye(count))

    def measure(self, latents: Floats) -> None:
        """Measure them on latents f32 [N, Z]; axes in which nothing varies get a hundredth of the largest spread."""
        found = torch.from_numpy(latents).double()
        mean = found.mean(0)
        variance, axes = torch.linalg.eigh((found - mean).T @ (found - mean) / max(1, len(found) - 1))
        std = variance.clamp(min=0).sqrt().flip(0)
        std = std.clamp(min=max(1e-4, 1e-2 * float(std[0])))
        axes = axes.flip(1).T
        self.mean.copy_(mean)
        self.turn.copy_(axes * std[:, None])
        self.back_turn.copy_(axes.T / std)

    def latent(self, white: Tensor) -> Tensor:
        """Return latents [B, Z] of whitened ones."""
        return white @ self.turn + self.mean

    def white(self, latent: Tensor) -> Tensor:
        """Return whitened latents [B, Z]."""
        return (latent - self.mean) @ self.back_turn


class Recall(Component):
    """Chooses the memories that a latent is rendered with."""

    inputs, outputs = ("latent",), ("index", "recall.weight", "recall.keys")
    keys: Tensor

    def __init__(self, axes: Axes, flow: Flow, keys: Tensor):
        super().__init__()
        self.axes, self.flow = axes, flow
        self.register_buffer("keys", keys.half().float())

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        index, weight = nearest(self.axes.latent(self.flow(latent)), self.keys)
        return index[0], weight, self.axes.white(self.keys[index[0]])


class Decode(Component):
    """Renders a latent and memories as a frame, uint8 [1, H, W, 4]."""

    inputs, outputs = ("latent", "memory", "recall.weight", "recall.keys", "control.recall"), ("frame",)
    colours: Tensor

    def __init__(self, autoencoder: Autoencoder, axes: Axes, flow: Flow, collage: Collage):
        super().__init__()
        self.decoder, self.axes, self.flow, self.collage = autoencoder.decoder, axes, flow, collage
        self.register_buffer("colours", torch.eye(4, 3) / 255)  # a matrix product: to cut the alpha off takes longer

    def forward(self, latent: Tensor, memory: Tensor, weight: Tensor, keys: Tensor, recall: Tensor) -> Tensor:
        white = self.flow(latent)
        features = self.decoder.body(self.axes.latent(white))
        pictures = (memory.float() @ self.colours).permute(0, 3, 1, 2)[None]
        laid = self.collage(features, self.decoder.coarse(features), white, pictures, keys[None], weight, recall[None])
        picture = torch.cat([laid * 255, torch.full_like(laid[:, :1], 255.0)], 1).permute(0, 2, 3, 1)
        return picture.clamp(0, 255).round().to(torch.uint8)


class Encode(Component):
    """Encodes an image, uint8 [1, H, W, 4], as a latent; far from the material it stays within its range."""

    inputs, outputs = ("image",), ("latent",)

    def __init__(self, autoencoder: Autoencoder, axes: Axes, flow: Flow):
        super().__init__()
        self.encoder, self.axes, self.flow = autoencoder.encoder, axes, flow

    def forward(self, image: Tensor) -> Tensor:
        latent = self.encoder(image.float()[..., :3].permute(0, 3, 1, 2) / 255)[0]
        white = self.axes.white(latent).clamp(-REACH, REACH)
        return self.flow.back(white)[0].clamp(-REACH, REACH)
