"""Trains the autoencoder on the footage's frames, at half their sides first and then in full size, and uses it."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import preview
from ..arrays import Floats, Indices, Rgb
from ..safe_optimizer import SafeOptimizer
from ..torch_device import half_precision
from .networks import Autoencoder
from .perceptual import PictureLoss
from .recipe import PictureRecipe


def to_batch(frames: Rgb, index: Indices | Sequence[int] | slice, device: torch.device) -> Tensor:
    """Return the frames at `index` as float [B, 3, H, W] in 0..1 on `device`, channels last."""
    batch = torch.from_numpy(np.array(frames[index]))
    if device.type == "cuda":
        batch = batch.pin_memory()
    return batch.to(device, non_blocking=True).permute(0, 3, 1, 2).float().div_(255)


def learn(
    optimizer: SafeOptimizer[Autoencoder],
    average: Autoencoder,
    frames: Rgb,
    allowed: Indices,
    hp: PictureRecipe,
    rng: np.random.Generator,
    steps: int,
    times: Iterable[float],
    tell: Callable[[float, float], None],
    perceptual: PictureLoss | None = None,
    full_size: bool = True,
) -> None:
    """Train the autoencoder, one step for each of `times`.

    Args:
        optimizer: of the autoencoder.
        average: follows as the exponential moving average of the weights.
        frames: the footage, [N, H, W, 3].
        allowed: numbers of the frames to learn from.
        hp: the recipe.
        rng: chooses frames.
        steps: how many were taken before.
        times: before each step, the share of the autoencoder's time that has passed, 0 to 1.
        tell: called with loss and PSNR in dB after each step.
        perceptual: a further loss, or None.
        full_size: False never renders the last level.

    Raises:
        Diverged: too many losses in a row were not finite.
    """
    autoencoder = optimizer.network.train()
    device = next(autoencoder.parameters()).device
    with ThreadPoolExecutor(1) as ahead:  # reads the next batch meanwhile
        following = ahead.submit(to_batch, frames, rng.choice(allowed, hp.batch), device)
        for done in times:
            batch = following.result()
            following = ahead.submit(to_batch, frames, rng.choice(allowed, hp.batch), device)
            fine = full_size and done >= hp.full_size_from
            extra = perceptual if fine and done >= hp.perceptual_from else None
            with half_precision(device):
                loss, square = autoencoder.loss(batch, hp, fine, np.clip(rng.uniform(-0.3, 1.3, 2), 0, 1), extra)
            warm = max((steps + 1) / hp.warmup_steps, done / 0.05)  # shorter in a short run
            rate = hp.learning_rate * min(1.0, warm) * max(0.02, min(1.0, 1.6 * (1 - done)))
            if optimizer.step(loss, rate):
                steps += 1
                update_average(average, autoencoder, steps, hp)
                tell(float(loss.detach()), -10 * float(square.log10()))


@torch.no_grad()
def update_average(average: nn.Module, autoencoder: nn.Module, steps: int, hp: PictureRecipe) -> None:
    """Update the exponential moving average of the weights after `steps` steps."""
    keep = min(hp.ema_decay, (1 + steps) / (10 + steps))
    torch._foreach_lerp_(list(average.parameters()), list(autoencoder.parameters()), 1 - keep)


@torch.no_grad()
def encode(autoencoder: Autoencoder, frames: Rgb, tell: Callable[[float], None] = lambda done: None) -> Tensor:
    """Return the mean latents of all frames, f32 [N, Z] on the CPU. tell(share done) is called after each batch."""
    device = next(autoencoder.parameters()).device
    autoencoder.eval()
    latents = []
    for k in range(0, len(frames), 32):
        batch = to_batch(frames, slice(k, k + 32), device)
        with half_precision(device):
            latents.append(autoencoder.encoder(batch)[0].float().cpu())
        tell(min(1.0, (k + 32) / len(frames)))
    return torch.cat(latents)


@torch.no_grad()
def renders_full_size(autoencoder: Autoencoder, latents: Tensor) -> bool:
    """Whether the decoder's last level is trained.

    It is when its pictures of some of `latents` [N, Z], reduced to half their sides, agree with the half-size ones.
    """
    decoder = autoencoder.decoder.eval()
    z = latents[:: max(1, len(latents) // 8)][:8].to(next(decoder.parameters()).device)
    features = decoder.body(z)
    coarse = decoder.coarse(features)
    difference = F.avg_pool2d(decoder.fine(features, z), 2) - coarse
    return bool(difference.square().mean() < 0.1 * coarse.var() + 1e-3)


@torch.no_grad()
def lesson(autoencoder: Autoencoder, frames: Rgb, full_size: bool = True) -> Rgb:
    """Return frames [N, H, W, 3] as the autoencoder renders them, as one picture.

    full_size: False where the last level is never trained; else it is rendered once it is.
    """
    latents, decoder = encode(autoencoder, frames), autoencoder.decoder.eval()
    decoder.full_size = full_size and renders_full_size(autoencoder, latents)
    drawn = decoder(latents.to(next(decoder.parameters()).device)).float()
    decoder.full_size = True
    return preview.grid(np.asarray((drawn * 255).round().byte().permute(0, 2, 3, 1).cpu()))


def psnr(a: Rgb, b: Rgb) -> Floats:
    """Return the peak signal to noise ratio of each pair of pictures [B, H, W, 3], dB [B]."""
    error = np.stack([np.square(x.astype(np.float32) - y).mean() for x, y in zip(a, b, strict=True)])
    decibels: Floats = 10 * np.log10(255**2 / np.maximum(error, 1e-6))
    return decibels
