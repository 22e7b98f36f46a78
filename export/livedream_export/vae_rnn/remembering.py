"""The network that renders with memories: it lays two of them over the plain decoder's picture and corrects them.

Memories bring the detail; motion between two of them is measured, not learned. Little is left to learn: where which of
two memories is right, where neither is, and how light and large shapes differ from what was remembered. So the
correction is rendered at half the sides and enlarged smoothly: it cannot invent a lattice, nor blur what is sharp.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..image_model.blocks import Block, zero_bias
from ..kept_pictures import is_large
from .appearance import LUMA
from .recipe import Recipe

MIN_PLAIN = 0.02  # share of the plain picture beside fully recalled memories, before the mask
MEMORY_RANGE = 1.5  # the mask may change the memories' weights by e to the power of this, either way
PLAIN_RANGE = 3.0  # likewise for the plain picture's weight


class LumaChroma(NamedTuple):
    """Pictures as luma and chroma.

    Attributes:
        luma: [B, 1, H, W] in 0..1.
        colour: blue and red less luma, [B, 2, H, W]; of large pictures at half the sides.
    """

    luma: Tensor
    colour: Tensor


class Remembering(nn.Module):
    """Blends two memories and the plain decoder's features into pictures [B, 3, H, W], mostly in 0..1."""

    def __init__(self, height: int, width: int, hp: Recipe):
        super().__init__()
        self.large = is_large(height, width)
        fine, half = hp.widths[:2]
        fine = fine * 3 // 4 if self.large else fine
        self.up = nn.Conv2d(half, 4 * fine, 1)
        self.enter = nn.Conv2d(2 * (4 if self.large else 16) + 2 * 2 + 3, fine, 3, padding=1)
        self.block = Block(fine, 2 * hp.latent + 2)
        self.mask = nn.Conv2d(fine, 3, 3, padding=1)
        self.correct = nn.Conv2d(fine, 12, 3, padding=1)
        for layer in (self.mask, self.correct):  # untrained, it leaves the memories nearly as they are
            layer.weight.data.mul_(0.02)
            zero_bias(layer)

    def forward(
        self,
        features: Tensor,
        plain: Tensor,
        z: Tensor,
        away: Tensor,
        memories: tuple[LumaChroma, LumaChroma],
        weight: Tensor,
        recall: Tensor,
    ) -> Tensor:
        """Render pictures [B, 3, H, W].

        Args:
            features: of the decoder, [B, C, H / 8, W / 8].
            plain: the decoder's half-size picture, [B, 3, H / 2, W / 2].
            z: the whitened latent, [B, Z].
            away: its difference from what the memories show, [B, Z].
            memories: moved to where they belong, as `prepare` makes them.
            weight: of the two memories, [B, 2], adding up to 1.
            recall: [B, 1]; 0 leaves the memories out, 1 uses them fully.
        """
        first, second = memories
        x = F.leaky_relu(F.pixel_shuffle(self.up(features), 2), 0.1)
        about = [self._reduced(first), self._reduced(second), F.avg_pool2d(plain, 2)]
        x = x + F.leaky_relu(self.enter(torch.cat(about, 1)), 0.1)
        distance = away.square().mean(1, keepdim=True).sqrt()
        x = self.block(x, torch.cat([z, away, distance, recall], 1))
        share = self._shares(x, weight, recall)
        half = F.interpolate(share, scale_factor=2, mode="bilinear", align_corners=False)
        smooth = F.pixel_shuffle(self.correct(x).float(), 2) + half[:, 2:3] * to_luma_chroma(plain)
        fine = F.interpolate(half[:, :2], scale_factor=2, mode="bilinear", align_corners=False)
        wide = F.interpolate(smooth, scale_factor=2, mode="bilinear", align_corners=False)
        luma = fine[:, :1] * first.luma + fine[:, 1:2] * second.luma + wide[:, :1]
        if self.large:
            colour = half[:, :1] * first.colour + half[:, 1:2] * second.colour + smooth[:, 1:]
            colour = F.interpolate(colour, scale_factor=2, mode="bilinear", align_corners=False)
        else:
            colour = fine[:, :1] * first.colour + fine[:, 1:2] * second.colour + wide[:, 1:]
        return to_rgb(luma, colour)

    def prepare(self, pictures: Tensor) -> LumaChroma:
        """Turn pictures [B, 3, H, W] from `to_luma_chroma` into what the network takes as memories."""
        colour = pictures[:, 1:]
        return LumaChroma(pictures[:, :1], F.avg_pool2d(colour, 2) if self.large else colour)

    def _reduced(self, memory: LumaChroma) -> Tensor:
        """Return a memory at a quarter of its sides, [B, 18 (6 of large pictures), H / 4, W / 4]."""
        luma = F.avg_pool2d(memory.luma, 2) if self.large else memory.luma
        colour = F.avg_pool2d(memory.colour, 2 if self.large else 4)
        return torch.cat([F.pixel_unshuffle(luma, 2 if self.large else 4) - 0.5, colour], 1)

    def _shares(self, x: Tensor, weight: Tensor, recall: Tensor) -> Tensor:
        """Return each pixel's shares of the first memory, the second and the plain picture: [B, 3, H / 4, W / 4]."""
        mask = torch.tanh(self.mask(x).float())
        prior = torch.cat([weight + 1e-4, torch.full_like(recall, MIN_PLAIN)], 1).log()[..., None, None]
        reach = torch.tensor([MEMORY_RANGE, MEMORY_RANGE, PLAIN_RANGE], device=x.device).view(1, 3, 1, 1)
        recalled = torch.softmax(prior + reach * mask, 1)
        only_plain = torch.tensor([0.0, 0.0, 1.0], device=x.device).view(1, 3, 1, 1)
        recall = recall[..., None, None]
        return recall * recalled + (1 - recall) * only_plain


