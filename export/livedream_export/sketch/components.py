"""The components of a sketch dream, with the inputs and outputs that the contract names.

`step` moves a pen by a little along a smooth curve through the points that the network draws, so that it goes at an
even speed; the network is only asked for the next point when the pen has come to the last. `decode` adds the one line
from where the pen was to where it is to its canvas, so that a frame costs the same however much has been drawn.

`latent.pen` is where the pen is (x, y), the number of its stroke, and how visible the page is; `latent.drawing` is what
is being drawn.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..arrays import Floats
from ..proof import Component
from .networks import FLAGS, ROW, Mixture, Pen, first

FPS = 60.0
INK = 0.028  # way of the pen in a step at speed 1; the picture's sides are 2
HOLD, FADE, BLANK = 90, 45, 12  # steps for which a drawing stays, fades, and the page is empty
MOST = 240  # points of a drawing
LEANS = 4

CONTROLS: list[dict[str, Any]] = [
    {"name": "temperature", "low": 0, "high": 1.5, "default": 0.15, "doc": "how freely each line is drawn"},
    {"name": "variety", "low": 0, "high": 1, "default": 0.15, "doc": "how far drawings are from those it has learned"},
    {"name": "lean", "low": -3, "high": 3, "default": [0.0] * LEANS, "doc": "what drawings have more or less of"},
    {"name": "speed", "low": 0.1, "high": 6, "default": 1, "doc": "speed of the pen"},
    {"name": "wobble", "low": 0, "high": 1, "default": 0.0, "doc": "unsteadiness of the hand"},
    {"name": "width", "low": 1, "high": 40, "default": 9, "doc": "width of the pen, of a picture 512 high"},
    {"name": "fade", "low": 0, "high": 1, "default": 0.0, "doc": "how fast ink fades while it is drawn"},
    {"name": "ink", "low": 0, "high": 1, "default": [0.09, 0.10, 0.16], "doc": "colour of the ink"},
    {"name": "paper", "low": 0, "high": 1, "default": [0.96, 0.94, 0.88], "doc": "colour of the paper"},
]


class Step(Component):
    """Moves the pen a step; see the module."""

    inputs = (
        "latent.pen",
        "latent.drawing",
        "state.h",
        "state.c",
        "state.row",
        "state.points",
        "state.inked",
        "state.at",
        "noise",
        "uniform",
        "control.temperature",
        "control.variety",
        "control.lean",
        "control.speed",
        "control.wobble",
    )
    outputs = (
        "next.latent.pen",
        "next.latent.drawing",
        "next.state.h",
        "next.state.c",
        "next.state.row",
        "next.state.points",
        "next.state.inked",
        "next.state.at",
    )
    bank: Tensor
    spread: Tensor
    leans: Tensor

    def __init__(self, pen: Pen, unit: float, bank: Floats):
        super().__init__()
        self.pen, self.unit = pen, unit
        latents = torch.from_numpy(bank).half().float()
        self.register_buffer("bank", latents)
        self.register_buffer("spread", latents.std(0))
        _, sizes, axes = torch.linalg.svd(latents - latents.mean(0), full_matrices=False)
        leans = axes[:LEANS] * (sizes[:LEANS, None] / max(1, len(latents) - 1) ** 0.5)
        self.register_buffer("leans", torch.nn.functional.pad(leans, (0, 0, 0, LEANS - len(leans))))

    def forward(
        self,
        pen: Tensor,
        drawing: Tensor,
        h: Tensor,
        c: Tensor,
        row: Tensor,
        points: Tensor,
        inked: Tensor,
        at: Tensor,
        noise: Tensor,
        uniform: Tensor,
        temperature: Tensor,
        variety: Tensor,
        lean: Tensor,
        speed: Tensor,
        wobble: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Take a step.

        `state.points` are the ends of the last, present and next line, [1, 8]; `state.inked` says of these lines
        whether they are drawn, [1, 3]. `state.at` is the share of the present line behind the pen, points so far,
        points since the end, steps since all was drawn, the hand's tremble (x, y), and whether it has begun: [1, 7].
        """
        part, count, ended, rest, hand, begun = torch.split(at, [1, 1, 1, 1, 2, 1], 1)
        over = (rest >= HOLD + FADE + BLANK).to(h)
        new = torch.maximum(over, 1 - begun)
        drawing = drawing + over * (self._another(uniform[:, 3:4], noise[:, 4:], variety, lean) - drawing)
        start_h, start_c = self.pen.start(drawing)
        h, c, row = h + new * (start_h - h), c + new * (start_c - c), row + new * (first(1)[0].to(row) - row)
        points, inked = points * (1 - new), inked * (1 - new)
        count, ended, rest, part = count * (1 - new), ended * (1 - new), rest * (1 - new), part + new * (1 - part)

        # The next point, where the pen has come to the end of its line.
        done = (part >= 1).to(h)
        asked = done * (ended < 1).to(h)
        next_h, next_c = self.pen.step(row, points[:, 6:] / self.unit, drawing, h, c)
        way = self._way(self.pen.predict(next_h), temperature, noise[:, :2], uniform)
        h, c = h + asked * (next_h - h), c + asked * (next_c - c)
        down = row[:, 2:3]
        further = points[:, 6:] + asked * way[:, :2] * self.unit
        points = points + done * (torch.cat([points[:, 2:], further], 1) - points)
        inked = inked + done * (torch.cat([inked[:, 1:], asked * down], 1) - inked)
        row = row + asked * (way - row)
        count = count + asked
        last = torch.maximum(row[:, 4:], (count >= MOST).to(h))
        ended = ended + done * torch.maximum(last, (ended > 0).to(h))
        rest = (rest + 1) * (ended > 3).to(h)

        # Along the present line.
        length = (points[:, 4:6] - points[:, 2:4]).square().sum(1, keepdim=True).sqrt()
        ahead = (speed * INK / length.clamp(min=1e-4)).clamp(max=1)
        part = part * (1 - done)
        part = (part + ahead * inked[:, 1:2] + (1 - inked[:, 1:2])).clamp(max=1)
        hand = 0.93 * hand + 0.3 * noise[:, 2:4]
        place = curve(points, inked, part) + 0.025 * wobble * hand
        lifted = done * (1 - inked[:, 1:2])
        stroke = pen[:, 2:3] + lifted
        page = ((HOLD + FADE - rest) / FADE).clamp(0, 1)
        begun = torch.ones_like(begun)
        at = torch.cat([part, count, ended, rest, hand, begun], 1)
        return torch.cat([place, stroke, page], 1), drawing, h, c, row, points, inked, at

    def _another(self, uniform: Tensor, noise: Tensor, variety: Tensor, lean: Tensor) -> Tensor:
        """Return the latent of another drawing, [1, Z]: one that was learned, and changed."""
        index = (uniform[0] * len(self.bank)).floor().clamp(0, len(self.bank) - 1).long()
        return self.bank[index] + variety * self.spread * noise + lean[None] @ self.leans

    def _way(self, found: Mixture, temperature: Tensor, noise: Tensor, uniform: Tensor) -> Tensor:
        """Return what comes next, [1, 5]. It uses neither ArgMax nor a loop, so that every ONNX provider runs it."""
        warm = temperature.clamp(min=0.02)
        pick = _picked(found.logits / warm, uniform[:, :1])[..., None]
        mean, std = (pick * found.mean).sum(1), (pick * found.log_std.exp()).sum(1)
        bend = (pick[..., 0] * found.bend).sum(1, keepdim=True)
        across, down = noise[:, :1], noise[:, 1:]
        off = torch.cat([across, bend * across + (1 - bend.square()).clamp(min=0).sqrt() * down], 1)
        flags = _picked(found.flags / warm, uniform[:, 1:2])
        return torch.cat([mean + off * std * temperature.sqrt(), flags], 1)


