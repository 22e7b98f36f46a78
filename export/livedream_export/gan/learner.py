"""The networks of a gan dream in training: autoencoder, prior, and collage against critic, one after the other."""

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
from ..judges.windows import evenly
from ..kept_pictures import QUALITIES, best_fit, room
from ..safe_optimizer import SafeOptimizer
from ..torch_device import half_precision
from .collage import Collage, nearest
from .components import Axes
from .networks import Critic, Eyes, Flow, augmented
from .recipe import Recipe

NETWORKS = 8e6  # bytes of a dream file beside its memories
PENALTY_STEP = 0.05  # share of the range of grey by which pictures are moved to measure how steep the critic is
PENALTY_EVERY = 4  # steps between two of these measurements
TREMBLE = 0.3  # most that latents are off when a picture is rendered with its own memory, in standard deviations
BALANCE_EVERY = 24  # steps between two measurements of the critic's weight
Tell = Callable[[float, float], None]


class GanLearner:
    """Networks for pictures of one size on one device; the same seed makes the same weights.

    Attributes:
        image: the autoencoder in training, and its average, which is exported.
        axes: on which its latents are whitened.
        flow: the prior in training.
        prior: the average of its weights, which is exported.
        collage: lays remembered pictures together; in training.
        average_collage: the average of its weights, which is exported.
        critic: what the collage is polished against.
        kept: numbers of the frames that are remembered, once they are chosen.
        quality: JPEG quality of these in the file.
        steps: optimizer steps of all networks so far; the critic's count with the collage's.
        prior_steps, polish_steps: those of the prior, and of collage and critic.
        balance: weight of the critic in the collage's loss.
    """

    def __init__(
        self, size: tuple[int, int], recipe: Recipe, device: torch.device, seed: int = 0, eyes: Eyes | None = None
    ):
        self.image = ImageLearner(size, recipe, device, seed)
        self.recipe, self.device, self.eyes = recipe, device, eyes if recipe.critic_eyes else None
        self.axes = Axes(recipe.latent).to(device)
        self.flow = Flow(recipe.latent, recipe).to(device)
        self.prior = copy.deepcopy(self.flow)
        self.collage = Collage(size[1], size[0], recipe).to(device)
        self.average_collage = copy.deepcopy(self.collage)
        self.critic = Critic(recipe, perceptual.CHANNELS if self.eyes else ()).to(device)
        self.prior_optimizer = SafeOptimizer(self.flow, Adam(self.flow.parameters(), lr=recipe.prior_rate))
        self.critic_optimizer = SafeOptimizer(self.critic, Adam(self.critic.parameters(), betas=(0.0, 0.99)))
        adam = Adam(self.collage.parameters(), betas=(0.5, 0.99))
        self.collage_optimizer = SafeOptimizer(self.collage, adam)
        self.steps = self.prior_steps = self.polish_steps = 0
        self.balance = 0.0
        self.kept, self.quality = np.arange(0), QUALITIES[0]
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
        return [self.prior_optimizer, self.critic_optimizer, self.collage_optimizer]

    def _parts(self) -> dict[str, torch.nn.Module | torch.optim.Optimizer]:
        return {
            "axes": self.axes,
            "flow": self.flow,
            "prior": self.prior,
            "collage": self.collage,
            "average_collage": self.average_collage,
            "critic": self.critic,
            "prior_optimizer": self.prior_optimizer.optimizer,
            "critic_optimizer": self.critic_optimizer.optimizer,
            "collage_optimizer": self.collage_optimizer.optimizer,
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

    def remember(self, frames: Rgb, allowed: Indices) -> None:
        """Choose the pictures that are remembered: as many of those allowed as the file has room for, evenly."""
        pixels = frames.shape[1] * frames.shape[2]
        left = room(pixels) - NETWORKS
        self.quality, count = best_fit(frames, allowed, self.recipe.most_memories, left, 4.0 * self.recipe.latent)
        self.kept = allowed[evenly(len(allowed), count)]

    def keys(self, frames: Rgb) -> Tensor:
        """Return the latents of the remembered pictures [M, Z]; they are kept once the encoder learns no more."""
        if self._latents is None or not self.prior_steps:
            self._latents = torch.from_numpy(self.latents(frames[self.kept])).to(self.device)
        return self._latents

    def polish(
        self,
        frames: Rgb,
        rng: np.random.Generator,
        times: Iterable[float],
        tell: Tell,
        loss: perceptual.PictureLoss | None,
    ) -> None:
        """Train collage and critic against one another, one step of both for each of `times`.

        The collage also learns to render the remembered pictures, half of them without their own memory.

        Args:
            frames: the material, [N, H, W, 3].
            rng: chooses frames.
            times: before each step, the share of the time for it that has passed, 0 to 1.
            tell: called with the critic's lead (how surely it tells the two apart) and PSNR in dB after each step.
            loss: the perceptual loss, or None.

        Raises:
            Diverged: too many losses in a row were not finite.
        """
        keys, hp, count = self.keys(frames), self.recipe, self.recipe.polish_batch
        collage = self.collage.train()
        for done in times:
            drawn = self.drawn_latents(count)
            numbers = torch.from_numpy(rng.integers(0, len(keys), count)).to(self.device)
            known, by_itself = self._rendered_from(keys, numbers)
            remembered, weights = (torch.cat(both) for both in zip(nearest(drawn, keys), by_itself, strict=True))
            real = self._pictures(frames, numbers)
            rate = min(1.0, 1.6 * (1 - done)) * min(1.0, (self.polish_steps + 1) / 50)
            with half_precision(self.device):
                pictures = self._laid(collage, torch.cat([drawn, known]), frames, remembered, weights)
                made, rendered = pictures.chunk(2)
                self.critic_optimizer.step(self._critic_loss(real, made.detach()), hp.critic_rate * max(0.05, rate))
                total, lead, square = self._collage_loss(real, made, rendered, loss)
            if self.collage_optimizer.step(total, hp.collage_rate * max(0.05, rate)):
                self.polish_steps, self.steps = self.polish_steps + 1, self.steps + 1
                _follow(self.average_collage, collage, min(hp.ema_decay, self.polish_steps / (10 + self.polish_steps)))
                tell(lead, -10 * float(square.log10()))

    def _rendered_from(self, keys: Tensor, numbers: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return latents to render remembered pictures from, and the memories for it with their weights.

        The first half goes without its own memory; the rest is slightly off, as the dream's latents are.
        """
        half = len(numbers) // 2
        off = torch.rand(len(numbers) - half, 1, device=self.device) * TREMBLE * keys.std(0)
        known = torch.cat([keys[numbers[:half]], keys[numbers[half:]] + off * torch.randn_like(keys[numbers[half:]])])
        found = nearest(known[:half], keys, numbers[:half]), nearest(known[half:], keys)
        return known, (torch.cat([each[0] for each in found]), torch.cat([each[1] for each in found]))

    def _pictures(self, frames: Rgb, numbers: Tensor) -> Tensor:
        """Return remembered pictures by number, [..., 3, H, W] in 0..1; numbers: int64 [...]."""
        found = training.to_batch(frames, self.kept[numbers.flatten().cpu().numpy()], self.device)
        return found.view(*numbers.shape, *found.shape[1:])

    def _laid(self, collage: Collage, latents: Tensor, frames: Rgb, numbers: Tensor, weights: Tensor) -> Tensor:
        """Return pictures [B, 3, H, W] of latents; the decoder that sketches them learns no more."""
        decoder = self.image.average.decoder.eval()
        with torch.no_grad():
            features = decoder.body(latents)
            plain = decoder.coarse(features)
            memories, keys = self._pictures(frames, numbers), self.axes.white(self.keys(frames))[numbers]
            white, recall = self.axes.white(latents), torch.ones_like(latents[:, :1])
        laid: Tensor = collage(features, plain, white, memories, keys, weights, recall)
        return laid

    @torch.no_grad()
    def sketch(self, latents: Tensor) -> Rgb:
        """Return the coarse pictures of latents [N, Z], as large as the others: [N, H, W, 3]."""
        decoder = self.image.average.decoder.eval()
        return _to_pixels(F.interpolate(decoder.coarse(decoder.body(latents)), scale_factor=2, mode="bilinear"))

    @torch.no_grad()
    def render(self, latents: Tensor, frames: Rgb) -> Rgb:
        """Return pictures [N, H, W, 3] of latents [N, Z], as the averages lay them together now."""
        keys, collage, found = self.keys(frames), self.average_collage.eval(), []
        for each in torch.split(latents.to(self.device), self.recipe.polish_batch):
            numbers, weights = nearest(each, keys)
            found.append(_to_pixels(self._laid(collage, each, frames, numbers, weights)))
        return np.concatenate(found)

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

    def _collage_loss(
        self, real: Tensor, made: Tensor, rendered: Tensor, loss: perceptual.PictureLoss | None
    ) -> tuple[Tensor, float, Tensor]:
        """Return the collage's loss, the critic's lead, and the mean squared error of rendered pictures."""
        hp = self.recipe
        self.critic.requires_grad_(False)
        said = [head.chunk(2) for head in self.said(augmented(torch.cat([real, made])))]
        self.critic.requires_grad_(True)
        fooled = torch.stack([F.softplus(true - false).mean() for true, false in said]).mean()
        lead = float(torch.stack([(true - false).mean() for true, false in said]).mean().detach())
        error, square = difference(rendered, real, hp)
        if loss:
            error = error + hp.perceptual_weight * loss(rendered.clamp(0, 1), real)
        if self.polish_steps % BALANCE_EVERY == 0:
            self.balance = self._balance(error, fooled)
        return error + self.balance * fooled, lead, square.detach()

    def _balance(self, error: Tensor, fooled: Tensor) -> float:
        """Return the weight with which the critic moves one of the last layers by a share of what the error does.

        As Esser, Rombach and Ommer do it, "Taming Transformers", CVPR 2021, but now and then only, and slowly.
        """
        last = self.collage.block.second.weight
        lengths = [torch.autograd.grad(each, last, retain_graph=True)[0].norm() for each in (error, fooled)]
        wanted = self.recipe.adversarial_share * float(lengths[0] / (lengths[1] + 1e-8))
        wanted = min(1.0, wanted) if np.isfinite(wanted) else self.balance
        return wanted if not self.balance else 0.7 * self.balance + 0.3 * wanted


@torch.no_grad()
def _follow(average: torch.nn.Module, network: torch.nn.Module, keep: float) -> None:
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - keep)


def _to_pixels(pictures: Tensor) -> Rgb:
    """Turn pictures [N, 3, H, W] in 0..1 into uint8 [N, H, W, 3]."""
    return np.asarray((pictures.float().clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu())
