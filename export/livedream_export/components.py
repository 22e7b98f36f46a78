"""The components of a dream file, as modules: each takes and gives what the contract names."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .appearance import CELLS, LUMA, thinned
from .memories import Memories
from .networks import Autoencoder, Recurrent
from .remembering import apart, warp
from .walk import Recall, Walk


class Step(nn.Module):
    """latent, state.h, noise, uniform, control.temperature to next.latent, next.state.h; latents as drawn."""

    inputs = ("latent", "state.h", "noise", "uniform", "control.temperature")
    outputs = ("next.latent", "next.state.h")

    def __init__(self, network: Recurrent):
        super().__init__()
        self.network = network

    def forward(self, latent: Tensor, state: Tensor, noise: Tensor, uniform: Tensor, temperature: Tensor):
        net = self.network
        white = (latent - net.mean) / net.deviation
        state, *predicted = net(white, state)
        white = net.homeward(net.sample(white, predicted, temperature, noise, uniform))
        # Nothing the footage ever did lies farther out; so the state cannot run away either.
        return white.clamp(-6, 6) * net.deviation + net.mean, state


class Decode(nn.Module):
    """latent to frame, uint8 [1, H, W, 4]."""

    inputs, outputs = ("latent",), ("frame",)

    def __init__(self, autoencoder: Autoencoder):
        super().__init__()
        self.decoder = autoencoder.decoder

    def forward(self, latent: Tensor):
        return _picture(self.decoder(latent))


class Encode(nn.Module):
    """image, uint8 [1, H, W, 4], to latent."""

    inputs, outputs = ("image",), ("latent",)

    def __init__(self, autoencoder: Autoencoder):
        super().__init__()
        self.encoder = autoencoder.encoder

    def forward(self, image: Tensor):
        return self.encoder(image.float()[..., :3].permute(0, 3, 1, 2) / 255)[0]


class StepAmongMemories(nn.Module):
    """A step of the recurrent network and of the place, each led by the other.

    The recurrent network says where it would go; the place goes on, or leaves for the memory that suits best; and the
    latent is drawn part of the way to its place, so that it never strays from what the footage was like.
    """

    inputs = ("latent.picture", "latent.place", "state.h", "state.walk", "state.seen", "noise", "uniform")
    inputs += ("control.temperature", "control.wander")
    outputs = ("next.latent.picture", "next.latent.place", "next.state.h", "next.state.walk", "next.state.seen")

    def __init__(self, network: Recurrent, walk: Walk, pull: float):
        super().__init__()
        self.network, self.walk, self.pull = network, walk, pull

    def forward(self, latent, place, state, walk, seen, noise, uniform, temperature, wander):
        net = self.network
        white = (latent - net.mean) / net.deviation
        state, *predicted = net(white, state)
        wanted = net.sample(white, predicted, temperature, noise[:, : net.latent], uniform)
        place, walk, seen = self.walk(place, walk, seen, wanted, temperature, wander, noise[:, net.latent :])
        white = wanted + self.pull * (self.walk.at(place) - wanted)
        return white.clamp(-6, 6) * net.deviation + net.mean, place, state, walk, seen


class RecallMemories(nn.Module):
    """Latents to which memories are drawn, and how."""

    inputs = ("latent.picture", "latent.place")
    outputs = ("index", "recall.weight", "recall.motion", "recall.away", "recall.drawn")

    def __init__(self, network: Recurrent, recall: Recall):
        super().__init__()
        self.recall = recall
        self.register_buffer("mean", network.mean.clone())
        self.register_buffer("deviation", network.deviation.clone())

    def forward(self, latent: Tensor, place: Tensor):
        return self.recall((latent - self.mean) / self.deviation, place)


class DecodeWithMemories(nn.Module):
    """Latents and two memories to frame, uint8 [1, H, W, 4]. The place itself is not looked at: recall did."""

    inputs = ("latent.picture", "latent.place", "memory", "recall.weight", "recall.motion", "recall.away")
    inputs += ("recall.drawn", "control.recall")
    outputs = ("frame",)

    def __init__(self, autoencoder: Autoencoder, network: Recurrent):
        super().__init__()
        self.decoder, self.remembering = autoencoder.decoder, autoencoder.remembering
        shades = apart(torch.eye(3)[None, :, :, None])[0, :, :, 0].T / 255  # RGB to luma and colour, as a matrix
        self.register_buffer("colours", torch.cat([shades, torch.zeros(1, 3)]))
        self.register_buffer("mean", network.mean.clone())
        self.register_buffer("deviation", network.deviation.clone())

    def forward(self, latent, place, memory, weight, motion, away, drawn, recall):
        first, second = (memory.float() @ self.colours).permute(0, 3, 1, 2).split(1)
        seen = self.remembering.seen
        memories = warp(seen(first), motion), seen(second)
        # The less is recalled, the more freely is drawn what the latent says.
        white = recall * drawn + (1 - recall) * (latent - self.mean) / self.deviation
        features = self.decoder.body(white * self.deviation + self.mean)
        plain = self.decoder.coarse(features)
        return _picture(self.remembering(features, plain, white, away, memories, weight[None], recall[None]))


class EncodeToPlace(nn.Module):
    """image, uint8 [1, H, W, 4], to the memory that looks most like it, and to its latent, no farther from that one's
    than that it is drawn there.
    """

    inputs, outputs = ("image",), ("latent.picture", "latent.place")

    def __init__(self, autoencoder: Autoencoder, network: Recurrent, recall: Recall, memories: Memories):
        super().__init__()
        self.encoder, self.walk, self.near = autoencoder.encoder, recall.walk, recall.near
        self.register_buffer("center", network.mean.clone())
        self.register_buffer("spread", network.deviation.clone())
        self.register_buffer("look", torch.from_numpy(memories.look).half().float())
        for name in ("mean", "deviation"):
            self.register_buffer(name, torch.from_numpy(getattr(memories.looks, name)))
        self.register_buffer("onward", torch.from_numpy(memories.onward.astype(np.float32)))
        self.register_buffer("luma", torch.tensor(LUMA))

    def forward(self, image: Tensor):
        pictures = image.float()[..., :3]
        latent = self.encoder(pictures.permute(0, 3, 1, 2) / 255)[0]
        place = self.place(self._looks(pictures))
        there = self.walk.at(place) * self.spread + self.center
        off = latent - there
        far = (off / self.spread).square().mean(1, keepdim=True).sqrt()
        return there + off * (0.95 * self.near / far.clamp(min=1e-6)).clamp(max=1), place

    def _looks(self, pictures: Tensor) -> Tensor:
        """As looks.Looks, of one picture [1, H, W, 3]: [1, D]."""
        k = thinned(*pictures.shape[1:3])
        pictures = pictures[:, ::k, ::k]
        _, height, width, _ = pictures.shape
        luma = (pictures * self.luma).sum(3, keepdim=True)
        across = F.pad((luma[:, :, 1:] - luma[:, :, :-1]).abs(), (0, 0, 0, 1))
        down = F.pad((luma[:, 1:] - luma[:, :-1]).abs(), (0, 0, 0, 0, 0, 1))
        all_ = torch.cat([pictures, across, down], 3)
        cells = all_.reshape(CELLS, height // CELLS, CELLS, width // CELLS, 5).mean((1, 3)).reshape(1, -1)
        return (cells - self.mean) / self.deviation

    def place(self, cells: Tensor) -> Tensor:
        """Place [1, 3] of what looks so [1, D]; between two memories where both are near."""
        distance = (self.look - cells).square().mean(1)
        best = distance[None].argmin(1)  # TensorRT takes none of a single dimension
        last = len(distance) - 1
        after, before = (best + 1).clamp(max=last), (best - 1).clamp(min=0)
        joined = self.onward[best] * self.onward[before] * (best > 0) * (best < last)
        up, here, down = distance[after], distance[best], distance[before]
        part = 0.5 * (down - up) / (down + up - 2 * here).clamp(min=1e-5)
        position = best.to(part) + joined * part.clamp(-0.5, 0.5)
        return torch.stack([position, position, torch.zeros_like(position)], 1)


def _picture(drawn: Tensor) -> Tensor:
    """[1, 3, H, W] in 0..1 to uint8 [1, H, W, 4]."""
    picture = drawn * 255
    picture = torch.cat([picture, torch.full_like(picture[:, :1], 255.0)], 1).permute(0, 2, 3, 1)
    return picture.clamp(0, 255).round().to(torch.uint8)


def modules(autoencoder: Autoencoder, network: Recurrent) -> dict[str, nn.Module]:
    """The components of a dream without memories."""
    return {"step": Step(network), "decode": Decode(autoencoder), "encode": Encode(autoencoder)}


def remembering(
    autoencoder: Autoencoder, network: Recurrent, walk: Walk, recall: Recall, memories: Memories, pull: float
) -> dict[str, nn.Module]:
    """The components of a dream with memories."""
    return {
        "step": StepAmongMemories(network, walk, pull),
        "recall": RecallMemories(network, recall),
        "decode": DecodeWithMemories(autoencoder, network),
        "encode": EncodeToPlace(autoencoder, network, recall, memories),
    }