def _picked(logits: Tensor, uniform: Tensor) -> Tensor:
    """Return one-hot choices [1, K] of logits, by a number in (0, 1)."""
    chance = torch.softmax(logits, 1)
    below = chance @ torch.triu(torch.ones(chance.shape[1], chance.shape[1]), 1).to(chance)
    pick = ((uniform > below) & (uniform <= below + chance)).to(chance)
    none = (pick.sum(1, keepdim=True) < 0.5).to(chance)  # `uniform` fell into a gap left by rounding
    likeliest = (chance >= chance.amax(1, keepdim=True)).to(chance)
    return pick + none * likeliest / likeliest.sum(1, keepdim=True)


def curve(points: Tensor, inked: Tensor, part: Tensor) -> Tensor:
    """Return the point of the present line at `part`, [B, 2]: a cubic curve, but straight up to a corner.

    Args:
        points: ends of the last, present and next line, [B, 8].
        inked: whether each is drawn, [B, 3].
        part: 0 to 1, [B, 1].
    """
    a, b, c, d = torch.split(points, 2, 1)
    before, here, after = b - a, c - b, d - c
    length = here.square().sum(1, keepdim=True).sqrt()
    leave = _tangent(before, here, inked[:, :1]) * length
    arrive = _tangent(here, after, inked[:, 2:]) * length
    leave = leave + (1 - _smooth(before, here, inked[:, :1])) * (here - leave)
    arrive = arrive + (1 - _smooth(here, after, inked[:, 2:])) * (here - arrive)
    t = part
    square, cube = t * t, t * t * t
    return (
        (2 * cube - 3 * square + 1) * b
        + (cube - 2 * square + t) * leave
        + (3 * square - 2 * cube) * c
        + (cube - square) * arrive
    )


def _unit(way: Tensor) -> Tensor:
    return way / way.square().sum(1, keepdim=True).sqrt().clamp(min=1e-6)


