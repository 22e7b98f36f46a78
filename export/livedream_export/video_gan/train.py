"""`livedream train --kind video-gan`: the video GAN of 2016 on your footage, and a dream in clips of 32 frames."""

import math
import time
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from livedream import UserError
from livedream.dream import write

from .. import kinds, knobs, scenes, sources
from ..arrays import Floats, Rgb, Rgba
from ..dream_file import DreamParts
from ..dream_run import DreamRun
from ..footage import parse_size
from ..torch_device import half_precision
from ..training_status import TrainingStatus
from . import components, stabilising
from .learner import Learner, beginnings
from .networks import Generator
from .recipe import ITERATIONS, LENGTH, SIDE, Recipe

TIMED = 3  # iterations after which it is said how long the published number of them would take
SHOWN = np.array([0, 10, 20, 31])  # frames of a clip on the contact sheet and in the film of the learning
CLIPS = 4  # of the contact sheet, and of the film
CHOSEN_OF = 32  # clips that the scenes are chosen of
KNOB_LATENTS = 256
KNOB_REACH = 0.25  # root mean square length of a knob's unit: it turns a tenth of the noise into something else


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
        recipe: None for the published one.
        now: the clock, in seconds.

    Raises:
        UserError: footage or device cannot be used, or a folder cannot be written.
    """
    return Run(options, recipe or Recipe(), status, now).run()


def export(checkpoint: Path, out: Path) -> Path:
    """Write the dream of a checkpoint, as `livedream export` does; its footage is read from the cache."""
    return Run(kinds.options(Run.NAME, out=out), Recipe()).export_checkpoint(checkpoint)


class Run(DreamRun):
    """A run that trains a video-gan dream."""

    NAME = "video-gan"
    STAGES = ("reading footage", "training generator and discriminator")
    WORK = (128, 128, 16)

    recipe: Recipe
    learner: Learner

    def read(self) -> None:
        """Read the footage and hold its camera still. Raises UserError when it has no clip, or for another size."""
        if parse_size(str(self.options.size)) not in (SIDE, (SIDE, SIDE)):
            raise UserError(f"--size {self.options.size}: this network draws {SIDE}x{SIDE} pixels; leave it out")
        rendered = sources.is_rendered(self.options.footage)
        self.options.size = f"{SIDE}x{SIDE}" if rendered else f"{stabilising.READ}x{stabilising.READ}"
        super().read()
        self.options.size = f"{SIDE}x{SIDE}"
        beginnings(self.footage.segments)
        if not rendered:
            read = self.footage
            self.use(stabilising.stabilised(read, self.progress.share))
            for line in self.footage.notes[len(read.notes) :]:
                self.progress.line(line)

    def make_learner(self) -> Learner:
        """Make the networks."""
        return Learner(self.recipe, self.device, self.seed)

    def learn(self) -> None:
        """Train to the end."""
        starts = beginnings(self.footage.segments)
        times = self._timed(self.times())
        self.learner.learn(self.footage.frames, starts, self.rng, times, lambda figures: self.tell(1, **figures))

    def _timed(self, times: Iterable[float]) -> Iterator[float]:
        """Yield `times`, and say after a few of them how long the published number of iterations takes here."""
        took = math.inf
        for k, done in enumerate(times):
            begun = self.budget.now()
            yield done
            took = min(took, self.budget.now() - begun)
            if k + 1 == TIMED:
                self.progress.line(self.published(took))

    def published(self, seconds: float) -> str:
        """Return in a line what the published training would take here, by the seconds of an iteration."""
        batch = self.learner.batch
        per_minute = 60 / max(seconds, 1e-9)
        hours = ITERATIONS * seconds * self.recipe.batch / batch / 3600
        long = f"{hours / 24:.0f} days" if hours > 72 else f"{hours:.0f} hours"
        return (
            f"{per_minute:.3g} iterations of {batch} clips a minute here; the published {ITERATIONS} of "
            f"{self.recipe.batch} clips would take {long}. The honest place of this kind is a graphics card"
        )

    @torch.no_grad()
    def lesson(self) -> Rgb:
        """Return frames of the same clips as they are generated now: a clip a row."""
        generator = self.learner.generator.eval()
        with half_precision(self.device):
            made = generator(self._noise(CLIPS).to(self.device)).video
        generator.train()
        frames = _frames(made)[:, SHOWN]
        return np.concatenate([np.concatenate(list(clip), 1) for clip in frames], 0)

    def _noise(self, count: int) -> Tensor:
        return torch.randn(count, self.recipe.noise, generator=torch.Generator().manual_seed(self.seed))

    def parts(self) -> DreamParts:
        """Return what goes into the dream file now."""
        generator = components.ready(self.learner.generator, self.recipe, self.seed)
        noise = self._noise(CHOSEN_OF)
        middles = _middles(generator, noise.numpy())
        small = middles[:, ::4, ::4].reshape(len(middles), -1).astype(np.float32)
        # Far from one another, in no order of time.
        chosen = scenes.choose(small, np.arange(len(small)), 0)
        latents = noise.numpy()
        described = scenes.describe(
            chosen,
            lambda k: f"clip {chosen.index(k) + 1}",
            lambda k: {"decode/latent": latents[k : k + 1]},
            lambda k: middles[k],
        )

        def render(latents: Floats) -> Rgba:
            return _opaque(_middles(generator, latents))

        found = knobs.find(render, _weighed(generator, self.seed), latents[chosen[:2]], KNOB_REACH)
        metadata = {
            "latents": {
                "latent": write.latent(np.zeros(self.recipe.noise), np.ones(self.recipe.noise)),
                "interpolation": "none",
            },
            "layers": ["background", "foreground"],
            "hop": self.recipe.hop,
            "directions": found,
            "scenes": described,
        }
        return DreamParts({"decode": components.Decode(generator)}, {"latent": noise[chosen[0]][None]}, metadata)

    def shown(self, parts: DreamParts) -> tuple[Rgb, Rgb]:
        """Return frames of the footage's clips, and of generated ones."""
        starts = beginnings(self.footage.segments)
        starts = starts[np.linspace(0, len(starts) - 1, CLIPS).astype(int)]
        real = np.concatenate([self.footage.frames[start + SHOWN] for start in starts])
        decode = parts.components["decode"]
        assert isinstance(decode, components.Decode)
        with torch.no_grad():
            made = _frames(decode.generator(self._noise(CLIPS)).video)[:, SHOWN]
        return real, made.reshape(-1, *made.shape[2:])


