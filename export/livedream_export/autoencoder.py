"""Training the autoencoder on the footage's frames: half resolution first, then whole."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from .hyperparameters import Hyperparameters
from .networks import Autoencoder


def held_out(count: int, fps: float) -> np.ndarray:
    """Which frames are never trained on, bool [count]: the last second of every ten."""
    return (np.arange(count) / fps).astype(int) % 10 == 9


def pictures(frames: np.ndarray, index, device: torch.device) -> Tensor:
    """Frames as float [B, 3, H, W] in 0..1 on `device`."""
    batch = torch.from_numpy(frames[np.sort(np.asarray(index))]).to(device, non_blocking=True)
    return batch.permute(0, 3, 1, 2).float().div_(255)


def learn(
    autoencoder: Autoencoder,
    average: Autoencoder,
    optimizer: torch.optim.Optimizer,
    frames: np.ndarray,
    allowed: np.ndarray,
    hp: Hyperparameters,
    rng: np.random.Generator,
    steps_done: int,
    progress: Callable[[], float],
    until: float,
    tell: Callable[[float, float], None],
) -> int:
    """Train until progress() (0 to 1 over all of the autoencoder's time) reaches `until`; returns the steps done.

    frames: uint8 [N, H, W, 3]. allowed: indices to draw from. `average` follows as the exponential mean of the weights.
    tell(loss, psnr) follows each step.
    """
    device = next(autoencoder.parameters()).device
    autoencoder.train()
    while (done := progress()) < until:
        rate = hp.rate * min(1.0, (steps_done + 1) / hp.warmup_steps) * max(0.02, min(1.0, 1.6 * (1 - done)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        batch = pictures(frames, rng.choice(allowed, hp.batch), device).to(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16):
            loss, square = autoencoder.loss(batch, hp, done >= hp.coarse, rng.uniform(size=2))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(autoencoder.parameters(), 1.0)
        optimizer.step()
        steps_done += 1
        keep = min(hp.average, (1 + steps_done) / (10 + steps_done))
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(autoencoder.parameters()), 1 - keep)
        tell(float(loss.detach()), -10 * float(square.log10()))
    return steps_done


@torch.no_grad()
def encode(
    autoencoder: Autoencoder, frames: np.ndarray, tell: Callable[[float], None] = lambda done: None
) -> Tensor:
    """Mean latents of all frames, float32 [N, Z] on the CPU. tell(share done) follows each batch."""
    device = next(autoencoder.parameters()).device
    autoencoder.eval()
    latents = []
    for k in range(0, len(frames), 32):
        batch = pictures(frames, range(k, min(k + 32, len(frames))), device).to(
            memory_format=torch.channels_last
        )
        with torch.autocast(device.type, torch.bfloat16):
            latents.append(autoencoder.encoder(batch)[0].float().cpu())
        tell((k + 32) / len(frames))
    return torch.cat(latents)


@torch.no_grad()
def reconstruct(autoencoder: Autoencoder, frames: np.ndarray, index) -> np.ndarray:
    """Frames through the autoencoder and back, uint8 [B, H, W, 3], 8 at a time."""
    device = next(autoencoder.parameters()).device
    autoencoder.eval()
    drawn = []
    for k in range(0, len(index), 8):
        batch = pictures(frames, index[k : k + 8], device).to(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16):
            drawn.append(autoencoder.decoder(autoencoder.encoder(batch)[0].float()))
    return (torch.cat(drawn).float().clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def psnr(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Peak signal to noise ratio of each picture pair, dB [B]; a, b: uint8 [B, H, W, 3]."""
    error = np.stack([np.square(x.astype(np.float32) - y).mean() for x, y in zip(a, b, strict=True)])
    return 10 * np.log10(255**2 / np.maximum(error, 1e-6))
