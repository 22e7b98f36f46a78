"""What a free dream wants: more of whatever the network sees, at a depth, and of groups that can be chosen."""

from collections.abc import Mapping, Sequence
from importlib.resources import files

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .controls import DEPTH, Control
from .gradient import TINY, Seeds, constant
from .lite0 import Seed

BLOCKS = (4, 7, 10, 13)  # line ornaments, scales, eyes and faces, fur and bodies
DIRECTED = (10, 13)  # blocks at which directions are known
GROUPS = "groups.npz"  # directions of groups of classes, found by groups.py
STRENGTH = 5.0  # of a direction at 1, in terms of what the network sees by itself
SHARPNESS = 4.0  # of the choice among directions


class Free(Seeds):
    """More of what is there already, at a depth between blocks; and of directions among the channels, by name.

    Args:
        directions: by block, f32 [K, C] of root mean square 1; none: only what is there.
        controls: one for each direction.
        rivals: whether a place grows only towards the directions that it resembles most.
    """

    def __init__(
        self, directions: Mapping[int, Tensor] | None = None, controls: Sequence[Control] = (), rivals: bool = False
    ):
        super().__init__()
        self.blocks, self.named, self.rivals = BLOCKS, tuple(controls), rivals
        self.controls = (DEPTH, *controls)
        self.directions = {block: constant(each[:, :, None, None]) for block, each in (directions or {}).items()}

    def at(self, values: Mapping[str, Tensor]) -> dict[int, Seed]:
        shares = depth_shares(values["depth"], self.blocks)
        named = torch.cat([values[each.name] for each in self.named]) if self.named else None
        own = values.get("free", torch.ones(1))
        return {block: self._seed(block, share, own, named) for block, share in shares.items()}

    def _seed(self, block: int, share: Tensor, own: Tensor, named: Tensor | None) -> Seed:
        directions = self.directions.get(block)

        def seed(features: Tensor) -> Tensor:
            seen = features / rms(features)
            wanted = own * seen
            if directions is not None and named is not None:
                weights = STRENGTH * named[None, :, None, None]
                if self.rivals:
                    likeness = F.conv2d(seen, directions) / directions.shape[1]
                    weights = weights * torch.softmax(SHARPNESS * likeness, 1)
                wanted = wanted + F.conv2d(weights, directions.transpose(0, 1))
            return wanted * share

        return seed


def groups() -> Free:
    """Return the seeds of the dream that ships: free, with groups of classes that were found by clustering."""
    with np.load(str(files(__package__) / GROUPS)) as stored:
        names = [str(each) for each in stored["names"]]
        directions = {block: torch.from_numpy(stored[f"directions_{block}"]) for block in DIRECTED}
    return Free(directions, [Control(name, 0, 1, 0, f"more {name}") for name in names])


def depth_shares(depth: Tensor, blocks: Sequence[int]) -> dict[int, Tensor]:
    """Return each block's share at a depth from 0 (the first block) to len(blocks) - 1; two neighbours share."""
    return {block: (1 - (depth - place).abs()).clamp(0, 1) for place, block in enumerate(blocks)}


def rms(features: Tensor) -> Tensor:
    """Return the root mean square of features f32 [1, C, H, W], [1, 1, 1, 1]."""
    return features.square().mean((1, 2, 3), keepdim=True).sqrt() + TINY
