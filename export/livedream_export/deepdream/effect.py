"""The effect: a picture comes in, and its dream lies on it.

What was dreamed is kept apart from the picture, at a size that a processor can dream at, and is enlarged onto the picture
that comes in. So a moving picture stays sharp and without trails while eyes open in it.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from livedream_export.proof import Component

from .controls import AMOUNT, DIVE, KEEP, TURN, ZOOM
from .gradient import TINY, Gradient, pixels, sample

STRENGTH = 0.05  # mean change of a pixel in one step at amount 1
ZOOMED, TURNED = 0.03, 0.05236  # of a step at 1; radians
STEERED = 0.5  # how far mean and spread of the colours are brought back to the input's in one step
ROUND = 4096  # steps until the sequence of the window begins anew


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
        self.inputs = ("image", "state.canvas", "state.tick", *(each.input for each in self.controls))
        self.outputs = ("frame", "next.state.canvas", "next.state.tick")
        self.start = {
            "image": torch.zeros(1, height, width, 4, dtype=torch.uint8),
            "state.canvas": torch.zeros(1, 6, gradient.size[1], gradient.size[0]),
            "state.tick": torch.zeros(1, 1),
            **{each.input: each.start for each in self.controls},
        }

    def forward(self, image: Tensor, canvas: Tensor, tick: Tensor, *controls: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the frame, uint8 [1, H, W, 4], and the next state.

        Args:
            image: uint8 [1, H, W, 4].
            canvas: the dream and the picture it lay on, f32 [1, 6, h, w], in 0..1.
            tick: steps so far, f32 [1, 1]; at 0 the canvas is not read.
            controls: f32 [1] each.
        """
        values = {each.name: value for each, value in zip(self.controls, controls, strict=True)}
        colours, alpha = image.float().permute(0, 3, 1, 2).split((3, 1), 1)
        picture = F.avg_pool2d(colours, self.times) / 255 if self.times > 1 else colours / 255
        begun = tick.clamp(0, 1)
        before = canvas * begun + torch.cat((picture, picture), 1) * (1 - begun)
        dreamed, was = self.move(before, values["zoom"], values["turn"]).split(3, 1)
        lying = picture + values["keep"] * (dreamed - was)
        base = steered(lying + values["dive"] * (dreamed - lying), picture)
        base = base + STRENGTH * values["amount"] * self.gradient(base, tick, values)
        base = base.clamp(0, 1)
        seen = 1 - values["dive"]
        added = 255 * (base - seen * picture)
        if self.times > 1:
            added = F.interpolate(added, scale_factor=float(self.times), mode="bilinear", align_corners=False)
        frame = torch.cat((colours * seen + added, alpha), 1).permute(0, 2, 3, 1)
        counted = tick + 1
        counted = counted - ROUND * (counted / ROUND).floor() + (counted / ROUND).floor()  # never 0 again
        return frame.clamp(0, 255).round().to(torch.uint8), torch.cat((base, picture), 1), counted


class Move(nn.Module):
    """A canvas zoomed and turned about its centre; beyond its edges it is mirrored.

    Args:
        width, height: of the canvas, in pixels.
    """

    def __init__(self, width: int, height: int):
        super().__init__()
        self.register_buffer("places", pixels(width, height))
        self.register_buffer("unit", 2 / torch.tensor([width, height]))

    def forward(self, canvas: Tensor, zoom: Tensor, turn: Tensor) -> Tensor:
        """Return it moved by one step of the controls zoom and turn, f32 [1]."""
        angle, scale = turn * TURNED, 1 / (1 + ZOOMED * zoom)
        x, y = self.places.split(1, -1)
        cos, sin = angle.cos() * scale, angle.sin() * scale
        return sample(canvas, torch.cat((x * cos + y * sin, y * cos - x * sin), -1) * self.unit, "reflection")


def steered(canvas: Tensor, picture: Tensor) -> Tensor:
    """Return a canvas whose colours have mean and standard deviation nearer to those of a picture; both [1, 3, H, W]."""
    mean, wanted = canvas.mean((2, 3), keepdim=True), picture.mean((2, 3), keepdim=True)
    spread = (canvas - mean).square().mean((2, 3), keepdim=True).sqrt()
    aim = (picture - wanted).square().mean((2, 3), keepdim=True).sqrt()
    gain = 1 + STEERED * ((aim + 0.01) / (spread + 0.01) - 1)
    return (canvas - mean) * gain + mean + STEERED * (wanted - mean)


