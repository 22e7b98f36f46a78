"""`livedream export`: a checkpoint of a training run becomes the dream it would have written."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from livedream import UserError

from . import autoencoder as pictures
from . import cache, checkpoint, dream_file, memories
from . import recurrent as motion
from .learner import Learner
from .preview import Progress

SPELL = 15.0  # seconds that motion is learned, when the autoencoder learned on after it


def export_checkpoint(path: Path | str, out: Path | str) -> Path:
    """Write the dream of a checkpoint to `out`, and return it.

    Where the run had come to an end, all that it takes is in the checkpoint. Else the footage is looked at again, in
    the cache of frames. Raises UserError: no checkpoint, a damaged one, footage that is no longer there.
    """
    path, out, progress = Path(path), Path(out), Progress()
    if out.suffix != ".onnx":
        raise UserError(f"-o {out}: a dream's name ends in .onnx")
    saved = checkpoint.load(path)
    hp, size = saved["hp"], tuple(saved["size"])
    learner = Learner(size, hp, torch.device("cpu"))
    learner.restore(saved)
    latents, segments, fps = saved.get("latents"), saved["segments"], saved["fps"]
    taken = _cached(saved["sha256"], path) if hp.remembers or latents is None else None
    if latents is None:
        segments, fps = taken.segments, taken.fps
        look = "looking at all the footage"
        latents = pictures.encode(learner.average, taken.frames, lambda done: progress.share(done, look))
        progress.line(f"learning motion for {SPELL:.0f} s")
        rng = np.random.default_rng(saved["steps"])
        motion.learn(learner.motion, latents, segments, hp, rng, _times(SPELL), lambda loss: None)
    kept = (
        memories.of_footage(taken, hp, lambda done: progress.share(done, "choosing memories")) if hp.remembers else None
    )
    figures = {"minutes": round(saved["used"] / 60, 1), "steps": saved["steps"]}
    about = {**saved.get("provenance", {"licence": "not stated"}), "figures": figures}
    title = saved.get("title") or path.parent.stem
    parts = dream_file.Parts(learner.average, learner.recurrent, latents.numpy(), segments, fps, kept, hp)
    dream_file.export(parts, out, fps, size, title, about)
    return out


def _times(seconds: float) -> Iterator[float]:
    begun = time.monotonic()
    while (done := (time.monotonic() - begun) / seconds) < 1:
        yield done


def _cached(sha256: str, path: Path) -> cache.Footage:
    """The footage with that digest, from the cache of frames."""
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
