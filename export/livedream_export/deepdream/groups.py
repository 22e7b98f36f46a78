"""Find the directions of classes.npz and groups.npz: python -m livedream_export.deepdream.groups VIDEO…

A direction of a class is how its score changes when one channel of a block is raised or lowered by its spread, at all
places, averaged over pictures of the videos: finite differences, since a gradient at a point says less about a
network of clipped activations. The directions of the 1000 classes are clustered (spherical k-means), and the clusters
named by looking at what they make a picture into. The footage of this project took two minutes on one core.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from livedream_export.arrays import Floats

from .classes import DIRECTIONS
from .lite0 import HEAD, Lite0, classifier
from .seeds import DIRECTED, GROUPS

NAMES = ("fruit", "dogs", "snakes", "bars", "scrolls", "machines", "stones", "waves", "bubbles")
SIDE = 224
EACH, APART = 4, 60  # pictures of each video, and the frames between them
TRIES, ROUNDS = 12, 40  # of k-means


def directions(network: Lite0, pictures: Tensor, block: int) -> Tensor:
    """Return the direction of each class among the channels of a block, f32 [1000, C], of root mean square 1.

    Args:
        network: with its head.
        pictures: f32 [N, 3, SIDE, SIDE], RGB in 0..1.
        block: its number.
    """
    weight, bias = classifier()

    def scores(features: Tensor) -> Tensor:
        after = network.forward_from(features, block)
        return F.linear(after.mean((2, 3)), weight, bias).mean(0)

    features = network.features(pictures, [block])[block]
    spread = features.std((0, 2, 3))
    rows = []
    for channel in range(features.shape[1]):
        raised = torch.zeros_like(features[:1])
        raised[0, channel] = spread[channel]
        rows.append(scores(features + raised) - scores(features - raised))
    found = torch.stack(rows, 1)
    return _unit(found - found.mean(0))


def clusters(found: Sequence[Tensor], count: int) -> Tensor:
    """Return the cluster of each class, int64 [1000], by its directions at several blocks."""
    places = F.normalize(torch.cat([F.normalize(each, dim=1) for each in found], 1), dim=1)
    best, chosen = -1.0, torch.zeros(len(places), dtype=torch.int64)
    for seed in range(TRIES):
        random = torch.Generator().manual_seed(seed)
        centres = places[torch.randperm(len(places), generator=random)[:count]]
        for _ in range(ROUNDS):
            nearest = (places @ centres.T).argmax(1)
            centres = torch.stack([F.normalize(places[nearest == k].sum(0), dim=0) for k in range(count)])
        likeness = float((places @ centres.T).amax(1).mean())
        if likeness > best:
            best, chosen = likeness, nearest
    return chosen


def _unit(rows: Tensor) -> Tensor:
    return rows / rows.square().mean(1, keepdim=True).sqrt()


def _pictures(video: Path) -> list[Floats]:
    found = []
    with av.open(str(video)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % APART == APART // 2:
                whole = frame.reformat(SIDE * 4 // 3, SIDE, "rgb24").to_ndarray()
                left = (whole.shape[1] - SIDE) // 2
                found.append((whole[:, left : left + SIDE] / 255).astype(np.float32))
            if len(found) == EACH:
                break
    return found


@torch.inference_mode()
def main(videos: Sequence[str]) -> None:
    """Write both files beside this one."""
    network, folder = Lite0(HEAD), Path(__file__).parent
    stacked = np.stack([each for video in videos for each in _pictures(Path(video))])
    pictures = torch.from_numpy(stacked).permute(0, 3, 1, 2)
    found = {block: directions(network, pictures, block) for block in DIRECTED}
    halves = {f"directions_{block}": each.half().numpy() for block, each in found.items()}
    np.savez_compressed(folder / DIRECTIONS, allow_pickle=False, **halves)
    cluster = clusters(list(found.values()), len(NAMES))
    grouped = {
        f"directions_{block}": _unit(torch.stack([each[cluster == k].mean(0) for k in range(len(NAMES))])).numpy()
        for block, each in found.items()
    }
    np.savez_compressed(folder / GROUPS, allow_pickle=False, names=np.array(NAMES), **grouped)


if __name__ == "__main__":
    main(sys.argv[1:])
