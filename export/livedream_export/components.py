"""From networks to the components of a dream file, each proven against PyTorch before it is written."""

import io
import logging
import warnings

import numpy as np
import onnx
import onnxruntime as ort
import torch
from torch import Tensor, nn

from livedream import UserError
from livedream.dream import noise

from .networks import Autoencoder, Recurrent

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
        white = net.sample(white, predicted, temperature, noise, uniform)
        # Nothing the footage ever did lies farther out; so the state cannot run away either.
        return white.clamp(-6, 6) * net.deviation + net.mean, state


class Decode(nn.Module):
    """latent to frame, uint8 [1, H, W, 4]."""

    inputs, outputs = ("latent",), ("frame",)

    def __init__(self, autoencoder: Autoencoder):
        super().__init__()
        self.decoder = autoencoder.decoder

    def forward(self, latent: Tensor):
        picture = self.decoder(latent) * 255
        picture = torch.cat([picture, torch.full_like(picture[:, :1], 255.0)], 1).permute(0, 2, 3, 1)
        return picture.clamp(0, 255).round().to(torch.uint8)


class Encode(nn.Module):
    """image, uint8 [1, H, W, 4], to latent."""

    inputs, outputs = ("image",), ("latent",)

    def __init__(self, autoencoder: Autoencoder):
        super().__init__()
        self.encoder = autoencoder.encoder

    def forward(self, image: Tensor):
        return self.encoder(image.float()[..., :3].permute(0, 3, 1, 2) / 255)[0]


def build(autoencoder: Autoencoder, network: Recurrent, height: int, width: int) -> dict[str, onnx.ModelProto]:
    """Export step, decode and encode, on the CPU; UserError if ONNX Runtime draws or steps otherwise than PyTorch."""
    latent, state = torch.zeros(1, network.latent), torch.zeros(1, network.cell.hidden_size)
    half, one = torch.full((1, 1), 0.5), torch.ones(1)
    image = torch.zeros(1, height, width, 4, dtype=torch.uint8)
    built = {
        "step": _export(Step(network), latent, state, latent.clone(), half, one),
        "decode": _export(Decode(autoencoder), latent),
        "encode": _export(Encode(autoencoder), image),
    }
    prove(built, autoencoder, network)
    return built


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
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


@torch.no_grad()
def prove(built: dict[str, onnx.ModelProto], autoencoder: Autoencoder, network: Recurrent) -> None:
    """Twenty chained steps, pictures of every fifth, and those pictures' latents: ONNX Runtime against PyTorch.

    Raises UserError when a latent is off by over 0.01 standard deviations, a state by over 0.01, or a picture by over
    1 grey level.
    """
    run = {name: _session(model).run for name, model in built.items()}
    step, decode, encode = Step(network).eval(), Decode(autoencoder).eval(), Encode(autoencoder).eval()
    latent, state = network.mean.numpy()[None].copy(), np.zeros((1, network.cell.hidden_size), np.float32)
    there = torch.from_numpy(latent), torch.from_numpy(state)
    temperature = np.ones(1, np.float32)
    for k in range(PROOF_STEPS):
        normal = noise.noise(1, 0, "step", k, latent.size)[None]
        chance = (normal, noise.uniform(1, 0, "step", k, 1)[None], temperature)
        latent, state = run["step"](None, dict(zip(Step.inputs, (latent, state, *chance), strict=True)))
        there = step(*there, *map(torch.from_numpy, chance))
        _near(latent, there[0], network.deviation, f"step {k}")
        _near(state, there[1], 1.0, f"the state at step {k}")
        if k % 5 == 4:
            (picture,) = run["decode"](None, {"latent": latent})
            drawn = decode(torch.from_numpy(latent)).numpy()
            grey = int(np.abs(picture.astype(int) - drawn).max())
            if grey > 1:
                raise UserError(f"export: a picture is {grey} grey levels off PyTorch's; nothing was written")
            (seen,) = run["encode"](None, {"image": picture})
            _near(seen, encode(torch.from_numpy(picture)), network.deviation, "encode")


def _near(found: np.ndarray, there: Tensor, unit: Tensor | float, what: str) -> None:
    off = float(((there - torch.from_numpy(found)) / unit).abs().max())
    if not off <= 1e-2:
        raise UserError(f"export: {what} is {off:.3g} off PyTorch's; nothing was written")
