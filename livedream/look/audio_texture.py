"""Sound for a look's audio inputs, from anything with the two methods of Audio; Silence is the default."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

NATIVE = 512  # columns of sound for a look that names no number of its own

Sound = NDArray[np.float32]


class Audio(Protocol):
    """The newest sound. Called once per drawn frame by the drawing thread, so it must not wait."""

    def wave(self) -> Sound:
        """Return f32 [channels, samples], -1..1, oldest sample first."""
        ...

    def spectrum(self) -> Sound:
        """Return f32 [channels, bins], 0..1, lowest frequency first."""
        ...


class Silence:
    """No sound."""

    def wave(self) -> Sound:
        return np.zeros((1, NATIVE), np.float32)

    def spectrum(self) -> Sound:
        return np.zeros((1, NATIVE), np.float32)


class Tone:
    """A steady chord, the same for the same `time` in seconds, to check looks that draw sound."""

    def __init__(self) -> None:
        self.time = 0.0

    def wave(self) -> Sound:
        t = self.time + np.arange(NATIVE) / 48000
        left = 0.5 * np.sin(2 * np.pi * 220 * t) + 0.3 * np.sin(2 * np.pi * 1760 * t)
        return np.stack([left, left[::-1]]).astype(np.float32)

    def spectrum(self) -> Sound:
        bins = np.exp(-np.arange(NATIVE) / 90) * (0.6 + 0.4 * np.cos(np.arange(NATIVE) / 7 + self.time))
        return np.stack([bins, bins]).astype(np.float32)


def columns(sound: Sound, count: int | None) -> Sound:
    """Return `sound`, f32 [channels, n], in `count` columns; None for n.

    Fewer columns each keep the value farthest from zero, so that a single one is the peak; more are interpolated
    linearly. NaN and infinity become 0.
    """
    sound = np.nan_to_num(np.atleast_2d(np.asarray(sound, np.float32)), nan=0.0, posinf=0.0, neginf=0.0)
    if not sound.size:
        sound = np.zeros((1, NATIVE), np.float32)
    n = sound.shape[1]
    if count is None or count == n:
        return sound
    if count > n:
        where = np.linspace(0, n - 1, count)
        return np.stack([np.interp(where, np.arange(n), row) for row in sound]).astype(np.float32)
    starts = np.arange(count) * n // count
    high = np.maximum.reduceat(sound, starts, axis=1)
    low = np.minimum.reduceat(sound, starts, axis=1)
    return np.where(high >= -low, high, low)
