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
    components: Components, start: Mapping[str, Tensor], unit: Tensor, pictures: Pictures | None = None
) -> dict[str, onnx.ModelProto]:
    """Return the components as ONNX models, by name.

    Args:
        components: on the CPU.
        start: everything that components take before the first step, by input name; noise and uniform in their shapes.
        unit: standard deviations of the latent, f32 [Z].
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
    prove(components, models, start, unit, pictures)
    return models


def prove(
    components: Components,
    models: Models,
    start: Mapping[str, Tensor],
    unit: Tensor,
    pictures: Pictures | None = None,
) -> None:
    """Compare ONNX Runtime with PyTorch over twenty chained steps, pictures of every fifth and their latents.

    Where two memories are equally near, rounding decides; so it is tried again with other random numbers.

    Raises:
        UserError: a latent differs by over 0.01 standard deviations, a state by over 0.01, or a picture by over 1 grey
            level, with all random numbers tried.
    """
    proof = Proof(components, models, unit, pictures)
    for seed in range(1, TRIES + 1):
        try:
            return proof.chain(dict(start), seed)
        except UserError:
            if seed == TRIES:
                raise


class Proof:
    """The same components in PyTorch and in ONNX Runtime."""

    def __init__(self, components: Components, models: Models, unit: Tensor, pictures: Pictures | None = None):
        self.components, self.unit, self.pictures = components, unit, pictures
        self.taken = {name: {each.name for each in model.graph.input} for name, model in models.items()}
        self.run = {name: open_session(model).run for name, model in models.items()}

    @torch.no_grad()
    def chain(self, values: dict[str, Tensor], seed: int) -> None:
        """Take steps from `values`, inputs by name, which it changes; PyTorch's results are fed back to both."""
        for k in range(STEPS):
            for name, of in (("noise", noise.noise), ("uniform", noise.uniform)):
                if name in values:
                    values[name] = torch.from_numpy(of(seed, 0, "step", k, values[name].shape[1])[None])
            for name, found, expected in self._both("step", values):
                self.compare(found, expected, name, f"{name} of step {k}")
                values[name.removeprefix("next.")] = expected
            if k % 5 == 4:
                self._render(values)

    def _render(self, values: dict[str, Tensor]) -> None:
        if "recall" in self.components:
            for name, found, expected in self._both("recall", values):
                self.compare(found, expected, name, name)
                values[name] = expected
            values["memory"] = _memories(values["index"], self.pictures)
        ((_, picture, wanted),) = self._both("decode", values)
        grey = int(np.abs(picture.astype(int) - wanted.numpy()).max())
        if grey > 1:
            raise UserError(f"export: a picture is {grey} grey levels off PyTorch's; nothing was written")
        if "encode" in self.components:
            seen = values | {"image": torch.from_numpy(picture)}
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
        unit = self.unit if expected.shape[-1] == len(self.unit) and "latent" in name else 1.0
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
