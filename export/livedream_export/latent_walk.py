"""A smooth random walk through latents, for dreams that learn no motion: their `step` component.

One AR(1) process of noise drives another, so that the speed goes on from step to step as well as the place does, and
nothing trembles. At temperature 1 its latents are standard normal in the long run.
"""

from typing import Any

import torch
from torch import Tensor

from .proof import Component

INERTIA = 0.975  # the usual one: at 25 steps a second place and speed last 1.6 s
TEMPERATURE: dict[str, Any] = {
    "name": "temperature",
    "low": 0,
    "high": 2,
    "default": 1,
    "doc": "how far from the middle it wanders: 0 comes to rest there, 2 goes to the extremes",
}


class SmoothWalk(Component):
    """Takes a step; latents are standard normal [1, Z].

    Attributes:
        inertia: what is left of place and speed after a step.
    """

    inputs = ("latent", "state.drift", "noise", "control.temperature")
    outputs = ("next.latent", "next.state.drift")

    def __init__(self, inertia: float = INERTIA):
        super().__init__()
        self.inertia = inertia

    def forward(self, latent: Tensor, drift: Tensor, noise: Tensor, temperature: Tensor) -> tuple[Tensor, Tensor]:
        keep = self.inertia
        drift = keep * drift + ((1 - keep**2) ** 3 / (1 + keep**2)) ** 0.5 * temperature * noise
        return keep * latent + drift, drift


def start(latent: Tensor) -> dict[str, Tensor]:
    """Return what `step` takes at first beside the latent [1, Z], by input name."""
    return {
        "state.drift": torch.zeros_like(latent),
        "noise": torch.zeros_like(latent),
        "control.temperature": torch.ones(1),
    }
