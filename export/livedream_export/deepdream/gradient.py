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

from .controls import COLOUR, DETAIL, SIZE, Control
from .lite0 import Lite0, Seed

STRIDE = 32  # pixels of the picture to one of the deepest features
WANDER = 8  # pixels by which the window's centre wanders each way: half a feature of the middle blocks
BREATH = 0.3  # octaves by which the window grows and shrinks
STEPS = (0.7548776662, 0.5698402910, 0.3247179572)  # of a sequence that fills a cube evenly (Roberts, 2018)
SCALES = (1, 2, 4)  # pixels over which the gradient is averaged
TINY = 1e-6
# Square root of the covariance of red, green and blue in natural pictures, as Lucid has it (Google, Apache-2.0). A
# change that has this covariance keeps to colours as they occur, where a bare gradient is all rainbow fringes.
NATURAL = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))


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
        self.controls = (DETAIL, SIZE, COLOUR, *seeds.controls)
        self.across, self.down = Window(width), Window(height)
        self.cover = max(self.across.cover, self.down.cover)
        self.steps = constant(torch.tensor(STEPS))
        natural = torch.tensor(NATURAL)
        natural = natural @ natural.T
        self.natural = constant((natural / natural.sum(1).mean())[:, :, None, None])

    def forward(self, canvas: Tensor, tick: Tensor, values: Mapping[str, Tensor]) -> Tensor:
        """Return the direction, f32 [1, 3, H, W] of mean magnitude about 1.

        Args:
            canvas: f32 [1, 3, H, W], RGB in 0..1.
            tick: the step's number, f32 [1, 1].
            values: of `controls` by name, f32 [1].
        """
        chance = tick * self.steps
        chance = chance - chance.floor()
        shift = (chance - 0.5) * (2 * WANDER)
        scale = torch.exp2(chance[:, 2:] * BREATH + values["size"]) * self.cover
        across, back_across = self.across(shift[:, 0:1], scale)
        down, back_down = self.down(shift[:, 1:2], scale)
        seen = torch.matmul(down, torch.matmul(canvas, across.transpose(0, 1)))
        wanted = self._smoothed(self.network.gradient(seen, self.seeds.at(values)), values["detail"])
        natural = F.conv2d(wanted, self.natural)
        wanted = natural + values["colour"] * (wanted - natural)
        return torch.matmul(back_down.transpose(0, 1), torch.matmul(wanted, back_across))

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


class Window(nn.Module):
    """One axis of the window through which the network sees a canvas, as a matrix that resamples it.

    Two small matrix products take a third of the time of ONNX Runtime's GridSample, and their transposes are exactly
    the gradient of the resampling.

    Args:
        side: of the canvas, in pixels. The window has the next multiple of STRIDE.
    """

    def __init__(self, side: int):
        super().__init__()
        self.last = side - 1
        window = -(-side // STRIDE) * STRIDE
        self.cover = (side + 2 * WANDER) / window  # pixels of the canvas to one of it, so that it always sees all of it
        self.places = constant(torch.arange(window)[:, None] + (1 - window) / 2)  # from the centre
        self.pixels = constant(torch.arange(side)[None].float())

    def forward(self, shift: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
        """Return the matrix, f32 [window, side], and the one whose transpose takes a gradient back.

        Args:
            shift: of the window, in pixels of the canvas, f32 [1, 1].
            scale: pixels of the canvas to one of the window, at least 1, f32 [1, 1].
        """
        place = self.places * scale + shift + self.last / 2
        held = place.clamp(0, self.last)  # beyond the edge the window sees the edge
        near = (1 - (held - self.pixels).abs() / scale).clamp(0, 1)  # a tent as wide as a pixel of the window
        near = near / near.sum(1, keepdim=True)
        inside = (1 - (place - held).abs()).clamp(0, 1)  # what the edge was seen by beyond it does not smear it
        return near, near * inside * scale


def constant(value: Tensor) -> nn.Buffer:
    """Return a value that goes along with a module and is not learned."""
    return nn.Buffer(value, persistent=False)
