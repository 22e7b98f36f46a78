"""`livedream train --kind style`: an effect that paints as the artist's paintings are painted, in the minutes given."""

import dataclasses
import hashlib
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from livedream import UserError
from livedream_export import checkpoint, preview, torch_device
from livedream_export.arrays import Rgb
from livedream_export.budget import Budget
from livedream_export.cache import Footage
from livedream_export.training_run import TrainingRun
from livedream_export.training_status import TrainingStatus

from . import content, effect, evaluate, eyes, painted
from .learning import Learner
from .networks import Painter
from .painted import Painting
from .recipe import Recipe

FPS = 30.0  # at which the effect runs in the show's time
REQUIRED = {"painter", "average", "optimizer", "steps", "paintings", "recipe", "size", "sha256", "spent", "used"}
STAGES = ("reading footage", "learning the styles")
SHOWN = 12  # pictures on a contact sheet
MEASURED = 4  # of them are measured at the end
JUDGING = 8.0  # seconds that it takes to look at a million pixels closely
IN_A_ROW = 24  # frames in a row by which flicker is measured
CLIP_SECONDS = 6.0
MIXED = 0.5  # seconds in which the clip goes from style to style


def train(options: Namespace, status: TrainingStatus) -> Path | None:
    """Train an effect on paintings and write it, or build it at once from a ready network.

    Args:
        options: of the command; `kinds.KINDS` says which.
        status: kept up to date.

    Returns:
        The file, or None when Ctrl-C came before there was any.

    Raises:
        UserError: a painting, footage or a size cannot be used, or a folder cannot be written.
    """
    if options.instant:
        from . import instant

        return instant.build(options, status)
    return trained(options, status)


