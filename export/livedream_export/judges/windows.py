"""Pictures in runs of 16: how the features of a run look and how they move on, and how much its pixels do."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..features import Features, frechet

LENGTH = 16  # frames, one step apart


def starts(segments: Sequence[tuple[int, int]], begin: int, end: int) -> np.ndarray:
    """First frames of all whole windows between frames begin and end, none of them across a cut, int [N].

    segments: [start, stop) runs of frames without a cut.
    """
    runs = [(max(start, begin), min(stop, end)) for start, stop in segments]
    found = [np.arange(start, stop - LENGTH + 1, LENGTH) for start, stop in runs]
    return np.concatenate(found or [np.arange(0)]).astype(int)


def evenly(count: int, at_most: int) -> np.ndarray:
    """Indices of at most that many of `count`, first and last among them, int [min(count, at_most)]."""
    return np.linspace(0, count - 1, min(count, at_most)).round().astype(int)


@dataclass
class Windows:
    """What was seen of windows of frames. frames: their features, [16, F] each; none are kept where `features` is None.
    steps: mean change of each, in grey levels.
    """

    features: Features | None
    frames: list[np.ndarray] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)

    def add(self, window: np.ndarray) -> None:
        """One window, uint8 [16, H, W, 3]."""
        if self.features:
            self.frames.append(self.features(window))
        self.steps.append(motion(window))

    def chosen(self, indices: Sequence[int]) -> "Windows":
        """Some of them."""
        frames = [self.frames[k] for k in indices] if self.features else []
        return Windows(self.features, frames, [self.steps[k] for k in indices])

    @property
    def clips(self) -> np.ndarray:
        """A window as one point, [N, 2F]: the mean feature, and the root of the mean square of the feature's steps."""
        seen = np.stack(self.frames)
        moved = np.sqrt(np.square(np.diff(seen, axis=1)).mean(1))
        return np.concatenate([seen.mean(1), moved], 1)

    @property
    def motion(self) -> float:
        """Mean absolute step in grey levels."""
        return float(np.mean(self.steps))


def apart(a: Windows, b: Windows) -> tuple[float, float]:
    """Fréchet distances of windows, and of all frames in them. Compare only those of equal numbers of windows."""
    return frechet(a.clips, b.clips), frechet(np.concatenate(a.frames), np.concatenate(b.frames))


def motion(frames: np.ndarray) -> float:
    """Mean absolute difference of neighbours in uint8 [N, H, W, 3], in grey levels."""
    return float(np.mean([change(a, b) for a, b in itertools.pairwise(frames)]))


def change(a: np.ndarray, b: np.ndarray) -> float:
    """Mean absolute difference of two pictures, uint8, in grey levels."""
    return float((np.maximum(a, b) - np.minimum(a, b)).mean())
