"""The components of a vae-rnn dream file, as modules with the inputs and outputs that the contract names."""

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..arrays import Floats, Rgba
from ..motion_model.networks import Recurrent
from ..proof import Component
from .appearance import CELLS, LUMA, thinning
from .memories import LIKENESS, Memories
from .networks import Autoencoder
from .remembering import to_luma_chroma, warp
from .walk import Recall, Walk


class Step(Component):
    """Takes a step of a dream without memories. Latents are not whitened."""

    inputs = ("latent", "state.h", "noise", "uniform", "control.temperature")
    outputs = ("next.latent", "next.state.h")

    def __init__(self, network: Recurrent):
        super().__init__()
        self.network = network

    def forward(
        self, latent: Tensor, state: Tensor, noise: Tensor, uniform: Tensor, temperature: Tensor
    ) -> tuple[Tensor, Tensor]:
        net = self.network
        white = (latent - net.mean) / net.std
        state, *predicted = net(white, state)
        white = net.led(white, net.sample(white, predicted, temperature, noise, uniform))
        # The footage never lies farther out; so the state cannot run away either.
        return white.clamp(-6, 6) * net.std + net.mean, state


class Decode(Component):
    """Renders a latent as a frame, uint8 [1, H, W, 4]."""

    inputs, outputs = ("latent",), ("frame",)

    def __init__(self, autoencoder: Autoencoder):
        super().__init__()
        self.decoder = autoencoder.decoder

    def forward(self, latent: Tensor) -> Tensor:
        return _picture(self.decoder(latent))


class Encode(Component):
    """Encodes an image, uint8 [1, H, W, 4], as a latent."""

    inputs, outputs = ("image",), ("latent",)

    def __init__(self, autoencoder: Autoencoder):
        super().__init__()
        self.encoder = autoencoder.encoder

    def forward(self, image: Tensor) -> Tensor:
        latent: Tensor = self.encoder(image.float()[..., :3].permute(0, 3, 1, 2) / 255)[0]
        return latent


