"""Generator and discriminator in training, and their optimizers."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.optim import Adam

from livedream import UserError

from ..arrays import Indices, Rgb
from ..safe_optimizer import SafeOptimizer
from ..torch_device import half_precision
from .networks import Discriminator, Generator, initialise
from .recipe import LENGTH, Recipe

REAL, GENERATED = 0, 1


class Learner:
    """The networks on one device; the same seed makes the same weights.

    Attributes:
        batch: clips of a step.
        generator: as trained; there is no average.
        discriminator: its opponent.
        steps: iterations so far, of both.
    """

    def __init__(self, recipe: Recipe, device: torch.device, seed: int = 0):
        torch.manual_seed(seed)
        self.recipe, self.device, self.steps = recipe, device, 0
        self.batch = recipe.processor_batch if device.type == "cpu" else recipe.batch
        self.generator, self.discriminator = Generator(recipe), Discriminator(recipe)
        for network in (self.generator, self.discriminator):
            initialise(network, recipe)
            network.to(device)
        self._generating = SafeOptimizer(self.generator, self._adam(self.generator), longest=float("inf"))
        self._judging = SafeOptimizer(self.discriminator, self._adam(self.discriminator), longest=float("inf"))

    def _adam(self, network: torch.nn.Module) -> Adam:
        betas = self.recipe.momentum, 0.999
        return Adam(network.parameters(), self.recipe.learning_rate, betas, fused=self.device.type != "mps")

    @property
    def skipped(self) -> int:
        """Number of batches that were skipped because their gradient was not finite."""
        return self._generating.skipped + self._judging.skipped

    @property
    def rate_factor(self) -> float:
        """Factor on every learning rate."""
        return self._generating.rate_factor

    @rate_factor.setter
    def rate_factor(self, factor: float) -> None:
        self._generating.rate_factor = self._judging.rate_factor = factor

    def learn(
        self,
        frames: Rgb,
        starts: Indices,
        rng: np.random.Generator,
        times: Iterable[float],
        tell: Callable[[dict[str, float]], None],
    ) -> None:
        """Train, an iteration for each of `times`.

        Args:
            frames: the footage, [N, 64, 64, 3].
            starts: numbers of the frames at which the clips to learn from begin.
            rng: chooses clips.
            times: before each iteration, the share of the time that has passed.
            tell: called with figures after each iteration, by name.

        Raises:
            Diverged: too many losses in a row were not finite.
        """
        self.generator.train()
        self.discriminator.train()
        with ThreadPoolExecutor(1) as ahead:  # reads the next clips meanwhile
            following = ahead.submit(clips, frames, rng.choice(starts, self.batch))
            for _ in times:
                real = following.result().to(self.device)
                following = ahead.submit(clips, frames, rng.choice(starts, self.batch))
                found = self.iterate(real)
                if found:
                    self.steps += 1
                    tell(found)

    def iterate(self, real: Tensor) -> dict[str, float]:
        """Take a step of the discriminator, then one of the generator.

        The discriminator sees real and generated clips in batches of their own, as its normalisation needs.

        Args:
            real: clips f32 [B, 3, 32, 64, 64] of -1 to 1.

        Returns:
            Losses and the mask's mean by name; {} where a loss was not finite and a step was skipped.
        """
        recipe, judge = self.recipe, self.discriminator
        rate = recipe.learning_rate
        truth = torch.full((len(real),), REAL, device=self.device)
        noise = torch.randn(len(real), recipe.noise, device=self.device)
        with half_precision(self.device):
            made = self.generator(noise)
            judged = judge(real), judge(made.video.detach())
        loss = cross_entropy(judged[0], truth) + cross_entropy(judged[1], torch.full_like(truth, GENERATED))
        ok = self._judging.step(loss, rate)
        judge.requires_grad_(False)
        with half_precision(self.device):
            believed = judge(made.video)
        mask = made.mask.mean()
        fooling = cross_entropy(believed, truth)
        ok = self._generating.step(fooling + recipe.mask_weight * mask, rate) and ok
        judge.requires_grad_(True)
        if not ok:
            return {}
        return {"G": float(fooling.detach()), "D": float(loss.detach()) / 2, "mask": float(mask.detach())}

    def to_checkpoint(self) -> dict[str, Any]:
        """Return what a checkpoint keeps: tensors and numbers by name."""
        kept = {name: part.state_dict() for name, part in self._parts().items()}
        return {**kept, "slower": self.rate_factor, "steps": self.steps}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Load what a checkpoint kept. Raises UserError when it is of other networks."""
        try:
            for name, part in self._parts().items():
                part.load_state_dict(saved[name])
        except (KeyError, RuntimeError, ValueError, TypeError) as error:
            reason = str(error).strip().splitlines()[0]
            raise UserError(f"the checkpoint does not fit these networks ({reason}); train without --resume") from None
        self.rate_factor, self.steps = saved.get("slower", 1.0), saved["steps"]

    def _parts(self) -> dict[str, torch.nn.Module | torch.optim.Optimizer]:
        """Everything with a state_dict, by its name in the checkpoint."""
        return {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "generator_optimizer": self._generating.optimizer,
            "discriminator_optimizer": self._judging.optimizer,
        }


def clips(frames: Rgb, starts: Indices) -> Tensor:
    """Return the clips of frames [N, H, W, 3] that begin there, f32 [B, 3, 32, H, W] of -1 to 1."""
    taken = torch.from_numpy(np.stack([frames[k : k + LENGTH] for k in starts]))
    return taken.permute(0, 4, 1, 2, 3).float() / 127.5 - 1


def beginnings(segments: tuple[tuple[int, int], ...]) -> Indices:
    """Return the frames at which clips begin that cross no cut. Raises UserError when there is none."""
    found = [np.arange(begin, end - LENGTH + 1) for begin, end in segments]
    starts = np.concatenate([*found, np.zeros(0, np.int64)]).astype(np.int64)
    if not len(starts):
        longest = max(end - begin for begin, end in segments)
        raise UserError(
            f"the footage has no shot of {LENGTH} frames, which a clip of this kind is; its longest has {longest}"
        )
    return starts
