"""`livedream train --kind vae-rnn`: makes a dream that moves as its footage does, within the minutes given.

Memories are chosen, then the networks are trained in stages (stages.py), as long as the budget says (stage_budget.py).
"""

import math
import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from livedream import UserError

from .. import evaluate, kinds, material
from ..arrays import Rgb
from ..cache import Footage
from ..dream_file import DreamParts
from ..dream_run import DreamRun
from ..image_model import perceptual
from ..image_model.training import lesson, psnr
from ..judges import verdict
from ..material import Material
from ..motion_model import training as motion
from ..preview import Progress
from ..training_status import TrainingStatus
from . import memories
from . import parts as dream_parts
from .memories import Memories
from .recipe import Recipe, chosen
from .recommended import recommended_minutes
from .saved import load
from .stage_budget import StageBudget
from .stages import NAMES, Stages, numbered
from .trainer_state import TrainerState

LESSONS = 12  # pictures in the film of the learning
SPELL = 15.0  # seconds for which the motion model is trained where the image model was trained after it


def train(
    options: Namespace,
    status: TrainingStatus | None = None,
    recipe: Recipe | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Path | None:
    """Train a dream on footage, or only read the footage and print what becomes of it.

    Ctrl-C ends the training with a complete dream, a second one stops at once.

    Args:
        options: of the command; `kinds.KINDS` says which.
        status: is kept up to date.
        recipe: None for the one that the options choose.
        now: the clock, in seconds.

    Returns:
        The dream file, or None when Ctrl-C came before any dream, and after a dry run.

    Raises:
        UserError: footage, size or device cannot be used, or a folder cannot be written.
    """
    recipe = recipe or chosen(options.tier, options.memories, options.megabytes)
    if options.dry_run:
        dry_run(options, recipe)
        return None
    return Run(options, recipe, status, now).run()


def export(checkpoint: Path, out: Path) -> Path:
    """Write the dream of a checkpoint, as `livedream export` does.

    The checkpoint of a finished run holds all that is needed. Else the footage is read from the cache of frames.
    """
    return Run(kinds.options(Run.NAME, out=out), Recipe()).export_checkpoint(checkpoint)


def dry_run(options: Namespace, recipe: Recipe) -> None:
    """Read the footage and print what a training would make of it, and the minutes that it needs.

    Raises UserError when it cannot be trained on.
    """
    budget = StageBudget(options.minutes * 60, recipe)
    names = list(map(str, options.footage))
    taken = material.read(names, str(options.size), Progress(), options.fps, options.background)
    must_teach_motion(taken, recipe)
    height, width = taken.frames.shape[1:3]
    budget.guess(width * height)
    least = math.ceil(budget.least() / 60 * 2 + 0.5)
    enough = "is enough for a dream" if budget.total >= budget.least() else f"is too little: try --minutes {least}"
    size_on_disk = f"{taken.frames.nbytes / 1e6:.3g} MB"
    print(
        f"nothing was trained; --minutes {options.minutes:g} {enough}. The frames ({size_on_disk}) are kept for the "
        "training"
    )


def must_teach_motion(footage: Footage, recipe: Recipe) -> None:
    """Raise UserError for footage in which nothing moves, or whose shots are too short."""
    motion.must_move(footage.frames)
    motion.window_length(footage.segments, recipe.sequence)


class Run(DreamRun):
    """A run that trains a vae-rnn dream.

    Attributes:
        stages: what is trained, once it is prepared.
        memories: None for a dream without.
    """

    NAME = "vae-rnn"
    STAGES = NAMES

    recipe: Recipe
    budget: StageBudget
    learner: TrainerState
    stages: Stages
    memories: Memories | None = None

    def make_budget(self, seconds: float, now: Callable[[], float]) -> StageBudget:
        """Return the run's clock."""
        return StageBudget(seconds, self.recipe, now)

    # -- preparing ------------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Read the footage. Raises UserError when it teaches no motion."""
        super().read()
        must_teach_motion(self.footage, self.recipe)

    def saved(self, path: Path | None = None) -> dict[str, Any]:
        """Read a checkpoint. Raises UserError when it is not one of a vae-rnn dream."""
        found = load(path or self.folder.checkpoint)
        return found | {"recipe": found["hp"]}

    def must_fit(self, saved: Mapping[str, Any]) -> None:
        """Raise UserError when a checkpoint is of other footage or another recipe."""
        super().must_fit(saved)
        if self.recipe not in (saved["recipe"], Recipe()):
            raise UserError("--resume: --tier, --memories and --megabytes are the checkpoint's; leave them out")

    def make_learner(self) -> TrainerState:
        """Make the networks."""
        self.budget.hp = self.recipe
        return TrainerState(self.size, self.recipe, self.device, self.seed)

    def begin(self, saved: Mapping[str, Any] | None) -> None:
        """Choose memories and make the stages, or restore those of a checkpoint."""
        loss = None if self.exporting else self._perceptual()
        if self.recipe.remembers:
            self.memories = self._choose()
        self.budget.must_suffice()
        args = (self.footage, self.material, self.memories, self.learner, self.recipe, self.device, self.budget)
        progress = (self.progress, self.interrupt, self.between_steps)
        self.stages = Stages(*args, self.rng, loss, *progress)
        if saved:
            self.stages.restore(saved)

    def _perceptual(self) -> perceptual.PictureLoss | None:
        if not self.recipe.perceptual_weight:
            return None
        loss = perceptual.load(self.device)
        if loss is None:
            self.progress.line("training without the perceptual loss: pip install 'livedream[train]'")
        else:
            self.provenance["trained_on_losses"] = ["lite0"]
        return loss

    def _choose(self) -> Memories:
        stage = numbered("choosing memories")
        found = memories.of_footage(self.footage, self.recipe, lambda done: self.progress.share(min(1.0, done), stage))
        count, size = len(found.frames), found.bytes / 1e6
        self.progress.line(
            f"memories: {count} of {len(self.footage.frames)} frames, {size:.0f} MB of pictures in the dream file"
        )
        return found

    # -- training -------------------------------------------------------------------------------------------------

    @property
    def changed(self) -> bool:
        """Whether something was trained since the last dream was written."""
        return self.stages.changed

    @property
    def early_due(self) -> bool:
        """Whether an early dream is due between two steps; while the autoencoder is trained, its stages see to it."""
        return self.stages.finishing and self.budget.early_due()

    def learn(self) -> None:
        """Train all stages to the end."""
        self.stages.train(self._after_motion)

    def _after_motion(self) -> None:
        self.save()
        self.write_early_dream()

    def wind_up(self) -> None:
        """Train the motion model as long as a dream needs it, after Ctrl-C."""
        if not self.stages.changed:
            return
        seconds = self.stages.seconds_to_wind_up()
        first = f"training the motion model for {seconds:.0f} s, then " if seconds > 0 else ""
        self.progress.line(f"stopping: {first}writing the dream; Ctrl-C again stops at once")
        if seconds > 0:
            self.save()
            self.stages.train_motion(seconds)

    def go_back(self, factor: float) -> None:
        """Return to the last checkpoint, with that factor on every learning rate."""
        super().go_back(factor)
        self.stages.forget_latents()

    def to_checkpoint(self) -> dict[str, Any]:
        """Return what the checkpoint keeps."""
        kept = super().to_checkpoint() | self.stages.to_checkpoint()
        return kept | {
            "hp": kept.pop("recipe"),
            "fps": self.footage.fps,
            "segments": [list(segment) for segment in self.footage.segments],
        }

    # -- dreams ---------------------------------------------------------------------------------------------------

    def lesson(self) -> Rgb:
        """Return some frames as the image model renders them now, without memories."""
        frames = self.footage.frames[np.linspace(0, len(self.footage.frames) - 1, LESSONS).astype(int)]
        return lesson(self.learner.average, frames, not self.recipe.remembers)

    def parts(self) -> DreamParts:
        """Return what goes into the dream file now."""
        found = dream_parts.parts(self.stages.parts(), self.footage.fps, self.size)
        if self.memories:
            count = len(found.memories)
            self.provenance["memories"] = f"{count} pictures of the footage are in this file"
        return found

    def shown(self, parts: DreamParts) -> tuple[Rgb, Rgb]:
        """Return held-out frames, and the same as the dream renders them."""
        originals = self.footage.frames[self.material.shown]
        return originals, parts.renderer.render(parts.renderer.encode(originals))[..., :3]

    def figures(self, originals: Rgb, rendered: Rgb) -> dict[str, Any]:
        """Return PSNR in dB, and of how many frames."""
        found = round(float(psnr(originals, rendered).mean()), 2)
        name = "held_out_psnr_db" if self.material.held_out else "learned_psnr_db"
        return {name: found, "frames_measured": len(self.material.shown)}

    def said(self, figures: Mapping[str, Any]) -> str:
        """Return the quality in words."""
        which = "held-out quality" if self.material.held_out else "quality on training frames"
        found = next(figures[name] for name in ("held_out_psnr_db", "learned_psnr_db") if name in figures)
        return f"{which} {found:.1f} dB (good > {evaluate.LIMITS['psnr_db']:g})"

    def judge(self) -> str:
        """Measure the finished dream, and return a verdict in words."""
        used = self.budget.used()
        recommended = recommended_minutes(used, sum(self.budget.spent.values()), self.learner)
        found = evaluate.short(self.out, self.footage, progress=lambda share, what: None)
        self.folder.write_figures(found)
        return verdict.verdict(found, used / 60, recommended)

    # -- `livedream export` ---------------------------------------------------------------------------------------

    def before_dream(self) -> None:
        """Encode the footage and train the motion model, where a checkpoint has no latents."""
        if self.stages.latents is None:
            self.progress.line(f"training the motion model for {SPELL:.0f} s")
            self.stages.train_motion(SPELL)

    def read_again(self, saved: Mapping[str, Any], path: Path) -> None:
        """Take the footage from the cache, where the checkpoint does not hold all that is needed of it."""
        if saved["recipe"].remembers or saved.get("latents") is None:
            return super().read_again(saved, path)
        width, height = self.size = tuple(saved["size"])
        frames = np.empty((0, height, width, 3), np.uint8)
        segments = tuple((int(a), int(b)) for a, b in saved["segments"])
        self.footage = Footage(frames, segments, saved["fps"], (), saved["sha256"], ())
        none = np.empty(0, np.int64)
        self.material = Material(none, none, held_out=False)

    def export(self, parts: DreamParts, path: Path, figures: Mapping[str, Any]) -> None:
        """Prove the dream and write it. Raises UserError when it cannot."""
        super().export(parts, path, figures)
        self.stages.changed = False
