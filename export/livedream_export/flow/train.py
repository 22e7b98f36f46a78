"""`livedream train --kind flow`: measures how footage moves, and writes an effect that moves any picture so."""

import datetime
import re
from argparse import Namespace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import livedream
from livedream import UserError
from livedream.dream import write

from .. import footage as reader
from ..cache import Footage
from ..training_status import TrainingStatus
from . import proof
from .effect import CONTROLS, Warp
from .measure import LOOP, Motion, measure

MEASURED = 352  # N: the footage is measured in N² pixels of its own aspect
FPS = 30.0  # steps a second
SMALLEST, LARGEST = 64, 4096  # pixels a side
SHARE = 0.6  # of --minutes that may be spent on measuring


def train(options: Namespace, status: TrainingStatus) -> Path | None:
    """Write the effect.

    Args:
        options: of the command; `kinds.KINDS` says which.
        status: kept up to date.

    Raises:
        UserError: the footage cannot be used or does not move, the size cannot be, or the proof fails.
    """
    out = Path(options.out)
    if out.suffix != ".onnx":
        raise UserError(f"-o {out}: an effect's name ends in .onnx")
    asked = _sides(options.size)
    _say(status, "1 of 3 reading the footage")
    footage = reader.read(options.footage, MEASURED, options.fps)
    for note in footage.notes:
        print(note, flush=True)
    size = asked if isinstance(asked, tuple) else reader.training_size(asked, _aspect(footage))
    _say(status, f"2 of 3 measuring motion in {len(footage.frames)} frames")
    motion = measure(footage, options.minutes * 60 * SHARE, options.seed)
    _say(status, "3 of 3 comparing the effect with PyTorch over 20 steps")
    part = Warp(motion, size, FPS, options.seed)
    model = proof.build(part, start(part), options.seed + 1)
    title = options.title or out.stem
    write.write(out, {"apply": model}, metadata(title, part, motion, footage, options.licence), halve=True)
    print(
        f"{motion.pairs} pairs of frames; the fastest points drift by {100 * motion.speed:.1f} % of the picture a "
        f"second; {len(motion.parts)} kinds of swaying explain {100 * motion.explained:.0f} % of the rest"
    )
    return out


def start(part: Warp) -> dict[str, Tensor]:
    """Return all that the effect takes at first, by input name."""
    levels = {
        f"control.{name}": torch.full((part.parts if name == "parts" else 1,), default)
        for name, _, _, default, _ in CONTROLS
    }
    image = torch.zeros(1, part.height, part.width, 4, dtype=torch.uint8)
    return {"image": image, "state.phase": torch.zeros(1, 1), **levels}


def metadata(title: str, part: Warp, motion: Motion, footage: Footage, licence: str) -> dict[str, Any]:
    """Return the metadata of the file."""
    return {
        "contract": 1,
        "title": title,
        "kind": "flow",
        "fps": FPS,
        "controls": [
            {"name": name, "low": low, "high": high, "default": default, "doc": doc}
            for name, low, high, default, doc in CONTROLS
        ],
        "provenance": {
            "footage": [{"name": Path(each.path).name, "sha256": each.sha256} for each in footage.sources],
            "licence": licence,
            "loop_seconds": LOOP,
            "figures": {
                "pairs": motion.pairs,
                "drift": round(motion.speed, 4),
                "explained": round(motion.explained, 3),
                "period_seconds": round(part.period, 3),
            },
            "trained_by": f"livedream {livedream.__version__}",
            "trained_on": datetime.date.today().isoformat(),
        },
    }


def _sides(text: str) -> int | tuple[int, int]:
    found = re.fullmatch(r"(\d+)(?:x(\d+))?", text)
    sides = [int(each) for each in found.groups() if each] if found else []
    if not sides or not all(SMALLEST <= each <= LARGEST for each in sides):
        raise UserError(f"--size {text}: should be N or WxH, sides from {SMALLEST} to {LARGEST}, as in 640x360")
    return (sides[0], sides[1]) if len(sides) > 1 else sides[0]


def _aspect(footage: Footage) -> float:
    return float(footage.frames.shape[2] / footage.frames.shape[1])


def _say(status: TrainingStatus, stage: str) -> None:
    status.stage = stage
    print(stage, flush=True)
