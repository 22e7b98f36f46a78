"""The life of a training run of any kind: its clock, checkpoints, early dreams, Ctrl-C, and what stops it."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from livedream import UserError

from . import checkpoint, torch_device
from .budget import Budget
from .interrupt import Interrupt, Interrupted
from .preview import Progress
from .run_folder import RunFolder
from .safe_optimizer import Diverged
from .training_status import TrainingStatus

CHECKPOINT_SECONDS = 40.0
MIN_RATE_FACTOR = 1 / 8  # least factor on the learning rates; a training that diverges even so is given up


class TrainingRun(ABC):
    """One training run. A kind derives from it and says what is learned, kept and written.

    Attributes:
        out: the dream file, NAME.onnx.
        clock: the run's budget.
        begun: training has begun.
        written: a dream has been written.
    """

    def __init__(self, out: Path, budget: Budget, device: str, seed: int, status: TrainingStatus | None = None):
        if out.suffix != ".onnx":
            raise UserError(f"-o {out}: a dream's name ends in .onnx")
        if not 0 < budget.total < 6e7:
            raise UserError(f"--minutes {budget.total / 60:g}: must be more than 0")
        self.out, self.folder, self.clock = out, RunFolder(out), budget
        self.device, self.seed = torch_device.choose(device), seed
        self.progress = Progress(status)
        self.progress.status.budget = budget
        self.interrupt = Interrupt()
        self.begun = self.written = False
        self._saved_at = budget.now()

    # -- what a kind says -----------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def changed(self) -> bool:
        """Whether something was trained since the last dream was written."""

    @property
    @abstractmethod
    def early_due(self) -> bool:
        """Whether an early dream is due between two steps."""

    @abstractmethod
    def learn(self) -> None:
        """Train to the end, with `between_steps` before every step. Raises Diverged."""

    @abstractmethod
    def wind_up(self) -> None:
        """Do what a dream still needs, after Ctrl-C."""

    @abstractmethod
    def go_back(self, factor: float) -> None:
        """Return to the last checkpoint, with that factor on every learning rate."""

    @property
    @abstractmethod
    def rate_factor(self) -> float:
        """The factor on every learning rate."""

    @abstractmethod
    def to_checkpoint(self) -> dict[str, Any]:
        """Return what the checkpoint keeps."""

    @abstractmethod
    def write_dream(self, early: bool) -> None:
        """Write the dream, and pictures of it into the run folder. Raises UserError when it cannot."""

    # -- what all kinds share -------------------------------------------------------------------------------------

    def complete(self, prepare: Callable[[], None], size: str) -> Path | None:
        """Prepare and train. Returns `out`, or None when Ctrl-C came before any dream.

        size: as the user gave it, for the message of a GPU whose memory is too small.
        """
        try:
            prepare()
            self.train()
        except UserError:
            self.folder.remove_if_empty()
            raise
        except KeyboardInterrupt:
            self.progress.line("stopped at once: " + self.standing())
        except torch.cuda.OutOfMemoryError:
            raise UserError(f"--size {size}: more than the GPU's memory holds; choose a smaller one") from None
        return self.out if self.written else None

    def keep_old_checkpoint(self) -> None:
        """Rename the checkpoint of a run that is not resumed, and say so."""
        if kept := self.folder.keep_old_checkpoint():
            self.progress.line(f"starting over, without --resume; the last run's checkpoint is kept as {kept}")

    def train(self) -> None:
        """Train until the time is up or Ctrl-C comes, and write the dream."""
        with self.interrupt.listening():
            self.save(must=True)
            self.begun = True
            while not self._trained():
                pass
            if self.changed:
                self.save()
                self.write_dream(early=False)

    def between_steps(self) -> None:
        """Save, write an early dream or obey Ctrl-C, as is due."""
        if self.interrupt.handled:
            return
        self.interrupt.check()
        if self.clock.now() - self._saved_at > CHECKPOINT_SECONDS:
            self.save()
        if self.early_due:
            self.write_early_dream()

    def standing(self) -> str:
        """Return what there is when the run is stopped now, in words."""
        if not self.begun:
            return "nothing had been trained yet, and nothing was written"
        if self.written:
            return f"{self.out} is the last early dream; --resume continues"
        return "no dream had been written yet; --resume continues from the last checkpoint"

    def save(self, must: bool = False) -> None:
        """Write the checkpoint. A full disk is reported, and ends the run only where it `must` be written."""
        try:
            checkpoint.save(self.folder.checkpoint, self.to_checkpoint())
        except UserError as error:
            if must:
                raise
            self.progress.line(f"no checkpoint: {error}")
        self._saved_at = self.clock.now()

    def write_early_dream(self) -> None:
        """Write a dream while training goes on; that it cannot is only reported."""
        try:
            self.write_dream(early=True)
        except UserError as error:
            self.progress.line(f"no early dream: {error}")
        self.clock.early_at = self.clock.used()

    def _trained(self) -> bool:
        """Train to the end; return False when something interrupted it."""
        try:
            if self.interrupt.handled:
                self.wind_up()
            else:
                self.learn()
            return True
        except Interrupted:
            self.interrupt.handled = True
        except Diverged:
            factor = self.rate_factor / 2
            if factor < MIN_RATE_FACTOR:
                message = "training diverges at every learning rate; the last checkpoint and dream are intact"
                raise UserError(message) from None
            self.progress.line("the loss is no longer finite: back to the last checkpoint, at half the learning rate")
            self.go_back(factor)
        return False
