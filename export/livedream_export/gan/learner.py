"""The networks of a gan dream in training: autoencoder, prior and critic, one after the other."""

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim import Adam

from livedream import UserError

from ..arrays import Floats, Indices, Rgb
from ..image_model import perceptual, training
from ..image_model.learner import ImageLearner
from ..image_model.networks import difference
from ..safe_optimizer import SafeOptimizer
from ..torch_device import half_precision
from .components import Axes
from .networks import Critic, Eyes, Flow, augmented
from .recipe import Recipe

PENALTY_STEP = 0.05  # share of the range of grey by which pictures are moved to measure how steep the critic is
PENALTY_EVERY = 4  # steps between two of these measurements
BALANCE_EVERY = 24  # steps between two measurements of the critic's weight
Tell = Callable[[float, float], None]


class GanLearner:
    """Networks for pictures of one size on one device; the same seed makes the same weights.

    Attributes:
        image: the autoencoder in training, and its average, which is exported.
        axes: on which its latents are whitened.
        flow: the prior in training.
        prior: the average of its weights, which is exported.
        critic: what the decoder is polished against.
        steps: optimizer steps of all networks so far; the critic's count with the decoder's.
        prior_steps, polish_steps: those of the prior, and of decoder and critic.
        balance: weight of the critic in the decoder's loss.
    """

    def __init__(
        self, size: tuple[int, int], recipe: Recipe, device: torch.device, seed: int = 0, eyes: Eyes | None = None
    ):
        self.image = ImageLearner(size, recipe, device, seed)
        self.recipe, self.device, self.eyes = recipe, device, eyes if recipe.critic_eyes else None
        self.axes = Axes(recipe.latent).to(device)
        self.flow = Flow(recipe.latent, recipe).to(device)
        self.prior = copy.deepcopy(self.flow)
        self.critic = Critic(recipe, perceptual.CHANNELS if self.eyes else ()).to(device)
        self.prior_optimizer = SafeOptimizer(self.flow, Adam(self.flow.parameters(), lr=recipe.prior_rate))
        self.critic_optimizer = SafeOptimizer(self.critic, Adam(self.critic.parameters(), betas=(0.0, 0.99)))
        decoder = self.image.autoencoder.decoder
        self.decoder_optimizer = SafeOptimizer(decoder, Adam(decoder.parameters(), betas=(0.5, 0.99)))
        self.steps = self.prior_steps = self.polish_steps = 0
        self.balance = 0.0
        self._latents: Tensor | None = None

    # -- what every learner has -----------------------------------------------------------------------------------

    @property
    def skipped(self) -> int:
        """Number of batches that were skipped because their gradient was not finite."""
        return self.image.skipped + sum(each.skipped for each in self._optimizers())

    @property
    def rate_factor(self) -> float:
        """Factor on every learning rate."""
        return self.image.rate_factor

    @rate_factor.setter
    def rate_factor(self, factor: float) -> None:
        self.image.rate_factor = factor
        for each in self._optimizers():
            each.rate_factor = factor

    def to_checkpoint(self) -> dict[str, Any]:
        """Return what a checkpoint keeps: tensors and numbers by name."""
        kept = {name: part.state_dict() for name, part in self._parts().items()}
        counts = {"prior_steps": self.prior_steps, "polish_steps": self.polish_steps, "balance": self.balance}
        image = self.image.to_checkpoint()
        return {**image, **kept, **counts, "image_steps": self.image.steps, "steps": self.steps}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Load what a checkpoint kept. Raises UserError when it is of other networks."""
        self._latents = None
        try:
            self.image.restore({**saved, "steps": saved["image_steps"]})
            for name, part in self._parts().items():
                if name in saved:
                    part.load_state_dict(saved[name])
            self.steps, self.prior_steps, self.polish_steps = (
                saved[name] for name in ("steps", "prior_steps", "polish_steps")
            )
            self.balance = saved["balance"]
        except (KeyError, RuntimeError, ValueError, TypeError) as error:
            reason = str(error).strip().splitlines()[0]
            raise UserError(f"the checkpoint does not fit these networks ({reason}); train without --resume") from None
        self.rate_factor = self.image.rate_factor

    def _optimizers(self) -> list[SafeOptimizer[Any]]:
        return [self.prior_optimizer, self.critic_optimizer, self.decoder_optimizer]

    def _parts(self) -> dict[str, torch.nn.Module | torch.optim.Optimizer]:
        return {
            "axes": self.axes,
            "flow": self.flow,
            "prior": self.prior,
            "critic": self.critic,
            "prior_optimizer": self.prior_optimizer.optimizer,
            "critic_optimizer": self.critic_optimizer.optimizer,
            "decoder_optimizer": self.decoder_optimizer.optimizer,
        }

    # -- pictures and prior ----------------------------------------------------------------------------------------

    def learn_pictures(
        self,
        frames: Rgb,
        allowed: Indices,
        rng: np.random.Generator,
        times: Iterable[float],
        tell: Tell,
        loss: perceptual.PictureLoss | None,
    ) -> None:
        """Train the autoencoder, one step for each of `times`; takes and raises what `polish` does."""

        def told(error: float, decibels: float) -> None:
            self.steps += 1
            tell(error, decibels)

        self.image.learn(frames, allowed, rng, times, told, loss)

    def latents(self, frames: Rgb) -> Floats:
        """Return the latents of all pictures by the averaged encoder, f32 [N, Z]."""
        found: Floats = training.encode(self.image.average, frames).numpy()
        return found

    def learn_prior(
        self, frames: Rgb, allowed: Indices, rng: np.random.Generator, times: Iterable[float], tell: Tell
    ) -> None:
        """Train the prior on the latents of pictures, one step for each of `times`. tell(loss, 0) after each."""
        latents = self.latents(frames)
        if not self.prior_steps:
            self.axes.measure(latents[allowed])
        white = self.axes.white(torch.from_numpy(latents[allowed]).to(self.device))
        hp = self.recipe
        for done in times:
            batch = white[torch.from_numpy(rng.integers(0, len(white), hp.prior_batch))]
            loss = self.flow.loss(batch + hp.prior_noise * torch.randn_like(batch))
            if self.prior_optimizer.step(loss, hp.prior_rate * max(0.02, min(1.0, 1.5 * (1 - done)))):
                self.prior_steps, self.steps = self.prior_steps + 1, self.steps + 1
                _follow(self.prior, self.flow, min(0.995, self.prior_steps / (10 + self.prior_steps)))
                tell(float(loss.detach()), 0.0)

    @torch.no_grad()
    def drawn_latents(self, count: int) -> Tensor:
        """Return latents [count, Z] as the dream will draw them."""
        return self.axes.latent(self.prior(torch.randn(count, self.recipe.latent, device=self.device)))

    # -- the polish -----------------------------------------------------------------------------------------------

    def polish(
        self,
        frames: Rgb,
        allowed: Indices,
        rng: np.random.Generator,
        times: Iterable[float],
        tell: Tell,
        loss: perceptual.PictureLoss | None,
    ) -> None:
        """Train decoder and critic against one another, one step of both for each of `times`.

        The decoder also goes on rendering the material, and what it draws has to be found again by the encoder.

        Args:
            frames: the material, [N, H, W, 3].
            allowed: numbers of the frames to learn from.
            rng: chooses frames.
            times: before each step, the share of the time for it that has passed, 0 to 1.
            tell: called with the critic's lead (how surely it tells the two apart) and PSNR in dB after each step.
            loss: the perceptual loss, or None.

        Raises:
            Diverged: too many losses in a row were not finite.
        """
        if not self.polish_steps:  # the average is better than the last weights
            self.image.autoencoder.load_state_dict(self.image.average.state_dict())
        if self._latents is None:
            self._latents = torch.from_numpy(self.latents(frames)).to(self.device)
        hp, model = self.recipe, self.image.autoencoder.train().requires_grad_(True)
        model.encoder.requires_grad_(False)
        for done in times:
            index = rng.choice(allowed, hp.polish_batch)
            real = training.to_batch(frames, index, self.device)
            drawn = self.drawn_latents(hp.polish_batch)
            rate = min(1.0, 1.6 * (1 - done)) * min(1.0, (self.polish_steps + 1) / 50)
            with half_precision(self.device):
                made = model.decoder(drawn)
                self.critic_optimizer.step(self._critic_loss(real, made.detach()), hp.critic_rate * max(0.05, rate))
                total, lead, square = self._decoder_loss(real, made, drawn, self._latents[index], loss)
            if self.decoder_optimizer.step(total, hp.decoder_rate * max(0.05, rate)):
                self.polish_steps, self.steps = self.polish_steps + 1, self.steps + 1
                _follow(self.image.average.decoder, model.decoder, hp.ema_decay)
                tell(lead, -10 * float(square.log10()))
        model.requires_grad_(True)

    def said(self, pictures: Tensor) -> list[Tensor]:
        """Return what the critic says of pictures [B, 3, H, W] in 0..1, as Critic does."""
        features = self.eyes(pictures.clamp(0, 1)) if self.eyes else []
        found: list[Tensor] = self.critic(pictures, features)
        return found

    def _critic_loss(self, real: Tensor, made: Tensor) -> Tensor:
        """Relativistic pairing with R1 and R2 (Huang et al., "The GAN is dead; long live the GAN!", 2024).

        How steep the critic is, is measured by moving its pictures a little: no second derivative is needed.
        """
        pictures, count = augmented(torch.cat([real, made])), 2 * len(real)
        steep = self.polish_steps % PENALTY_EVERY == 0
        if steep:
            pictures = torch.cat([pictures, pictures + PENALTY_STEP * torch.randn_like(pictures)])
        total = torch.zeros((), device=self.device)
        said = self.said(pictures)
        for head in said:
            true, false = head[:count].chunk(2)
            total = total + F.softplus(false - true).mean()
            if steep:
                moved = (head[:count] - head[count:]).square().mean()
                total = total + PENALTY_EVERY * self.recipe.penalty * moved
        return total / len(said)

    def _decoder_loss(
        self, real: Tensor, made: Tensor, drawn: Tensor, latents: Tensor, loss: perceptual.PictureLoss | None
    ) -> tuple[Tensor, float, Tensor]:
        """Return the decoder's loss, the critic's lead, and the mean squared error of rendered pictures."""
        hp, model = self.recipe, self.image.autoencoder
        self.critic.requires_grad_(False)
        said = [head.chunk(2) for head in self.said(augmented(torch.cat([real, made])))]
        self.critic.requires_grad_(True)
        fooled = torch.stack([F.softplus(true - false).mean() for true, false in said]).mean()
        lead = float(torch.stack([(true - false).mean() for true, false in said]).mean().detach())
        rendered = model.decoder(latents)
        error, square = difference(rendered, real, hp)
        if loss:
            error = error + hp.perceptual_weight * loss(rendered, real)
        if self.polish_steps % BALANCE_EVERY == 0:
            self.balance = self._balance(error, fooled)
        total = error + self.balance * fooled
        if hp.recover_weight:
            found = self.axes.white(model.encoder(made)[0].float())
            total = total + hp.recover_weight * F.smooth_l1_loss(found, self.axes.white(drawn))
        return total, lead, square.detach()

    def _balance(self, error: Tensor, fooled: Tensor) -> float:
        """Return the weight with which the critic moves the last layer by a share of what the error does.

        As Esser, Rombach and Ommer do it, "Taming Transformers", CVPR 2021, but now and then only, and slowly.
        """
        last = self.image.autoencoder.decoder.head.last.weight
        lengths = [torch.autograd.grad(each, last, retain_graph=True)[0].norm() for each in (error, fooled)]
        wanted = self.recipe.adversarial_share * float(lengths[0] / (lengths[1] + 1e-8))
        wanted = min(1.0, wanted) if np.isfinite(wanted) else self.balance
        return wanted if not self.balance else 0.7 * self.balance + 0.3 * wanted


@torch.no_grad()
def _follow(average: torch.nn.Module, network: torch.nn.Module, keep: float) -> None:
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - keep)
