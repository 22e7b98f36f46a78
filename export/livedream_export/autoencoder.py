"""Training the autoencoder on the footage's frames: half resolution first, then whole. And using it."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .descent import Descent
from .hyperparameters import Hyperparameters
from .networks import Autoencoder
from .torch_device import half_precision


def held_out(count: int, fps: float) -> np.ndarray:
    """Which frames the autoencoder never learns, bool [count]: the last second of every ten."""
    return (np.arange(count) / fps).astype(int) % 10 == 9


def pictures(frames: np.ndarray, index, device: torch.device) -> Tensor:
    """The frames at `index` (indices or a slice) as float [B, 3, H, W] in 0..1 on `device`, channels last."""
    batch = torch.from_numpy(np.array(frames[index]))
    if device.type == "cuda":
        batch = batch.pin_memory()
    return batch.to(device, non_blocking=True).permute(0, 3, 1, 2).float().div_(255)


def learn(
    descent: Descent,
    average: Autoencoder,
    frames: np.ndarray,
    allowed: np.ndarray,
    hp: Hyperparameters,
    rng: np.random.Generator,
    steps: int,
    times: Iterable[float],
    tell: Callable[[float, float], None],
    perceptual: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> None:
    """One step for each of `times`: how much of the autoencoder's time has passed, 0 to 1.

    frames: uint8 [N, H, W, 3]. allowed: indices to draw from. steps: taken before. `average` follows as the
    exponential mean of the weights. tell(loss, psnr) comes after each step. perceptual: a loss of pictures, or None.
    Raises Diverged.
    """
    autoencoder = descent.network.train()
    device = next(autoencoder.parameters()).device
    with ThreadPoolExecutor(1) as ahead:  # reads the next batch meanwhile
        following = ahead.submit(pictures, frames, rng.choice(allowed, hp.batch), device)
        for done in times:
            batch = following.result()
            following = ahead.submit(pictures, frames, rng.choice(allowed, hp.batch), device)
            fine = done >= hp.coarse and not hp.remembers
            sees = perceptual if fine and done >= hp.perceptual_from else None
            with half_precision(device):
                loss, square = autoencoder.loss(batch, hp, fine, np.clip(rng.uniform(-0.3, 1.3, 2), 0, 1), sees)
            warm = max((steps + 1) / hp.warmup_steps, done / 0.05)  # in a short run sooner
            rate = hp.rate * min(1.0, warm) * max(0.02, min(1.0, 1.6 * (1 - done)))
            if descent.step(loss, rate):
                steps += 1
                averaged(average, autoencoder, steps, hp)
                tell(float(loss.detach()), -10 * float(square.log10()))


@torch.no_grad()
def averaged(average: Autoencoder, autoencoder: Autoencoder, steps: int, hp: Hyperparameters) -> None:
    """Let `average` follow as the exponential mean of the weights; `steps` have been taken."""
    keep = min(hp.average, (1 + steps) / (10 + steps))
    torch._foreach_lerp_(list(average.parameters()), list(autoencoder.parameters()), 1 - keep)


@torch.no_grad()
def encode(autoencoder: Autoencoder, frames: np.ndarray, tell: Callable[[float], None] = lambda done: None) -> Tensor:
    """Mean latents of all frames, float32 [N, Z] on the CPU. tell(share done) comes after each batch."""
    device = next(autoencoder.parameters()).device
    autoencoder.eval()
    latents = []
    for k in range(0, len(frames), 32):
        batch = pictures(frames, slice(k, k + 32), device)
        with half_precision(device):
            latents.append(autoencoder.encoder(batch)[0].float().cpu())
        tell(min(1.0, (k + 32) / len(frames)))
    return torch.cat(latents)


@torch.no_grad()
def reconstruct(autoencoder: Autoencoder, frames: np.ndarray, index) -> np.ndarray:
    """Frames through the autoencoder and back, uint8 [B, H, W, 3], 8 at a time."""
    device = next(autoencoder.parameters()).device
    autoencoder.eval()
    drawn = []
    for k in range(0, len(index), 8):
        batch = pictures(frames, index[k : k + 8], device)
        with half_precision(device):
            drawn.append(autoencoder.decoder(autoencoder.encoder(batch)[0].float()).float())
    return (torch.cat(drawn).clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()


@torch.no_grad()
def draws_whole(autoencoder: Autoencoder, latents: Tensor) -> bool:
    """Whether the decoder's last level has learned to draw: made half as large, its pictures of some of `latents`
    [N, Z] agree with the half-size ones."""
    decoder = autoencoder.decoder.eval()
    z = latents[:: max(1, len(latents) // 8)][:8].to(next(decoder.parameters()).device)
    features = decoder.body(z)
    coarse = decoder.coarse(features)
    apart = F.avg_pool2d(decoder.fine(features, z), 2) - coarse
    return bool(apart.square().mean() < 0.1 * coarse.var() + 1e-3)


def psnr(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Peak signal to noise ratio of each picture pair, dB [B]; a, b: uint8 [B, H, W, 3]."""
    error = np.stack([np.square(x.astype(np.float32) - y).mean() for x, y in zip(a, b, strict=True)])
    return 10 * np.log10(255**2 / np.maximum(error, 1e-6))
