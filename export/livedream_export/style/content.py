"""Pictures to paint in training: the artist's footage, or the project's own road and the dreams that ship."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

import livedream
from livedream import UserError
from livedream.dream import read as dream_file
from livedream.loop import offline
from livedream_export import cache, clip_table, footage, rainbow_road, sources
from livedream_export.arrays import Flags, Indices, Rgb
from livedream_export.cache import Footage
from livedream_export.material import held_out
from livedream_export.preview import Progress

FPS = 12.0  # frames a second that are read of footage: enough for neighbours, and pictures differ more
DREAMS = ("rainbow", "city", "abyss")
SECONDS = 8.0  # of each dream, and of the road
VERSION = 1
ASPECT = 16 / 9
STEP = 16  # pixels by which the network divides pictures


def read(names: Sequence[str], size: str, progress: Progress) -> Footage:
    """Read footage of that size, or make the project's own where none is named. Raises UserError."""
    parsed = checked_size(size)
    if not names:
        return own(footage.training_size(parsed, ASPECT), progress)
    taken = sources.read(names, parsed, FPS, progress.share)
    for line in [*(clip_table.text(taken.clips) if taken.clips else ()), *taken.notes]:
        progress.line(line)
    return taken


def checked_size(text: str) -> int | tuple[int, int]:
    """Return a size as footage.training_size takes it. Raises UserError for one that the network cannot divide."""
    parsed = footage.parse_size(text)
    if isinstance(parsed, tuple) and any(side % STEP for side in parsed):
        raise UserError(f"--size {text}: sides must be multiples of {STEP}, as in 512x288")
    return parsed


def own(size: tuple[int, int], progress: Progress) -> Footage:
    """Return the project's own road and the dreams that ship, of size (width, height)."""
    width, height = size
    dreams = [Path(livedream.__file__).parent / "models" / f"{name}.onnx" for name in DREAMS]
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in dreams]
    key = cache.key({"style": VERSION, "size": [width, height], "dreams": digests})
    cuts: list[int] = []

    def frames() -> Iterator[Rgb]:
        yield from rainbow_road.frames(width, height, SECONDS, fps=FPS)
        for k, path in enumerate(dreams):
            cuts.append(round(SECONDS * FPS) * (k + 1))
            for frame in offline.frames(dream_file.load(path), round(SECONDS * FPS), FPS):
                yield covering(frame.pixels[..., :3], width, height)

    def about() -> cache.About:
        read = [cache.Source(path.name, sha, SECONDS) for path, sha in zip(dreams, digests, strict=True)]
        return cache.About(cuts, [cache.Source(sources.ROAD, f"version {rainbow_road.VERSION}", SECONDS), *read])

    count = round(SECONDS * FPS) * (1 + len(dreams))
    return cache.open_cached(key) or cache.write(key, frames(), size, FPS, about, count, progress.share)


def covering(picture: Rgb, width: int, height: int) -> Rgb:
    """Bring a picture to a size that it covers, cropped evenly."""
    scale = max(width / picture.shape[1], height / picture.shape[0])
    across, down = max(width, round(picture.shape[1] * scale)), max(height, round(picture.shape[0] * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    sized: Rgb = np.asarray(cv2.resize(np.ascontiguousarray(picture), (across, down), interpolation=way))
    x, y = (across - width) // 2, (down - height) // 2
    return sized[y : y + height, x : x + width]


def kept_apart(taken: Footage) -> Flags:
    """Return which frames are never trained on, bool [N]: the last second of every ten, or of shorter footage none."""
    return held_out(len(taken.frames), taken.fps)


def first_of_pairs(taken: Footage) -> Indices:
    """Return numbers of frames to train on whose next frame is of the same shot."""
    apart = kept_apart(taken)
    inside = np.concatenate([np.arange(a, b - 1) for a, b in taken.segments if b - a > 1] or [np.zeros(0, int)])
    pairs: Indices = inside[~apart[inside]]
    if not len(pairs):
        raise UserError("the footage is too short for a style: a second of moving pictures is the least")
    return pairs


class Crops:
    """Draws pairs of neighbouring frames at random, cropped alike."""

    def __init__(self, taken: Footage, side: int, rng: np.random.Generator):
        self.frames, self.pairs, self.rng = taken.frames, first_of_pairs(taken), rng
        self.height, self.width = (min(side, each // STEP * STEP) for each in taken.frames.shape[1:3])

    def draw(self, count: int) -> tuple[Tensor, Tensor]:
        """Return frames and those after them, each f32 [count, 3, height, width] in 0..1."""
        now, after = [], []
        for k in self.rng.choice(self.pairs, count):
            y = self.rng.integers(self.frames.shape[1] - self.height + 1)
            x = self.rng.integers(self.frames.shape[2] - self.width + 1)
            pair = self.frames[k : k + 2, y : y + self.height, x : x + self.width]
            pair = pair[:, :, ::-1] if self.rng.random() < 0.5 else pair
            now.append(pair[0])
            after.append(pair[1])
        return _tensor(now), _tensor(after)


def _tensor(pictures: Sequence[Rgb]) -> Tensor:
    stacked = torch.from_numpy(np.ascontiguousarray(np.stack(pictures)))
    return stacked.permute(0, 3, 1, 2).float().div_(255)
