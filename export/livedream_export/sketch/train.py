"""`livedream train --kind sketch`: learns drawings, and makes a dream that draws, stroke by stroke, without end."""

import copy
import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from livedream import UserError
from livedream.dream import write

from .. import footage as reader
from .. import kinds, preview, scenes
from ..arrays import Floats, Rgb
from ..cache import Footage
from ..dream_file import DreamParts, rounded
from ..dream_run import DreamRun
from ..training_status import TrainingStatus
from . import components, drawing, material, raster
from .learner import Learner
from .recipe import Recipe

CELL = 128  # pixels on a side of pictures of drawings
LESSONS = 18  # drawings in the film of the learning
KEPT = 768  # latents of drawings that a dream keeps at most
SHEET = 48
WELL = 0.06  # distance of a drawing from the one it was learned from that nobody minds; sides are 2


def train(
    options: Namespace,
    status: TrainingStatus | None = None,
    recipe: Recipe | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Path | None:
    """Train a dream on drawings. Returns the file, or None when Ctrl-C came before any dream.

    Args:
        options: of the command; `kinds.KINDS` says which.
        status: is kept up to date.
        recipe: None for the usual one.
        now: the clock, in seconds.

    Raises:
        UserError: drawings, size or device cannot be used, or a folder cannot be written.
    """
    return Run(options, recipe or Recipe(), status, now).run()


def export(checkpoint: Path, out: Path) -> Path:
    """Write the dream of a checkpoint, as `livedream export` does; the drawings are in the checkpoint."""
    return Run(kinds.options(Run.NAME, out=out), Recipe()).export_checkpoint(checkpoint)


class Run(DreamRun):
    """A run that trains a sketch dream.

    Attributes:
        drawings: what is learned.
        learned: numbers of those that are learned.
        held_out: numbers of those that are not.
    """

    NAME = "sketch"
    STAGES = ("reading drawings", "learning to draw")

    recipe: Recipe
    learner: Learner
    drawings: material.Drawings

    def read(self) -> None:
        """Read the drawings."""
        names = list(map(str, self.options.footage))
        self._take(material.read(names, self.recipe.longest, self.progress.share), _sides(str(self.options.size)))
        for note in self.drawings.notes:
            self.progress.line(note)
        points = sum(map(len, self.drawings.rows)) / len(self.drawings.rows)
        self.progress.line(f"{len(self.drawings.rows)} drawings of {points:.0f} points, in the mean")

    def _take(self, drawings: material.Drawings, size: tuple[int, int]) -> None:
        self.drawings = drawings
        frames = raster.pictures([drawing.strokes(each) for each in drawings.rows], CELL)
        segments = tuple((k, k + 1) for k in range(len(frames)))
        self.use(Footage(frames, segments, components.FPS, drawings.sources, drawings.sha256, drawings.notes))
        self.size = size
        self.budget.guess(size[0] * size[1])
        held = np.random.default_rng(0).permutation(len(frames))[: int(self.recipe.held_out * len(frames))]
        self.held_out = np.sort(held)
        self.learned = np.setdiff1d(np.arange(len(frames)), held)

    def read_again(self, saved: Mapping[str, Any], path: Path) -> None:
        """Take the drawings of a checkpoint."""
        rows = [each.numpy() for each in saved["drawings"]]
        self._take(material.Drawings(list(saved["names"]), rows, (), saved["sha256"], ()), tuple(saved["size"]))

    def make_learner(self) -> Learner:
        """Make the networks."""
        ways = np.concatenate(self.drawings.rows)[:, :2]
        return Learner(self.recipe, self.device, float(np.sqrt(np.square(ways).mean())), self.seed)

    def learn(self) -> None:
        """Train to the end."""
        self.learner.learn([self.drawings.rows[k] for k in self.learned], self.rng, self.times(), self._tell)

    def _tell(self, ways: float, flags: float, kl: float) -> None:
        self.progress.status.curve = "nats"
        self.tell(1, nats=ways + flags, kl=kl)

    def to_checkpoint(self) -> dict[str, Any]:
        """Return what the checkpoint keeps: the drawings too, which are small."""
        rows = [torch.from_numpy(each) for each in self.drawings.rows]
        return super().to_checkpoint() | {"drawings": rows, "names": self.drawings.names}

    # -- dreams ---------------------------------------------------------------------------------------------------

    @property
    def fps(self) -> float:
        """Steps a second of the pen."""
        return components.FPS

    def lesson(self) -> Rgb:
        """Return some drawings as it draws them now."""
        some = self.learned[np.linspace(0, len(self.learned) - 1, min(LESSONS, len(self.learned))).astype(int)]
        return preview.grid(self._drawn(some, temperature=0.1))

    def _drawn(self, numbers: np.ndarray[Any, Any], temperature: float, side: int = CELL) -> Rgb:
        """Return drawings, by number, as it draws them now, [N, side, side, 3]."""
        rows = self._sequences(numbers, temperature)
        return raster.pictures([drawing.strokes(each) for each in rows], side)

    def _sequences(self, numbers: np.ndarray[Any, Any], temperature: float) -> list[Floats]:
        """Return drawings, by number, as it draws them now, as sequences."""
        latents = self.learner.encode([self.drawings.rows[k] for k in numbers])
        pen = copy.deepcopy(self.learner.average.pen).cpu().float().eval()
        return raster.draw(pen, latents, float(self.learner.average.unit), temperature)

    def parts(self) -> DreamParts:
        """Return what goes into the dream file now."""
        average = rounded(copy.deepcopy(self.learner.average).cpu().float().eval())
        kept = self._drawn_well()
        bank = self.learner.encode([self.drawings.rows[k] for k in kept]).numpy()
        step = components.Step(average.pen, float(average.unit), bank)
        decode = components.Decode(self.size, self.seed)
        width, height = self.size
        page = torch.tensor([[0.0, 0.0, 0.0, 1.0]])
        chosen = scenes.choose(bank, np.arange(len(kept)), 0)
        start = {
            "latent.pen": page,
            "latent.drawing": torch.from_numpy(bank[chosen[:1]]),
            **components.states(average.pen),
            "state.canvas": torch.zeros(1, 1, height, width),
            "state.last": torch.zeros(1, 3),
            "noise": torch.zeros(1, 4 + bank.shape[1]),
            "uniform": torch.full((1, 4), 0.5),
            **{
                f"control.{each['name']}": torch.tensor(np.atleast_1d(each["default"]), dtype=torch.float32)
                for each in components.CONTROLS
            },
        }
        pictures = self._drawn(kept[chosen], temperature=0.05, side=160)

        def tensors(index: int) -> dict[str, Floats]:
            return {"step/latent.pen": page.numpy(), "step/latent.drawing": bank[index : index + 1]}

        metadata = {
            "latents": {
                "latent.pen": write.latent(np.array([0, 0, 0, 1]), np.array([0.5, 0.5, 0, 0])),
                "latent.drawing": write.latent(bank.mean(0), bank.std(0)),
                "interpolation": "linear",
            },
            "layers": ["paper", "ink"],
            "controls": components.CONTROLS,
            "scenes": scenes.describe(
                chosen,
                lambda index: self.drawings.names[kept[index]],
                tensors,
                lambda index: pictures[chosen.index(index)],
            ),
        }
        return DreamParts({"step": step, "decode": decode}, start, metadata)

    def _drawn_well(self) -> np.ndarray[Any, Any]:
        """Return the numbers of drawings it starts from: the half that it draws best, and all it draws well."""
        some = self.learned[:: -(-len(self.learned) // KEPT)]
        drawn = self._sequences(some, temperature=0.05)
        off = np.array([drawing.distance(self.drawings.rows[k], rows) for k, rows in zip(some, drawn, strict=True)])
        return some[off <= max(WELL, float(np.median(off)))]

    def shown(self, parts: DreamParts) -> tuple[Rgb, Rgb]:
        """Return drawings, held-out ones first, and the same as it draws them."""
        some = np.concatenate([self.held_out[: SHEET // 4], self.learned[:: -(-len(self.learned) // SHEET)]])[:SHEET]
        return self.footage.frames[some], self._drawn(some, temperature=0.1)

    @torch.no_grad()
    def figures(self, originals: Rgb, rendered: Rgb) -> dict[str, Any]:
        """Return how unlikely held-out drawings are, in nats a point: their ways, and flags of the pen."""
        numbers = self.held_out if len(self.held_out) else self.learned
        learner = self.learner
        rows, lengths = learner.batch([self.drawings.rows[k] for k in numbers[:256]])
        ways, flags, kl = learner.loss(learner.average, rows, lengths)
        name = "held_out" if len(self.held_out) else "learned"
        return {
            f"{name}_nats": round(float(ways) + float(flags), 3),
            "ways_nats": round(float(ways), 3),
            "flags_nats": round(float(flags), 3),
            "kl_nats": round(float(kl), 2),
            "drawings": len(self.drawings.rows),
        }

    def said(self, figures: Mapping[str, Any]) -> str:
        """Return the quality in words."""
        which = "held_out_nats" if "held_out_nats" in figures else "learned_nats"
        return f"{which.removesuffix('_nats').replace('_', '-')} drawings {figures[which]:.2f} nats a point"

    def judge(self) -> str:
        """Return a verdict in words: how much worse it foresees drawings that it has not seen."""
        learner = self.learner
        with torch.no_grad():
            found = {}
            for name, numbers in (("held out", self.held_out), ("learned", self.learned)):
                if len(numbers):
                    rows, lengths = learner.batch([self.drawings.rows[k] for k in numbers[:256]])
                    ways, flags, _ = learner.loss(learner.average, rows, lengths)
                    found[name] = float(ways) + float(flags)
        self.folder.write_figures({"nats": found, "steps": learner.steps})
        passes = learner.steps * self.recipe.batch / len(self.learned)
        if passes < 100:
            return f"hasty: has seen every drawing {passes:.0f} times; continue with `--resume`"
        return f"good: has seen every drawing {passes:.0f} times; look at the contact sheet"


def _sides(text: str) -> tuple[int, int]:
    """Return (width, height) of `--size`. Raises UserError when it is not possible."""
    size = reader.parse_size(text)
    sides = (size, size) if isinstance(size, int) else size
    if not all(64 <= each <= 2048 and each % 2 == 0 for each in sides):
        raise UserError(f"--size {text}: even numbers from 64 to 2048, as 512 or 640x360")
    return sides
