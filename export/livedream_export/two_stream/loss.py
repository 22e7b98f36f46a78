"""What a two-stream network learns from: pictures, and where they move."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ..image_model.networks import difference
from . import motion
from .networks import Drawn, TwoStream
from .recipe import Recipe


def loss(
    network: TwoStream,
    pictures: Tensor,
    recipe: Recipe,
    done: float,
    middle: Tensor,
    perceptual: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> tuple[Tensor, Tensor]:
    """Return the training loss, and the mean squared error, of pictures [B, 3, H, W] in 0..1.

    Args:
        network: to train.
        pictures: the batch.
        recipe: the numbers.
        done: share of the time that has passed.
        middle: the footage's ground, [3, H, W] in 0..1.
        perceptual: a loss of two batches of pictures, or None.
    """
    mean, log_variance = network.encoder(pictures)
    mean, log_variance = mean.float(), log_variance.float()
    latent = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
    half = F.avg_pool2d(pictures, 2)
    moving = motion.mask(pictures, middle)
    total, square = _of(network.coarse(latent), half, F.avg_pool2d(moving, 2), recipe, done)
    if done >= recipe.full_size_from:
        drawn = network(latent)
        fine, square = _of(drawn, pictures, moving, recipe, done)
        total = 0.3 * total + fine
        if perceptual:
            # What stands still is taken from the footage: its grain cannot be learned, and would outweigh the figures.
            figures = pictures + moving * (drawn.whole - pictures)
            total = total + recipe.perceptual_weight * perceptual(figures.contiguous(), pictures)
    kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()
    return total + recipe.kl_weight * kl, square.detach()


def _of(drawn: Drawn, pictures: Tensor, moving: Tensor, recipe: Recipe, done: float) -> tuple[Tensor, Tensor]:
    whole = drawn.whole
    error, square = difference(whole, pictures, recipe)
    inside = (moving * (whole - pictures).abs()).sum() / (3 * moving.sum() + 1)
    still = 1 - moving
    ground = (still * (drawn.ground - pictures).abs()).sum() / (3 * still.sum() + 1)
    weight = recipe.mask_weight if done < recipe.free_from else recipe.freed_weight
    mask = F.binary_cross_entropy(drawn.mask.float().clamp(1e-4, 1 - 1e-4), moving)
    total = error + recipe.inside_weight * 0.25 * inside + recipe.ground_weight * ground
    return total + weight * mask, square
