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


def build(
    autoencoder: Autoencoder, network: Recurrent, height: int, width: int
) -> dict[str, onnx.ModelProto]:
    """Export step, decode and encode; UserError if ONNX Runtime draws or steps otherwise than PyTorch."""
    latent, state = network.latent, network.cell.hidden_size
    examples = {
        "step": (
            Step(network),
            torch.zeros(1, latent),
            torch.zeros(1, state),
            torch.zeros(1, latent),
            torch.full((1, 1), 0.5),
            torch.ones(1),
        ),
        "decode": (Decode(autoencoder), torch.zeros(1, latent)),
        "encode": (Encode(autoencoder), torch.zeros(1, height, width, 4, dtype=torch.uint8)),
    }
    built = {}
    for name, (module, *arguments) in examples.items():
        built[name] = _export(module.eval(), arguments)
    _prove(built, {name: example[0] for name, example in examples.items()}, network)
    return built


def _export(module: nn.Module, arguments) -> onnx.ModelProto:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module,
            tuple(arguments),
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
def _prove(built: dict[str, onnx.ModelProto], modules: dict[str, nn.Module], network: Recurrent) -> None:
    """Twenty chained steps, their pictures, and those pictures' latents: ONNX Runtime against PyTorch."""
    step, decode, encode = (_session(built[name]) for name in ("step", "decode", "encode"))
    latent = network.mean.numpy()[None].copy()
    state = np.zeros((1, network.cell.hidden_size), np.float32)
    there_latent, there_state = torch.from_numpy(latent.copy()), torch.from_numpy(state.copy())
    temperature = np.ones(1, np.float32)
    for k in range(PROOF_STEPS):
        random = noise.noise(1, 0, "step", k, latent.size)[None]
        uniform = noise.uniform(1, 0, "step", k, 1)[None]
        values = (latent, state, random, uniform, temperature)
        latent, state = step.run(None, dict(zip(Step.inputs, values, strict=True)))
        there_latent, there_state = modules["step"](
            there_latent, there_state, *map(torch.from_numpy, (random, uniform, temperature))
        )
        off = float(((there_latent - torch.from_numpy(latent)) / network.deviation).abs().max())
        if off > 1e-2:
            raise UserError(
                f"export: step {k} differs from PyTorch by {off:.3g} deviations; nothing was written"
            )
    (picture,) = decode.run(None, {"latent": latent})
    there = modules["decode"](torch.from_numpy(latent)).numpy()
    grey = int(np.abs(picture.astype(int) - there).max())
    if grey > 1:
        raise UserError(
            f"export: a picture differs from PyTorch's by {grey} grey levels; nothing was written"
        )
    (seen,) = encode.run(None, {"image": picture})
    off = float(
        ((modules["encode"](torch.from_numpy(picture)) - torch.from_numpy(seen)) / network.deviation)
        .abs()
        .max()
    )
    if off > 1e-2:
        raise UserError(f"export: encode differs from PyTorch by {off:.3g} deviations; nothing was written")
