"""`livedream train --kind two-stream`: a dream whose figures and ground are drawn apart."""

import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .. import evaluate, kinds, preview
from ..arrays import Floats, Rgb
from ..dream_file import DreamParts
from ..dream_run import DreamRun
from ..image_model import perceptual
from ..image_model.training import psnr
from ..motion_model import training as motion_training
from ..training_status import TrainingStatus
from . import motion
from . import parts as dream_parts
from .learner import Learner
from .recipe import Recipe

LESSONS = 12  # pictures in the film of the learning


def train(
    options: Namespace,
    status: TrainingStatus | None = None,
    recipe: Recipe | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Path | None:
    """Train a dream on footage. Returns the file, or None when Ctrl-C came before any dream.

    Args:
        options: of the command; `kinds.KINDS` says which.
        status: is kept up to date.
        recipe: None for the usual one.
        now: the clock, in seconds.

    Raises:
        UserError: footage, size or device cannot be used, or a folder cannot be written.
    """
    return Run(options, recipe or Recipe(), status, now).run()


def export(checkpoint: Path, out: Path) -> Path:
    """Write the dream of a checkpoint, as `livedream export` does; its footage is read from the cache."""
    return Run(kinds.options(Run.NAME, out=out), Recipe()).export_checkpoint(checkpoint)


class Run(DreamRun):
    """A run that trains a two-stream dream.

    Attributes:
        middle: the footage's median picture, f32 [3, H, W] in 0..1.
    """

    NAME = "two-stream"
    STAGES = ("reading footage", "training figures and ground", "training the motion model")
    NETWORKS = ("pictures", "motion")

    recipe: Recipe
    learner: Learner
    middle: Floats

    def read(self) -> None:
        """Read the footage. Raises UserError when it teaches no motion."""
        super().read()
        motion_training.must_move(self.footage.frames)
        motion_training.window_length(self.footage.segments, self.recipe.sequence)

    def make_learner(self) -> Learner:
        """Make the networks."""
        self.middle = motion.ground(self.footage.frames)
        return Learner(self.size, self.recipe, self.device, self.middle, self.seed)

    def begin(self, saved: Mapping[str, Any] | None) -> None:
        """Load the perceptual loss, and say how much of the picture moves."""
        self.loss = perceptual.load(self.device) if self.recipe.perceptual_weight and not self.exporting else None
        if self.loss:
            self.provenance["trained_on_losses"] = ["lite0"]
        self.provenance["moving_area"] = round(motion.area(self.footage.frames, self.middle), 4)
        if not self.exporting:
            self.progress.line(f"{self.provenance['moving_area']:.0%} of the picture moves, in the mean")

    # -- training -------------------------------------------------------------------------------------------------

    def learn(self) -> None:
        """Train to the end."""
        share = self.recipe.pictures_share
        frames, allowed = self.footage.frames, self.material.allowed
        self.learner.learn(frames, allowed, self.rng, self.times("pictures", share), self._tell, self.loss)
        self._train_motion(self.times("motion", 1 - share))

    def before_dream(self) -> None:
        """Train the motion model for a little while, where it has not been trained on these pictures."""
        if self.budget.spent["motion"] < 0.5 * (1 - self.recipe.pictures_share) * self.budget.learning_time():
            seconds = min(self.recipe.early_seconds, 0.05 * self.budget.total)
            self._train_motion(self.for_seconds(seconds, "motion"))

    def _train_motion(self, times: Any) -> None:
        latents = self.learner.encode(self.footage.frames).to(self.device)
        args = (latents, self.footage.segments, self.recipe, self.rng, times)
        motion_training.learn(self.learner.motion, *args, lambda loss: self.tell(2, loss=loss))

    def _tell(self, loss: float, decibels: float) -> None:
        self.tell(1, loss=loss, dB=decibels)

    @torch.no_grad()
    def lesson(self) -> Rgb:
        """Return some frames as the networks draw them now."""
        frames = self.footage.frames[np.linspace(0, len(self.footage.frames) - 1, LESSONS).astype(int)]
        latents = self.learner.encode(frames).to(self.device)
        average = self.learner.average.eval()
        drawn = average(latents) if dream_parts.full_size(average, latents) else average.enlarged(latents)
        return preview.grid(np.asarray((drawn.whole * 255).round().byte().permute(0, 2, 3, 1).cpu()))

    # -- dreams ---------------------------------------------------------------------------------------------------

    def parts(self) -> DreamParts:
        """Return what goes into the dream file now."""
        return dream_parts.of(self.learner, self.footage)

    def shown(self, parts: DreamParts) -> tuple[Rgb, Rgb]:
        """Return held-out frames, and the same as the dream draws them."""
        originals = self.footage.frames[self.material.shown]
        latents = dream_parts.padded(parts.renderer.encode(originals)[:, : self.recipe.latent], self.recipe.ground)
        drawn = [
            dream_parts.composite(parts.components["decode"], each[None], self.recipe.ground)[0] for each in latents
        ]
        return originals, np.stack(drawn)[..., :3]

    def figures(self, originals: Rgb, rendered: Rgb) -> dict[str, Any]:
        """Return PSNR in dB, and of how many frames."""
        name = "held_out_psnr_db" if self.material.held_out else "learned_psnr_db"
        return {name: round(float(psnr(originals, rendered).mean()), 2), "frames_measured": len(originals)}

    def said(self, figures: Mapping[str, Any]) -> str:
        """Return the quality in words."""
        which = "held-out quality" if self.material.held_out else "quality on training frames"
        found = next(figures[name] for name in ("held_out_psnr_db", "learned_psnr_db") if name in figures)
        return f"{which} {found:.1f} dB (good > {evaluate.LIMITS['psnr_db']:g})"
