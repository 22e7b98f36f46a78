"""A flow's proof: ONNX Runtime against PyTorch over chained steps."""

from collections.abc import Mapping

import numpy as np
import onnx
import torch
from torch import Tensor
from torch.nn import functional as F

from livedream import UserError

from ..proof import export_component, open_session
from .effect import Warp

STEPS = 20
SHARE = 1e-4  # of the pixels may be off by 2 grey levels, where a pixel is fetched from a sharp edge


def build(part: Warp, start: Mapping[str, Tensor], seed: int = 1) -> onnx.ModelProto:
    """Return `apply` as an ONNX model, compared with PyTorch over STEPS steps from `start`, inputs by name.

    Raises:
        UserError: A picture is off by more than 1 grey level, but for SHARE of it, or the phase by more than 1e-5.
    """
    model = export_component(part, [start[each] for each in part.inputs])
    prove(part, model, start, seed)
    return model


@torch.no_grad()
def prove(part: Warp, model: onnx.ModelProto, start: Mapping[str, Tensor], seed: int = 1) -> None:
    """Compare both; PyTorch's phase is fed back to both. Takes and raises what `build` does."""
    run = open_session(model).run
    taken = {each.name for each in model.graph.input}
    random = torch.Generator().manual_seed(seed)
    values = dict(start)
    for step in range(STEPS):
        coarse = torch.rand(1, 4, 18, 32, generator=random)
        smooth = F.interpolate(coarse, start["image"].shape[1:3], mode="bicubic", align_corners=False)
        values["image"] = (255 * smooth).clamp(0, 255).permute(0, 2, 3, 1).to(torch.uint8)
        values["control.direction"] = torch.full((1,), 18.0 * step - 180)
        values["control.mask"] = torch.full((1,), step % 3 / 2)
        expected, phase = part(*(values[each] for each in part.inputs))
        feeds = {each: values[each].numpy() for each in part.inputs if each in taken}
        frame, moved = run(["frame", "next.state.phase"], feeds)
        off = np.abs(frame.astype(np.int16) - expected.numpy())
        if off.max() > 2 or (off > 1).mean() > SHARE:
            raise UserError(f"export: picture {step} is {off.max()} grey levels off PyTorch's; nothing was written")
        turns = float(np.abs(moved - phase.numpy()).max())
        if not turns <= 1e-5:
            raise UserError(f"export: the phase of step {step} is {turns:.3g} off PyTorch's; nothing was written")
        values["state.phase"] = (phase + 0.043) % 1
