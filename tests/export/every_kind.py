"""The kinds of dream that test_every_kind.py trains, one row each, and how it trains them: tiny, in processes."""

import dataclasses
import importlib
import itertools
import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests.export import footage_clips

IMAGE = {"latent": 8, "widths": (16, 16, 24, 24), "batch": 8, "warmup_steps": 10, "perceptual_weight": 0.0}
GAN = {"critic_eyes": False, "prior_batch": 32}
MOTION = {"state": 16, "mixtures": 2, "sequence": 12, "windows": 8, "rollout_steps": 2}


@dataclass(frozen=True)
class Row:
    """A kind of dream, as small as it can be trained.

    Attributes:
        recipe: changes to the kind's own recipe, by the name of its field.
        where: module and class of that recipe.
        material: makes what it learns from in a folder, and returns what FOOTAGE names.
        size: of its pictures.
        options: further ones of the command.
        step: seconds by which the run's clock moves on every time it is read.
    """

    where: str
    recipe: Mapping[str, Any]
    material: Callable[[Path], Path | str]
    size: str = "32"
    options: Mapping[str, Any] = field(default_factory=dict)
    step: float = 0.25


def clip(folder: Path) -> Path:
    """Return a clip: a bright square goes around on a dark ramp, once every second."""
    path = folder / "square.mp4"
    if not path.exists():
        pictures = [_square(k * np.pi / 12) for k in range(100)]
        footage_clips.write(path, pictures, options={"crf": "10"})
    return path


def pictures(folder: Path) -> Path:
    """Return a folder of pictures of several sizes."""
    from PIL import Image

    place = folder / "pictures"
    if not place.exists():
        place.mkdir()
        for k in range(40):
            side = 32 + k % 3 * 8
            Image.fromarray(_square(k * 0.7) + np.uint8(k % 14)).resize((side, side)).save(place / f"a {k}.png")
    return place


def drawings(folder: Path) -> Path:
    """Return a file of drawings, as QuickDraw writes them: zigzags."""
    path = folder / "zigzags.ndjson"
    rng, lines = np.random.default_rng(0), []
    for _ in range(30):
        strokes = [rng.integers(0, 256, (2, 6)).tolist() for _ in range(2)]
        lines.append(json.dumps({"word": "zigzag", "drawing": strokes}))
    path.write_text("\n".join(lines))
    return path


def _square(turn: float) -> np.ndarray:
    picture = np.empty((32, 32, 3), np.uint8)
    picture[:] = np.linspace(20, 90, 32)[None, :, None]
    y, x = (int(32 * (0.5 + 0.3 * f(turn))) for f in (np.sin, np.cos))
    picture[max(0, y - 8) : y + 8, max(0, x - 8) : x + 8] = (240, 180, 40)
    return picture


ROWS = {
    "vae-rnn": Row("vae_rnn.recipe:Recipe", IMAGE | MOTION | {"batch": 8}, clip),
    "vae": Row("image_model.recipe:PictureRecipe", IMAGE, pictures),
    "gan": Row(
        "gan.recipe:Recipe", IMAGE | {"couplings": 4, "hidden": 24, "critic_widths": (8, 12, 16)} | GAN, pictures
    ),
    "two-stream": Row(
        "two_stream.recipe:Recipe", IMAGE | MOTION | {"ground": 2, "ground_widths": (8, 8, 12, 12)}, clip
    ),
    "video-gan": Row(
        "video_gan.recipe:Recipe", {"width": 4, "processor_batch": 2, "statistics": 4}, clip, size="64", step=0.75
    ),
    "sketch": Row("sketch.recipe:Recipe", {"latent": 8, "encoder": 16, "state": 24, "mixtures": 3}, drawings, "64"),
}
"""The rows by kind. A new kind of dream gets one here; then every test of test_every_kind.py is its, too."""


def options(name: str, folder: Path, **given: Any) -> Any:
    """Return the options of a tiny training of a kind, as the command has them."""
    from livedream_export import kinds

    row = ROWS[name]
    named = {"out": folder / f"{name}.onnx", "size": row.size, "device": "cpu", **row.options, **given}
    return kinds.options(name, named.pop("footage", None) or [row.material(folder)], **named)


def recipe(name: str) -> Any:
    """Return the kind's recipe, made tiny."""
    row = ROWS[name]
    module, _, kind = row.where.partition(":")
    return dataclasses.replace(getattr(importlib.import_module(f"livedream_export.{module}"), kind)(), **row.recipe)


def train(name: str, folder: Path, **given: Any) -> None:
    """Train in this process, by a clock that moves on by a little every time it is read."""
    now = itertools.count(0.0, ROWS[name].step).__next__
    _module(name).train(options(name, folder, **given), recipe=recipe(name), now=now)


def _module(name: str) -> Any:
    """Return the module that trains a kind."""
    from livedream_export import kinds

    return importlib.import_module(kinds.KINDS[name].entry.partition(":")[0])


def _child(name: str, folder: Path, given: Mapping[str, Any]) -> None:
    from livedream_export import learning_film

    _module(name).Run.judge = lambda self: "not judged here"  # it takes a minute
    learning_film.SMALLEST = 128  # else its pictures are enlarged, which takes time
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache" / name)
    with open(folder / f"{name}.log", "a", buffering=1) as log:
        sys.stdout = sys.stderr = log
        train(name, folder, **given)


def begin(name: str, folder: Path, **given: Any) -> multiprocessing.Process:
    """Train in a process of its own. What it says goes into `NAME.log`."""
    made: multiprocessing.Process = _context().Process(target=_child, args=(name, folder, given), daemon=True)  # type: ignore[assignment]
    made.start()
    return made


def _context() -> Any:
    """Return how processes are made: from one that has imported torch, where there is such a way, to save that time."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.export.warm"])
    return context
