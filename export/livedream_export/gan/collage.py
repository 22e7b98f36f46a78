"""The network that lays pictures of the material together to new ones, and the choice of those it is given.

A latent is rendered coarsely by the decoder. Each part of the picture is then taken from whichever of a few remembered
pictures fits there best, and the rest from the coarse picture: as an artist makes a collage after a sketch. What fits
is partly measured (how like the sketch a memory is, there) and partly learned against the critic, who looks for seams.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..image_model.blocks import Block, zero_bias
from ..kept_pictures import is_large
from .recipe import Recipe

GIVEN = 4  # memories for a picture
GRID = 5  # cells on a side of the territories
TERRITORY = 3.0  # standard deviation of a memory's weight in them, at first, in the exponent
PLAIN = 0.02  # share of the coarse picture beside the memories; its mask may change it by e, either way, and no more,
# since whatever else it may do, it learns to blur
REACH = 2.5  # a memory's mask may change its share by e to the power of this, either way
LIGHT = 0.1  # most by which light and colour of large parts are corrected
LIKENESS = (
    20.0  # how strongly a memory recedes where it is unlike the coarse picture, at first: by e at an error of 1/20
)


def nearest(latents: Tensor, keys: Tensor, without: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return the memories nearest to latents: numbers int64 [B, GIVEN] and weights f32 [B, GIVEN], adding up to 1.

    A memory's weight is 0 where the next one takes its place, so that pictures of a walk change smoothly.

    Args:
        latents: [B, Z].
        keys: latents of the memories, [M, Z].
        without: numbers of memories that are left out, int64 [B], or None.
    """
    square = latents.square().sum(1, keepdim=True) - 2 * latents @ keys.T + keys.square().sum(1)
    distance = square.clamp(min=1e-8).sqrt()
    if without is not None:
        distance = distance.scatter(1, without[:, None], torch.inf)
    far, index = torch.topk(distance, GIVEN + 1, dim=1, largest=False)
    lead = far[:, GIVEN:] - far[:, :GIVEN] + 1e-6
    return index[:, :GIVEN], lead / lead.sum(1, keepdim=True)


class Collage(nn.Module):
    """Lays memories and the decoder's coarse picture together to pictures [B, 3, H, W], mostly in 0..1."""

    def __init__(self, height: int, width: int, recipe: Recipe):
        super().__init__()
        fine, half = recipe.widths[:2]
        self.at = 8 if is_large(height, width) else 4  # the masks have this fraction of the picture's sides
        channels = half if self.at == 8 else fine
        self.up = nn.Conv2d(half, 4 * fine, 1) if self.at == 4 else None
        self.enter = nn.Conv2d(12 + 3, channels, 3, padding=1)
        self.block = Block(channels, recipe.latent + 1)
        self.mask = nn.Conv2d(channels, 1, 3, padding=1)
        self.plain_mask = nn.Conv2d(channels, 1, 3, padding=1)
        self.light = nn.Conv2d(channels, 3, 3, padding=1)
        self.territory = nn.Linear(recipe.latent, GRID**2, bias=False)
        self.likeness = nn.Parameter(torch.tensor(LIKENESS).log())
        nn.init.normal_(self.territory.weight, 0, TERRITORY / recipe.latent**0.5)
        for layer in (self.mask, self.plain_mask, self.light):  # untrained, only what is measured counts
            layer.weight.data.mul_(0.02)
            zero_bias(layer)

    def forward(
        self,
        features: Tensor,
        plain: Tensor,
        white: Tensor,
        memories: Tensor,
        keys: Tensor,
        weight: Tensor,
        recall: Tensor,
    ) -> Tensor:
        """Render pictures [B, 3, H, W].

        Args:
            features: of the decoder, [B, C, H / 8, W / 8].
            plain: the decoder's coarse picture, [B, 3, H / 2, W / 2].
            white: whitened latents, [B, Z].
            memories: in 0..1, [B, K, 3, H, W]; their order does not matter.
            keys: whitened latents of the memories, [B, K, Z].
            weight: of the memories, [B, K], adding up to 1.
            recall: [B, 1]; 0 leaves the memories out, 1 uses them fully.
        """
        count, each = memories.shape[:2]
        twice = F.avg_pool2d(memories.flatten(0, 1), self.at // 2)
        small, sketch = F.avg_pool2d(twice, 2), F.avg_pool2d(plain, self.at // 2).repeat_interleave(each, 0)
        known = F.leaky_relu(self.enter(torch.cat([F.pixel_unshuffle(twice, 2) - 0.5, sketch], 1)), 0.1)
        known = known.view(count, each, *known.shape[1:])
        x = features if self.up is None else F.leaky_relu(F.pixel_shuffle(self.up(features), 2), 0.1)
        x = self.block(x + (known * weight[..., None, None, None]).sum(1), torch.cat([white, recall], 1))
        fits = self.mask(F.leaky_relu(x[:, None] + known, 0.1).flatten(0, 1))
        fits = REACH * torch.tanh(fits.float()) + self._ground(white, keys, fits)
        unlike = self._unlike(small, sketch).view(count, each, *fits.shape[2:])
        unlike = unlike - unlike.amin(1, keepdim=True)  # where no memory fits, the sketch is no better
        logits = (weight + 1e-4).log()[..., None, None] + fits.view_as(unlike) - unlike
        bare = math.log(PLAIN) + torch.tanh(self.plain_mask(x).float())
        taken = recall[..., None, None] * torch.softmax(torch.cat([logits, bare], 1), 1)[:, :each]
        light = LIGHT * torch.tanh(self.light(F.avg_pool2d(x, 32 // self.at)).float())
        smooth = _enlarged(light, 16) + plain * _enlarged(1 - taken.sum(1, keepdim=True), self.at // 2)
        return (memories * _enlarged(taken, self.at)[:, :, None]).sum(1) + _enlarged(smooth, 2)

    def _ground(self, white: Tensor, keys: Tensor, like: Tensor) -> Tensor:
        """Return each memory's weight in its territories, which move with the latent, [B * K, 1, h, w]."""
        ground = self.territory((white[:, None] * keys).flatten(0, 1)).float().view(-1, 1, GRID, GRID)
        return F.interpolate(ground, size=like.shape[2:], mode="bicubic", align_corners=False)

    def _unlike(self, memories: Tensor, sketch: Tensor) -> Tensor:
        """Return how unlike small memories [B, 3, h, w] are to the sketch, around each place: [B, 1, h, w]."""
        error = (memories - sketch).float().square().mean(1, keepdim=True)
        around = F.avg_pool2d(F.avg_pool2d(error, 2), 5, 1, 2, count_include_pad=False)
        return self.likeness.exp() * _enlarged(around, 2)


def _enlarged(x: Tensor, by: int) -> Tensor:
    return F.interpolate(x, scale_factor=by, mode="bilinear", align_corners=False)
