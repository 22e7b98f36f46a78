"""What a free dream wants: more of whatever the network sees, at a depth that can be chosen."""

from collections.abc import Mapping
from functools import partial

from torch import Tensor

from .controls import DEPTH, Control
from .gradient import TINY, Seeds
from .lite0 import Seed

BLOCKS = (4, 7, 10, 13)  # line ornaments, scales, eyes and faces, fur and bodies


class Free(Seeds):
    """More of what is there already, at a depth between blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.controls: tuple[Control, ...] = (DEPTH,)
        self.blocks = BLOCKS

    def at(self, values: Mapping[str, Tensor]) -> dict[int, Seed]:
        seeds: dict[int, Seed] = {}
        for place, block in enumerate(self.blocks):
            share = (1 - (values["depth"] - place).abs()).clamp(0, 1)
            seeds[block] = partial(scaled, share=share)
        return seeds


def scaled(features: Tensor, share: Tensor) -> Tensor:
    """Return features f32 [1, C, H, W] as a gradient of that share, whatever their size."""
    return features * (share / (features.square().mean((1, 2, 3), keepdim=True).sqrt() + TINY))
