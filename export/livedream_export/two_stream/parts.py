"""What goes into the file of a two-stream dream: components, scenes and knobs."""

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor

from livedream.dream import write

from .. import knobs, scenes
from ..arrays import Floats, Rgba, Segments
from ..cache import Footage
from ..dream_file import DreamParts, rounded
from ..motion_model import training as motion_training
from ..motion_model.networks import Recurrent
from . import components
from .learner import Learner
from .networks import TwoStream

WARM_UP = 48  # steps of footage that the recurrent network gets before a scene begins
SEEN_AT = 4  # scenes at which knobs are looked for


@torch.no_grad()
def of(learner: Learner, footage: Footage) -> DreamParts:
    """Return what goes into the dream file, as the networks are now."""
    count = learner.recipe.ground
    network = rounded(copy.deepcopy(learner.average).cpu().float().eval())
    recurrent = rounded(copy.deepcopy(learner.recurrent).cpu().float().eval())
    encoded = learner.encode(footage.frames)
    motion_training.measure(recurrent, encoded, footage.segments)
    latents: Floats = encoded.numpy()
    step = components.Step(recurrent, count, latents)
    decode = components.Decode(network, full_size(network, encoded))
    modules = {"step": step, "decode": decode, "encode": components.Encode(network)}
    white = (latents - latents.mean(0)) / (latents.std(0) + 1e-6)
    chosen = scenes.choose(white, np.arange(len(white)), len(white) / 4 / scenes.SCENES)

    def at(frame: int) -> dict[str, Floats]:
        return _scene(step, latents, footage.segments, frame)

    def render(some: Floats) -> Rgba:
        return np.concatenate([composite(decode, each[None], count) for each in some])

    few = latents[chosen[:: max(1, len(chosen) // SEEN_AT)][:SEEN_AT]]
    metadata = {
        **_described(latents, count),
        "directions": knobs.find(render, latents, padded(few, count)),
        "scenes": scenes.describe(
            chosen,
            lambda frame: scenes.name(footage, frame),
            lambda frame: {f"step/{name}": value for name, value in at(frame).items()},
            lambda frame: render(padded(latents[frame : frame + 1], count))[0, ..., :3],
        ),
    }
    height, width = footage.frames.shape[1:3]
    start = {name: torch.from_numpy(value) for name, value in at(chosen[0]).items()} | {
        "noise": torch.zeros(1, latents.shape[1]),
        "uniform": torch.full((1, 1), 0.5),
        "image": torch.full((1, height, width, 4), 255, dtype=torch.uint8),
        **{f"control.{each['name']}": torch.full((1,), float(each["default"])) for each in components.CONTROLS},
    }
    return DreamParts(modules, start | {"state.seeds": torch.zeros(1, 2)}, metadata)


def _described(latents: Floats, count: int) -> dict[str, Any]:
    mean, std = latents.mean(0), latents.std(0)
    ground, figures = write.latent(mean[:count], std[:count]), write.latent(mean[count:], std[count:])
    return {
        "latents": {
            "latent.background": ground,
            "latent.figures": figures,
            "latent.elsewhere": ground,
            "interpolation": "linear",
        },
        "layers": ["background", "foreground"],
        "controls": components.CONTROLS,
    }


@torch.no_grad()
def full_size(network: TwoStream, latents: Tensor) -> bool:
    """Whether the last level is trained: its pictures of latents [N, Z], reduced, agree with those of half size."""
    some = latents[:: max(1, len(latents) // 8)][:8].to(network.middle.device)
    coarse = network.coarse(some).whole  # outside of the mask the figures are nobody's business
    fine = torch.nn.functional.avg_pool2d(network(some).whole, 2)
    return bool((fine - coarse).square().mean() < 0.1 * coarse.var() + 1e-3)


def _scene(step: components.Step, latents: Floats, segments: Segments, frame: int) -> dict[str, Floats]:
    """Return latents and states at a frame; the other time that mismatch draws is half the footage away."""
    count, elsewhere = step.count, (frame + len(latents) // 2) % len(latents)
    return {
        "latent.background": latents[frame : frame + 1, :count],
        "latent.figures": latents[frame : frame + 1, count:],
        "latent.elsewhere": latents[elsewhere : elsewhere + 1, :count],
        "state.h": _arrive(step.network, latents, segments, frame),
        "state.elsewhere": np.full((1, 1), elsewhere * len(step.kept) // len(latents), np.float32),
    }


@torch.no_grad()
def _arrive(network: Recurrent, latents: Floats, segments: Segments, frame: int) -> Floats:
    """Return the state of the recurrent network after the frames before one."""
    begin = next(a for a, b in segments if a <= frame < b)
    state = torch.zeros(1, network.cell.hidden_size)
    for k in range(max(begin, frame - WARM_UP), frame):
        state, *_ = network((torch.from_numpy(latents[k : k + 1]) - network.mean) / network.std, state)
    return np.asarray(state)


def padded(latents: Floats, count: int) -> Floats:
    """Append the ground's latents, the first `count`, once more, as those of another time."""
    return np.concatenate([latents, latents[:, :count]], 1)


@torch.no_grad()
def composite(decode: Any, latent: Floats, count: int) -> Rgba:
    """Return the picture [1, H, W, 4] of one latent [1, Z + G]: the figures on their ground."""
    values = torch.from_numpy(latent.astype(np.float32))
    size = latent.shape[1] - count
    each = values[:, :count], values[:, count:size], values[:, size:]
    ground, figures = decode(*each, torch.zeros(1), torch.ones(1))
    alpha = figures[..., 3:].float() / 255
    mixed = ground.float() + alpha * (figures.float() - ground.float())
    mixed[..., 3] = 255
    return np.asarray(mixed.round().to(torch.uint8))