def to_luma_chroma(pictures: Tensor) -> Tensor:
    """Turn red, green and blue [B, 3, H, W] into luma, blue less luma and red less luma."""
    red, green, blue = torch.split(pictures, 1, 1)
    luma = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
    return torch.cat([luma, blue - luma, red - luma], 1)


def to_rgb(luma: Tensor, colour: Tensor) -> Tensor:
    """Turn luma [B, 1, H, W] and chroma [B, 2, H, W] back into red, green and blue [B, 3, H, W]."""
    blue, red = colour[:, :1], colour[:, 1:]
    green = luma - (LUMA[0] / LUMA[1]) * red - (LUMA[2] / LUMA[1]) * blue
    return torch.cat([luma + red, green, luma + blue], 1)


def warp(memory: LumaChroma, motion: Tensor) -> LumaChroma:
    """Move a memory: sample it `motion` [B, 2 (x, y), h, w] pixels away; its edges are repeated."""
    height = memory.luma.shape[2]
    by = F.interpolate(motion, scale_factor=height / motion.shape[2], mode="bilinear", align_corners=False)
    return LumaChroma(_sampled(memory.luma, by), _sampled(memory.colour, by))


def _sampled(pictures: Tensor, by: Tensor) -> Tensor:
    """Sample pictures [B, C, H, W] or [B, C, H / 2, W / 2], moved by [B, 2, H, W] pixels of the larger size."""
    height, width = pictures.shape[2:]
    k = by.shape[2] // height
    if k > 1:
        by = F.avg_pool2d(by, k) / k
    across = torch.arange(width, device=by.device).view(1, 1, width)
    down = torch.arange(height, device=by.device).view(1, height, 1)
    # With align_corners the edges are -1 and 1, so that zero motion samples the pixels themselves.
    grid = torch.stack([(by[:, 0] + across) * (2 / (width - 1)) - 1, (by[:, 1] + down) * (2 / (height - 1)) - 1], 3)
    return F.grid_sample(pictures, grid, padding_mode="border", align_corners=True)
