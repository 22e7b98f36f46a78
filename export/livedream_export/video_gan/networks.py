"""The generator and the discriminator of Vondrick, Pirsiavash and Torralba, 2016, layer by layer.

At the published width the generator has 16,245,383 weights and the discriminator 11,057,858.
"""

import itertools
from typing import NamedTuple

import torch
from torch import Tensor, nn

from .recipe import LENGTH, Recipe

SLOPE = 0.2  # of the leaky ReLUs
DISCRIMINATOR_EPSILON = 1e-3  # of its batch normalisation; the generator's is 1e-5


class Clips(NamedTuple):
    """Generated clips and what they are made of; colours are -1 to 1.

    Attributes:
        video: f32 [B, 3, 32, 64, 64], mask · foreground + (1 - mask) · background.
        foreground: f32 [B, 3, 32, 64, 64].
        mask: f32 [B, 1, 32, 64, 64], 0 to 1.
        background: f32 [B, 3, 64, 64], one picture for the whole clip.
    """

    video: Tensor
    foreground: Tensor
    mask: Tensor
    background: Tensor


class Generator(nn.Module):
    """Generates clips of noise f32 [B, 100]: a moving foreground by a mask over a background that stands still."""

    def __init__(self, recipe: Recipe):
        super().__init__()
        width, noise = recipe.width, recipe.noise
        channels = [noise, 8 * width, 4 * width, 2 * width, width]
        moving: list[nn.Module] = []
        still: list[nn.Module] = []
        for k, (before, after) in enumerate(itertools.pairwise(channels)):
            grow = (4, 2, 1) if k else ((2, 4, 4), 1, 0)
            moving += [nn.ConvTranspose3d(before, after, *grow), nn.BatchNorm3d(after), nn.ReLU(inplace=True)]
            grow = (4, 2, 1) if k else (4, 1, 0)
            still += [nn.ConvTranspose2d(before, after, *grow), nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
        self.moving = nn.Sequential(*moving)
        self.foreground = nn.Sequential(nn.ConvTranspose3d(width, 3, 4, 2, 1), nn.Tanh())
        self.mask = nn.Sequential(nn.ConvTranspose3d(width, 1, 4, 2, 1), nn.Sigmoid())
        self.background = nn.Sequential(*still, nn.ConvTranspose2d(width, 3, 4, 2, 1), nn.Tanh())

    def forward(self, noise: Tensor) -> Clips:
        features = self.moving(noise[:, :, None, None, None])
        foreground, mask = self.foreground(features).float(), self.mask(features).float()
        background = self.background(noise[:, :, None, None]).float()
        video = mask * foreground + (1 - mask) * background[:, :, None]
        return Clips(video, foreground, mask, background)


class Discriminator(nn.Module):
    """Tells clips f32 [B, 3, 32, 64, 64] of -1 to 1 apart: logits f32 [B, 2] of real and generated."""

    def __init__(self, recipe: Recipe):
        super().__init__()
        width = recipe.width
        layers: list[nn.Module] = [nn.Conv3d(3, width, 4, 2, 1), nn.LeakyReLU(SLOPE, inplace=True)]
        for before, after in ((width, 2 * width), (2 * width, 4 * width), (4 * width, 8 * width)):
            layers += [nn.Conv3d(before, after, 4, 2, 1), nn.BatchNorm3d(after, DISCRIMINATOR_EPSILON)]
            layers += [nn.LeakyReLU(SLOPE, inplace=True)]
        self.layers = nn.Sequential(*layers, nn.Conv3d(8 * width, 2, (LENGTH // 16, 4, 4)))

    def forward(self, video: Tensor) -> Tensor:
        logits: Tensor = self.layers(video).float().flatten(1)
        return logits


@torch.no_grad()
def initialise(network: nn.Module, recipe: Recipe) -> None:
    """Draw the weights as published: small normal ones, scales of batch normalisation around 1, and no biases."""
    for layer in network.modules():
        if isinstance(layer, (nn.Conv3d, nn.ConvTranspose2d, nn.ConvTranspose3d)):
            layer.weight.normal_(0.0, recipe.initial)
        elif isinstance(layer, (nn.BatchNorm2d, nn.BatchNorm3d)):
            layer.weight.normal_(1.0, recipe.initial_scale)
        else:
            continue
        if layer.bias is not None:
            layer.bias.zero_()
