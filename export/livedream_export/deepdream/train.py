"""`livedream train --kind deepdream`: nothing is trained; what is to be dreamed is found, and the file is written."""

import re
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from livedream import UserError
from livedream.dream import write
from livedream_export.training_status import TrainingStatus

from . import proof
from .controls import described
from .effect import Effect
from .gradient import Gradient
from .lite0 import Lite0
from .seeds import Free

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
    """Write an effect that dreams freely, of classes, or of the artist's own pictures.

    Args:
        options: of the command; `kinds.KINDS` says which.
        status: kept up to date.

    Raises:
        UserError: a size that cannot be, classes that are unknown, pictures that are missing, or a failed proof.
    """
    out = Path(options.out)
    width, height, times = sizes(options.size)
    seeds = Free()
    _say(status, "1 of 2 writing the gradient of the network")
    gradient = Gradient(Lite0(max(seeds.blocks)), seeds, width // times, height // times)
    part = Effect(gradient, width, height)
    _say(status, "2 of 2 comparing it with PyTorch over 20 steps")
    model = proof.build("apply", part, part.start, options.seed + 1)
    write.write(out, {"apply": model}, metadata(status.title, part, options.licence), halve=True)
    return out


def metadata(title: str, part: Effect, licence: str) -> dict[str, Any]:
    """Return the metadata of the file."""
    return {
        "contract": 1,
        "title": title,
        "kind": "deepdream",
        "fps": FPS,
        "controls": described(part.controls),
        "provenance": {
            "licence": licence or LICENCE,
            "weights": WEIGHTS,
            "trained": datetime.now(UTC).strftime("%Y-%m-%d"),
        },
    }


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
