"""Training what corrects memories: on frames whose own memory is left out, so that it learns what memories lack.

Four kinds of example. *Found*: a frame, and the frames that look most like it but lie elsewhere in the footage.
*Between*: a frame, and one before and after it, moved by the flow measured between them. *Seam*: a frame, and a lighter
memory of a place that is alike. *Exact*: a frame and its own memory, with a latent that is a little off: nothing is to
be corrected there, however the dream's latents tremble.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .appearance import Looks
from .autoencoder import averaged, pictures
from .descent import Descent
from .hyperparameters import Hyperparameters
from .memories import FLOW, optical_flow
from .networks import Autoencoder, difference
from .remembering import Seen, apart, warp
from .torch_device import half_precision
from .walk import later

KINDS = ("found", "between", "seam", "exact")
SHARES = (0.45, 0.25, 0.15, 0.15)
BESIDE = 8  # frames around its own that a frame may not be found in
NEAREST = 4  # of the frames found, one is taken
WIDE = 160  # pixels on a side, above which only a window of about that is drawn
CELL = 32  # pixels that a window is aligned to
SEARCHED = 6000  # frames at most that are looked through


class Example(NamedTuple):
    """wanted: the frame. memories: two frames. weight: theirs, adding up to 1. motion: of the first, f32 [2, h, w].
    tremble: how far the latent is off, at most, in its deviations."""

    wanted: int
    memories: tuple[int, int]
    weight: tuple[float, float]
    motion: np.ndarray
    tremble: float


class Examples:
    """Draws examples from frames uint8 [N, H, W, 3] at the indices `allowed`; segments: the shots, [start, stop)."""

    def __init__(self, frames: np.ndarray, allowed: np.ndarray, segments, rng: np.random.Generator):
        self.frames, self.allowed, self.rng = frames, allowed, rng
        few = allowed[np.linspace(0, len(allowed) - 1, min(SEARCHED, len(allowed))).astype(int)]
        self.looks = Looks(frames, allowed)
        self.searched, self.look = few, self.looks(frames, few)
        self.squares = np.square(self.look).sum(1)
        self.shot = np.full(len(frames), -1)  # -1 where a frame may not be learned
        self.shot[allowed] = np.searchsorted([stop for _, stop in segments], allowed, "right")
        self.still = np.zeros((2, frames.shape[1] // FLOW, frames.shape[2] // FLOW), np.float32)

    def one(self) -> Example:
        """One of a kind drawn by chance."""
        kind = self.rng.choice(KINDS, p=SHARES)
        if kind == "between" and (found := self._between()):
            return found
        wanted = int(self.rng.choice(self.allowed))
        found = self._alike(wanted)
        first, second = self.rng.permutation(found[:NEAREST])[:2] if len(found) > 1 else (found[0], found[0])
        weight = float(self.rng.uniform(0.5, 1.0))
        if kind == "exact":
            return Example(wanted, (wanted, int(first)), (1.0, 0.0), self.still, 0.4)
        if kind == "seam":
            return Example(wanted, (wanted, int(first)), (weight, 1 - weight), self.still, 0.1)
        weight = 1.0 if self.rng.uniform() < 0.6 else weight
        return Example(wanted, (int(first), int(second)), (weight, 1 - weight), self.still, 0.1)

    def _alike(self, wanted: int) -> np.ndarray:
        """Frames that look like `wanted` but are not beside it, the most alike first."""
        far = self.squares - 2 * self.look @ self.looks(self.frames, [wanted])[0]
        near = min(BESIDE, max(1, len(self.allowed) // 8))
        far[np.abs(self.searched - wanted) <= near] = np.inf
        best = np.argpartition(far, min(12, len(far) - 1))[:12]
        best = best[np.argsort(far[best])]
        return self.searched[best[np.isfinite(far[best])]]

    def _between(self) -> Example | None:
        wanted = int(self.rng.choice(self.allowed))
        before, after = (int(self.rng.integers(1, 4)) for _ in range(2))
        first, second = wanted - before, wanted + after
        if first < 0 or second >= len(self.frames) or (self.shot[first : second + 1] != self.shot[wanted]).any():
            return None
        flow = optical_flow(self.frames[first], self.frames[second])
        if np.abs(flow).max() > 0.3 * self.frames.shape[2]:  # a cut that was not found
            return None
        part = before / (before + after)
        rising = float(later(torch.tensor(part)))
        if rising < 0.5:
            return Example(wanted, (first, second), (1 - rising, rising), -part * flow, 0.1)
        return Example(wanted, (second, first), (rising, 1 - rising), (1 - part) * flow, 0.1)


class Batch(NamedTuple):
    """latent [B, Z], as drawn; white [B, Z], the same whitened; away [B, Z], how far that is from what the memories
    show; wanted [B, 3, H, W] and memories [B, 2, 3, H, W] in 0..1; motion [B, 2 (x, y), h, w] of the first memory, in
    pixels; weight [B, 2]."""

    latent: Tensor
    white: Tensor
    away: Tensor
    wanted: Tensor
    memories: Tensor
    motion: Tensor
    weight: Tensor


def batch(examples: Examples, latents: Tensor, count: int, device: torch.device) -> Batch:
    """latents: f32 [N, Z] of all frames, on the CPU."""
    chosen = [examples.one() for _ in range(count)]
    mean, deviation = latents.mean(0), latents.std(0).clamp(min=1e-3)
    wanted = [each.wanted for each in chosen]
    both = [k for each in chosen for k in each.memories]
    weight = torch.tensor([each.weight for each in chosen])
    # From the examples' own generator: this runs beside the step before, which draws from PyTorch's.
    trembling = examples.rng.standard_normal((count, latents.shape[1])) * examples.rng.uniform(size=(count, 1))
    trembling *= np.array([[each.tremble] for each in chosen])
    white = (latents[wanted] - mean) / deviation + torch.from_numpy(trembling.astype(np.float32))
    shown = ((latents[both] - mean) / deviation).view(count, 2, -1)
    away = white - (weight[..., None] * shown).sum(1)
    height, width = examples.frames.shape[1:3]
    return Batch(
        (white * deviation + mean).to(device),
        white.to(device),
        away.to(device),
        pictures(examples.frames, wanted, device),
        pictures(examples.frames, both, device).view(count, 2, 3, height, width),
        torch.from_numpy(np.stack([each.motion for each in chosen])).to(device),
        weight.to(device),
    )


def loss(autoencoder: Autoencoder, made: Batch, recall: Tensor, perceptual, hp: Hyperparameters, rng):
    """Training loss, and the mean squared error, of a batch. recall: f32 [B, 1]."""
    decoder = autoencoder.decoder
    features = decoder.body(made.latent)
    plain = decoder.coarse(features)
    height, width = made.wanted.shape[2:]
    rows, columns = _window(height, rng), _window(width, rng)
    seen = [autoencoder.remembering.seen(apart(made.memories[:, k])) for k in (0, 1)]
    seen[0] = warp(seen[0], made.motion)
    k = 2 if autoencoder.remembering.large else 1
    memories = [Seen(_cut(luma, rows, columns, 1), _cut(colour, rows, columns, k)) for luma, colour in seen]
    drawn = autoencoder.remembering(
        _cut(features, rows, columns, 8),
        _cut(plain, rows, columns, 2),
        made.white,
        made.away,
        memories,
        made.weight,
        recall,
    )
    wanted = _cut(made.wanted, rows, columns, 1)
    total, square = difference(drawn, wanted, hp)
    if perceptual:
        total = total + hp.perceptual * perceptual(drawn.clamp(0, 1), wanted)
    kept, _ = difference(plain, F.avg_pool2d(made.wanted, 2), hp)
    return total + 0.5 * kept, square.detach()


def learn(
    descent: Descent,
    average: Autoencoder,
    examples: Examples,
    latents: Tensor,
    hp: Hyperparameters,
    steps: int,
    times: Iterable[float],
    tell: Callable[[float, float], None],
    perceptual: Callable[[Tensor, Tensor], Tensor] | None,
) -> None:
    """One step for each of `times`: how much of this stage's time has passed, 0 to 1. The encoder stands still.

    steps: taken before, in this stage. tell(loss, psnr) comes after each step. Raises Diverged.
    """
    autoencoder = descent.network.train()
    device = next(autoencoder.parameters()).device
    (rng,) = examples.rng.spawn(1)  # batches are drawn in another thread meanwhile
    with ThreadPoolExecutor(1) as ahead:
        following = ahead.submit(batch, examples, latents, hp.remember_batch, device)
        for done in times:
            made = following.result()
            following = ahead.submit(batch, examples, latents, hp.remember_batch, device)
            partly = rng.uniform(size=(hp.remember_batch, 1)) < 0.2
            recall = np.where(partly, rng.uniform(size=partly.shape), 1.0).astype(np.float32)
            sees = perceptual if done >= hp.remember_perceptual_from else None
            with half_precision(device):
                total, square = loss(autoencoder, made, torch.from_numpy(recall).to(device), sees, hp, rng)
            rate = hp.remember_rate * min(1.0, (steps + 1) / 50) * max(0.03, min(1.0, 1.6 * (1 - done)))
            if descent.step(total, rate):
                steps += 1
                averaged(average, autoencoder, steps, hp)
                tell(float(total.detach()), -10 * float(square.log10()))


def _window(length: int, rng: np.random.Generator) -> slice:
    """Pixels of a side that are drawn."""
    if length <= WIDE:
        return slice(0, length)
    size = max(CELL, WIDE // CELL * CELL)
    start = int(rng.integers(0, (length - size) // CELL + 1)) * CELL
    return slice(start, start + size)


def _cut(x: Tensor, rows: slice, columns: slice, k: int) -> Tensor:
    return x[..., rows.start // k : rows.stop // k, columns.start // k : columns.stop // k]
