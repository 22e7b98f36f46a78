"""A training run that makes a dream: its material, networks, clock, checkpoint, early dreams, pictures and verdict.

A kind of dream derives from it and says what is learned from the material and what goes into the file.
"""

import contextlib
import dataclasses
import time
from abc import abstractmethod
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import torch

from livedream import UserError
from livedream.dream import read

from . import cache, checkpoint, dream_file, evaluate, kinds, material, preview, torch_device
from .arrays import Rgb
from .budget import EARLY_FROM, Budget
from .cache import Footage
from .dream_file import DreamParts
from .judges import verdict
from .learning_film import LearningFilm
from .material import Material
from .training_run import TrainingRun
from .training_status import TrainingStatus

CLIP_SECONDS = 6.0  # length of the dreamt clips; a third of it in runs too short for early dreams
REQUIRED = {"kind", "recipe", "sha256", "size", "spent", "used", "steps"}


class Learner(Protocol):
    """The networks of a kind in training, and their optimizers.

    Attributes:
        steps: optimizer steps so far.
        skipped: batches that were skipped because their gradient was not finite.
        rate_factor: factor on every learning rate.
    """

    steps: int
    rate_factor: float

    @property
    def skipped(self) -> int:
        """Number of batches that were skipped."""

    def to_checkpoint(self) -> dict[str, Any]:
        """Return what a checkpoint keeps: tensors and numbers by name, with "steps"."""

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Load what a checkpoint kept. Raises UserError when it is of other networks."""


class DreamRun(TrainingRun):
    """One training run of a kind of dream.

    Args:
        options: of the command; `kinds.KINDS` says which, `kinds.options` makes them for a program.
        recipe: a frozen dataclass with every number of the training.
        status: is kept up to date.
        now: the clock, in seconds.

    Attributes:
        NAME: of the kind.
        STAGES: what a run does one after the other, in words.
        NETWORKS: what the training time is spent on, by name in the budget.
        WORK: channels in and out, and pictures in a batch, by which the number of threads is chosen.
        footage: what is learned, once it is read.
        size: (width, height) of the pictures.
        material: which of its frames are learned, and which are shown.
        learner: the networks, once they are made.
        rng: chooses what each step learns from.
        exporting: no training, a checkpoint becomes a dream.
    """

    NAME: ClassVar[str]
    STAGES: ClassVar[tuple[str, ...]] = ("reading footage", "training")
    NETWORKS: ClassVar[tuple[str, ...]] = ("training",)
    WORK: ClassVar[tuple[int, int, int]] = (48, 48, 8)

    footage: Footage
    size: tuple[int, int]
    material: Material
    learner: Learner
    rng: np.random.Generator

    def __init__(
        self,
        options: Namespace,
        recipe: Any,
        status: TrainingStatus | None = None,
        now: Callable[[], float] = time.monotonic,
    ):
        self.options, self.recipe = options, recipe
        self.budget = self.make_budget(options.minutes * 60, now)
        super().__init__(Path(options.out), self.budget, options.device, options.seed, status)
        self.film = LearningFilm(self.folder.path)
        self.title, self.provenance = "", dict[str, Any]()
        self._changed, self.exporting = True, False

    # -- what a kind says -----------------------------------------------------------------------------------------

    @abstractmethod
    def make_learner(self) -> Learner:
        """Make the networks, for `self.footage` in `self.size`, on `self.device`."""

    @abstractmethod
    def learn(self) -> None:
        """Train to the end, a step for each of `self.times(…)`, and `self.tell` about it. Raises Diverged."""

    @abstractmethod
    def parts(self) -> DreamParts:
        """Return what goes into the dream file now."""

    @abstractmethod
    def shown(self, parts: DreamParts) -> tuple[Rgb, Rgb]:
        """Return pictures that it learns from and what it makes of them, each [B, H, W, 3], for the contact sheet."""

    def lesson(self) -> Rgb | None:
        """Return the same latents drawn as it has learned so far, one picture [H, W, 3]; None: no film is made."""
        return None

    def read(self) -> None:
        """Read the material into `footage`, `size` and `material`. Raises UserError when it cannot be used."""
        options = self.options
        fps, background = getattr(options, "fps", None), getattr(options, "background", (0, 0, 0))
        names, pictures = list(map(str, options.footage)), kinds.KINDS[self.NAME].pictures
        self.use(material.read(names, str(options.size), self.progress, fps, background, pictures))

    def make_budget(self, seconds: float, now: Callable[[], float]) -> Budget:
        """Return the run's clock."""
        return Budget(seconds, now, self.NETWORKS)

    def begin(self, saved: Mapping[str, Any] | None) -> None:
        """Do what comes between making the learner and training; saved: the checkpoint, where it goes on from one."""

    def figures(self, originals: Rgb, rendered: Rgb) -> dict[str, Any]:
        """Return figures of a dream from its contact sheet, for its provenance and the log."""
        return {}

    def said(self, figures: Mapping[str, Any]) -> str:
        """Return what is said of these figures when a dream is written; "" for nothing."""
        return ""

    def before_dream(self) -> None:
        """Train what a dream still needs before it can be written while the training goes on."""

    def judge(self) -> str:
        """Measure the finished dream, keep the figures in the run folder, and return a verdict in words."""
        found = evaluate.short(self.out, self.footage, progress=lambda share, what: None)
        self.folder.write_figures(found)
        return verdict.advice(found)

    # -- preparing ------------------------------------------------------------------------------------------------

    def run(self) -> Path | None:
        """Train. Returns `out`, or None when Ctrl-C came before any dream."""
        return self.complete(self.prepare, str(self.options.size))

    def use(self, footage: Footage) -> None:
        """Take the footage as the material."""
        self.footage, self.material = footage, material.choose(footage)
        self.size = footage.frames.shape[2], footage.frames.shape[1]
        self.progress.status.frames = footage.frames
        self.budget.guess(self.size[0] * self.size[1])

    def prepare(self) -> None:
        """Read the material, and make the networks or restore those of the checkpoint."""
        self.folder.make()
        saved = self.saved() if self.options.resume else None
        self.read()
        if saved:
            self.must_fit(saved)
            self.recipe = saved["recipe"]
        self._describe(saved or {})
        torch_device.choose_threads(self.device, self.WORK[:2], self.WORK[2])
        self.learner = self.make_learner()
        if saved:
            self.learner.restore(saved)
            self.budget.restore(saved)
        self.rng = np.random.default_rng((self.seed, self.learner.steps))
        self.begin(saved)
        torch.manual_seed(self.seed * 1_000_003 + self.learner.steps)
        self.budget.must_suffice()
        if not saved:
            self.keep_old_checkpoint()
            self.film.clear()

    def saved(self, path: Path | None = None) -> dict[str, Any]:
        """Read a checkpoint, this run's own by default. Raises UserError when it is not one of this kind."""
        path = path or self.folder.checkpoint
        found = checkpoint.read(path, REQUIRED)
        if found["kind"] != self.NAME:
            raise UserError(f"{path}: the checkpoint of a {found['kind']}, not of a {self.NAME}")
        try:
            return found | {"recipe": type(self.recipe)(**found["recipe"])}
        except TypeError:
            raise UserError(f"{path}: made by another version of livedream; train without --resume") from None

    def must_fit(self, saved: Mapping[str, Any]) -> None:
        """Raise UserError when a checkpoint is of other material."""
        if saved["sha256"] != self.footage.sha256 or list(saved["size"]) != list(self.size):
            width, height = saved["size"]
            raise UserError(
                f"--resume: the checkpoint is of other footage or another size ({width}x{height}, here "
                f"{self.size[0]}x{self.size[1]}); name the same again, or train without --resume"
            )

    def _describe(self, saved: Mapping[str, Any]) -> None:
        """Set title and provenance; those not given stay as they were."""
        before = saved.get("provenance", {})
        self.title = self.options.title or saved.get("title") or self.out.stem
        self.provenance = before | {
            "footage": [{"name": Path(s.path).name, "sha256": s.sha256} for s in self.footage.sources],
            "licence": self.options.licence or before.get("licence") or "as the footage",
            "seed": before.get("seed", self.seed),
        }

    # -- training -------------------------------------------------------------------------------------------------

    def times(self, network: str = "training", share: float = 1.0, until: float = 1.0) -> Iterator[float]:
        """Yield the share of a network's time that has passed, before each of its steps.

        Args:
            network: one of NETWORKS.
            share: its part of all the time for training.
            until: the share of its time at which this ends.
        """
        while True:
            self.between_steps()
            done = self.budget.spent[network] / max(1e-6, share * self.budget.learning_time())
            if done >= until or self.budget.free() <= 0:
                return
            self._changed = True
            with self.budget.learning(network):
                yield done

    def for_seconds(self, seconds: float, network: str = "training") -> Iterator[float]:
        """Yield the share of a number of seconds that has passed, before each step of a network in that time."""
        begun = self.budget.now()
        while (done := (self.budget.now() - begun) / seconds) < 1:
            self.interrupt.check()
            self._changed = True
            with self.budget.learning(network):
                yield done

    def between_steps(self) -> None:
        """Save, write an early dream, keep a picture of what is learned or obey Ctrl-C, as is due."""
        super().between_steps()
        seconds = sum(self.budget.spent.values())
        if self.interrupt.handled or not self.film.due(seconds):
            return
        picture = self.lesson()
        if picture is not None:
            with contextlib.suppress(UserError):  # a full disk is reported where the checkpoint is written
                self.film.add(picture, seconds)

    def tell(self, stage: int, **values: float) -> None:
        """Show figures after a step; stage: index in STAGES."""
        if self.learner.skipped:
            values["skipped"] = self.learner.skipped
        share = min(1.0, self.budget.used() / self.budget.total)
        name = f"{stage + 1} of {len(self.STAGES)} {self.STAGES[stage]}"
        self.progress.step(name, share, self.budget.left(), **values)

    @property
    def changed(self) -> bool:
        """Whether something was trained since the last dream was written."""
        return self._changed

    @property
    def early_due(self) -> bool:
        """Whether an early dream is due between two steps."""
        return self.budget.early_due()

    def write_early_dream(self) -> None:
        """Write a dream while training goes on; that it cannot is only reported."""
        self.before_dream()
        super().write_early_dream()

    def wind_up(self) -> None:
        """Train what a dream still needs, after Ctrl-C."""
        if self.changed:
            self.progress.line("stopping: writing the dream; Ctrl-C again stops at once")
            self.save()
            self.before_dream()

    @property
    def rate_factor(self) -> float:
        """The factor on every learning rate."""
        return self.learner.rate_factor

    def go_back(self, factor: float) -> None:
        """Return to the last checkpoint, with that factor on every learning rate."""
        self.learner.restore(self.saved())
        self.learner.rate_factor = factor

    # -- checkpoints and dreams -----------------------------------------------------------------------------------

    def to_checkpoint(self) -> dict[str, Any]:
        """Return what the checkpoint keeps."""
        return {
            **self.learner.to_checkpoint(),
            **self.budget.to_checkpoint(),
            "kind": self.NAME,
            "recipe": dataclasses.asdict(self.recipe),
            "sha256": self.footage.sha256,
            "size": list(self.size),
            "title": self.title,
            "provenance": self.provenance,
        }

    def write_dream(self, early: bool) -> None:
        """Write the dream, and pictures of it into the run folder. Raises UserError when it cannot."""
        self.progress.status.stage = "writing the dream"
        with self.budget.measured("dream"):
            spent = self.budget.used() / 60
            parts = self.parts()
            originals, rendered = self.shown(parts)
            figures = self.figures(originals, rendered)
            figures |= {"minutes": round(spent, 1), "steps": self.learner.steps}
            self.export(parts, self.out, figures)
            self.written, self._changed = True, False
            seconds = CLIP_SECONDS if self.budget.total >= EARLY_FROM else CLIP_SECONDS / 3

            def film(path: Path) -> None:
                preview.clip(path, read.load(self.out), seconds)

            try:  # the dream matters more than pictures of it
                self.folder.show(self.learner.steps, originals, rendered, film, early, figures)
                self.film.write(self.folder.path / "learning.mp4")
            except (UserError, OSError) as error:
                self.progress.line(f"pictures of the dream are missing: {error}")
        said = self.said(figures)
        what = "early dream" if early else "dream"
        self.progress.line(f"{what}: {self.out} · {said}{' · ' * bool(said)}pictures in {self.folder.path}/")
        if not early:
            self._judge()

    def _judge(self) -> None:
        self.progress.status.stage = "judging the dream"
        try:
            said = self.judge()
        except UserError as error:
            said = f"not judged: {error}"
        self.progress.line(said)

    def export(self, parts: DreamParts, path: Path, figures: Mapping[str, Any]) -> None:
        """Prove the dream and write it. Raises UserError when it cannot."""
        about = {**self.provenance, "figures": figures}
        dream_file.export(parts, path, self.NAME, self.fps, self.title, about)

    @property
    def fps(self) -> float:
        """Steps a second of the dream."""
        return self.footage.fps

    # -- `livedream export` ---------------------------------------------------------------------------------------

    def export_checkpoint(self, path: Path) -> Path:
        """Write the dream of a checkpoint to `out`, and return it.

        Raises:
            UserError: the checkpoint is missing or damaged, or its footage is needed and no longer in the cache.
        """
        self.exporting = self.interrupt.handled = True  # so nothing is written but the dream
        saved = self.saved(path)
        self.recipe = saved["recipe"]
        self.read_again(saved, path)
        self.title = saved.get("title") or path.parent.stem
        self.provenance = saved.get("provenance", {"licence": "not stated"})
        self.learner = self.make_learner()
        self.learner.restore(saved)
        self.rng = np.random.default_rng((self.seed, self.learner.steps))
        self.begin(saved)
        self.before_dream()
        figures = {"minutes": round(saved["used"] / 60, 1), "steps": saved["steps"]}
        self.export(self.parts(), self.out, figures)
        return self.out

    def read_again(self, saved: Mapping[str, Any], path: Path) -> None:
        """Take the material of the checkpoint at `path` from the cache. Raises UserError when it is not there."""
        self.use(cache.of_digest(saved["sha256"], path))