class StepAmongMemories(Component):
    """Takes a step of the recurrent network and of the place, each guided by the other.

    The recurrent network proposes a latent; the place advances, or jumps to the memory that suits it best; and the
    latent moves part of the way to its place, so that it never drifts away from the footage.
    """

    inputs = (
        "latent.picture",
        "latent.place",
        "state.h",
        "state.walk",
        "state.seen",
        "noise",
        "uniform",
        "control.temperature",
        "control.wander",
    )
    outputs = ("next.latent.picture", "next.latent.place", "next.state.h", "next.state.walk", "next.state.seen")

    def __init__(self, network: Recurrent, walk: Walk, pull: float):
        super().__init__()
        self.network, self.walk, self.pull = network, walk, pull

    def forward(
        self,
        latent: Tensor,
        place: Tensor,
        state: Tensor,
        walk: Tensor,
        seen: Tensor,
        noise: Tensor,
        uniform: Tensor,
        temperature: Tensor,
        wander: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        net = self.network
        white = (latent - net.mean) / net.std
        state, *predicted = net(white, state)
        wanted = net.sample(white, predicted, temperature, noise[:, : net.latent], uniform)
        place, walk, seen = self.walk(place, walk, seen, wanted, temperature, wander, noise[:, net.latent :])
        white = wanted + self.pull * (self.walk.at(place) - wanted)
        return white.clamp(-6, 6) * net.std + net.mean, place, state, walk, seen


class RecallMemories(Component):
    """Chooses the memories that latents are rendered with."""

    mean: Tensor
    std: Tensor

    inputs = ("latent.picture", "latent.place")
    outputs = ("index", "recall.weight", "recall.motion", "recall.away", "recall.drawn")

    def __init__(self, network: Recurrent, recall: Recall):
        super().__init__()
        self.recall = recall
        self.register_buffer("mean", network.mean.clone())
        self.register_buffer("std", network.std.clone())

    def forward(self, latent: Tensor, place: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        chosen: tuple[Tensor, Tensor, Tensor, Tensor, Tensor] = self.recall((latent - self.mean) / self.std, place)
        return chosen


class DecodeWithMemories(Component):
    """Renders latents and two memories as a frame, uint8 [1, H, W, 4]. It leaves the place itself to recall."""

    inputs = (
        "latent.picture",
        "latent.place",
        "memory",
        "recall.weight",
        "recall.motion",
        "recall.away",
        "recall.drawn",
        "control.recall",
    )
    outputs = ("frame",)
    colours: Tensor
    mean: Tensor
    std: Tensor

    def __init__(self, autoencoder: Autoencoder, network: Recurrent):
        super().__init__()
        self.decoder, self.remembering = autoencoder.decoder, autoencoder.remembering
        shades = (
            to_luma_chroma(torch.eye(3)[None, :, :, None])[0, :, :, 0].T / 255
        )  # RGB to luma and colour, as a matrix
        self.register_buffer("colours", torch.cat([shades, torch.zeros(1, 3)]))
        self.register_buffer("mean", network.mean.clone())
        self.register_buffer("std", network.std.clone())

    def forward(
        self,
        latent: Tensor,
        place: Tensor,
        memory: Tensor,
        weight: Tensor,
        motion: Tensor,
        away: Tensor,
        drawn: Tensor,
        recall: Tensor,
    ) -> Tensor:
        first, second = (memory.float() @ self.colours).permute(0, 3, 1, 2).chunk(2)
        prepare = self.remembering.prepare
        memories = warp(prepare(first), motion), prepare(second)
        # The less is recalled, the more of the latent itself is rendered.
        white = recall * drawn + (1 - recall) * (latent - self.mean) / self.std
        features = self.decoder.body(white * self.std + self.mean)
        plain = self.decoder.coarse(features)
        return _picture(self.remembering(features, plain, white, away, memories, weight[None], recall[None]))


class EncodeToPlace(Component):
    """Encodes an image, uint8 [1, H, W, 4], as the memory that looks most like it and a latent.

    The latent is so near to that memory's that it is rendered with it.
    """

    inputs, outputs = ("image",), ("latent.picture", "latent.place")
    center: Tensor
    spread: Tensor
    descriptors: Tensor
    mean: Tensor
    std: Tensor
    onward: Tensor
    luma: Tensor

    def __init__(self, autoencoder: Autoencoder, network: Recurrent, recall: Recall, memories: Memories):
        super().__init__()
        self.encoder, self.walk, self.near = autoencoder.encoder, recall.walk, recall.near
        self.register_buffer("center", network.mean.clone())
        self.register_buffer("spread", network.std.clone())
        self.register_buffer("descriptors", torch.from_numpy(memories.descriptors).half().float())
        for name in ("mean", "std"):
            self.register_buffer(name, torch.from_numpy(getattr(memories.appearance, name)))
        self.register_buffer("onward", torch.from_numpy(memories.onward.astype(np.float32)))
        self.register_buffer("luma", torch.tensor(LUMA))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        pictures = image.float()[..., :3]
        latent = self.encoder(pictures.permute(0, 3, 1, 2) / 255)[0]
        place = self.place(self._descriptor(pictures))
        there = self.walk.at(place) * self.spread + self.center
        off = latent - there
        far = (off / self.spread).square().mean(1, keepdim=True).sqrt()
        return there + off * (0.95 * self.near / far.clamp(min=1e-6)).clamp(max=1), place

    def _descriptor(self, pictures: Tensor) -> Tensor:
        """Return the descriptor [1, D] of one picture [1, H, W, 3], as appearance.Appearance makes it."""
        k = thinning(*pictures.shape[1:3])
        pictures = pictures[:, ::k, ::k]
        _, height, width, _ = pictures.shape
        luma = (pictures * self.luma).sum(3, keepdim=True)
        across = F.pad((luma[:, :, 1:] - luma[:, :, :-1]).abs(), (0, 0, 0, 1))
        down = F.pad((luma[:, 1:] - luma[:, :-1]).abs(), (0, 0, 0, 0, 0, 1))
        all_ = torch.cat([pictures, across, down], 3)
        cells = all_.reshape(CELLS, height // CELLS, CELLS, width // CELLS, 5).mean((1, 3)).reshape(1, -1)
        return (cells - self.mean) / self.std

    def place(self, cells: Tensor) -> Tensor:
        """Return the place [1, 3] of a descriptor [1, D]; it is between two memories where both are near."""
        distance = (self.descriptors - cells).square().mean(1)
        best = distance[None].argmin(1)  # TensorRT has no ArgMin of a single dimension
        last = len(distance) - 1
        after, before = (best + 1).clamp(max=last), (best - 1).clamp(min=0)
        joined = self.onward[best] * self.onward[before] * (best > 0) * (best < last)
        up, here, down = distance[after], distance[best], distance[before]
        part = 0.5 * (down - up) / (down + up - 2 * here).clamp(min=1e-5)
        position = best.to(part) + joined * part.clamp(-0.5, 0.5)
        return torch.stack([position, position, torch.zeros_like(position)], 1)


def _picture(rendered: Tensor) -> Tensor:
    """Turn [1, 3, H, W] in 0..1 into uint8 [1, H, W, 4]."""
    picture = rendered * 255
    picture = torch.cat([picture, torch.full_like(picture[:, :1], 255.0)], 1).permute(0, 2, 3, 1)
    return picture.clamp(0, 255).round().to(torch.uint8)


def plain(autoencoder: Autoencoder, network: Recurrent) -> dict[str, Component]:
    """Return the components of a dream without memories."""
    return {"step": Step(network), "decode": Decode(autoencoder), "encode": Encode(autoencoder)}


def with_memories(
    autoencoder: Autoencoder, network: Recurrent, walk: Walk, recall: Recall, memories: Memories, pull: float
) -> dict[str, Component]:
    """Return the components of a dream with memories."""
    return {
        "step": StepAmongMemories(network, walk, pull),
        "recall": RecallMemories(network, recall),
        "decode": DecodeWithMemories(autoencoder, network),
        "encode": EncodeToPlace(autoencoder, network, recall, memories),
    }


def first_inputs(components: Mapping[str, Component], start: Mapping[str, Floats], image: Rgba) -> dict[str, Tensor]:
    """Return all that components take before the first step, by input name.

    Args:
        components: of a dream with or without memories.
        start: latents and states, by input name.
        image: [1, H, W, 4].
    """
    values = {name: torch.from_numpy(np.asarray(value)) for name, value in start.items()}
    values |= {"uniform": torch.full((1, 1), 0.5), "image": torch.from_numpy(image)}
    # With so much wander a dream jumps elsewhere within twenty steps.
    values |= {f"control.{name}": torch.ones(1) for name in ("temperature", "recall", "wander")}
    length = values[next(name for name in values if name.startswith("latent"))].shape[1]
    values["noise"] = torch.zeros(1, length + (LIKENESS if "recall" in components else 0))
    return values
