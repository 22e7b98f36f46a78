"""The effect: a picture comes in, and its dream lies on it.

What was dreamed is kept apart from the picture, at a size that a processor can dream at, and is enlarged onto the
picture that comes in. So a moving picture stays sharp and without trails while eyes open in it.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from livedream_export.proof import Component

from .controls import AMOUNT, DIVE, KEEP, TURN, ZOOM
from .gradient import Gradient, constant

STRENGTH = 0.05  # mean change of a pixel in one step at amount 1
ZOOMED, TURNED = 0.043, 0.0524  # of a step at 1, in octaves (3 %) and radians (3 degrees)
STEERED = 0.5  # how far mean and spread of the colours are brought back to the input's in one step
STATE = ("state.canvas", "state.under", "state.tick")
ROUND = 4096  # steps until the sequence of the window begins anew

Tensors = tuple[Tensor, ...]


class Effect(Component):
    """`apply` of a DeepDream.

    Args:
        gradient: what it dreams, of the size of its canvas.
        width, height: of the pictures, the canvas's times a whole number.
    """

    def __init__(self, gradient: Gradient, width: int, height: int):
        super().__init__()
        self.gradient, self.move = gradient, Move(*gradient.size)
        self.times = width // gradient.size[0]
        self.controls = (AMOUNT, KEEP, DIVE, ZOOM, TURN, *gradient.controls)
        self.inputs = ("image", *STATE, *(each.input for each in self.controls))
        self.outputs = ("frame", *(f"next.{each}" for each in STATE))
        canvas = torch.zeros(1, 3, gradient.size[1], gradient.size[0])
        self.start = {
            "image": torch.zeros(1, height, width, 4, dtype=torch.uint8),
            **dict(zip(STATE, (canvas, canvas.clone(), torch.zeros(1, 1)), strict=True)),
            **{each.input: each.start for each in self.controls},
        }

    def forward(self, image: Tensor, canvas: Tensor, under: Tensor, tick: Tensor, *controls: Tensor) -> Tensors:
        """Return the frame, uint8 [1, H, W, 4], and the next state.

        Args:
            image: uint8 [1, H, W, 4].
            canvas: the last picture with its dream, f32 [1, 3, h, w], RGB in 0..1.
            under: the picture that came in then, the same.
            tick: steps so far, f32 [1, 1]; at 0 the canvas is not read.
            controls: f32 [1] each.
        """
        values = {each.name: value for each, value in zip(self.controls, controls, strict=True)}
        colours, alpha = torch.split(image.float().permute(0, 3, 1, 2), [3, 1], 1)
        picture = (F.avg_pool2d(colours, self.times) if self.times > 1 else colours) / 255
        seen, begun = 1 - values["dive"], tick.clamp(0, 1)
        dreamed = self.move((canvas - seen * under) * begun + values["dive"] * picture * (1 - begun), values)
        kept = 1 - seen * (1 - values["keep"])
        base = steered(seen * picture + kept * dreamed, picture)
        base = (base + STRENGTH * values["amount"] * self.gradient(base, tick, values)).clamp(0, 1)
        added = 255 * (base - seen * picture)
        if self.times > 1:
            added = F.interpolate(added, scale_factor=float(self.times), mode="bilinear", align_corners=False)
        frame = torch.cat((colours * seen + added, alpha), 1).permute(0, 2, 3, 1)
        return frame.clamp(0, 255).round().to(torch.uint8), base, picture, following(tick)


class Move(nn.Module):
    """A canvas zoomed and turned about its centre; beyond its edges it is mirrored.

    Args:
        width, height: of the canvas, in pixels.
    """

    def __init__(self, width: int, height: int):
        super().__init__()
        y = torch.arange(height) + (1 - height) / 2
        x = torch.arange(width) + (1 - width) / 2
        x, y = torch.meshgrid(x, y, indexing="xy")
        self.x, self.y = constant(x[None, ..., None]), constant(y[None, ..., None])  # in pixels from the centre
        self.unit = constant(2 / torch.tensor([width, height]))

    def forward(self, canvas: Tensor, values: Mapping[str, Tensor], steps: Tensor | float = 1.0) -> Tensor:
        """Return it moved by so many steps (f32 [1, 1]) of the controls zoom and turn among `values`, f32 [1]."""
        angle, scale = values["turn"] * (TURNED * steps), torch.exp2(values["zoom"] * (-ZOOMED * steps))
        cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
        places = torch.cat((self.x * cos + self.y * sin, self.y * cos - self.x * sin), -1) * self.unit
        return F.grid_sample(canvas, places, mode="bilinear", padding_mode="reflection", align_corners=False)


def following(tick: Tensor) -> Tensor:
    """Return the number of the next step; after ROUND - 1 comes 1, since 0 means that nothing was dreamed yet."""
    counted = tick + 1
    return counted - (ROUND - 1) * (counted / ROUND).floor()


def steered(canvas: Tensor, picture: Tensor) -> Tensor:
    """Return a canvas [1, 3, H, W], mean and standard deviation of its colours nearer to those of a picture."""
    mean, wanted = canvas.mean((2, 3), keepdim=True), picture.mean((2, 3), keepdim=True)
    spread = (canvas - mean).square().mean((2, 3), keepdim=True).sqrt()
    aim = (picture - wanted).square().mean((2, 3), keepdim=True).sqrt()
    gain = 1 + STEERED * ((aim + 0.01) / (spread + 0.01) - 1)
    return (canvas - mean) * gain + mean + STEERED * (wanted - mean)
