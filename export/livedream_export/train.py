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

from . import autoencoder, checkpoint, dream_file, judging, material, perceptual, torch_device
from .budget import EARLY_FROM, Budget
from .cache import Footage
from .evaluate import LIMITS
from .footage import BLACK
from .hyperparameters import Hyperparameters
from .interrupt import Interrupt, Interrupted
from .material import Material, choose_material, must_teach_motion
from .preview import Progress
from .run_folder import RunFolder
from .safe_optimizer import Diverged
from .stages import Stages, numbered
from .trainer_state import TrainerState
from .training_status import TrainingStatus

CHECKPOINT_SECONDS = 40.0
CLIP_SECONDS = 6.0  # length of the dreamt clips; a third of it in runs too short for early dreams
MIN_RATE_FACTOR = 1 / 8  # least factor on the learning rates; a training that diverges even so is given up


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
    try:
        run.prepare([str(s) for s in sources], str(size), resume, title, licence, fps, background)
        run.train()
    except UserError:
        run.folder.remove_if_empty()
        raise
    except KeyboardInterrupt:
        run.progress.line("stopped at once: " + run.standing())
    except torch.cuda.OutOfMemoryError:
        raise UserError(f"--size {size}: more than the GPU's memory holds; choose a smaller one") from None
    return run.out if run.written else None


class Run:
    """One training run: its clock, checkpoints and dreams. What is trained is in `stages`, once it is prepared.

    Attributes:
        written: a dream has been written.
    """

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
        if out.suffix != ".onnx":
            raise UserError(f"-o {out}: a dream's name ends in .onnx")
        if not 0 < minutes < 1e6:
            raise UserError(f"--minutes {minutes:g}: must be more than 0")
        self.out, self.folder = out, RunFolder(out)
        self.device, self.seed, self.hp = torch_device.choose(device), seed, hp
        self.budget = Budget(minutes * 60, hp, now)
        self.progress = Progress(status)
        self.progress.status.budget = self.budget
        self.interrupt = Interrupt()
        self.begun = self.written = False
        self._saved_at = now()

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
        torch_device.choose_threads(self.device, self.hp)
        self.trainer = TrainerState(self.size, self.hp, self.device, self.seed)
        if saved:
            self.trainer.restore(saved)
            self.budget.restore(saved)
        loss = self._perceptual()
        self.material = self._choose()
        self.budget.must_suffice()
        if not saved and (kept := self.folder.keep_old_checkpoint()):
            self.progress.line(f"starting over, without --resume; the last run's checkpoint is kept as {kept}")
        rng = np.random.default_rng((self.seed, self.trainer.steps))
        torch.manual_seed(self.seed * 1_000_003 + self.trainer.steps)
        args = (self.material, self.trainer, self.hp, self.device, self.budget, rng, loss)
        self.stages = Stages(*args, self.progress, self.interrupt, self._between_steps)
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

    def train(self) -> None:
        """Train until the time is up or Ctrl-C comes, and write the dream."""
        with self.interrupt.listening():
            self.save(must=True)
            self.begun = True
            while not self._trained():
                pass
            if self.stages.changed:
                self.save()
                self.write_dream(early=False)

    def _trained(self) -> bool:
        """Train to the end; return False when something interrupted it."""
        try:
            if self.interrupt.handled:
                self._wind_up()
            else:
                self.stages.train(self._after_motion)
            return True
        except Interrupted:
            self.interrupt.handled = True
        except Diverged:
            self._go_back()
        return False

    def _after_motion(self) -> None:
        self.save()
        self.write_early_dream()

    def _between_steps(self) -> None:
        if self.interrupt.handled:
            return
        self.interrupt.check()
        if self.budget.now() - self._saved_at > CHECKPOINT_SECONDS:
            self.save()
        if self.stages.finishing and self.budget.early_due():
            self.write_early_dream()

    def _wind_up(self) -> None:
        """Train the motion model as long as a dream needs it, after Ctrl-C."""
        if not self.stages.changed:
            return
        seconds = self.stages.seconds_to_wind_up()
        first = f"training the motion model for {seconds:.0f} s, then " if seconds > 0 else ""
        self.progress.line(f"stopping: {first}writing the dream; Ctrl-C again stops at once")
        if seconds > 0:
            self.save()
            self.stages.train_motion(seconds)

    def _go_back(self) -> None:
        """Return to the last checkpoint at half the learning rate, after too many losses that were not finite."""
        factor = self.trainer.rate_factor / 2
        if factor < MIN_RATE_FACTOR:
            raise UserError("training diverges at every learning rate; the last checkpoint and dream are intact")
        self.progress.line("the loss is no longer finite: back to the last checkpoint, at half the learning rate")
        self.trainer.restore(checkpoint.load(self.folder.checkpoint))
        self.trainer.rate_factor = factor
        self.stages.forget_latents()

    # -- checkpoints and dreams -----------------------------------------------------------------------------------

    def standing(self) -> str:
        """Return what there is when the run is stopped now, in words."""
        if not self.begun:
            return "nothing had been trained yet, and nothing was written"
        if self.written:
            return f"{self.out} is the last early dream; --resume continues"
        return "no dream had been written yet; --resume continues from the last checkpoint"

    def save(self, must: bool = False) -> None:
        """Write the checkpoint. A full disk is reported, and ends the run only where it `must` be written."""
        saved = {
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
        try:
            checkpoint.save(self.folder.checkpoint, saved)
        except UserError as error:
            if must:
                raise
            self.progress.line(f"no checkpoint: {error}")
        self._saved_at = self.budget.now()

    def write_early_dream(self) -> None:
        """Write a dream while training goes on; that it cannot is only reported."""
        try:
            self.write_dream(early=True)
        except UserError as error:
            self.progress.line(f"no early dream: {error}")
        self.budget.early_at = self.budget.used()

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
            try:  # the dream matters more than pictures of it
                self.folder.show(self.trainer.steps, originals, rendered, seconds, early, figures)
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
