"""The dream of its own: an endless flight into a picture that begins as noise and is never shown anything.

Its canvas moves by the time between two drawings rather than by whole steps, so that the flight is smooth at any frame
rate: two of the latents turn like the hand of a clock, the player interpolates them, and the canvas's state remembers
where the hand was when it was last drawn.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from livedream_export.proof import Component

from .controls import AMOUNT, DETAIL, TURN, ZOOM, Control
from .effect import STRENGTH, Move, following
from .gradient import Gradient, constant

HAND = 2 * math.pi / 64  # radians that the clock's hand turns in a step
INERTIA = 0.995  # of the moods, in a step: they change within seconds
COARSE = 20  # pixels of the canvas to one of the noise
FRESH = 0.01  # spread of the noise that each step adds, in which something new can be seen
SHARPENED = 0.7  # how much of the finest detail is added to the picture when it is enlarged
MEAN, SPREAD = (0.46, 0.43, 0.42), 0.24  # of the colours, to which the canvas is held
WANDER = Control("wander", 0, 1, 0.5, "how much it turns to other things by itself")
FLIGHT = ZOOM._replace(default=0.35)
SWAY = 0.2  # how much of the control turn one standard deviation of the first mood is


class Step(Component):
    """`step`: the clock goes on and the moods wander.

    Args:
        moods: how many there are.
    """

    def __init__(self, moods: int):
        super().__init__()
        self.inputs = ("latent", "noise")
        self.outputs = ("next.latent",)
        cos, sin = math.cos(HAND), math.sin(HAND)
        self.turn = constant(torch.tensor([[cos, sin], [-sin, cos]]))
        self.moods = moods
        self.start = {"latent": torch.tensor([[1.0, 0.0] + [0.0] * moods]), "noise": torch.zeros(1, moods)}

    def forward(self, latent: Tensor, noise: Tensor) -> Tensor:
        """Return the next latent from one f32 [1, 2 + moods] and noise f32 [1, moods]."""
        clock, moods = torch.split(latent, [2, self.moods], 1)
        clock = torch.matmul(clock, self.turn)
        clock = clock / clock.square().sum(1, keepdim=True).sqrt().clamp(min=1e-3)
        return torch.cat((clock, INERTIA * moods + math.sqrt(1 - INERTIA**2) * noise), 1)


class Source(Component):
    """`decode`: the canvas flies on by the time since it was drawn last, and dreams.

    Args:
        gradient: what it dreams, of the size of its canvas; of a free dream with groups.
        moods: names of the controls that the moods raise; one more mood sways the flight.
        times: how often the picture is as wide as the canvas.
    """

    def __init__(self, gradient: Gradient, moods: list[str], times: int):
        super().__init__()
        width, height = gradient.size
        self.gradient, self.move, self.times, self.moods = gradient, Move(width, height), times, moods
        softer = (each._replace(default=0.1) if each is DETAIL else each for each in gradient.controls)
        self.controls = (AMOUNT, FLIGHT, TURN, WANDER, *softer)
        self.inputs = ("latent", "state.canvas", "state.clock", "noise", *(each.input for each in self.controls))
        self.outputs = ("frame", "next.state.canvas", "next.state.clock")
        self.grid = -(-height // COARSE), -(-width // COARSE)
        self.start = {
            "latent": torch.tensor([[1.0, 0.0, 0.0] + [0.0] * len(moods)]),
            "state.canvas": torch.zeros(1, 3, height, width),
            "state.clock": torch.zeros(1, 3),  # cosine and sine of the hand, and the number of the step
            "noise": torch.zeros(1, 3 * self.grid[0] * self.grid[1]),
            **{each.input: each.start for each in self.controls},
        }
        self.mean = constant(torch.tensor(MEAN)[None, :, None, None])

    def forward(
        self, latent: Tensor, canvas: Tensor, clock: Tensor, noise: Tensor, *controls: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the frame, uint8 [1, H, W, 4], and the next state.

        Args:
            latent: the clock's hand and the moods, f32 [1, 3 + moods].
            canvas: f32 [1, 3, h, w], RGB in 0..1.
            clock: where the hand was when that was drawn, and the number of the step; 0: nothing was drawn yet.
            noise: of which the first canvas is made, f32 [1, N].
            controls: f32 [1] each.
        """
        values = {each.name: value for each, value in zip(self.controls, controls, strict=True)}
        hand, moods = torch.split(latent, [2, 1 + len(self.moods)], 1)
        was, tick = torch.split(clock, [2, 1], 1)
        values = self._moved(values, moods)
        begun = tick.clamp(0, 1)
        turned = was[:, 0:1] * hand[:, 1:2] - was[:, 1:2] * hand[:, 0:1]
        steps = begun * (turned / math.sin(HAND)).clamp(0, 1) + 1 - begun
        height, width = self.gradient.size[1], self.gradient.size[0]
        fresh = noise.reshape(1, 3, *self.grid)
        fresh = F.interpolate(fresh, (height, width), mode="bilinear", align_corners=False)
        flown = self.move(canvas, values, steps) + FRESH * steps * fresh
        base = begun * flown + (1 - begun) * (self.mean + SPREAD * fresh)
        base = held(base, self.mean, steps)
        base = base + STRENGTH * values["amount"] * steps * self.gradient(base, tick, values)
        base = base.clamp(0, 1)
        return self._picture(base), base, torch.cat((hand, following(tick)), 1)

    def _moved(self, values: Mapping[str, Tensor], moods: Tensor) -> dict[str, Tensor]:
        """Return the controls' values as the moods have moved them."""
        raised = (moods * (values["wander"] / 1.5)).clamp(0, 1)
        moved = {name: values[name] + raised[:, 1 + k] for k, name in enumerate(self.moods)}
        return dict(values) | moved | {"turn": values["turn"] + SWAY * values["wander"] * moods[:, 0]}

    def _picture(self, canvas: Tensor) -> Tensor:
        """Return a canvas enlarged and sharpened, uint8 [1, H, W, 4]."""
        soft = F.avg_pool2d(F.pad(canvas, (1, 1, 1, 1), mode="replicate"), 3, 1)
        sharp = 255 * (canvas + SHARPENED * (canvas - soft))
        if self.times > 1:
            sharp = F.interpolate(sharp, scale_factor=float(self.times), mode="bilinear", align_corners=False)
        frame = torch.cat((sharp, torch.full_like(sharp[:, :1], 255.0)), 1).permute(0, 2, 3, 1)
        return frame.clamp(0, 255).round().to(torch.uint8)


def held(canvas: Tensor, mean: Tensor, steps: Tensor) -> Tensor:
    """Return a canvas [1, 3, H, W] whose colours are nearer to MEAN and SPREAD, by so many steps [1, 1]."""
    is_mean = canvas.mean((2, 3), keepdim=True)
    spread = (canvas - is_mean).square().mean((2, 3), keepdim=True).sqrt()
    share = 0.3 * steps
    return (canvas - is_mean) * (1 + share * (SPREAD / (spread + 0.02) - 1)) + is_mean + share * (mean - is_mean)
