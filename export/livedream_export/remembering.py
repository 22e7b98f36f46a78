"""The network that draws with memories: it lays them over the plain decoder's picture and corrects what they lack.

Memories bring the detail; motion between two of them is measured, not learned. What is left to learn is small: where
of two memories which is right, where neither is, and how light and large shapes differ from what was remembered. So
the correction is drawn at half the sides and enlarged smoothly: it cannot invent a lattice, nor blur what is sharp.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .hyperparameters import Hyperparameters
from .networks import Block

LEAST_PLAIN = 0.02  # share of the plain picture beside memories that are wholly recalled, before the mask
FIRMNESS = 1.5  # the mask may change the memories' weights by e to the power of this, either way
ESCAPE = 3.0  # and the plain picture's


class Remembering(nn.Module):
    """Memories, moved and weighed, and the plain decoder's features to pictures [B, 3, H, W], mostly in 0..1."""

    def __init__(self, hp: Hyperparameters):
        super().__init__()
        width, half = hp.widths[0], hp.widths[1]
        self.up = nn.Conv2d(half, 4 * width, 1)
        self.enter = nn.Conv2d(2 * (16 + 2) + 3, width, 3, padding=1)
        self.block = Block(width, 2 * hp.latent + 2)
        self.mask = nn.Conv2d(width, 3, 3, padding=1)
        self.correct = nn.Conv2d(width, 12, 3, padding=1)
        for layer in (self.mask, self.correct):  # before it has learned, the memories stand nearly as they are
            layer.weight.data.mul_(0.02)
            nn.init.zeros_(layer.bias)

    def forward(
        self, features: Tensor, plain: Tensor, z: Tensor, away: Tensor, moved: Tensor, weight: Tensor, recall: Tensor
    ) -> Tensor:
        """features [B, C, H / 8, W / 8] and plain [B, 3, H / 2, W / 2] of the decoder; z [B, Z] and away [B, Z]: the
        whitened latent, and how far it is from what the memories show; moved [B, 2, 3, H, W]: the memories where
        they belong; weight [B, 2], adding up to 1; recall [B, 1]: 0 leaves them out, 1 draws them wholly.
        """
        seen = [_looked_at(moved[:, k]) for k in (0, 1)]
        quarter = F.avg_pool2d(plain, 2)
        x = F.leaky_relu(F.pixel_shuffle(self.up(features), 2), 0.1)
        x = x + F.leaky_relu(self.enter(torch.cat([*seen, quarter], 1)), 0.1)
        distance = away.square().mean(1, keepdim=True).sqrt()
        x = self.block(x, torch.cat([z, away, distance, recall], 1))
        mask = torch.tanh(self.mask(x).float())
        prior = torch.cat([weight * recall + 1e-4, 1 - recall + LEAST_PLAIN], 1).log()[..., None, None]
        firm = torch.tensor([FIRMNESS, FIRMNESS, ESCAPE], device=x.device).view(1, 3, 1, 1)
        share = torch.softmax(prior + firm * mask, 1)
        share = F.interpolate(share, scale_factor=4, mode="bilinear", align_corners=False)
        smooth = F.pixel_shuffle(self.correct(x).float(), 2) + plain * share_of_plain(share)
        smooth = F.interpolate(smooth, scale_factor=2, mode="bilinear", align_corners=False)
        return moved[:, 0] * share[:, 0:1] + moved[:, 1] * share[:, 1:2] + smooth


def share_of_plain(share: Tensor) -> Tensor:
    """The plain picture's share of [B, 3, H, W], at half the sides, where it is drawn."""
    return F.avg_pool2d(share[:, 2:3], 2)


def _looked_at(picture: Tensor) -> Tensor:
    """[B, 3, H, W] as the network looks at it: luma whole, colour averaged; [B, 18, H / 4, W / 4]."""
    red, green, blue = picture.split(1, 1)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    colour = F.avg_pool2d(torch.cat([red - luma, blue - luma], 1), 4)
    return torch.cat([F.pixel_unshuffle(luma, 4) - 0.5, colour], 1)


def warp(pictures: Tensor, motion: Tensor) -> Tensor:
    """Pictures [B, C, H, W] looked at `motion` [B, 2 (x, y), h, w] pixels from where they are drawn; edges go on."""
    height, width = pictures.shape[2:]
    by = F.interpolate(motion, scale_factor=height / motion.shape[2], mode="bilinear", align_corners=False)
    across = torch.arange(width, device=pictures.device).view(1, 1, width)
    down = torch.arange(height, device=pictures.device).view(1, height, 1)
    # With align_corners the edges are -1 and 1, so that a motion of zero looks at the pixels themselves.
    grid = torch.stack([(by[:, 0] + across) * (2 / (width - 1)) - 1, (by[:, 1] + down) * (2 / (height - 1)) - 1], 3)
    return F.grid_sample(pictures, grid, padding_mode="border", align_corners=True)
