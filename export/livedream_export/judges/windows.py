"""Windows of 16 frames: how the features of a window look and change, and how much its pixels do."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..arrays import Doubles, Indices, Rgb, Segments
from ..features import Features, frechet

LENGTH = 16  # frames, one step apart


def starts(segments: Segments, begin: int, end: int) -> Indices:
    """Return the first frames of all complete windows between frames begin and end that cross no cut, int64 [N]."""
    runs = [(max(start, begin), min(stop, end)) for start, stop in segments]
    found = [np.arange(start, stop - LENGTH + 1, LENGTH) for start, stop in runs]
    return np.concatenate(found or [np.arange(0)]).astype(np.int64)


def evenly(count: int, at_most: int) -> Indices:
    """Return indices of at most that many of `count`, first and last among them, int64 [min(count, at_most)]."""
    return np.linspace(0, count - 1, min(count, at_most)).round().astype(np.int64)


@dataclass
class Windows:
    """Features and motion of windows of frames.

    Attributes:
        features: makes features of pictures; None keeps none.
        frames: features of each window, [16, F].
        steps: mean change from frame to frame of each window, in grey levels.
    """

    features: Features | None
    frames: list[Doubles] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)

    def add(self, window: Rgb) -> None:
        """Add one window [16, H, W, 3]."""
        if self.features:
            self.frames.append(self.features(window))
        self.steps.append(motion(window))

    def chosen(self, indices: Sequence[int]) -> "Windows":
        """Return some of them."""
        frames = [self.frames[k] for k in indices] if self.features else []
        return Windows(self.features, frames, [self.steps[k] for k in indices])

    @property
    def clips(self) -> Doubles:
        """Each window as one point, [N, 2F]: its mean feature, and the root mean square of the feature's steps."""
        features = np.stack(self.frames)
        steps = np.sqrt(np.square(np.diff(features, axis=1)).mean(1))
        return np.concatenate([features.mean(1), steps], 1)

    @property
    def motion(self) -> float:
        """Mean absolute step in grey levels."""
        return float(np.mean(self.steps))


def frechet_distances(a: Windows, b: Windows) -> tuple[float, float]:
    """Return the Fréchet distances of windows and of all their frames. Compare only those of equal numbers."""
    return frechet(a.clips, b.clips), frechet(np.concatenate(a.frames), np.concatenate(b.frames))


def motion(frames: Rgb) -> float:
    """Return the mean absolute difference of neighbours in frames [N, H, W, 3], in grey levels."""
    return float(np.mean([change(a, b) for a, b in itertools.pairwise(frames)]))


def change(a: Rgb, b: Rgb) -> float:
    """Return the mean absolute difference of two pictures, in grey levels."""
    return float((np.maximum(a, b) - np.minimum(a, b)).mean())
