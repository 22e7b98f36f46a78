"""`apply` of a flow: it warps any picture by the footage's motion, endlessly.

Swaying is a sum of waves, so it only ever leads back and forth. Drift leads on and on, therefore the picture is warped
twice, half a period apart; each begins anew while only the other is seen (Max and Becker 1995; Vlachos 2010).
All movement comes back after measure.LOOP seconds. Pixels are fetched from where they were, so there are no holes.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..arrays import Floats
from ..proof import Component
from .measure import LOOP, WAVES, Motion, smoothed, spread

FARTHEST = 0.07  # of the sides: how far drift moves a picture, back and forth, until it begins anew
LONGEST = 4.0  # seconds of the drift's period, at most
SHORTEST = 0.8
EDGE = 0.05  # of the sides: movement across the edges ends within it
UNEVEN = 0.5  # periods by which parts of the picture begin anew apart, so that it does not pulse

CONTROLS = (
    ("speed", -4.0, 4.0, 1.0, "speed of the movement: 1 is the footage's, negative goes backwards"),
    ("amount", 0.0, 3.0, 1.0, "how far things move: 0 is the picture as it came in"),
    ("direction", -180.0, 180.0, 0.0, "degrees by which all movement is turned clockwise"),
    ("mask", 0.0, 1.0, 1.0, "1 moves only what moved in the footage, 0 the whole picture"),
    ("parts", 0.0, 3.0, 1.0, "strength of the drift (the first) and of each kind of swaying"),
)
"""Name, lowest, highest, default and doc of each control."""


class Warp(Component):
    """Moves a picture, uint8 [1, H, W, 4]; its alpha stays where it is.

    Args:
        motion: the footage's.
        size: (width, height) of the picture.
        fps: steps a second.
        seed: of where parts of the picture begin anew.
    """

    outputs = ("frame", "next.state.phase")
    fields: Tensor
    filled: Tensor
    sway: Tensor
    phase: Tensor
    waves: Tensor
    uneven: Tensor
    at_x: Tensor
    at_y: Tensor
    inside_x: Tensor
    inside_y: Tensor

    def __init__(self, motion: Motion, size: tuple[int, int], fps: float, seed: int = 0):
        super().__init__()
        self.inputs = ("image", "state.phase", *(f"control.{name}" for name, *_ in CONTROLS))
        self.width, self.height = size
        self.step = 1 / (fps * LOOP)
        self.cycles, self.period = period(motion.speed)
        everywhere = np.concatenate([motion.drift[None], motion.parts])
        for name, array in {
            "fields": (everywhere * motion.moving).astype(np.float32),
            "filled": spread(everywhere, motion.moving),
            "sway": motion.sway,
            "phase": motion.phase,
            "waves": np.arange(1, WAVES + 1, dtype=np.float32),
            "uneven": _uneven(motion.moving.shape, seed),
        }.items():
            self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(array)).half().float())
        for name, count in (("x", self.width), ("y", self.height)):
            middle = (torch.arange(count) + 0.5) / count
            self.register_buffer(f"at_{name}", middle * 2 - 1)
            self.register_buffer(f"inside_{name}", (torch.minimum(middle, 1 - middle) / EDGE).clamp(max=1) * 2)

    @property
    def parts(self) -> int:
        """How many numbers the control `parts` has."""
        return len(self.fields)

    def forward(
        self,
        image: Tensor,
        phase: Tensor,
        speed: Tensor,
        amount: Tensor,
        direction: Tensor,
        mask: Tensor,
        parts: Tensor,
    ) -> tuple[Tensor, Tensor]:
        shift, uneven = self._shift(phase, amount, direction, mask, parts)
        part = self.cycles * phase[0] + uneven
        part = part - part.floor()  # [H, W]
        other = part + 0.5
        other = other - other.floor()
        levels = image.float()
        picture = levels[..., :3].permute(0, 3, 1, 2)
        drift, sway = shift[:2] * self.period, shift[2:]
        first = self._warped(picture, drift * (part - 0.5) + sway)
        second = self._warped(picture, drift * (other - 0.5) + sway)
        weight = 1 - (2 * part - 1).abs()
        moved = (second + weight * (first - second)).permute(0, 2, 3, 1)
        frame = torch.cat([moved, levels[..., 3:]], 3)
        phase = phase + speed * self.step
        return frame.clamp(0, 255).round().to(torch.uint8), phase - phase.floor()

    def _shift(
        self, phase: Tensor, amount: Tensor, direction: Tensor, mask: Tensor, parts: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return drift a second and sway in shares of the sides, [4, H, W], and the unevenness [H, W]."""
        fields = self.filled + mask * (self.fields - self.filled)
        waves = torch.cos((phase[0] * self.waves + self.phase) * (2 * math.pi))
        courses = (self.sway * waves).sum(1) * parts[1:]
        sway = (courses[:, None, None, None] * fields[1:]).sum(0)
        drift = fields[0] * parts[:1]
        angle = direction * (math.pi / 180)
        aspect = self.width / self.height
        across = torch.stack([drift[0], sway[0]])
        down = torch.stack([drift[1], sway[1]]) / aspect  # in widths
        turned_x = across * torch.cos(angle) - down * torch.sin(angle)
        turned_y = (across * torch.sin(angle) + down * torch.cos(angle)) * aspect
        small = torch.stack([turned_x[0], turned_y[0], turned_x[1], turned_y[1]]) * amount
        small = torch.cat([small, self.uneven])[None]
        size = (self.height, self.width)
        whole = F.interpolate(small, size, mode="bilinear", align_corners=False)[0]
        return whole[:4], whole[4]

    def _warped(self, picture: Tensor, shift: Tensor) -> Tensor:
        """Return the picture moved by `shift` [2, H, W]; what would come from beyond an edge stays along it."""
        x = self.at_x - shift[0] * self.inside_x
        y = self.at_y[:, None] - shift[1] * self.inside_y[:, None]
        grid = torch.stack([x, y], 2)[None]
        return F.grid_sample(picture, grid, mode="bilinear", padding_mode="border", align_corners=False)


def period(speed: float) -> tuple[int, float]:
    """Return how many periods of the drift go into the loop, and the seconds of one."""
    seconds = min(LONGEST, max(SHORTEST, 2 * FARTHEST / max(speed, 1e-6)))
    cycles = math.ceil(LOOP / seconds)
    return cycles, LOOP / cycles


def _uneven(shape: tuple[int, ...], seed: int) -> Floats:
    """Return smooth noise [1, h, w] in 0..UNEVEN."""
    noise = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    smooth = smoothed(noise, min(shape) / 7)
    return np.asarray((smooth - smooth.min())[None] * (UNEVEN / max(float(np.ptp(smooth)), 1e-6)), np.float32)
