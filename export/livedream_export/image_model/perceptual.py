"""Perceptual loss: the difference of two pictures in the features of EfficientNet-Lite0.

Pictures are shifted at random first: else a decoder learns the pattern by which the network's own strides fool it
(a lattice of four pixels, seen with AlexNet).
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from livedream import UserError

from ..features import lite0

BLOCKS = (0, 2, 4, 7)  # those whose features are compared
CHANNELS = (16, 24, 40, 80)  # of these features
SHIFT = 16  # pixels, below which both pictures are moved

PictureLoss = Callable[[Tensor, Tensor], Tensor]  # rendered and wanted, [B, 3, H, W] in 0..1, to a scalar


def eyes(device: torch.device) -> Callable[[Tensor], list[Tensor]] | None:
    """Return a function from pictures [B, 3, H, W] in 0..1 to their features after each of BLOCKS, of length 1.

    It is None where the pretrained network is not installed.
    """
    try:
        network, *scale = lite0()
    except UserError:
        return None
    network = network.requires_grad_(False).to(device)
    mean, std = (each.to(device) for each in scale)
    stem, norm, blocks = (network.get_submodule(name) for name in ("_conv_stem", "_bn0", "_blocks"))
    assert isinstance(blocks, nn.ModuleList)
    used = list(blocks)[: BLOCKS[-1] + 1]

    def features(x: Tensor) -> list[Tensor]:
        x = x.contiguous(memory_format=torch.channels_last)  # in which depthwise convolutions take half as long
        x = F.relu6(norm(stem((x - mean) / std)))
        found = []
        for k, block in enumerate(used):
            x = block(x)
            if k in BLOCKS:
                found.append(F.normalize(x.float(), dim=1, eps=1e-6))
        return found

    return features


def load(device: torch.device) -> PictureLoss | None:
    """Return the loss, or None where the pretrained network is not installed."""
    features = eyes(device)
    return features and of(features)


def of(features: Callable[[Tensor], list[Tensor]]) -> PictureLoss:
    """Return the loss by these features."""

    def loss(rendered: Tensor, wanted: Tensor) -> Tensor:
        left, up = torch.randint(0, SHIFT, (2,)).tolist()
        padding = (left, SHIFT - left, up, SHIFT - up)
        with torch.no_grad():
            target = features(F.pad(wanted, padding, mode="replicate"))
        found = features(F.pad(rendered, padding, mode="replicate"))
        errors = [(a - b).abs().sum(1).mean() for a, b in zip(found, target, strict=True)]
        return sum(errors, torch.zeros_like(errors[0])) / len(BLOCKS)

    return loss
