"""Trains the correction of memories, on frames whose own memory is left out, so that it learns what memories lack.

There are four kinds of example. *Found*: a frame, and the frames that look most like it but lie elsewhere in the
footage. *Between*: a frame, and one before and after it, moved by the flow measured between them. *Seam*: a frame, and
a fainter memory of a similar place. *Exact*: a frame and its own memory, with a latent that is slightly off: nothing is
to be corrected there, however the dream's latents tremble.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..arrays import Floats, Indices, Rgb, Segments
from ..image_model.networks import difference
from ..image_model.perceptual import PictureLoss
from ..image_model.training import to_batch, update_average
from ..safe_optimizer import SafeOptimizer
from ..torch_device import half_precision
from .appearance import Appearance
from .memories import FLOW, optical_flow
from .networks import Autoencoder
from .recipe import Recipe
from .remembering import LumaChroma, to_luma_chroma, warp
from .walk import later

KINDS = ("found", "between", "seam", "exact")
SHARES = (0.45, 0.25, 0.15, 0.15)
BESIDE = 8  # a frame is not found within this many frames of itself
NEAREST = 4  # number of most similar frames from which one is taken
WIDE = 160  # pixels on a side, above which only a window of about that size is rendered
CELL = 32  # pixels to which a window is aligned
SEARCHED = 6000  # most frames that are searched


class Example(NamedTuple):
    """One example to learn from.

    Attributes:
        wanted: number of the frame.
        memories: numbers of two frames.
        weight: theirs, adding up to 1.
        motion: of the first memory in pixels, f32 [2, h, w].
        tremble: largest error of the latent, in standard deviations.
    """

    wanted: int
    memories: tuple[int, int]
    weight: tuple[float, float]
    motion: Floats
    tremble: float


class Examples:
    """Makes random examples from frames.

    Args:
        frames: the footage, [N, H, W, 3].
        allowed: numbers of the frames to learn from.
        segments: the shots.
        rng: chooses.
        appearance: makes descriptors of the frames.
    """

    def __init__(
        self, frames: Rgb, allowed: Indices, segments: Segments, rng: np.random.Generator, appearance: Appearance
    ):
        self.frames, self.allowed, self.rng, self.appearance = frames, allowed, rng, appearance
        self.searched = allowed[np.linspace(0, len(allowed) - 1, min(SEARCHED, len(allowed))).astype(int)]
        self.descriptors = appearance(frames, self.searched)
        self.squares = np.square(self.descriptors).sum(1)
        self.shot = np.full(len(frames), -1)  # -1 where a frame may not be learned
        self.shot[allowed] = np.searchsorted([stop for _, stop in segments], allowed, "right")
        self.still: Floats = np.zeros((2, frames.shape[1] // FLOW, frames.shape[2] // FLOW), np.float32)

    def one(self) -> Example:
        """Return one example of a random kind."""
        kind = self.rng.choice(KINDS, p=SHARES)
        if kind == "between" and (between := self._between()):
            return between
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

    def _alike(self, wanted: int) -> Indices:
        """Return frames that look like `wanted` but are not beside it, the most similar first."""
        far = self.squares - 2 * self.descriptors @ self.appearance(self.frames, [wanted])[0]
        near = min(BESIDE, max(1, len(self.allowed) // 8))
        far[np.abs(self.searched - wanted) <= near] = np.inf
        best = np.argpartition(far, min(12, len(far) - 1))[:12]
        best = best[np.argsort(far[best])]
        alike: Indices = self.searched[best[np.isfinite(far[best])]]
        return alike

    def _between(self) -> Example | None:
        """Return an example of that kind, or None where the random frames lie across a cut."""
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
    """Examples as tensors.

    Attributes:
        latent: [B, Z].
        white: the same whitened, [B, Z].
        away: its difference from what the memories show, [B, Z].
        wanted: pictures in 0..1, [B, 3, H, W].
        memories: pictures in 0..1, [B, 2, 3, H, W].
        motion: of the first memory in pixels, [B, 2 (x, y), h, w].
        weight: of the memories, [B, 2].
    """

    latent: Tensor
    white: Tensor
    away: Tensor
    wanted: Tensor
    memories: Tensor
    motion: Tensor
    weight: Tensor


def make_batch(examples: Examples, latents: Tensor, count: int, device: torch.device) -> Batch:
    """Return `count` random examples; latents: of all frames, f32 [N, Z] on the CPU."""
    chosen = [examples.one() for _ in range(count)]
    mean, std = latents.mean(0), latents.std(0).clamp(min=1e-3)
    wanted = [each.wanted for each in chosen]
    both = [k for each in chosen for k in each.memories]
    weight = torch.tensor([each.weight for each in chosen])
    # From the examples' own generator: this runs beside the step before, which uses PyTorch's.
    trembling = examples.rng.standard_normal((count, latents.shape[1])) * examples.rng.uniform(size=(count, 1))
    trembling *= np.array([[each.tremble] for each in chosen])
    white = (latents[wanted] - mean) / std + torch.from_numpy(trembling.astype(np.float32))
    shown = ((latents[both] - mean) / std).view(count, 2, -1)
    away = white - (weight[..., None] * shown).sum(1)
    height, width = examples.frames.shape[1:3]
    return Batch(
        (white * std + mean).to(device),
        white.to(device),
        away.to(device),
        to_batch(examples.frames, wanted, device),
        to_batch(examples.frames, both, device).view(count, 2, 3, height, width),
        torch.from_numpy(np.stack([each.motion for each in chosen])).to(device),
        weight.to(device),
    )


def loss(
    autoencoder: Autoencoder,
    batch: Batch,
    recall: Tensor,
    perceptual: PictureLoss | None,
    hp: Recipe,
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor]:
    """Return the training loss and the mean squared error of a batch. recall: f32 [B, 1]."""
    decoder = autoencoder.decoder
    features = decoder.body(batch.latent)
    plain = decoder.coarse(features)
    height, width = batch.wanted.shape[2:]
    rows, columns = _window(height, rng), _window(width, rng)
    prepared = [autoencoder.remembering.prepare(to_luma_chroma(batch.memories[:, k])) for k in (0, 1)]
    prepared[0] = warp(prepared[0], batch.motion)
    k = 2 if autoencoder.remembering.large else 1
    first, second = (
        LumaChroma(_cut(luma, rows, columns, 1), _cut(chroma, rows, columns, k)) for luma, chroma in prepared
    )
    rendered = autoencoder.remembering(
        _cut(features, rows, columns, 8),
        _cut(plain, rows, columns, 2),
        batch.white,
        batch.away,
        (first, second),
        batch.weight,
        recall,
    )
    wanted = _cut(batch.wanted, rows, columns, 1)
    total, square = difference(rendered, wanted, hp)
    if perceptual:
        total = total + hp.perceptual_weight * perceptual(rendered.clamp(0, 1), wanted)
    plain_error, _ = difference(plain, F.avg_pool2d(batch.wanted, 2), hp)
    return total + 0.5 * plain_error, square.detach()


def learn(
    optimizer: SafeOptimizer[Autoencoder],
    average: Autoencoder,
    examples: Examples,
    latents: Tensor,
    hp: Recipe,
    steps: int,
    times: Iterable[float],
    tell: Callable[[float, float], None],
    perceptual: PictureLoss | None,
) -> None:
    """Train the correction and the decoder, one step for each of `times`; the encoder stays as it is.

    Args:
        optimizer: of the autoencoder.
        average: follows as the exponential moving average of the weights.
        examples: what to learn from.
        latents: of all frames, f32 [N, Z] on the CPU.
        hp: the recipe.
        steps: how many were taken before in this stage.
        times: before each step, the share of this stage's time that has passed, 0 to 1.
        tell: called with loss and PSNR in dB after each step.
        perceptual: a further loss, or None.

    Raises:
        Diverged: too many losses in a row were not finite.
    """
    autoencoder = optimizer.network.train()
    device = next(autoencoder.parameters()).device
    (rng,) = examples.rng.spawn(1)  # batches are made in another thread meanwhile
    with ThreadPoolExecutor(1) as ahead:
        following = ahead.submit(make_batch, examples, latents, hp.remember_batch, device)
        for done in times:
            batch = following.result()
            following = ahead.submit(make_batch, examples, latents, hp.remember_batch, device)
            partly = rng.uniform(size=(hp.remember_batch, 1)) < 0.2
            recall = np.where(partly, rng.uniform(size=partly.shape), 1.0).astype(np.float32)
            extra = perceptual if done >= hp.remember_perceptual_from else None
            with half_precision(device):
                total, square = loss(autoencoder, batch, torch.from_numpy(recall).to(device), extra, hp, rng)
            rate = hp.remember_learning_rate * min(1.0, (steps + 1) / 50) * max(0.03, min(1.0, 1.6 * (1 - done)))
            if optimizer.step(total, rate):
                steps += 1
                update_average(average, autoencoder, steps, hp)
                tell(float(total.detach()), -10 * float(square.log10()))


def _window(length: int, rng: np.random.Generator) -> slice:
    """Return the pixels of a side that are rendered."""
    if length <= WIDE:
        return slice(0, length)
    size = max(CELL, WIDE // CELL * CELL)
    start = int(rng.integers(0, (length - size) // CELL + 1)) * CELL
    return slice(start, start + size)


def _cut(x: Tensor, rows: slice, columns: slice, k: int) -> Tensor:
    """Cut a window of pixels out of a tensor whose sides are those of the picture divided by k."""
    return x[..., rows.start // k : rows.stop // k, columns.start // k : columns.stop // k]
