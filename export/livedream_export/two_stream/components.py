"""The components of a two-stream dream, with the inputs and outputs that the contract names.

`latent.background` is the ground's latent, `latent.figures` the figures', and `latent.elsewhere` the ground's of
another time of the footage, which `control.mismatch` draws instead.
"""

from typing import Any

import torch
from torch import Tensor

from ..arrays import Floats
from ..motion_model.networks import Recurrent
from ..proof import Component
from .networks import TwoStream

MOST = 4096  # latents of the footage that a dream keeps
FOLLOWS = 0.12  # share of the distance to another time's ground that is gone in a step

CONTROLS: list[dict[str, Any]] = [
    {"name": "temperature", "low": 0, "high": 2, "default": 1, "doc": "0 takes the likeliest way, 2 the wildest"},
    {"name": "mismatch", "low": 0, "high": 1, "default": 0, "doc": "draws the background of another time"},
    {"name": "mask", "low": 0, "high": 2, "default": 1, "doc": "how solid the figures are: 0 none, 2 with their haze"},
    {"name": "hold_background", "low": 0, "high": 1, "default": 0, "doc": "1 holds the background as it is"},
    {"name": "hold_figures", "low": 0, "high": 1, "default": 0, "doc": "1 holds the figures as they are"},
    {"name": "background_seed", "low": 0, "high": 1, "default": 0, "doc": "a move takes the background elsewhere"},
    {"name": "figures_seed", "low": 0, "high": 1, "default": 0, "doc": "a move brings other figures"},
]


class Step(Component):
    """Takes a step of both streams.

    The streams move together, as the recurrent network says; each can be held, or put to another moment of the footage.
    """

    inputs = (
        "latent.background",
        "latent.figures",
        "latent.elsewhere",
        "state.h",
        "state.elsewhere",
        "state.seeds",
        "noise",
        "uniform",
        "control.temperature",
        "control.hold_background",
        "control.hold_figures",
        "control.background_seed",
        "control.figures_seed",
    )
    outputs = (
        "next.latent.background",
        "next.latent.figures",
        "next.latent.elsewhere",
        "next.state.h",
        "next.state.elsewhere",
        "next.state.seeds",
    )
    kept: Tensor

    def __init__(self, network: Recurrent, count: int, latents: Floats):
        super().__init__()
        self.network, self.count = network, count
        white = (torch.from_numpy(latents) - network.mean) / network.std
        self.register_buffer("kept", white[:: -(-len(white) // MOST)].half().float())

    def forward(
        self,
        background: Tensor,
        figures: Tensor,
        elsewhere: Tensor,
        state: Tensor,
        time: Tensor,
        seeds: Tensor,
        noise: Tensor,
        uniform: Tensor,
        temperature: Tensor,
        hold_background: Tensor,
        hold_figures: Tensor,
        background_seed: Tensor,
        figures_seed: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        net, many = self.network, len(self.kept)
        here = (torch.cat([background, figures], 1) - net.mean) / net.std
        state, *predicted = net(here, state)
        going = net.led(here, net.sample(here, predicted, temperature, noise, uniform)).clamp(-6, 6)
        wanted = torch.stack([background_seed, figures_seed], 1)
        moved = ((wanted - seeds).abs() > 1e-4).to(going)
        other = self.kept[(wanted * (many - 1)).round().long()[0]]  # [2, Z]
        ground = self._stream(here, going, other[:1], hold_background, moved[:, :1])[:, : self.count]
        acting = self._stream(here, going, other[1:], hold_figures, moved[:, 1:])[:, self.count :]
        time = time + 1
        time = time - many * (time >= many).to(time)
        mean, std = net.mean[: self.count], net.std[: self.count]
        there = self.kept[time.round().long()[0], : self.count] * std + mean
        elsewhere = elsewhere + FOLLOWS * (there - elsewhere)
        white = torch.cat([ground, acting], 1) * net.std + net.mean
        return white[:, : self.count], white[:, self.count :], elsewhere, state, time, wanted

    def _stream(self, here: Tensor, going: Tensor, other: Tensor, hold: Tensor, moved: Tensor) -> Tensor:
        going = going + hold * (here - going)
        return going + moved * (other - going)


class Decode(Component):
    """Draws both streams, each uint8 [1, H, W, 4]; the alpha of the foreground is its mask."""

    inputs = ("latent.background", "latent.figures", "latent.elsewhere", "control.mismatch", "control.mask")
    outputs = ("layer.background", "layer.foreground")

    def __init__(self, network: TwoStream, fine: bool):
        super().__init__()
        self.network, self.fine = network, fine

    def forward(
        self, background: Tensor, figures: Tensor, elsewhere: Tensor, mismatch: Tensor, gain: Tensor
    ) -> tuple[Tensor, Tensor]:
        latent = torch.cat([background + mismatch * (elsewhere - background), figures], 1)
        drawn = self.network(latent) if self.fine else self.network.enlarged(latent)
        mask = (drawn.mask * gain).clamp(0, 1)
        return _pixels(drawn.ground, torch.ones_like(mask)), _pixels(drawn.figures, mask)


class Encode(Component):
    """Encodes an image, uint8 [1, H, W, 4], as latents."""

    inputs, outputs = ("image",), ("latent.background", "latent.figures", "latent.elsewhere")

    def __init__(self, network: TwoStream):
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        latent = self.network.encoder(image.float()[..., :3].permute(0, 3, 1, 2) / 255)[0]
        ground, figures = self.network.split(latent)
        return ground, figures, ground + 0.0


def _pixels(colours: Tensor, alpha: Tensor) -> Tensor:
    """Turn [1, 3, H, W] and [1, 1, H, W] in 0..1 into uint8 [1, H, W, 4]."""
    pixels = (torch.cat([colours, alpha], 1) * 255).permute(0, 2, 3, 1)
    return pixels.clamp(0, 255).round().to(torch.uint8)
