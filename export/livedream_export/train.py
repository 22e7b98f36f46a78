"""`livedream train`: makes a dream of footage within the minutes given.

Memories are chosen, then the networks are trained in stages (stages.py), as long as the budget says (budget.py). Early
dreams are written now and then. All that is needed to resume is in one checkpoint in the run folder, `NAME.run/`.
"""

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from livedream import UserError
from livedream.dream import read

from . import autoencoder, checkpoint, dream_file, judging, material, perceptual, preview, torch_device
from .budget import EARLY_FROM
from .cache import Footage
from .evaluate import LIMITS
from .footage import BLACK
from .hyperparameters import Hyperparameters
from .material import Material, choose_material, must_teach_motion
from .stage_budget import StageBudget
from .stages import Stages, numbered
from .trainer_state import TrainerState
from .training_run import TrainingRun
from .training_status import TrainingStatus

CLIP_SECONDS = 6.0  # length of the dreamt clips; a third of it in runs too short for early dreams


def train(
    sources: Sequence[str | Path],
    out: Path | str,
    size: str | int = "256",
    minutes: float = 30.0,
    device: str = "auto",
    resume: bool = False,
    seed: int = 0,
    title: str = "",
    licence: str = "",
    hp: Hyperparameters | None = None,
    now: Callable[[], float] = time.monotonic,
    status: TrainingStatus | None = None,
    fps: float | None = None,
    background: tuple[int, int, int] = BLACK,
) -> Path | None:
    """Train a dream on footage and write it to `out`.

    Ctrl-C ends the training with a complete dream, a second one stops at once.

    Args:
        sources: files and folders, or "rainbow-road:" for the project's own road (`rainbow-road:SECONDS`).
        out: the dream file, NAME.onnx.
        size: "N" for N² pixels in the footage's own aspect, or "WxH".
        minutes: total training time, with reading and export; earlier runs count where it resumes.
        device: auto, cpu, cuda or mps.
        resume: continue from the checkpoint in the run folder.
        seed: the same seed gives the same training on the same machine, as far as its timing is the same.
        title: of the dream; NAME by default.
        licence: of the footage.
        hp: the recipe.
        now: the clock, in seconds.
        status: is kept up to date.
        fps: frames a second; None takes the rate that most of the footage has.
        background: colour, 0 to 255, behind transparent footage.

    Returns:
        `out`, or None when Ctrl-C came before any dream.

    Raises:
        UserError: footage, size or device cannot be used, or a folder cannot be written.
    """
    run = Run(Path(out), minutes, device, seed, hp or Hyperparameters(), now, status)
    names = [str(source) for source in sources]
    return run.complete(lambda: run.prepare(names, str(size), resume, title, licence, fps, background), str(size))


