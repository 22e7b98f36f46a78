"""The stages in which a vae-rnn dream is trained: image model, correction of memories, motion model.

The image model is trained first; then, with its encoder frozen, the correction of memories. The motion model is trained
for a short phase before every early dream, and alone at the end.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..cache import Footage
from ..image_model import training as image_training
from ..image_model.perceptual import PictureLoss
from ..interrupt import Interrupt
from ..material import Material
from ..motion_model import training as motion_training
from ..preview import Progress
from . import correction
from .memories import Memories
from .parts import Parts
from .recipe import Recipe
from .stage_budget import LEAST_SPELL, StageBudget
from .trainer_state import TrainerState

NAMES = (
    "reading footage",
    "choosing memories",
    "training the image model",
    "training the correction of memories",
    "training the motion model",
)
ENCODING = "encoding footage"
INTERRUPTED_SPELL = 15.0  # most seconds that the motion model is trained on the pictures as they are, after Ctrl-C


def numbered(stage: str) -> str:
    """Return a stage as the progress line shows it, such as "3 of 5 training the image model"."""
    return f"{NAMES.index(stage) + 1} of {len(NAMES)} {stage}"


class Stages:
    """Trains the networks on the material, as long as the budget allows.

    Attributes:
        latents: of all frames, f32 [N, Z] on the CPU; None before they are first encoded.
        finishing: the autoencoder is fully trained.
        changed: something was trained since this was last set to False.
    """

    def __init__(
        self,
        footage: Footage,
        material: Material,
        memories: Memories | None,
        trainer: TrainerState,
        hp: Recipe,
        device: torch.device,
        budget: StageBudget,
        rng: np.random.Generator,
        perceptual: PictureLoss | None,
        progress: Progress,
        interrupt: Interrupt,
        between_steps: Callable[[], None],
    ):
        self.footage, self.material, self.memories = footage, material, memories
        self.trainer, self.hp, self.device = trainer, hp, device
        self.budget, self.rng, self.perceptual = budget, rng, perceptual
        self.progress, self.interrupt, self._between_steps = progress, interrupt, between_steps
        self.latents: Tensor | None = None
        self._encoded_at = -1  # encoder steps when `latents` were made
        self._motion_before = 0.0  # seconds that the motion model had been trained for by then
        self._examples: correction.Examples | None = None
        self.finishing, self.changed = False, True

    def to_checkpoint(self) -> dict[str, Any]:
        """Return what a checkpoint keeps of the stages."""
        return {
            "finishing": self.finishing,
            "latents": self.latents if self._encoded_at == self.trainer.encoder_steps else None,
            "fitted_from": self._motion_before,
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Continue as a checkpoint says; `trainer` and `budget` are restored already."""
        self.finishing = saved.get("finishing", False) and self.budget.total <= saved["total"]
        if saved.get("latents") is not None:
            self.latents, self._encoded_at = saved["latents"], self.trainer.encoder_steps
            self._motion_before = saved["fitted_from"]

    def forget_latents(self) -> None:
        """Have the footage encoded again before it is used next."""
        self._encoded_at = -1

    def train(self, early_dream: Callable[[], None]) -> None:
        """Train to the end; early_dream is called when one is due."""
        if self.latents is None:
            self._time_encoding()
        while not self.finishing:
            if self.hp.remembers and self._autoencoder_done() >= self.hp.remember_from:
                self._train_correction()
            else:
                self._train_autoencoder()
            self.finishing = self.budget.spent["pictures"] >= self.budget.pictures()
            if not self.finishing and self.budget.early_due():
                self.train_motion(self.budget.spell())
                early_dream()
        self.encode()
        self.train_motion(max(LEAST_SPELL, self.budget.left() - self.budget.finish()))

    def seconds_to_wind_up(self) -> float:
        """Return how long the motion model must be trained, after Ctrl-C, for a dream of the pictures as they are."""
        spell = min(INTERRUPTED_SPELL, max(LEAST_SPELL, self.budget.spent["pictures"] / 4))
        if self._encoded_at == self.trainer.encoder_steps:
            spell -= self.budget.spent["motion"] - self._motion_before
        return spell

    def train_motion(self, seconds: float) -> None:
        """Train the motion model on the present latents."""
        latents = self.encode().to(self.device)
        args = (latents, self.footage.segments, self.hp, self.rng)
        times = self._times("motion", seconds)
        motion_training.learn(self.trainer.recurrent_optimizer, *args, times, self._tell_motion)

    def encode(self) -> Tensor:
        """Return the latents that the averaged autoencoder gives now."""
        if self.latents is None or self._encoded_at != self.trainer.encoder_steps:
            with self.budget.measured("encode"):
                self.latents = image_training.encode(self.trainer.average, self.footage.frames, self._tell_encoded)
            self._encoded_at, self._motion_before = self.trainer.encoder_steps, self.budget.spent["motion"]
        return self.latents

    def parts(self) -> Parts:
        """Return what goes into the dream file now."""
        assert self.latents is not None  # a dream is written after the motion model was trained on them
        footage, trainer = self.footage, self.trainer
        about = (footage.segments, footage.fps, self.memories, self.hp)
        return Parts(trainer.average, trainer.recurrent, self.latents.numpy(), *about)

    def _train_autoencoder(self) -> None:
        times = self._times("pictures", until=self.hp.remember_from if self.hp.remembers else 1.0)
        args = (self.footage.frames, self.material.allowed, self.hp, self.rng, self.trainer.encoder_steps)
        optimizer, average = self.trainer.autoencoder_optimizer, self.trainer.average
        image_training.learn(
            optimizer, average, *args, times, self._tell_autoencoder, self.perceptual, not self.hp.remembers
        )

    def _train_correction(self) -> None:
        latents = self.encode()
        times = self._times("pictures", since=self.hp.remember_from)
        if self._examples is None:
            assert self.memories is not None  # this stage is only for dreams that have some
            footage, allowed = self.footage, self.material.allowed
            appearance = self.memories.appearance
            self._examples = correction.Examples(footage.frames, allowed, footage.segments, self.rng, appearance)
        steps = self.trainer.steps - self.trainer.encoder_steps
        args = (self._examples, latents, self.hp, steps, times, self._tell_correction, self.perceptual)
        correction.learn(self.trainer.autoencoder_optimizer, self.trainer.average, *args)

    def _autoencoder_done(self) -> float:
        """Return the share of the autoencoder's time that has passed."""
        return self.budget.spent["pictures"] / max(1e-6, self.budget.pictures())

    def _times(self, network: str, seconds: float = 0.0, since: float = 0.0, until: float = 1.0) -> Iterator[float]:
        """Yield the share of a network's time that has passed, before each of its steps, until something else is due.

        The autoencoder's time is all it gets in this run, or the part from `since` to `until` of it; the motion model's
        is `seconds` from now.
        """
        budget, begun = self.budget, self.budget.now()
        while True:
            self._between_steps()
            if network == "motion":
                done = (budget.now() - begun) / seconds
            elif budget.early_due():
                done = 1.0
            else:
                done = (self._autoencoder_done() - since) / (until - since)
            if done >= 1:
                return
            self.changed = True
            with budget.learning(network):
                yield done

    def _tell_autoencoder(self, loss: float, psnr: float) -> None:
        self.trainer.steps += 1
        self.trainer.encoder_steps += 1
        self._tell(NAMES[2], loss=loss, dB=psnr)

    def _tell_correction(self, loss: float, psnr: float) -> None:
        self.trainer.steps += 1
        self._tell(NAMES[3], loss=loss, dB=psnr)

    def _tell_motion(self, loss: float) -> None:
        self._tell(NAMES[4], loss=loss)

    def _tell(self, stage: str, **values: float) -> None:
        if self.trainer.skipped:
            values["skipped"] = self.trainer.skipped
        share = min(1.0, self.budget.used() / self.budget.total)
        self.progress.step(numbered(stage), share, self.budget.left(), **values)

    def _tell_encoded(self, done: float) -> None:
        self.interrupt.check()
        self.progress.share(done, ENCODING)

    def _time_encoding(self) -> None:
        """Encode a few frames, to estimate how long all of them will take."""
        some = self.footage.frames[:64]
        image_training.encode(self.trainer.average, some[:32])  # the first call is slower
        with self.budget.measured("encode"):
            image_training.encode(self.trainer.average, some)
        self.budget.costs["encode"] *= len(self.footage.frames) / len(some)
