"""Components as ONNX models, proven against PyTorch before a dream is written."""

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from livedream import UserError
from livedream.dream import noise

from .arrays import Rgba

OPSET = 18
STEPS = 20
TRIES = 3


class Component(nn.Module):
    """A module that becomes a component of a dream; its forward takes and returns tensors in the order of the names."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


Components = Mapping[str, Component]  # keys: step, recall, decode, encode
Models = Mapping[str, onnx.ModelProto]
Pictures = Callable[[int], Rgba]  # memory k, [H, W, 4]


def build(
    components: Components, start: Mapping[str, Tensor], units: Mapping[str, Tensor], pictures: Pictures | None = None
) -> dict[str, onnx.ModelProto]:
    """Return the components as ONNX models, by name.

    Args:
        components: on the CPU.
        start: everything that components take before the first step, by input name; noise and uniform in their shapes.
        units: standard deviations of each latent, f32 [Z] by name, see `units`.
        pictures: the memories, for dreams that have some.

    Raises:
        UserError: as `prove`.
    """
    models: dict[str, onnx.ModelProto] = {}
    values = dict(start)
    for name, part in components.items():
        models[name] = export_component(part, [values[each] for each in part.inputs])
        if name == "recall":
            values |= zip(part.outputs, part(*(values[each] for each in part.inputs)), strict=True)
            values["memory"] = _memories(values["index"], pictures)
    prove(components, models, start, units, pictures)
    return models


def units(latents: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return the standard deviations of each latent, f32 [Z] by name, from the metadata; 1 where there is none."""
    named = {name: about for name, about in latents.items() if isinstance(about, Mapping)}
    stds = {name: torch.tensor(about["std"], dtype=torch.float32) for name, about in named.items()}
    return {name: torch.where(std > 0, std, torch.ones_like(std)) for name, std in stds.items()}


def prove(
    components: Components,
    models: Models,
    start: Mapping[str, Tensor],
    units: Mapping[str, Tensor],
    pictures: Pictures | None = None,
) -> None:
    """Compare ONNX Runtime with PyTorch over twenty chained steps, pictures of every fifth and their latents.

    Pictures of a decoder with a state are compared at every step. Where two memories are equally near, rounding
    decides; so it is tried again with other random numbers.

    Raises:
        UserError: a latent differs by over 0.01 standard deviations, a state by over 0.01, or a picture by over 1 grey
            level, with all random numbers tried.
    """
    proof = Proof(components, models, units, pictures)
    for seed in range(1, TRIES + 1):
        try:
            return proof.chain(dict(start), seed)
        except UserError:
            if seed == TRIES:
                raise


class Proof:
    """The same components in PyTorch and in ONNX Runtime."""

    def __init__(
        self,
        components: Components,
        models: Models,
        units: Mapping[str, Tensor],
        pictures: Pictures | None = None,
    ):
        self.components, self.units, self.pictures = components, units, pictures
        self.taken = {name: {each.name for each in model.graph.input} for name, model in models.items()}
        self.run = {name: open_session(model).run for name, model in models.items()}

    @torch.no_grad()
    def chain(self, values: dict[str, Tensor], seed: int) -> None:
        """Take steps from `values`, inputs by name, which it changes; PyTorch's results are fed back to both."""
        center = {name: values[name] for name in self.units if name in values}
        often = any(name.startswith("next.") for name in self.components["decode"].outputs)
        for k in range(STEPS):
            for name, of in (("noise", noise.noise), ("uniform", noise.uniform)):
                if name in values:
                    values[name] = torch.from_numpy(of(seed, 0, "step", k, values[name].shape[1])[None])
            if "step" in self.components:
                for name, found, expected in self._both("step", values):
                    self.compare(found, expected, name, f"{name} of step {k}")
                    values[name.removeprefix("next.")] = expected
            else:  # the player walks around where the latents are
                for name, mean in center.items():
                    chance = torch.from_numpy(noise.noise(seed, 0, "encode", k, mean.shape[1])[None])
                    values[name] = mean + self.units[name] * chance
            if often or k % 5 == 4:
                self._render(values)

    def _render(self, values: dict[str, Tensor]) -> None:
        if "recall" in self.components:
            for name, found, expected in self._both("recall", values):
                self.compare(found, expected, name, name)
                values[name] = expected
            values["memory"] = _memories(values["index"], self.pictures)
        seen = dict(values)
        for name, found, expected in self._both("decode", values):
            if name.startswith("next."):
                self.compare(found, expected, name, f"decode's {name}")
                values[name.removeprefix("next.")] = expected
                continue
            grey = int(np.abs(found.astype(int) - expected.numpy()).max())
            if grey > 1:
                raise UserError(f"export: a picture is {grey} grey levels off PyTorch's; nothing was written")
            if name == "frame" and len(found) == 1:
                seen["image"] = torch.from_numpy(found)
        if "encode" in self.components:
            for name, found, expected in self._both("encode", seen):
                self.compare(found, expected, name, f"encode's {name}")

    def _both(self, component: str, values: dict[str, Tensor]) -> list[tuple[str, NDArray[Any], Tensor]]:
        """Run a component; return name, ONNX Runtime's result and PyTorch's of each output."""
        part = self.components[component]
        given = [values[name] for name in part.inputs]
        expected = part(*given)
        expected = (expected,) if isinstance(expected, Tensor) else expected
        feeds = {n: v.numpy() for n, v in zip(part.inputs, given, strict=True) if n in self.taken[component]}
        found = self.run[component](list(part.outputs), feeds)
        return list(zip(part.outputs, found, expected, strict=True))

    def compare(self, found: NDArray[Any], expected: Tensor, name: str, what: str) -> None:
        """Raise UserError when output `name` differs by too much; what: how the message calls it."""
        unit = self.units.get(name.removeprefix("next."), 1.0)
        off = float(((expected.double() - torch.from_numpy(found).double()) / unit).abs().max())
        if not off <= 1e-2:
            raise UserError(f"export: {what} is {off:.3g} off PyTorch's; nothing was written")


def _memories(index: Tensor, pictures: Pictures | None) -> Tensor:
    if pictures is None:
        raise ValueError("a dream with `recall` needs the pictures of its memories")
    return torch.from_numpy(np.stack([pictures(int(k)) for k in index]))


def export_component(module: Component, example: Sequence[Tensor]) -> onnx.ModelProto:
    """Return a component as an ONNX model, unproven; example: its inputs, in order."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module.eval(),
            tuple(example),
            input_names=list(module.inputs),
            output_names=list(module.outputs),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None  # it is only None without dynamo
    return program.model_proto


def open_session(model: onnx.ModelProto) -> ort.InferenceSession:
    """Return a session on the processor."""
    options = ort.SessionOptions()
    options.log_severity_level = 3
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
