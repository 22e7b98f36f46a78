"""Components as ONNX, proven against PyTorch before a dream is written."""

import io
import logging
import warnings
from collections.abc import Callable, Mapping

import numpy as np
import onnx
import onnxruntime as ort
import torch
from torch import Tensor, nn

from livedream import UserError
from livedream.dream import noise

from .memories import LIKENESS

OPSET = 18
STEPS = 20
TRIES = 3

Parts = Mapping[str, nn.Module]
Pictures = Callable[[int], np.ndarray]


def build(
    parts: Parts, start: Mapping[str, np.ndarray], image: np.ndarray, unit: Tensor, pictures: Pictures | None = None
) -> dict[str, onnx.ModelProto]:
    """Components as ONNX models, by name; computed on the CPU. UserError as `prove` says.

    start: latents and states to begin from, by input name. image: uint8 [1, H, W, 4]. unit: deviations of the
    latent, f32 [Z]. pictures: memory k as uint8 [H, W, 4], for dreams with memories.
    """
    models, values = {}, _first(parts, start, image)
    for name, part in parts.items():
        models[name] = _export(part, *(values[each] for each in part.inputs))
        if name == "recall":
            values |= zip(part.outputs, part(*(values[each] for each in part.inputs)), strict=True)
            values["memory"] = _memories(values["index"], pictures)
    prove(parts, models, start, image, unit, pictures)
    return models


def prove(parts: Parts, models: Mapping[str, onnx.ModelProto], start, image, unit, pictures=None) -> None:
    """Twenty chained steps, pictures of every fifth, and those pictures' latents: ONNX Runtime against PyTorch.

    Raises UserError when a latent is off by over 0.01 standard deviations, a state by over 0.01, or a picture by over
    1 grey level: whatever the chance. Where two memories are as near, rounding chooses, and another chance does not.
    """
    proof = Proof(parts, models, unit, pictures)
    for seed in range(1, TRIES + 1):
        try:
            return proof.chain(_first(parts, start, image), seed)
        except UserError:
            if seed == TRIES:
                raise


class Proof:
    """Components in both, side by side."""

    def __init__(self, parts: Parts, models: Mapping[str, onnx.ModelProto], unit: Tensor, pictures: Pictures | None):
        self.parts, self.unit, self.pictures = parts, unit, pictures
        self.taken = {name: {each.name for each in model.graph.input} for name, model in models.items()}
        self.run = {name: _session(model).run for name, model in models.items()}

    @torch.no_grad()
    def chain(self, values: dict[str, Tensor], seed: int) -> None:
        """Steps from `values`, inputs by name; PyTorch's are fed back to both."""
        size = values["noise"].shape[1]
        for k in range(STEPS):
            values["noise"] = torch.from_numpy(noise.noise(seed, 0, "step", k, size)[None])
            values["uniform"] = torch.from_numpy(noise.uniform(seed, 0, "step", k, 1)[None])
            for name, found, there in self._both("step", values):
                self._near(found, there, name, f"{name} of step {k}")
                values[name.removeprefix("next.")] = there
            if k % 5 == 4:
                self._draw(values)

    def _draw(self, values: dict[str, Tensor]) -> None:
        if "recall" in self.parts:
            for name, found, there in self._both("recall", values):
                self._near(found, there, name, name)
                values[name] = there
            values["memory"] = _memories(values["index"], self.pictures)
        ((_, found, there),) = self._both("decode", values)
        grey = int(np.abs(found.astype(int) - there.numpy()).max())
        if grey > 1:
            raise UserError(f"export: a picture is {grey} grey levels off PyTorch's; nothing was written")
        seen = values | {"image": torch.from_numpy(found)}
        for name, found, there in self._both("encode", seen):
            self._near(found, there, name, f"encode's {name}")

    def _both(self, component: str, values: dict[str, Tensor]) -> list[tuple[str, np.ndarray, Tensor]]:
        """(output name, ONNX Runtime's, PyTorch's) of one run."""
        part = self.parts[component]
        given = [values[name] for name in part.inputs]
        there = part(*given)
        there = (there,) if isinstance(there, Tensor) else there
        feeds = {n: v.numpy() for n, v in zip(part.inputs, given, strict=True) if n in self.taken[component]}
        found = self.run[component](list(part.outputs), feeds)
        return list(zip(part.outputs, found, there, strict=True))

    def _near(self, found: np.ndarray, there: Tensor, name: str, what: str) -> None:
        unit = self.unit if there.shape[-1] == len(self.unit) and "latent" in name else 1.0
        off = float(((there.double() - torch.from_numpy(found).double()) / unit).abs().max())
        if not off <= 1e-2:
            raise UserError(f"export: {what} is {off:.3g} off PyTorch's; nothing was written")


def _first(parts: Parts, start: Mapping[str, np.ndarray], image: np.ndarray) -> dict[str, Tensor]:
    """All that components take before the first step, by input name."""
    values = {name: torch.from_numpy(np.asarray(value)) for name, value in start.items()}
    values |= {"uniform": torch.full((1, 1), 0.5), "image": torch.from_numpy(image)}
    # With so much wander a dream leaves for elsewhere within twenty steps.
    values |= {f"control.{name}": torch.ones(1) for name in ("temperature", "recall", "wander")}
    length = values[next(name for name in values if name.startswith("latent"))].shape[1]
    values["noise"] = torch.zeros(1, length + (LIKENESS if "recall" in parts else 0))
    return values


def _memories(index: Tensor, pictures: Pictures) -> Tensor:
    return torch.from_numpy(np.stack([pictures(int(k)) for k in index]))


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
