"""The picture that a network would rather see: its gradient, smoothed over three scales, at a canvas of any size.

Mordvintsev, Olah and Tyka, "Inceptionism: Going Deeper into Neural Networks", Google, 2015. Their octaves and random
shifts are here one window that wanders and breathes over the canvas from step to step, so that nothing remains of the
lattice of a network with strides, and one step costs one run through the network.
"""

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .controls import DETAIL, SIZE, Control
from .lite0 import Lite0, Seed

STRIDE = 32  # pixels of the picture to one of the deepest features
WANDER = 0.5  # the window's centre wanders by up to this part of STRIDE
BREATH = 0.3  # octaves by which the window grows and shrinks
STEPS = (0.7548776662, 0.5698402910, 0.3247179572)  # of a sequence that fills a cube evenly (Roberts, 2018)
SCALES = (1, 2, 4)  # pixels over which the gradient is averaged
TINY = 1e-6


class Seeds(nn.Module):
    """What a dream wants more of: the gradient that is sent back from the features of some blocks.

    Attributes:
        controls: what it takes beside.
        blocks: numbers of the blocks.
    """

    controls: tuple[Control, ...]
    blocks: tuple[int, ...]

    def at(self, values: Mapping[str, Tensor]) -> dict[int, Seed]:
        """Return the seeds by block, with the controls' values by name."""
        raise NotImplementedError


class Gradient(nn.Module):
    """The direction in which a canvas becomes more of what the seeds want.

    Args:
        network: down to the deepest block of the seeds.
        seeds: what is wanted.
        width, height: of the canvas, in pixels.
    """

    def __init__(self, network: Lite0, seeds: Seeds, width: int, height: int):
        super().__init__()
        self.network, self.seeds, self.size = network, seeds, (width, height)
        self.controls = (DETAIL, SIZE, *seeds.controls)
        w, h = (-(-side // STRIDE) * STRIDE for side in (width, height))
        self.register_buffer("window", pixels(w, h))  # as pixels of the canvas from its centre
        self.register_buffer("canvas", pixels(width, height))
        self.register_buffer("to_canvas", 2 / torch.tensor([width, height]))
        self.register_buffer("to_window", 2 / torch.tensor([w, h]))
        self.register_buffer("steps", torch.tensor(STEPS))

    def forward(self, canvas: Tensor, tick: Tensor, values: Mapping[str, Tensor]) -> Tensor:
        """Return the direction, f32 [1, 3, H, W] of mean magnitude about 1.

        Args:
            canvas: f32 [1, 3, H, W], RGB in 0..1.
            tick: the step's number, f32 [1, 1].
            values: of `controls` by name, f32 [1].
        """
        chance = tick * self.steps
        chance = chance - chance.floor()
        shift = (chance[:, :2] - 0.5) * (2 * WANDER * STRIDE)
        scale = torch.exp2(chance[:, 2:] * BREATH + values["size"])
        seen = sample(canvas, (self.window * scale + shift) * self.to_canvas, "reflection")
        wanted = self.network.gradient(seen, self.seeds.at(values))
        wanted = self._smoothed(wanted, values["detail"])
        return sample(wanted, (self.canvas - shift) / scale * self.to_window, "zeros")

    def _smoothed(self, gradient: Tensor, detail: Tensor) -> Tensor:
        """Return the mean of the gradient at three scales, each of mean magnitude 1."""
        shares = (0.3 * detail, 0.1 + 0.5 * detail, 0.9 - 0.8 * detail)
        total: Tensor | None = None
        for pixels_, share in zip(SCALES, shares, strict=True):
            scaled = F.avg_pool2d(gradient, pixels_) if pixels_ > 1 else gradient
            scaled = scaled * (share / (scaled.abs().mean((1, 2, 3), keepdim=True) + TINY * TINY))
            if pixels_ > 1:
                scaled = F.interpolate(scaled, scale_factor=float(pixels_), mode="bilinear", align_corners=False)
            total = scaled if total is None else total + scaled
        return cast(Tensor, total)


def pixels(width: int, height: int) -> Tensor:
    """Return the places of all pixels from the centre of a picture, f32 [1, H, W, 2], x and y in pixels."""
    y = torch.arange(height) + (1 - height) / 2
    x = torch.arange(width) + (1 - width) / 2
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)[None]


def sample(picture: Tensor, places: Tensor, outside: str) -> Tensor:
    """Return a picture f32 [1, C, H, W] at places f32 [1, h, w, 2], -1..1 from edge to edge."""
    return F.grid_sample(picture, places, mode="bilinear", padding_mode=outside, align_corners=False)