class Run(TrainingRun):
    """A run that trains a vae-rnn dream. What is trained is in `stages`, once it is prepared."""

    footage: Footage
    material: Material
    trainer: TrainerState
    stages: Stages

    def __init__(
        self,
        out: Path,
        minutes: float,
        device: str,
        seed: int,
        hp: Hyperparameters,
        now: Callable[[], float] = time.monotonic,
        status: TrainingStatus | None = None,
    ):
        self.budget = StageBudget(minutes * 60, hp, now)
        super().__init__(out, self.budget, device, seed, status)
        self.hp = hp

    # -- preparing ------------------------------------------------------------------------------------------------

    def prepare(
        self,
        names: Sequence[str],
        size: str,
        resume: bool,
        title: str = "",
        licence: str = "",
        fps: float | None = None,
        background: tuple[int, int, int] = BLACK,
    ) -> None:
        """Read the footage, and make the networks or restore those of the checkpoint."""
        self.folder.make()
        saved = checkpoint.load(self.folder.checkpoint) if resume else None
        self.footage = material.read(names, size, self.progress, fps, background)
        self.size = self.footage.frames.shape[2], self.footage.frames.shape[1]
        self.progress.status.frames = self.footage.frames
        self.budget.guess(self.size[0] * self.size[1])
        if saved:
            self._must_fit(saved)
            self.hp = self.budget.hp = saved["hp"]
        must_teach_motion(self.footage, self.hp)
        self._describe(saved or {}, title, licence)
        width = self.hp.widths[1]
        torch_device.choose_threads(self.device, (width, width), self.hp.batch)
        self.trainer = TrainerState(self.size, self.hp, self.device, self.seed)
        if saved:
            self.trainer.restore(saved)
            self.budget.restore(saved)
        loss = self._perceptual()
        self.material = self._choose()
        self.budget.must_suffice()
        if not saved:
            self.keep_old_checkpoint()
        rng = np.random.default_rng((self.seed, self.trainer.steps))
        torch.manual_seed(self.seed * 1_000_003 + self.trainer.steps)
        args = (self.material, self.trainer, self.hp, self.device, self.budget, rng, loss)
        self.stages = Stages(*args, self.progress, self.interrupt, self.between_steps)
        if saved:
            self.stages.restore(saved)

    def _must_fit(self, saved: Mapping[str, Any]) -> None:
        if saved["sha256"] != self.footage.sha256 or list(saved["size"]) != list(self.size):
            width, height = saved["size"]
            raise UserError(
                f"--resume: the checkpoint is of other footage or another size ({width}x{height}, here "
                f"{self.size[0]}x{self.size[1]}); name the same again, or train without --resume"
            )
        if self.hp not in (saved["hp"], Hyperparameters()):
            raise UserError("--resume: --tier, --memories and --megabytes are the checkpoint's; leave them out")

    def _describe(self, saved: Mapping[str, Any], title: str, licence: str) -> None:
        """Set title and provenance; those not given stay as they were."""
        before = saved.get("provenance", {})
        self.title = title or saved.get("title") or self.out.stem
        self.provenance: dict[str, Any] = before | {
            "footage": [{"name": Path(s.path).name, "sha256": s.sha256} for s in self.footage.sources],
            "licence": licence or before.get("licence") or "as the footage",
            "seed": before.get("seed", self.seed),
        }

    def _perceptual(self) -> perceptual.PictureLoss | None:
        if not self.hp.perceptual_weight:
            return None
        loss = perceptual.load(self.device)
        if loss is None:
            self.progress.line("training without the perceptual loss: pip install 'livedream[train]'")
        else:
            self.provenance["trained_on_losses"] = ["lite0"]
        return loss

    def _choose(self) -> Material:
        stage = numbered("choosing memories")
        found = choose_material(self.footage, self.hp, lambda done: self.progress.share(min(1.0, done), stage))
        if found.memories:
            count, size = len(found.memories.frames), found.memories.bytes / 1e6
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

    @property
    def rate_factor(self) -> float:
        """The factor on every learning rate."""
        return self.trainer.rate_factor

    def go_back(self, factor: float) -> None:
        """Return to the last checkpoint, with that factor on every learning rate."""
        self.trainer.restore(checkpoint.load(self.folder.checkpoint))
        self.trainer.rate_factor = factor
        self.stages.forget_latents()

    # -- checkpoints and dreams -----------------------------------------------------------------------------------

    def to_checkpoint(self) -> dict[str, Any]:
        """Return what the checkpoint keeps."""
        return {
            **self.trainer.to_checkpoint(),
            **self.stages.to_checkpoint(),
            **self.budget.to_checkpoint(),
            "hp": dataclasses.asdict(self.hp),
            "sha256": self.footage.sha256,
            "size": list(self.size),
            "fps": self.footage.fps,
            "segments": [list(segment) for segment in self.footage.segments],
            "title": self.title,
            "provenance": self.provenance,
        }

    def write_dream(self, early: bool) -> None:
        """Write the dream, and pictures of it into the run folder."""
        self.progress.status.stage = "writing the dream"
        with self.budget.measured("dream"):
            originals, spent = self.footage.frames[self.material.shown], self.budget.used() / 60
            parts = self.stages.parts()
            rendered = parts.renderer.render(parts.renderer.encode(originals))[..., :3]
            psnr = float(autoencoder.psnr(originals, rendered).mean())
            figures = {
                "held_out_psnr_db" if self.material.held_out else "learned_psnr_db": round(psnr, 2),
                "frames_measured": len(self.material.shown),
                "minutes": round(spent, 1),
                "steps": self.trainer.steps,
            }
            about = {**self.provenance, "figures": figures}
            dream_file.export(parts, self.out, self.footage.fps, self.size, self.title, about)
            self.written, self.stages.changed = True, False
            seconds = CLIP_SECONDS if self.budget.total >= EARLY_FROM else CLIP_SECONDS / 3

            def film(path: Path) -> None:
                preview.clip(path, read.load(self.out), seconds)

            try:  # the dream matters more than pictures of it
                self.folder.show(self.trainer.steps, originals, rendered, film, early, figures)
            except (UserError, OSError) as error:
                self.progress.line(f"pictures of the dream are missing: {error}")
        which = "held-out quality" if self.material.held_out else "quality on training frames"
        what = "early dream" if early else "dream"
        self.progress.line(
            f"{what}: {self.out} · {which} {psnr:.1f} dB (good > {LIMITS['psnr_db']:g}) · "
            f"pictures in {self.folder.path}/"
        )
        if not early:
            self.judge()

    def judge(self) -> None:
        """Measure the dream and report in words how good it is."""
        self.progress.status.stage = "judging the dream"
        used = self.budget.used()
        try:
            recommended = judging.recommended_minutes(used, sum(self.budget.spent.values()), self.trainer)
            verdict = judging.judge(self.folder, self.footage, used / 60, recommended)
        except UserError as error:
            verdict = f"not judged: {error}"
        self.progress.line(verdict)