def trained(
    options: Namespace,
    status: TrainingStatus,
    recipe: Recipe | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Path | None:
    """Train, as `train` does; recipe and clock are for tests."""
    run = Run(options, status, recipe or Recipe(), now)
    return run.complete(run.prepare, options.size)


class Run(TrainingRun):
    """A run that trains styles. What is trained is in `learner`, once it is prepared."""

    footage: Footage
    paintings: list[Painting]
    learner: Learner

    def __init__(self, options: Namespace, status: TrainingStatus, recipe: Recipe, now: Callable[[], float]):
        budget = Budget(options.minutes * 60, now)
        super().__init__(Path(options.out), budget, options.device, options.seed, status)
        self.options, self.recipe, self.budget = options, recipe, budget
        self._changed = True
        status.curve, status.effect = "style", True

    def prepare(self) -> None:
        """Read paintings and footage, and make the network or restore that of the checkpoint."""
        options = self.options
        content.checked_size(options.size)
        self.paintings = painted.read(options.style or [])
        self.folder.make()
        saved = checkpoint.read(self.folder.checkpoint, REQUIRED) if options.resume else None
        self.footage = content.read(options.footage, options.size, self.progress)
        height, width = self.footage.frames.shape[1:3]
        self.size = (width, height)
        self.progress.status.frames = self.footage.frames
        self.budget.guess(width * height)
        self.budget.costs["judging"] = JUDGING * MEASURED * (1 + len(self.paintings)) * width * height / 1e6
        if saved:
            self._must_fit(saved)
            self.recipe = Recipe(**saved["recipe"])
        torch_device.choose_threads(self.device, (self.recipe.width, self.recipe.width), self.recipe.batch)
        self.learner = Learner(self.paintings, self.recipe, self.device, self.seed)
        if "vgg16" not in self.learner.judges:
            self.progress.line("training without VGG16, whose strokes are stronger: " + evaluate.INSTALL)
        self._describe(saved or {})
        if saved:
            self.learner.restore(saved)
            self.budget.restore(saved)
        self.budget.must_suffice()
        if not saved:
            self.keep_old_checkpoint()
        self.rng = np.random.default_rng((self.seed, self.learner.steps))
        torch.manual_seed(self.seed * 1_000_003 + self.learner.steps)

    def _must_fit(self, saved: Mapping[str, Any]) -> None:
        if saved["paintings"] != self._digests():
            raise UserError("--resume: the checkpoint is of other paintings; name the same, or train without --resume")
        if saved["sha256"] != self.footage.sha256 or list(saved["size"]) != list(self.size):
            raise UserError(
                "--resume: the checkpoint is of other footage or another size; name the same again, or train without "
                "--resume"
            )

    def _digests(self) -> list[str]:
        return [hashlib.sha256(each.picture.tobytes()).hexdigest() for each in self.paintings]

    def _describe(self, saved: Mapping[str, Any]) -> None:
        """Set title and provenance; those not given stay as they were."""
        before = saved.get("provenance", {})
        self.title = self.options.title or saved.get("title") or self.out.stem
        self.provenance: dict[str, Any] = before | {
            "paintings_sha256": self._digests(),
            "footage": [{"name": Path(each.path).name, "sha256": each.sha256} for each in self.footage.sources],
            "licence": self.options.licence or before.get("licence") or "as the paintings",
            "trained_on_losses": self.learner.judges,
            "seed": before.get("seed", self.seed),
        }

    # -- training -------------------------------------------------------------------------------------------------

    @property
    def changed(self) -> bool:
        """Whether something was trained since the last file was written."""
        return self._changed

    @property
    def early_due(self) -> bool:
        """Whether an early file is due."""
        return self.budget.early_due()

    @property
    def rate_factor(self) -> float:
        """The factor on the learning rate."""
        return self.learner.optimizer.rate_factor

    def go_back(self, factor: float) -> None:
        """Return to the last checkpoint, with that factor on the learning rate."""
        self.learner.restore(checkpoint.read(self.folder.checkpoint, REQUIRED))
        self.learner.optimizer.rate_factor = factor

    def learn(self) -> None:
        """Train to the end."""
        self.learner.learn(self.footage, self.rng, self._times(), self._tell)

    def wind_up(self) -> None:
        """Say that the file is written; it needs nothing more."""
        if self.changed:
            self.progress.line("stopping: writing the effect; Ctrl-C again stops at once")

    def _times(self) -> Iterator[float]:
        """Yield the share of the time for training that has passed, before each step."""
        while True:
            self.between_steps()
            spent = self.budget.spent["training"]
            done = spent / max(1e-6, spent + self.budget.free())
            if self.budget.free() <= 0 or done >= 1:
                return
            self._changed = True
            with self.budget.learning("training"):
                yield done

    def _tell(self, said: Mapping[str, float]) -> None:
        share = min(1.0, self.budget.used() / self.budget.total)
        skipped = {"skipped": float(self.learner.optimizer.skipped)} if self.learner.optimizer.skipped else {}
        stage = f"2 of {len(STAGES)} {STAGES[1]}"
        self.progress.step(stage, share, self.budget.left(), **said, **skipped)

    def to_checkpoint(self) -> dict[str, Any]:
        """Return what the checkpoint keeps."""
        return {
            **self.learner.to_checkpoint(),
            **self.budget.to_checkpoint(),
            "recipe": dataclasses.asdict(self.recipe),
            "paintings": self._digests(),
            "sha256": self.footage.sha256,
            "size": list(self.size),
            "title": self.title,
            "provenance": self.provenance,
        }

    # -- the file -------------------------------------------------------------------------------------------------

    def write_dream(self, early: bool) -> None:
        """Write the effect, and pictures of it into the run folder. Raises UserError when it cannot."""
        self.progress.status.stage = "writing the effect"
        with self.budget.measured("dream"):
            painter = effect.rounded(self.learner.painter, self.learner.average.state_dict())
            shown = self._shown()
            styles = len(self.paintings)
            made = np.concatenate([effect.painted(painter, shown[k : k + 1], k % styles) for k in range(len(shown))])
            figures: dict[str, Any] = {
                "minutes": round(self.budget.used() / 60, 1),
                "steps": self.learner.steps,
                "lattice": round(evaluate.lattice(made), 2),
                "lattice_levels": round(evaluate.lattice_levels(made), 2),
            }
            if not early:
                figures |= self._judged(painter)
            names = [each.name for each in self.paintings]
            about = {**self.provenance, "figures": figures}
            effect.export(painter, self.out, names, shown[:2], self.title, FPS, about)
            self.written, self._changed = True, False
            try:  # the effect matters more than pictures of it
                self.folder.show(
                    self.learner.steps, shown, made, lambda path: self._film(path, painter), early, figures
                )
            except (UserError, OSError) as error:
                self.progress.line(f"pictures of the effect are missing: {error}")
        what = "early effect" if early else "effect"
        self.progress.line(f"{what}: {self.out} · pictures in {self.folder.path}/")
        if not early:
            self.folder.write_figures(figures)
            self.progress.line(evaluate.verdict(figures))

    def _shown(self) -> Rgb:
        """Return frames for the contact sheet: those that were never trained on, where there are any."""
        apart = np.flatnonzero(content.kept_apart(self.footage))
        chosen = apart if len(apart) else np.arange(len(self.footage.frames))
        return np.array(self.footage.frames[chosen[np.linspace(0, len(chosen) - 1, SHOWN).astype(int)]])

    def _row(self, count: int) -> Rgb:
        """Return frames in a row of the longest shot, those at its end."""
        start, stop = max(self.footage.segments, key=lambda each: each[1] - each[0])
        return np.array(self.footage.frames[max(start, stop - count) : stop])

    def _judged(self, painter: Painter) -> dict[str, Any]:
        """Measure the distances of every style, and flicker."""
        self.progress.status.stage = "judging the effect"
        shown = self._shown()[:: SHOWN // MEASURED]
        row, styles = self._row(IN_A_ROW), range(len(self.paintings))
        eye, name = evaluate.judge(torch.device("cpu"))
        wanted = eyes.targets(eye, [each.tensor(self.recipe.painting) for each in self.paintings])
        found = evaluate.distances(eye, wanted, shown, [effect.painted(painter, shown, k) for k in styles])
        alone = [[[float(k == each) for each in styles]] * len(row) for k in styles]
        films = [np.stack(list(effect.painted_in_a_row(painter, row, each))) for each in alone]
        flicker = [evaluate.flicker(row, film) for film in films]
        return {
            "judge": name,
            "style_distance": found.style,
            "style_distance_untouched": found.untouched,
            "content_distance": found.content,
            "flicker": [round(each, 2) for each in flicker],
        }

    def _film(self, path: Path, painter: Painter) -> None:
        """Write a clip of the footage painted, each style for a while, and one going into the next."""
        row = self._row(round(CLIP_SECONDS * self.footage.fps))
        styles = len(self.paintings)
        each = len(row) / styles
        mixes = []
        for k in range(len(row)):
            style, into = divmod(k / each, 1.0)
            share = max(0.0, 1 - (1 - into) * each / self.footage.fps / MIXED)
            weights = [0.0] * styles
            weights[int(style) % styles] += 1 - share
            weights[(int(style) + 1) % styles] += share
            mixes.append(weights)
        preview.film(path, list(effect.painted_in_a_row(painter, row, mixes)), self.footage.fps)
