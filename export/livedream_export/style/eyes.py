"""What paintings and pictures are compared by: features of pretrained networks, their Gram matrices, and colours.

Gatys, Ecker and Bethge, "Image Style Transfer Using Convolutional Neural Networks" (CVPR 2016), and Johnson, Alahi and
Fei-Fei, "Perceptual Losses for Real-Time Style Transfer" (ECCV 2016). EfficientNet-Lite0 costs a twelfth of VGG16,
which looks at pictures of half the size until the end. Neither network goes into the effect.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from livedream_export import torch_device
from livedream_export.features import lite0
from livedream_export.judges import lpips

LITE0_BLOCKS = (0, 1, 2, 4, 7)  # those whose features are compared
LITE0_CONTENT = 4
VGG_LAYERS = (1, 3, 6, 9)  # relu1_2, relu2_2, relu3_3 and relu4_3
VGG_POOLS = (2, 4, 7)  # layers before which pictures are halved
VGG_CONTENT = 6
LATTICE, BLOCK = 8, 48  # pixels, see `lattice_share`

Seen = tuple[list[Tensor], Tensor]  # features whose Gram matrices count, and those in which the content is
Eye = Callable[[Tensor], Seen]  # pictures [B, 3, H, W] in 0..1


def lite0_eye(device: torch.device) -> Eye:
    """Return the features of EfficientNet-Lite0. Raises UserError where it is not installed."""
    network, *scale = lite0()
    network = network.requires_grad_(False).to(device)
    mean, std = (each.to(device) for each in scale)
    stem, norm, blocks = (network.get_submodule(name) for name in ("_conv_stem", "_bn0", "_blocks"))
    assert isinstance(blocks, nn.ModuleList)
    used = list(blocks)[: LITE0_BLOCKS[-1] + 1]

    def look(x: Tensor) -> Seen:
        x = F.relu6(norm(stem(((x - mean) / std).contiguous(memory_format=torch.channels_last))))
        found, content = [], x
        for k, block in enumerate(used):
            x = block(x)
            if k in LITE0_BLOCKS:
                found.append(x.float())
            if k == LITE0_CONTENT:
                content = x.float()
        return found, content

    return look


def vgg_eye(device: torch.device) -> Eye | None:
    """Return the features of VGG16, or None where its weights are not installed."""
    network = lpips.load("vgg", device=str(device))
    if network is None:
        return None
    layers = network.convolutions[: VGG_LAYERS[-1] + 1]

    def look(x: Tensor) -> Seen:
        x = network.scaled(x).contiguous(memory_format=torch.channels_last)
        found, content = [], x
        for k, (kernel, bias) in enumerate(layers):
            if k in VGG_POOLS:
                x = F.max_pool2d(x, 2, 2)
            x = F.relu(F.conv2d(x, kernel, bias, padding=1))
            if k in VGG_LAYERS:
                found.append(x.float())
            if k == VGG_CONTENT:
                content = x.float()
        return found, content

    return look


def reduced(eye: Eye) -> Eye:
    """Return an eye that sees pictures at half their sides: larger shapes, for a quarter of the cost."""
    return lambda x: eye(F.avg_pool2d(x, 2))


def gram(features: Tensor) -> Tensor:
    """Return the Gram matrices [B, C, C] of features [B, C, H, W]: which go together, wherever they are."""
    flat = features.flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def colours(pictures: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Return mean [B, 3] and covariance [B, 3, 3] of the colours of pictures, fine and at a quarter of the sides."""
    found = []
    for seen in (pictures, F.avg_pool2d(pictures, 4)):
        flat = seen.flatten(2)
        mean = flat.mean(2)
        centred = flat - mean[:, :, None]
        found.append((mean, centred @ centred.transpose(1, 2) / flat.shape[2]))
    return found


@dataclass(frozen=True)
class Targets:
    """What an eye and the colours say of the paintings: a row for each.

    Attributes:
        grams: [K, C, C] for each layer.
        colours: means [K, 3] and covariances [K, 3, 3], as `colours`.
    """

    grams: list[Tensor]
    colours: list[tuple[Tensor, Tensor]]


@torch.no_grad()
def targets(eye: Eye, paintings: Sequence[Tensor]) -> Targets:
    """Look at paintings, each [1, 3, H, W] in 0..1."""
    grams, means = [], []
    for each in paintings:
        with torch_device.half_precision(each.device):
            found, _ = eye(each)
        grams.append([gram(layer) for layer in found])
        means.append(colours(each))
    return Targets(
        [torch.cat(layers) for layers in zip(*grams, strict=True)],
        [(torch.cat([m for m, _ in of]), torch.cat([c for _, c in of])) for of in zip(*means, strict=True)],
    )


def style_distance(layers: Sequence[Tensor], wanted: Targets, which: Tensor) -> Tensor:
    """Return how far the Gram matrices of layers are from those of painting which[b], relative to these: [B]."""
    errors = []
    for layer, target in zip(layers, wanted.grams, strict=True):
        aim = target[which]
        errors.append((gram(layer) - aim).square().sum((1, 2)) / aim.square().sum((1, 2)))
    return torch.stack(errors).mean(0)


def colour_distance(pictures: Tensor, wanted: Targets, which: Tensor) -> Tensor:
    """Return how far the colours of pictures [B, 3, H, W] are from those of painting which[b]: [B]."""
    errors = []
    for (mean, spread), (means, spreads) in zip(colours(pictures), wanted.colours, strict=True):
        aim = spreads[which]
        of_spread = (spread - aim).square().sum((1, 2)) / (aim.square().sum((1, 2)) + 1e-6)
        errors.append(10 * (mean - means[which]).square().sum(1) + of_spread)
    return torch.stack(errors).mean(0)


def content_distance(painted: Tensor, original: Tensor) -> Tensor:
    """Return how little features [B, C, H, W] follow the original's, [B]: 0 as they do, 1 not at all.

    Each channel is normalised, so that other colours and stronger strokes do not count, but shapes that are gone.
    """
    return (F.instance_norm(painted) - F.instance_norm(original)).square().mean((1, 2, 3)) / 2


def lattice_share(pictures: Tensor) -> Tensor:
    """Return the share of the contrast of pictures [B, 3, H, W] that repeats every LATTICE pixels, [B].

    It is measured in squares of BLOCK pixels: enlarging leaves such patterns, which differ from place to place.
    """
    side = min(BLOCK, *(each // LATTICE * LATTICE for each in pictures.shape[2:]))
    rows, columns = (each // side for each in pictures.shape[2:])
    cut = pictures[..., : rows * side, : columns * side]
    cells = side // LATTICE
    batch, channels = cut.shape[:2]
    split = cut.reshape(batch, channels, rows, cells, LATTICE, columns, cells, LATTICE)
    repeated = split.mean((3, 6)).var((3, 5))  # [B, 3, rows, columns]
    share: Tensor = repeated / (split.var((3, 4, 6, 7)) + 1e-3)
    return share.mean((1, 2, 3))
