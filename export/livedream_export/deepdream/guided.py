"""A dream guided by a folder of pictures: every place grows towards the pattern of theirs that it resembles most.

After "guided dreams" of Mordvintsev, Olah and Tyka (2015), where each place of the picture follows the best match among
the places of one guide picture. Here the guides' places are clustered, so that a folder of any size costs as little.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from livedream import UserError
from livedream_export import pictures

from .controls import DEPTH, Control
from .gradient import STRIDE, Seeds
from .lite0 import Lite0, Seed
from .seeds import Free, depth_shares, rms

BLOCKS = (4, 7, 10, 13)
PATTERNS = 32  # clusters at each block
AREA = 224 * 224  # pixels to which a picture is reduced
MOST = 100  # pictures that are read
PLACES = 20_000  # of each block that are clustered
ROUNDS = 12  # of k-means
SHALLOW = 1.0  # the depth at which a hand is easiest to tell
SHARPNESS = 8.0  # of the choice among patterns
GUIDE = Control(
    "guide", 0, 1, 1, "0: dreams of what the network sees by itself; 1: only of the patterns of the pictures"
)


class Guided(Seeds):
    """More of the patterns of pictures, whose centres are given.

    Args:
        network: down to the last block.
        patterns: by block, in units of the features' spread, f32 [K, C].
    """

    def __init__(self, network: Lite0, patterns: Mapping[int, Tensor]):
        super().__init__()
        self.blocks = BLOCKS
        self.free = Free()
        self.controls = (DEPTH._replace(default=SHALLOW), GUIDE)
        for block, found in patterns.items():
            usual, spread = network.usual(block)
            self.register_buffer(f"usual_{block}", usual)
            self.register_buffer(f"spread_{block}", spread)
            self.register_buffer(f"patterns_{block}", F.normalize(found, dim=1)[:, :, None, None])

    def at(self, values: Mapping[str, Tensor]) -> dict[int, Seed]:
        free = self.free.at(values)
        shares = depth_shares(values["depth"], self.blocks)
        return {block: self._seed(block, shares[block], free[block], values["guide"]) for block in self.blocks}

    def _seed(self, block: int, share: Tensor, free: Seed, guide: Tensor) -> Seed:
        usual, spread, patterns = (self.get_buffer(f"{each}_{block}") for each in ("usual", "spread", "patterns"))

        def seed(features: Tensor) -> Tensor:
            odd = (features - usual) / spread
            size = odd.square().sum(1, keepdim=True).sqrt() + 1e-3
            likeness = F.conv2d(odd, patterns) / size
            chosen = F.conv2d(torch.softmax(SHARPNESS * likeness, 1), patterns.transpose(0, 1)) / spread
            chosen = chosen / rms(chosen)
            return free(features) * (1 - guide) + chosen * (share * guide)

        return seed


def read(folder: Path, say: Callable[[str], None]) -> list[Tensor]:
    """Return the pictures of a folder, each f32 [1, 3, H, W] in 0..1, of about AREA, sides multiples of STRIDE.

    Args:
        folder: at most MOST of its pictures are read, evenly spread over their names.
        say: told of each that cannot be read, which is left out.

    Raises:
        UserError: there is no such folder, or no picture in it that can be read.
    """
    if not folder.is_dir():
        raise UserError(f"--guide {folder}: {'not a folder' if folder.exists() else 'there is no such folder'}")
    found = sorted(each for each in folder.iterdir() if each.suffix.lower() in pictures.SUFFIXES)
    if not found:
        raise UserError(f"--guide {folder}: no pictures in it ({', '.join(sorted(pictures.SUFFIXES))})")
    if len(found) > MOST:
        found = [found[k * len(found) // MOST] for k in range(MOST)]
    made = []
    for file in found:
        try:
            made.append(_reduced(pictures.picture(file).to_ndarray(format="rgb24")))
        except UserError as error:
            say(f"{error}: left out")
    if not made:
        raise UserError(f"--guide {folder}: none of its pictures can be read")
    return made


def patterns(network: Lite0, guides: Sequence[Tensor], seed: int) -> dict[int, Tensor]:
    """Return the patterns of pictures by block, f32 [K, C], in units of the features' spread.

    Args:
        network: down to the last block.
        guides: from `read`.
        seed: of the clustering.
    """
    places: dict[int, list[Tensor]] = {block: [] for block in BLOCKS}
    for guide in guides:
        for block, features in network.features(guide, BLOCKS).items():
            usual, spread = network.usual(block)
            odd = ((features - usual) / spread)[0].flatten(1).T
            places[block].append(odd)
    random = torch.Generator().manual_seed(seed)
    return {block: _clustered(torch.cat(found), random) for block, found in places.items()}


def _clustered(places: Tensor, random: torch.Generator) -> Tensor:
    """Return the centres of up to PATTERNS clusters by direction (spherical k-means) of places f32 [N, C]."""
    places = F.normalize(places[torch.randperm(len(places), generator=random)[:PLACES]], dim=1)
    centres = places[:PATTERNS]
    for _ in range(ROUNDS):
        nearest = (places @ centres.T).argmax(1)
        sums = torch.zeros_like(centres).index_add_(0, nearest, places)
        centres = torch.where(sums.abs().sum(1, keepdim=True) > 0, F.normalize(sums, dim=1), centres)
    return centres


def _reduced(pixels: object) -> Tensor:
    picture = torch.as_tensor(pixels).permute(2, 0, 1)[None].float() / 255
    height, width = picture.shape[2:]
    ratio = (AREA / (height * width)) ** 0.5
    size = [min(max(round(side * ratio / STRIDE), 2), 24) * STRIDE for side in (height, width)]
    return F.interpolate(picture, size, mode="bilinear", antialias=True, align_corners=False)