def _frames(video: Tensor) -> Rgb:
    """Return generated clips [B, 3, 32, H, W] as pictures [B, 32, H, W, 3]."""
    levels = components.levels(video.float()).clamp(0, 255).round().byte()
    return np.asarray(levels.permute(0, 2, 3, 4, 1).cpu())


@torch.no_grad()
def _middles(generator: Generator, latents: Floats) -> Rgb:
    """Return the middle frames of the clips of latents [B, Z], [B, H, W, 3]."""
    found = []
    for k in range(0, len(latents), components.BATCH):
        noise = torch.from_numpy(latents[k : k + components.BATCH].astype(np.float32))
        found.append(_frames(generator(noise).video[:, :, LENGTH // 2 : LENGTH // 2 + 1])[:, 0])
    return np.concatenate(found)


def _opaque(pictures: Rgb) -> Rgba:
    return np.concatenate([pictures, np.full_like(pictures[..., :1], 255)], -1)


def _weighed(generator: Generator, seed: int) -> Floats:
    """Return noise [N, Z] that is longer in the directions to which the first layers answer more.

    Its principal directions are those of these layers' weights: Shen and Zhou, "Closed-Form Factorization of Latent
    Semantics in GANs", CVPR 2021.
    """
    layers: Sequence[Any] = generator.moving[0], generator.background[0]
    weights = torch.cat([layer.weight.flatten(1) for layer in layers], 1).detach().numpy()
    axes, sizes, _ = np.linalg.svd(weights, full_matrices=False)
    chance = np.random.default_rng(seed).standard_normal((KNOB_LATENTS, len(axes)))
    found: Floats = (chance * (sizes / sizes.mean()) @ axes.T).astype(np.float32)
    return found
