"""A loss that sees as a trained network does: EfficientNet-Lite0's features of two pictures, compared.

Pictures are shifted by chance first: else a decoder learns the pattern by which the network's own strides fool it
(a lattice of four pixels, seen with AlexNet).
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from livedream import UserError

from .features import lite0

BLOCKS = (0, 2, 4, 7)
SHIFT = 16  # pixels, below which both pictures are moved


def load(device: torch.device) -> Callable[[Tensor, Tensor], Tensor] | None:
    """loss(drawn, wanted) of pictures [B, 3, H, W] in 0..1, a scalar; None where the network is not installed."""
    try:
        network, *scale = lite0()
    except UserError:
        return None
    network = network.requires_grad_(False).to(device)
    mean, deviation = (each.to(device) for each in scale)

    def features(x: Tensor) -> list[Tensor]:
        x = F.relu6(network._bn0(network._conv_stem((x - mean) / deviation)))
        found = []
        for k, block in enumerate(network._blocks[: BLOCKS[-1] + 1]):
            x = block(x)
            if k in BLOCKS:
                found.append(F.normalize(x.float(), dim=1, eps=1e-6))
        return found

    def loss(drawn: Tensor, wanted: Tensor) -> Tensor:
        left, up = torch.randint(0, SHIFT, (2,)).tolist()
        padding = (left, SHIFT - left, up, SHIFT - up)
        with torch.no_grad():
            there = features(F.pad(wanted, padding, mode="replicate"))
        here = features(F.pad(drawn, padding, mode="replicate"))
        return sum((a - b).abs().sum(1).mean() for a, b in zip(here, there, strict=True)) / len(BLOCKS)

    return loss
