"""`livedream train --kind vae`: learns pictures, and makes a dream that wanders between them."""

import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from livedream.dream import write

from .. import evaluate, kinds, knobs, latent_walk, scenes
from ..arrays import Floats, Rgb
from ..dream_file import DreamParts
from ..dream_run import DreamRun
from ..image_model import perceptual
from ..image_model.learner import ImageLearner
from ..image_model.recipe import PictureRecipe
from ..image_model.training import encode, lesson, psnr
from ..judges import stills
from ..training_status import TrainingStatus
from . import components

LESSONS = 12  # pictures in the film of the learning


def train(
    options: Namespace,
    status: TrainingStatus | None = None,
    recipe: PictureRecipe | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Path | None:
    """Train a dream on pictures or footage. Returns the file, or None when Ctrl-C came before any dream.

    Args:
        options: of the command; `kinds.KINDS` says which.
        status: is kept up to date.
        recipe: None for the usual one.
        now: the clock, in seconds.

    Raises:
        UserError: the material, size or device cannot be used, or a folder cannot be written.
    """
    return Run(options, recipe or PictureRecipe(), status, now).run()


def export(checkpoint: Path, out: Path) -> Path:
    """Write the dream of a checkpoint, as `livedream export` does; its pictures are read from the cache."""
    return Run(kinds.options(Run.NAME, out=out), PictureRecipe()).export_checkpoint(checkpoint)


class Run(DreamRun):
    """A run that trains a vae dream."""

    NAME = "vae"
    STAGES = ("reading pictures", "training the image model")

    recipe: PictureRecipe
    learner: ImageLearner

    def make_learner(self) -> ImageLearner:
        """Make the networks."""
        return ImageLearner(self.size, self.recipe, self.device, self.seed)

    def begin(self, saved: Mapping[str, Any] | None) -> None:
        """Load the perceptual loss."""
        self.loss = perceptual.load(self.device) if self.recipe.perceptual_weight and not self.exporting else None
        if self.loss:
            self.provenance["trained_on_losses"] = ["lite0"]

    def learn(self) -> None:
        """Train to the end."""
        frames, allowed = self.footage.frames, self.material.allowed
        self.learner.learn(frames, allowed, self.rng, self.times(), self._tell, self.loss)

    def _tell(self, loss: float, decibels: float) -> None:
        self.tell(1, loss=loss, dB=decibels)

    def lesson(self) -> Rgb:
        """Return some pictures as the network renders them now."""
        frames = self.footage.frames[np.linspace(0, len(self.footage.frames) - 1, LESSONS).astype(int)]
        return lesson(self.learner.average, frames)

    def parts(self) -> DreamParts:
        """Return what goes into the dream file now."""
        footage = self.footage
        latents = encode(self.learner.average, footage.frames).numpy()
        autoencoder, axes = components.ready(self.learner.average, latents)
        white = axes.white(torch.from_numpy(latents)).numpy()
        modules = {
            "step": latent_walk.SmoothWalk(),
            "decode": components.Decode(autoencoder, axes),
            "encode": components.Encode(autoencoder, axes),
        }
        numbers = np.arange(len(white))
        chosen = scenes.choose(white, numbers, 0 if len(footage.segments) == len(white) else len(white) / 32)
        first = torch.from_numpy(white[chosen[:1]])
        image = torch.full((1, self.size[1], self.size[0], 4), 255, dtype=torch.uint8)
        start = {"latent": first, "image": image, **latent_walk.start(first)}
        made = DreamParts(modules, start, {})
        renderer = made.renderer

        def tensors(frame: int) -> dict[str, Floats]:
            return {"step/latent": white[frame : frame + 1]}

        described = scenes.describe(
            chosen,
            lambda frame: scenes.name(footage, frame),
            tensors,
            lambda frame: renderer.render(white[frame : frame + 1])[0, ..., :3],
        )
        metadata = {
            "latents": {
                "latent": write.latent(np.zeros(axes.count), np.ones(axes.count)),
                "interpolation": "linear",
            },
            "controls": [latent_walk.TEMPERATURE],
            "directions": knobs.find(renderer.render, white, white[chosen[:: max(1, len(chosen) // 4)][:4]]),
            "scenes": described,
        }
        return DreamParts(modules, start, metadata)

    def shown(self, parts: DreamParts) -> tuple[Rgb, Rgb]:
        """Return held-out pictures, and the same as the dream renders them."""
        originals = self.footage.frames[self.material.shown]
        return originals, parts.renderer.render(parts.renderer.encode(originals))[..., :3]

    def figures(self, originals: Rgb, rendered: Rgb) -> dict[str, Any]:
        """Return PSNR in dB, and of how many pictures."""
        name = "held_out_psnr_db" if self.material.held_out else "learned_psnr_db"
        return {name: round(float(psnr(originals, rendered).mean()), 2), "frames_measured": len(originals)}

    def said(self, figures: Mapping[str, Any]) -> str:
        """Return the quality in words."""
        which = "held-out quality" if self.material.held_out else "quality on training pictures"
        found = next(figures[name] for name in ("held_out_psnr_db", "learned_psnr_db") if name in figures)
        return f"{which} {found:.1f} dB (good > {evaluate.LIMITS['psnr_db']:g})"

    def judge(self) -> str:
        """Measure the finished dream, keep the figures in the run folder, and return a verdict in words."""
        found = stills.short(self.out, self.footage)
        self.folder.write_figures(found)
        return stills.advice(found)
