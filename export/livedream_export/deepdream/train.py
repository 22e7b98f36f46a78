"""`livedream train --kind deepdream`: nothing is trained; what is to be dreamed is found, and the file is written."""

import re
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from livedream import UserError
from livedream.dream import write
from livedream_export.training_status import TrainingStatus

from . import classes, guided, proof
from .controls import described
from .effect import Effect
from .gradient import Gradient, Seeds
from .lite0 import Lite0
from .seeds import BLOCKS, Free, groups
from .source import Source, Step

Json = dict[str, Any]
Part = Effect | Source | Step
FPS = 30.0  # steps a second
LARGEST = 75_000  # pixels of the canvas: more are not dreamed live on two cores
TIMES = range(1, 9)  # how often the picture may be as wide as the canvas
LICENCE = "Apache-2.0"
WEIGHTS = {
    "network": "EfficientNet-Lite0 (Tan and Le, ICML 2019), trained on ImageNet by Google",
    "source": "https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite",
    "licence": "Apache-2.0, Copyright The TensorFlow Authors",
}


def train(options: Namespace, status: TrainingStatus) -> Path | None:
    """Write an effect, or a dream of its own, that dreams freely, of classes, or of the artist's own pictures.

    Args:
        options: of the command; `kinds.KINDS` says which.
        status: kept up to date.

    Raises:
        UserError: a size that cannot be, classes that are unknown, pictures that are missing, or a failed proof.
    """
    if options.classes and options.guide:
        raise UserError("--classes and --guide: a file dreams of one or the other")
    width, height, times = sizes(options.size)
    numbers = classes.find(options.classes or ())
    _say(status, "1 of 3 the network")
    network = Lite0(max(BLOCKS))
    seeds, found = _wanted(options, network, numbers, status)
    _say(status, "3 of 3 writing its gradient, and comparing it with PyTorch over 20 steps")
    gradient = Gradient(network, seeds, width // times, height // times)
    about = description(status.title, found, options.licence)
    if options.source:
        parts, about = _source(gradient, seeds, times, about)
    else:
        effect = Effect(gradient, width, height)
        parts, about = {"apply": effect}, about | {"controls": described(effect.controls)}
    models = {name: proof.build(name, part, part.start, options.seed + 1) for name, part in parts.items()}
    out = Path(options.out)
    write.write(out, models, about, halve=True)
    return out


def _wanted(options: Namespace, network: Lite0, numbers: list[int], status: TrainingStatus) -> tuple[Seeds, Json]:
    """Return what is to be dreamed, and what the file says of it."""
    if numbers:
        _say(status, f"2 of 3 {len(numbers)} classes of ImageNet")
        chosen = classes.Classes(numbers)
        return chosen, {"classes": [each.name for each in chosen.named]}
    if options.guide:
        folder = Path(options.guide)
        guides = guided.read(folder, print)
        _say(status, f"2 of 3 patterns of {len(guides)} pictures of {folder}")
        return guided.Guided(network, guided.patterns(network, guides, options.seed)), {"pictures": len(guides)}
    _say(status, "2 of 3 groups of the channels")
    return groups(), {}


def _source(gradient: Gradient, seeds: Seeds, times: int, about: Json) -> tuple[dict[str, Part], Json]:
    """Return the components of a dream of its own, and its metadata."""
    named = seeds.named if isinstance(seeds, Free) else ()
    moods = [each.name for each in named if each.default == 0]
    decode, step = Source(gradient, moods, times), Step(1 + len(moods))
    start = decode.start["latent"].numpy()[0]
    std = (start == 0).astype(float)
    std[:2] = 0  # nothing but time moves the clock
    axes = np.eye(len(start), dtype=np.float32)
    knobs = [write.direction(f"more {name}", axes[3 + k]) for k, name in enumerate(moods)]
    scenes = []
    for name, raised in [("free", 0), *((name, 3 + k) for k, name in enumerate(moods))]:
        latent = start + 2 * axes[raised] * (raised > 0)
        scenes.append(write.scene(name, {"step/latent": latent[None]}))
    about = about | {
        "controls": described(decode.controls),
        "latents": {"latent": write.latent(start, std)},
        "directions": [*knobs, write.direction("banking", axes[2])][:8],
        "scenes": scenes,
    }
    return {"step": step, "decode": decode}, about


def description(title: str, found: Json, licence: str) -> Json:
    """Return the metadata that every kind of DeepDream has; found: what it was made of."""
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    provenance = {"licence": licence or LICENCE, "weights": WEIGHTS, "trained": today} | found
    return {"contract": 1, "title": title, "kind": "deepdream", "fps": FPS, "provenance": provenance}


def sizes(text: str) -> tuple[int, int, int]:
    """Return width and height of the pictures, and how many of their pixels are one of the canvas's, each way.

    Raises UserError when the text is not N or WxH, or the canvas would be too small or too large.
    """
    found = re.fullmatch(r"(\d+)(?:x(\d+))?", text)
    if not found:
        raise UserError(f"--size {text}: should be N or WxH, as in 640x360")
    width, height = int(found[1]), int(found[2] or found[1])
    for times in TIMES:
        if width % times == height % times == 0 and width * height <= LARGEST * times**2:
            if min(width, height) < 64 * times:
                break
            return width, height, times
    raise UserError(
        f"--size {text}: sides of 64 or more, and small or with a common divisor, as in 256x256, 640x360 or 1280x720"
    )


def _say(status: TrainingStatus, stage: str) -> None:
    status.stage = stage
    print(stage, flush=True)
