"""From networks to the components of a dream file, each proven against PyTorch before it is written."""

import io
import logging
import warnings
from collections.abc import Mapping

import numpy as np
import onnx
import onnxruntime as ort
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from livedream import UserError
from livedream.dream import noise

from .memories import CELLS, LUMA, SEAMS, Memories, thinned
from .networks import Autoencoder, Recurrent
from .remembering import apart, warp
from .walk import Recall, Walk

OPSET = 18
PROOF_STEPS = 20


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
    outputs = ("index", "recall.weight", "recall.motion", "recall.away")

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
    inputs += ("control.recall",)
    outputs = ("frame",)

    def __init__(self, autoencoder: Autoencoder, network: Recurrent):
        super().__init__()
        self.decoder, self.remembering = autoencoder.decoder, autoencoder.remembering
        shades = apart(torch.eye(3)[None, :, :, None])[0, :, :, 0].T / 255  # RGB to luma and colour, as a matrix
        self.register_buffer("colours", torch.cat([shades, torch.zeros(1, 3)]))
        self.register_buffer("mean", network.mean.clone())
        self.register_buffer("deviation", network.deviation.clone())

    def forward(self, latent, place, memory, weight, motion, away, recall):
        first, second = (memory.float() @ self.colours).permute(0, 3, 1, 2).split(1)
        seen = self.remembering.seen
        memories = warp(seen(first), motion), seen(second)
        features = self.decoder.body(latent)
        plain = self.decoder.coarse(features)
        white = (latent - self.mean) / self.deviation
        return _picture(self.remembering(features, plain, white, away, memories, weight[None], recall[None]))


class EncodeToPlace(nn.Module):
    """image, uint8 [1, H, W, 4], to the latent and the memory that looks most like it."""

    inputs, outputs = ("image",), ("latent.picture", "latent.place")

    def __init__(self, autoencoder: Autoencoder, memories: Memories):
        super().__init__()
        self.encoder = autoencoder.encoder
        self.register_buffer("look", torch.from_numpy(memories.look).half().float())
        for name in ("mean", "deviation"):
            self.register_buffer(name, torch.from_numpy(getattr(memories.looks, name)))
        self.register_buffer("onward", torch.from_numpy(memories.onward.astype(np.float32)))
        self.register_buffer("luma", torch.from_numpy(LUMA))

    def forward(self, image: Tensor):
        pictures = image.float()[..., :3]
        latent = self.encoder(pictures.permute(0, 3, 1, 2) / 255)[0]
        return latent, self.place(self._looks(pictures))

    def _looks(self, pictures: Tensor) -> Tensor:
        """As memories.Looks, of one picture [1, H, W, 3]: [1, D]."""
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
        "encode": EncodeToPlace(autoencoder, memories),
    }


def build(
    parts: Mapping[str, nn.Module], start: Mapping[str, np.ndarray], image: np.ndarray, unit: Tensor, pictures=None
) -> dict[str, onnx.ModelProto]:
    """Export components, on the CPU; UserError if ONNX Runtime draws or steps otherwise than PyTorch.

    start: latents and states to begin from, by input name. image: uint8 [1, H, W, 4]. unit: deviations of the
    latent, f32 [Z]. pictures: memory k as uint8 [H, W, 4], for dreams with memories.
    """
    proof = Proof(parts, start, image, unit, pictures)
    return {name: proof.models[name] for name in parts}


class Proof:
    """Twenty chained steps, pictures of every fifth, and those pictures' latents: ONNX Runtime against PyTorch.

    Raises UserError when a latent is off by over 0.01 standard deviations, a state by over 0.01, or a picture by over
    1 grey level.
    """

    def __init__(self, parts, start, image, unit, pictures):
        self.parts = {name: part.eval() for name, part in parts.items()}
        self.unit, self.pictures = unit, pictures
        values = {name: torch.from_numpy(np.asarray(value)) for name, value in start.items()}
        values |= {"uniform": torch.full((1, 1), 0.5), "image": torch.from_numpy(image)}
        values |= {f"control.{name}": torch.ones(1) for name in ("temperature", "recall")}
        values["control.wander"] = torch.full((1,), 0.5)
        length = values[next(name for name in values if name.startswith("latent"))].shape[1]
        values["noise"] = torch.zeros(1, length + (SEAMS if "recall" in parts else 0))
        self.models = {}
        for name, part in self.parts.items():
            self.models[name] = _export(part, *(values[each] for each in part.inputs))
            if name == "recall":
                values |= dict(zip(part.outputs, part(*(values[each] for each in part.inputs)), strict=True))
                values["memory"] = self._memories(values["index"])
        self.run = {name: _session(model).run for name, model in self.models.items()}
        self._chain(values)

    def _memories(self, index: Tensor) -> Tensor:
        return torch.from_numpy(np.stack([self.pictures(int(k)) for k in index]))

    @torch.no_grad()
    def _chain(self, values: dict[str, Tensor]) -> None:

        for k in range(PROOF_STEPS):
            size = values["noise"].shape[1]
            values["noise"] = torch.from_numpy(noise.noise(1, 0, "step", k, size)[None])
            values["uniform"] = torch.from_numpy(noise.uniform(1, 0, "step", k, 1)[None])
            for name, found, there in self._both("step", values):
                self._near(found, there, name, f"{name} of step {k}")
                values[name.removeprefix("next.")] = there
            if k % 5 == 4:
                self._pictures(values)

    def _pictures(self, values: dict[str, Tensor]) -> None:
        if "recall" in self.parts:
            for name, found, there in self._both("recall", values):
                self._near(found, there, name, name)
                values[name] = there
            values["memory"] = self._memories(values["index"])
        ((_, found, there),) = self._both("decode", values)
        grey = int(np.abs(found.astype(int) - there.numpy()).max())
        if grey > 1:
            raise UserError(f"export: a picture is {grey} grey levels off PyTorch's; nothing was written")
        seen = values | {"image": torch.from_numpy(found)}
        for name, found, there in self._both("encode", seen):
            self._near(found, there, name, f"encode's {name}")

    def _both(self, component: str, values: dict[str, Tensor]):
        """(output name, ONNX Runtime's, PyTorch's) of one run."""
        part = self.parts[component]
        given = [values[name] for name in part.inputs]
        there = part(*given)
        there = (there,) if isinstance(there, Tensor) else there
        wanted = {each.name for each in self.models[component].graph.input}
        feeds = {n: v.numpy() for n, v in zip(part.inputs, given, strict=True) if n in wanted}
        found = self.run[component](list(part.outputs), feeds)
        return list(zip(part.outputs, found, there, strict=True))

    def _near(self, found: np.ndarray, there: Tensor, name: str, what: str) -> None:
        unit = self.unit if there.shape[-1] == len(self.unit) and "latent" in name else 1.0
        off = float(((there.double() - torch.from_numpy(found).double()) / unit).abs().max())
        if not off <= 1e-2:
            raise UserError(f"export: {what} is {off:.3g} off PyTorch's; nothing was written")


def _export(module: nn.Module, *example: Tensor) -> onnx.ModelProto:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module.eval(),
            example,
            input_names=list(module.inputs),
            output_names=list(module.outputs),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    data = io.BytesIO()
    program.save(data)
    return onnx.load_from_string(data.getvalue())


def _session(model: onnx.ModelProto) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


__all__ = ["Decode", "DecodeWithMemories", "Encode", "EncodeToPlace", "Step", "StepAmongMemories", "build"]
