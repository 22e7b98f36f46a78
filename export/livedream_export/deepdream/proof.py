"""A DeepDream's proof: ONNX Runtime against PyTorch, with what a gradient through ReLU6 allows.

Where an activation lies within rounding of 0 or 6, the two let the gradient through differently, and the picture
differs at single pixels: by up to 9 grey levels on random noise, as measured, and less on the smooth pictures that are
used here. So one pixel of a thousand may be off by more than 1 grey level, and all by MEAN on average. A mistake in a
weight, a kernel or a control changes whole areas by tens of levels.
"""

from collections.abc import Mapping

import numpy as np
import onnx
import torch
from torch import Tensor
from torch.nn import functional as F

from livedream import UserError
from livedream_export.proof import Component, export_component, open_session

STEPS = 20
MEAN = 0.1  # grey levels
SHARE = 1e-3  # of the pixels may be off by more than 1


def build(name: str, part: Component, start: Mapping[str, Tensor], seed: int = 1) -> onnx.ModelProto:
    """Return a component that keeps a canvas as an ONNX model, proven.

    Args:
        name: of the component, for messages.
        part: apply or decode.
        start: all that it takes at first, by input name.
        seed: of the pictures and random numbers that it is tried with.

    Raises:
        UserError: a picture or a state differs by more than this module allows.
    """
    model = export_component(part, [start[each] for each in part.inputs])
    prove(name, part, model, start, seed)
    return model


@torch.no_grad()
def prove(name: str, part: Component, model: onnx.ModelProto, start: Mapping[str, Tensor], seed: int = 1) -> None:
    """Compare both over STEPS chained steps of a smooth moving picture; PyTorch's state is fed back to both.

    Takes and raises what `build` does.
    """
    run = open_session(model).run
    taken = {each.name for each in model.graph.input}
    random = torch.Generator().manual_seed(seed)
    values = dict(start)
    for step in range(STEPS):
        values |= {each: _varied(value, each, random) for each, value in start.items() if not each.startswith("state.")}
        expected = part(*(values[each] for each in part.inputs))
        expected = (expected,) if isinstance(expected, Tensor) else expected
        found = run(list(part.outputs), {each: values[each].numpy() for each in part.inputs if each in taken})
        for output, own, right in zip(part.outputs, found, expected, strict=True):
            _compare(f"{name}'s {output} of step {step}", own, right)
            values[output.removeprefix("next.")] = right


def _varied(value: Tensor, name: str, random: torch.Generator) -> Tensor:
    """Return a smooth picture of `value`'s shape, noise, or a control a little off its default."""
    if name == "image":
        coarse = torch.rand(1, 4, 4, 6, generator=random)
        smooth = F.interpolate(coarse, value.shape[1:3], mode="bicubic", align_corners=False)
        return (255 * smooth).clamp(0, 255).permute(0, 2, 3, 1).to(torch.uint8)
    if name == "noise" or name.startswith("latent"):
        return torch.randn(value.shape, generator=random)
    return value + 0.05 * torch.rand(value.shape, generator=random)


def _compare(what: str, found: np.ndarray, expected: Tensor) -> None:
    """Raise UserError where values, of a picture or of a canvas in 0..1, differ by more than is allowed."""
    unit = 1 if expected.dtype == torch.uint8 else 255
    off = unit * np.abs(found.astype(np.float32) - expected.float().numpy())
    share = float((off > 1).mean())
    if not (off.mean() <= MEAN and share <= SHARE):  # also for NaN
        raise UserError(
            f"export: {what} is {off.mean():.3g} grey levels off PyTorch's on average, {100 * share:.3g} % of it by "
            f"more than 1 ({MEAN:g} and {100 * SHARE:g} % are allowed, since rounding flips masks of ReLU6); "
            "nothing was written"
        )
