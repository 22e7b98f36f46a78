"""`livedream export`: a checkpoint of a training run becomes the dream it would have written."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from livedream import UserError

from . import autoencoder, cache, checkpoint, dream_file, memories, recurrent
from .preview import Progress
from .stages import ENCODING
from .trainer_state import TrainerState

SPELL = 15.0  # seconds for which the motion model is trained where the image model was trained after it


def export_checkpoint(path: Path | str, out: Path | str) -> Path:
    """Write the dream of a checkpoint to `out`, and return it.

    The checkpoint of a finished run holds all that is needed. Else the footage is read from the cache of frames.

    Raises:
        UserError: the checkpoint is missing or damaged, or its footage is needed and no longer in the cache.
    """
    path, out, progress = Path(path), Path(out), Progress()
    if out.suffix != ".onnx":
        raise UserError(f"-o {out}: a dream's name ends in .onnx")
    saved = checkpoint.load(path)
    hp, (width, height) = saved["hp"], saved["size"]
    trainer = TrainerState((width, height), hp, torch.device("cpu"))
    trainer.restore(saved)
    latents, segments, fps = saved.get("latents"), saved["segments"], saved["fps"]
    kept = None
    if hp.remembers or latents is None:
        footage = cached(saved["sha256"], path)
        if latents is None:
            segments, fps = footage.segments, footage.fps
            latents = autoencoder.encode(trainer.average, footage.frames, lambda done: progress.share(done, ENCODING))
            progress.line(f"training the motion model for {SPELL:.0f} s")
            rng = np.random.default_rng(saved["steps"])
            times = _times(SPELL)
            recurrent.learn(trainer.recurrent_optimizer, latents, segments, hp, rng, times, lambda loss: None)
        if hp.remembers:
            kept = memories.of_footage(footage, hp, lambda done: progress.share(done, "choosing memories"))
    figures = {"minutes": round(saved["used"] / 60, 1), "steps": saved["steps"]}
    about = {**saved.get("provenance", {"licence": "not stated"}), "figures": figures}
    title = saved.get("title") or path.parent.stem
    parts = dream_file.Parts(trainer.average, trainer.recurrent, latents.numpy(), segments, fps, kept, hp)
    dream_file.export(parts, out, fps, (width, height), title, about)
    return out


def _times(seconds: float) -> Iterator[float]:
    begun = time.monotonic()
    while (done := (time.monotonic() - begun) / seconds) < 1:
        yield done


def cached(sha256: str, path: Path) -> cache.Footage:
    """Return the footage with that digest from the cache of frames; path: the checkpoint, for the error's text."""
    for about in cache.folder().glob("*/footage.json"):
        try:
            found = json.loads(about.read_text())["sha256"] == sha256
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if found and (taken := cache.open_cached(about.parent.name)):
            return taken
    raise UserError(
        f"{path}: the frames of its footage are no longer in {cache.folder()}; `livedream train FOOTAGE --resume` "
        "reads them again"
    )
