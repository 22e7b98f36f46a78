"""How good painted pictures are: near the painting, near the original, steady, and without a lattice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from livedream_export.arrays import Rgb
from livedream_export.judges import lpips
from livedream_export.judges.spectrum import Power

from .eyes import Eye, Targets, content_distance, lite0_eye, style_distance, vgg_eye

INSTALL = lpips.INSTALL
STRONG, STEADY, SMOOTH = 0.5, 1.5, 1.0  # figures at which a style is good: see `verdict`


@dataclass(frozen=True)
class Distances:
    """How far pictures are, as `eyes` defines it; a figure for each style.

    Attributes:
        style: of the painted pictures from the painting.
        untouched: of the originals from the painting.
        content: of the painted pictures from the originals.
    """

    style: list[float]
    untouched: list[float]
    content: list[float]


@torch.no_grad()
def distances(eye: Eye, wanted: Targets, originals: Rgb, painted: Sequence[Rgb]) -> Distances:
    """Measure pictures: `originals` [B, H, W, 3], and the same painted in each style."""
    looked = [eye(_tensor(each)) for each in originals]
    untouched, styles, contents = [], [], []
    for k, made in enumerate(painted):
        which = torch.tensor([k])
        untouched.append(np.mean([float(style_distance(layers, wanted, which)) for layers, _ in looked]))
        seen = [eye(_tensor(each)) for each in made]
        styles.append(np.mean([float(style_distance(layers, wanted, which)) for layers, _ in seen]))
        pairs = zip(seen, looked, strict=True)
        contents.append(np.mean([float(content_distance(own, content)) for (_, own), (_, content) in pairs]))
    return Distances(*([round(float(each), 3) for each in found] for found in (styles, untouched, contents)))


def flicker(originals: Rgb, made: Rgb) -> float:
    """Return how much painted frames in a row [N, H, W, 3] flicker, against the originals: 1 is as much.

    It is the mean absolute second difference in time over that of the originals.
    """
    return _second_difference(made) / max(_second_difference(originals), 0.1)


def lattice(pictures: Rgb) -> float:
    """Return the lattice figure of pictures [B, H, W, 3]: 0 where there is none (see judges/spectrum.py)."""
    power = Power()
    power.add(pictures)
    return float(power.figures["lattice"] or 0.0)


def lattice_levels(pictures: Rgb) -> float:
    """Return how strong a pattern that repeats every 4 pixels is in pictures [B, H, W, 3], in grey levels (RMS).

    The lattice figure is a ratio, and large where there is hardly anything around those frequencies: below one grey
    level nobody sees it.
    """
    rows, columns = (side // 4 * 4 for side in pictures.shape[1:3])
    cut = pictures[:, :rows, :columns].astype(np.float32).reshape(len(pictures), rows // 4, 4, columns // 4, 4, 3)
    return float(np.sqrt(cut.mean((1, 3)).var((1, 2)).mean()))


def _second_difference(frames: Rgb) -> float:
    found = [
        np.abs(frames[k].astype(np.int16) - 2 * frames[k + 1].astype(np.int16) + frames[k + 2]).mean()
        for k in range(len(frames) - 2)
    ]
    return float(np.mean(found))


def _tensor(picture: Rgb) -> Tensor:
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 255


def judge(device: torch.device) -> tuple[Eye, str]:
    """Return the eye by which figures are measured, VGG16 or, where that is not installed, Lite0, and its name."""
    vgg = vgg_eye(device)
    return (vgg, "vgg16") if vgg else (lite0_eye(device), "lite0")


def verdict(figures: Mapping[str, Any]) -> str:
    """Return in a sentence how good an effect is by its figures."""
    ratio = max(
        made / untouched
        for made, untouched in zip(figures["style_distance"], figures["style_distance_untouched"], strict=True)
    )
    flicker = max(figures["flicker"])
    said = f"style distance {ratio:.0%} of the untouched pictures', flicker {flicker:.2f} times theirs"
    if figures["lattice_levels"] > SMOOTH:
        return f"soft: {said}; a lattice of {figures['lattice_levels']:.1f} grey levels is left, train longer"
    if flicker > STEADY:
        return f"soft: {said}; it flickers, train longer with --resume"
    return f"good: {said}" if ratio <= STRONG else f"soft: {said}; train longer with --resume --minutes"
