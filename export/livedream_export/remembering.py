"""The network that draws with memories: it lays them over the plain decoder's picture and corrects what they lack.

Memories bring the detail; motion between two of them is measured, not learned. What is left to learn is small: where
of two memories which is right, where neither is, and how light and large shapes differ from what was remembered. So
the correction is drawn at half the sides and enlarged smoothly: it cannot invent a lattice, nor blur what is sharp.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .appearance import LUMA
from .hyperparameters import Hyperparameters
from .networks import Block

LEAST_PLAIN = 0.02  # share of the plain picture beside memories that are wholly recalled, before the mask
FIRMNESS = 1.5  # the mask may change the memories' weights by e to the power of this, either way
ESCAPE = 3.0  # and the plain picture's
LARGE = 256 * 256  # pixels, above which colour is drawn at half the sides, and less is looked at


class Seen(NamedTuple):
    """Pictures as luma [B, 1, H, W] in 0..1, and as colour [B, 2 (blue, red, less luma), H, W], or half as large."""

    luma: Tensor
    colour: Tensor


class Remembering(nn.Module):
    """Two memories, weighed, and the plain decoder's features to pictures [B, 3, H, W], mostly in 0..1."""

    def __init__(self, height: int, width: int, hp: Hyperparameters):
        super().__init__()
        self.large = height * width > LARGE
        fine, half = hp.widths[:2]
        fine = fine * 3 // 4 if self.large else fine
        self.up = nn.Conv2d(half, 4 * fine, 1)
        self.enter = nn.Conv2d(2 * (4 if self.large else 16) + 2 * 2 + 3, fine, 3, padding=1)
        self.block = Block(fine, 2 * hp.latent + 2)
        self.mask = nn.Conv2d(fine, 3, 3, padding=1)
        self.correct = nn.Conv2d(fine, 12, 3, padding=1)
        for layer in (self.mask, self.correct):  # before it has learned, the memories stand nearly as they are
            layer.weight.data.mul_(0.02)
            nn.init.zeros_(layer.bias)

    def forward(
        self,
        features: Tensor,
        plain: Tensor,
        z: Tensor,
        away: Tensor,
        memories: tuple[Seen, Seen],
        weight: Tensor,
        recall: Tensor,
    ) -> Tensor:
        """features [B, C, H / 8, W / 8] and plain [B, 3, H / 2, W / 2] of the decoder; z [B, Z] and away [B, Z]: the
        whitened latent, and how far it is from what the memories show; memories: where they belong, as `seen` makes
        them; weight [B, 2], adding up to 1; recall [B, 1]: 0 leaves them out, 1 draws them wholly.
        """
        first, second = memories
        x = F.leaky_relu(F.pixel_shuffle(self.up(features), 2), 0.1)
        about = [self._looked_at(first), self._looked_at(second), F.avg_pool2d(plain, 2)]
        x = x + F.leaky_relu(self.enter(torch.cat(about, 1)), 0.1)
        distance = away.square().mean(1, keepdim=True).sqrt()
        x = self.block(x, torch.cat([z, away, distance, recall], 1))
        share = self._shares(x, weight, recall)
        half = F.interpolate(share, scale_factor=2, mode="bilinear", align_corners=False)
        smooth = F.pixel_shuffle(self.correct(x).float(), 2) + half[:, 2:3] * apart(plain)
        fine = F.interpolate(half[:, :2], scale_factor=2, mode="bilinear", align_corners=False)
        wide = F.interpolate(smooth, scale_factor=2, mode="bilinear", align_corners=False)
        luma = fine[:, :1] * first.luma + fine[:, 1:2] * second.luma + wide[:, :1]
        if self.large:
            colour = half[:, :1] * first.colour + half[:, 1:2] * second.colour + smooth[:, 1:]
            colour = F.interpolate(colour, scale_factor=2, mode="bilinear", align_corners=False)
        else:
            colour = fine[:, :1] * first.colour + fine[:, 1:2] * second.colour + wide[:, 1:]
        return together(luma, colour)

    def seen(self, pictures: Tensor) -> Seen:
        """Pictures [B, 3, H, W], by `apart` made luma and colour, as the network takes memories."""
        colour = pictures[:, 1:]
        return Seen(pictures[:, :1], F.avg_pool2d(colour, 2) if self.large else colour)

    def _looked_at(self, memory: Seen) -> Tensor:
        """[B, 18 or 6, H / 4, W / 4]"""
        luma = F.avg_pool2d(memory.luma, 2) if self.large else memory.luma
        colour = F.avg_pool2d(memory.colour, 2 if self.large else 4)
        return torch.cat([F.pixel_unshuffle(luma, 2 if self.large else 4) - 0.5, colour], 1)

    def _shares(self, x: Tensor, weight: Tensor, recall: Tensor) -> Tensor:
        """What of each pixel is the first memory's, the second's and the plain picture's: [B, 3, H / 4, W / 4]."""
        mask = torch.tanh(self.mask(x).float())
        prior = torch.cat([weight + 1e-4, torch.full_like(recall, LEAST_PLAIN)], 1).log()[..., None, None]
        firm = torch.tensor([FIRMNESS, FIRMNESS, ESCAPE], device=x.device).view(1, 3, 1, 1)
        recalled = torch.softmax(prior + firm * mask, 1)
        only_plain = torch.tensor([0.0, 0.0, 1.0], device=x.device).view(1, 3, 1, 1)
        recall = recall[..., None, None]
        return recall * recalled + (1 - recall) * only_plain


def apart(pictures: Tensor) -> Tensor:
    """Red, green, blue [B, 3, H, W] to luma, blue less luma and red less luma."""
    red, green, blue = pictures.split(1, 1)
    luma = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
    return torch.cat([luma, blue - luma, red - luma], 1)


def together(luma: Tensor, colour: Tensor) -> Tensor:
    """The other way: luma [B, 1, H, W] and colour [B, 2, H, W] to [B, 3, H, W]."""
    blue, red = colour[:, :1], colour[:, 1:]
    green = luma - (LUMA[0] / LUMA[1]) * red - (LUMA[2] / LUMA[1]) * blue
    return torch.cat([luma + red, green, luma + blue], 1)


def warp(memory: Seen, motion: Tensor) -> Seen:
    """A memory looked at `motion` [B, 2 (x, y), h, w] pixels from where it is drawn; its edges go on."""
    height = memory.luma.shape[2]
    by = F.interpolate(motion, scale_factor=height / motion.shape[2], mode="bilinear", align_corners=False)
    return Seen(_sampled(memory.luma, by), _sampled(memory.colour, by))


def _sampled(pictures: Tensor, by: Tensor) -> Tensor:
    """Pictures [B, C, H, W] or [B, C, H / 2, W / 2] moved by [B, 2, H, W] pixels of the larger."""
    height, width = pictures.shape[2:]
    k = by.shape[2] // height
    if k > 1:
        by = F.avg_pool2d(by, k) / k
    across = torch.arange(width, device=by.device).view(1, 1, width)
    down = torch.arange(height, device=by.device).view(1, height, 1)
    # With align_corners the edges are -1 and 1, so that a motion of zero looks at the pixels themselves.
    grid = torch.stack([(by[:, 0] + across) * (2 / (width - 1)) - 1, (by[:, 1] + down) * (2 / (height - 1)) - 1], 3)
    return F.grid_sample(pictures, grid, padding_mode="border", align_corners=True)
