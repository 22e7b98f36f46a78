"""The networks of a two-stream dream: one encoder, a decoder of the ground and one of the figures and their mask.

After Vondrick, Pirsiavash and Torralba 2016, whose generator draws background, foreground and mask of a clip; here each
frame is drawn by two-dimensional decoders from a latent that a recurrent network moves, so that it has no end. The
ground is a picture, at first the footage's median, and what a narrow decoder changes in it.
"""

import dataclasses
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..arrays import Floats
from ..image_model.networks import Decoder, Encoder
from .recipe import Recipe

SOLID = 4.0  # figures have their own colour where the mask is above 1 / SOLID, and the ground's where it is 0


class Drawn(NamedTuple):
    """Pictures of both streams, in 0..1.

    Attributes:
        ground: [B, 3, H, W].
        figures: [B, 3, H, W].
        mask: how much of the figures covers the ground, [B, 1, H, W].
    """

    ground: Tensor
    figures: Tensor
    mask: Tensor

    @property
    def whole(self) -> Tensor:
        """The figures on their ground, [B, 3, H, W]."""
        return self.ground + self.mask * (self.figures - self.ground)


class TwoStream(nn.Module):
    """Encoder and both decoders for pictures of one size.

    A latent [B, Z] is the ground's [B, G] and then the figures' [B, Z - G].

    Args:
        height: of the pictures.
        width: of them.
        recipe: the numbers.
        middle: the picture that the ground is at first, f32 [3, H, W] in 0..1.
    """

    def __init__(self, height: int, width: int, recipe: Recipe, middle: Floats):
        super().__init__()
        self.count = recipe.ground
        self.encoder = Encoder(height, width, recipe)
        of_ground = dataclasses.replace(recipe, latent=recipe.ground, widths=recipe.ground_widths)
        of_figures = dataclasses.replace(recipe, latent=recipe.latent - recipe.ground)
        self.ground = Decoder(height, width, of_ground)
        self.figures = Decoder(height, width, of_figures, channels=4)
        self.middle = nn.Parameter(torch.logit(torch.from_numpy(middle)[None].clamp(0.01, 0.99)))
        with torch.no_grad():  # at first the ground is the middle, and the mask is nearly empty
            for layer in (self.ground.head.last, self.ground.coarse_head):
                layer.weight.mul_(0.02)
                layer.bias.zero_()  # type: ignore[union-attr]
            for layer, one in ((self.figures.head.last, 4), (self.figures.coarse_head, 16)):
                layer.bias[3 * one :] = -2.0  # type: ignore[index]

    def split(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """Return the ground's and the figures' latents."""
        return latent[:, : self.count], latent[:, self.count :]

    def coarse(self, latent: Tensor) -> Drawn:
        """Draw at half the sides."""
        ground, figures = self.split(latent)
        middle = F.avg_pool2d(self.middle, 2)
        change = self.ground.coarse(self.ground.body(ground))
        return self._drawn(middle, change, self.figures.coarse(self.figures.body(figures)))

    def forward(self, latent: Tensor) -> Drawn:
        """Draw in full size."""
        ground, figures = self.split(latent)
        change = self.ground.fine(self.ground.body(ground), ground)
        return self._drawn(self.middle, change, self.figures.fine(self.figures.body(figures), figures))

    def enlarged(self, latent: Tensor) -> Drawn:
        """Draw at half the sides and enlarge, where the last level is not trained yet."""
        return Drawn(*(F.interpolate(each, scale_factor=2, mode="bilinear") for each in self.coarse(latent)))

    def _drawn(self, middle: Tensor, change: Tensor, figures: Tensor) -> Drawn:
        ground = torch.sigmoid(middle + torch.logit(change.float().clamp(1e-4, 1 - 1e-4)))
        mask = figures[:, 3:]
        # Where there is no figure its colour is the ground's, so that a layer seen without its alpha shows no static.
        present = (SOLID * mask).clamp(0, 1)
        return Drawn(ground, ground + present * (figures[:, :3] - ground), mask)