def _tangent(one: Tensor, other: Tensor, joined: Tensor) -> Tensor:
    return _unit(_unit(one) * joined + _unit(other))


def _smooth(one: Tensor, other: Tensor, joined: Tensor) -> Tensor:
    """Return 1 where two lines run into each other, 0 at a corner and where one is not drawn."""
    alike = (_unit(one) * _unit(other)).sum(1, keepdim=True)
    return joined * ((alike - 0.35) / 0.3).clamp(0, 1)


class Decode(Component):
    """Draws the line from where the pen was to where it is, and both layers, each uint8 [1, H, W, 4]."""

    inputs = (
        "latent.pen",
        "latent.drawing",
        "state.canvas",
        "state.last",
        "control.width",
        "control.fade",
        "control.ink",
        "control.paper",
    )
    outputs = ("layer.paper", "layer.ink", "next.state.canvas", "next.state.last")
    across: Tensor
    down: Tensor
    grain: Tensor

    def __init__(self, size: tuple[int, int], seed: int = 0):
        super().__init__()
        width, height = size
        self.height, self.width, self.side = height, width, min(width, height)
        self.register_buffer("across", (torch.arange(width) + 0.5 - width / 2) * 2 / self.side)
        self.register_buffer("down", ((torch.arange(height) + 0.5 - height / 2) * 2 / self.side)[:, None])
        self.register_buffer("grain", torch.from_numpy(grain(height, width, seed)))

    def forward(
        self,
        pen: Tensor,
        drawing: Tensor,
        canvas: Tensor,
        last: Tensor,
        width: Tensor,
        fade: Tensor,
        ink: Tensor,
        paper: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        page = pen[0, 3]
        begin, way = last[0, :2], pen[0, :2] - last[0, :2]
        same = ((pen[0, 2] - last[0, 2]).abs() < 1e-3).to(pen) * (page > 0.99).to(pen)
        same = same * (way.square().sum() > 1e-9).to(pen)  # a pen that stands still leaves no dot
        x, y = self.across - begin[0], self.down - begin[1]
        along = ((x * way[0] + y * way[1]) / way.square().sum().clamp(min=1e-6)).clamp(0, 1)
        off = ((x - along * way[0]).square() + (y - along * way[1]).square()).sqrt()
        pixel = 2 / self.side
        line = ((width * (self.side / 512) / 2 + 0.5) - off / pixel).clamp(0, 1) * same
        kept = canvas[0, 0] * (1 - 0.05 * fade) * (page > 0.02).to(pen)
        canvas = torch.maximum(kept, line)
        alpha = canvas * page * (255 - 22 * self.grain) + 0.0 * drawing.sum()
        of_ink = self._pixels((ink * 255).reshape(3, 1, 1), alpha[None])
        ground = (paper * 255).reshape(3, 1, 1) * (1 - 0.045 * self.grain)
        of_paper = self._pixels(ground, torch.full((1, 1, 1), 255.0))
        return of_paper, of_ink, canvas[None, None], pen[:, :3]

    def _pixels(self, colours: Tensor, alpha: Tensor) -> Tensor:
        """Return a layer, uint8 [1, H, W, 4], of planes [3, H, W] and [1, H, W]; a plane of one value may be [·, 1, 1].

        They are turned when they are put together: half of the time of colours that are spread over pixels.
        """
        planes = [each.expand(-1, self.height, self.width) for each in (colours, alpha)]
        return torch.cat(planes).permute(1, 2, 0)[None].clamp(0, 255).round().to(torch.uint8)


def grain(height: int, width: int, seed: int) -> Floats:
    """Return the grain of paper, f32 [H, W] in 0..1: fibres of a few pixels, and a shade towards the corners."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width))
    for size, weight in ((1, 0.25), (2, 0.35), (6, 0.4)):
        small = rng.normal(size=(height // size + 2, width // size + 2))
        rows, columns = np.arange(height) / size, np.arange(width) / size
        r, s = rows.astype(int), columns.astype(int)
        fr, fs = (rows - r)[:, None], (columns - s)[None]
        a, b = small[r][:, s], small[r][:, s + 1]
        c, d = small[r + 1][:, s], small[r + 1][:, s + 1]
        total += weight * ((a * (1 - fs) + b * fs) * (1 - fr) + (c * (1 - fs) + d * fs) * fr)
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None]
    shade = np.clip((np.hypot(x, y) - 0.55) / 0.9, 0, 1) ** 2
    rough = np.clip(0.35 + 0.28 * total + 0.9 * shade, 0, 1)
    made: Floats = rough.astype(np.float16).astype(np.float32)  # as the file has it
    return made


def states(pen: Pen) -> dict[str, Tensor]:
    """Return the states of `step` before its first, by input name."""
    size = pen.lstm.hidden_size
    sizes = {"h": size, "c": size, "row": ROW, "points": 8, "inked": FLAGS, "at": 7}
    return {f"state.{name}": torch.zeros(1, count) for name, count in sizes.items()}
