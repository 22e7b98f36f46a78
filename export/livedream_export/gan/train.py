"""`livedream train --kind gan`: learns pictures, and makes a dream of pictures that were never there.

An autoencoder learns to sketch the pictures, a flow learns where their latents lie, and then a network that lays parts
of remembered pictures over the sketch is trained against a critic, so that what is drawn between the pictures looks as
real as they do.
"""

import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .. import evaluate, kinds, preview
from ..arrays import Rgb
from ..dream_file import DreamParts
from ..dream_run import DreamRun
from ..image_model import perceptual
from ..image_model.training import psnr
from ..judges import lpips, stills
from ..judges.variety import variety
from ..judges.windows import evenly
from ..training_status import TrainingStatus
from . import parts as dream_parts
from .learner import GanLearner
from .recipe import Recipe

LESSONS = 12  # pictures in the film of the learning
WATCH = 45.0  # seconds of polishing between two looks at the variety of what is drawn
PROBES = 32  # pictures that are drawn for it


def train(
    options: Namespace,
    status: TrainingStatus | None = None,
    recipe: Recipe | None = None,
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
    return Run(options, recipe or Recipe(), status, now).run()


def export(checkpoint: Path, out: Path) -> Path:
    """Write the dream of a checkpoint, as `livedream export` does; its pictures are read from the cache."""
    return Run(kinds.options(Run.NAME, out=out), Recipe()).export_checkpoint(checkpoint)


class Run(DreamRun):
    """A run that trains a gan dream.

    Attributes:
        loss: the perceptual loss, or None.
        share: variety of drawn pictures over the material's, when it was last measured.
    """

    NAME = "gan"
    STAGES = ("reading pictures", "training the image model", "training the prior", "polishing against the critic")
    NETWORKS = ("pictures", "prior", "polish")

    recipe: Recipe
    learner: GanLearner
    loss: perceptual.PictureLoss | None = None
    share: float | None = None

    def make_learner(self) -> GanLearner:
        """Make the networks."""
        hp = self.recipe
        eyes = perceptual.eyes(self.device) if hp.perceptual_weight or hp.critic_eyes else None
        if eyes and not self.exporting:
            self.loss = perceptual.of(eyes) if hp.perceptual_weight else None
            self.provenance["trained_on_losses"] = ["lite0"]
        self._alex, self._own, self._watched = lpips.load("alex"), 0.0, 0.0
        learner = GanLearner(self.size, hp, self.device, self.seed, eyes)
        learner.remember(self.footage.frames, self.material.allowed)
        return learner

    def learn(self) -> None:
        """Train the image model, the prior, and then collage and critic."""
        frames, allowed = self.footage.frames, self.material.allowed
        told, hp = self.learner, self.recipe
        if not told.prior_steps:
            times = self.times("pictures", hp.pictures_share)
            told.learn_pictures(frames, allowed, self.rng, times, self._tell(1, "loss"), self.loss)
        if not told.polish_steps:
            told.learn_prior(frames, allowed, self.rng, self.times("prior", hp.prior_share), self._tell(2, "loss"))
        spent = self.budget.spent["pictures"] + self.budget.spent["prior"]  # a resumed run polishes all that is left
        times = self.times("polish", max(0.05, 1 - spent / max(1e-6, self.budget.learning_time())))
        told.polish(frames, self.rng, times, self._polished, self.loss)

    def _tell(self, stage: int, name: str) -> Callable[[float, float], None]:
        def tell(loss: float, decibels: float) -> None:
            self.tell(stage, **{name: loss}, **({"dB": decibels} if stage != 2 else {}))

        return tell

    def _polished(self, lead: float, decibels: float) -> None:
        spent = self.budget.spent["polish"]
        if spent - self._watched > WATCH:
            self._watched = spent
            self.watch()
        values = {} if self.share is None else {"variety": self.share}
        self.tell(3, lead=lead, dB=decibels, **values)

    def watch(self) -> None:
        """Measure the variety of what is drawn, and say when the collage collapses."""
        frames = self.footage.frames
        few = frames[evenly(len(frames), PROBES)]
        if not self._own:
            self._own = variety(few, self._alex, PROBES) or 0.0
        drawn = variety(self._drawn(PROBES), self._alex, PROBES)
        if drawn is None or not self._own:
            return
        before, self.share = self.share, drawn / self._own
        if self.share < stills.SAME and not (before is not None and before < stills.SAME):
            soft = (variety(self._rendered(few), self._alex, PROBES) or 0.0) / self._own
            why = (
                "it is soft as yet, and so are the pictures themselves as it renders them; train it longer (--resume)"
                if self.share > stills.SAME * soft
                else "it is collapsing; if that stays, train it anew with another --seed, or with more and more "
                "different pictures"
            )
            self.progress.line(f"what it draws is only {self.share:.0%} as various as the pictures: {why}")

    @torch.no_grad()
    def _rendered(self, frames: Rgb) -> Rgb:
        """Return pictures [N, H, W, 3] as the dream renders them now."""
        return self.learner.render(torch.from_numpy(self.learner.latents(frames)), self.footage.frames)

    @torch.no_grad()
    def _drawn(self, count: int, seed: int = 7) -> Rgb:
        """Return pictures [count, H, W, 3] of the same standard normal numbers, sketches at first."""
        chance = torch.Generator().manual_seed(seed)
        learner = self.learner
        latents = learner.axes.latent(
            learner.prior(torch.randn(count, self.recipe.latent, generator=chance).to(self.device))
        )
        return learner.render(latents, self.footage.frames) if learner.prior_steps else learner.sketch(latents)

    def lesson(self) -> Rgb:
        """Return what it draws now of the same latents."""
        if not self.learner.prior_steps:
            self.learner.axes.measure(self.learner.latents(self.footage.frames[evenly(len(self.footage.frames), 96)]))
        return preview.grid(self._drawn(LESSONS))

    def parts(self) -> DreamParts:
        """Return what goes into the dream file now."""
        return dream_parts.parts(self.learner, self.footage)

    def shown(self, parts: DreamParts) -> tuple[Rgb, Rgb]:
        """Return pictures of the material, and as many that the dream draws."""
        originals = self.footage.frames[self.material.shown]
        normal = np.random.default_rng(3).standard_normal((len(originals), self.recipe.latent)).astype(np.float32)
        return originals, parts.renderer.render(normal)[..., :3]

    def figures(self, originals: Rgb, rendered: Rgb) -> dict[str, Any]:
        """Return the variety of what is drawn over the material's, and PSNR of what is rendered, in dB."""
        pictures = self._rendered(originals)
        name = "held_out_psnr_db" if self.material.held_out else "learned_psnr_db"
        found = {name: round(float(psnr(originals, pictures).mean()), 2), "frames_measured": len(originals)}
        ours, own = (variety(each, self._alex) for each in (rendered, originals))
        return found | ({"variety": round(ours / own, 3)} if ours is not None and own else {})

    def said(self, figures: Mapping[str, Any]) -> str:
        """Return the quality in words."""
        found = next(figures[name] for name in ("held_out_psnr_db", "learned_psnr_db") if name in figures)
        quality = f"pictures rendered at {found:.1f} dB (good > {evaluate.LIMITS['psnr_db']:g})"
        various = figures.get("variety")
        return quality if various is None else f"{quality}, draws {various:.0%} as various as the pictures"

    def judge(self) -> str:
        """Measure the finished dream, keep the figures in the run folder, and return a verdict in words."""
        found = stills.short(self.out, self.footage)
        self.folder.write_figures(found)
        return stills.advice(found)
