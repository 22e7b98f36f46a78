"""Intervals between frames."""

from typing import TypedDict

import numpy as np

from livedream.bench.child import Records

WARM = 3.0  # seconds after the first frame that do not count
LONGEST = 1.5  # budget: periods between two frames, whatever happens


class Intervals(TypedDict):
    """Intervals between frames.

    Attributes:
        frames: Number of frames.
        longest: Longest interval, in periods.
        error_p99_ms: 99th percentile of abs(interval - period), in milliseconds.
        skipped: Ticks of the clock at which no frame went out.
        repeated: Frames that repeat the picture before.
        fresh_fps: New pictures per second.
    """

    frames: int
    longest: float
    error_p99_ms: float
    skipped: int
    repeated: int
    fresh_fps: float


def of(frames: Records, fps: float) -> Intervals:
    """Measure the intervals of frames that a RunProcess noted. Raises RuntimeError if there are too few."""
    gaps = np.diff(frames["at"])
    if not len(gaps):
        raise RuntimeError("hardly a frame went out")
    fresh = frames["fresh"] > 0
    return {
        "frames": len(frames),
        "longest": round(float(gaps.max()) * fps, 3),
        "error_p99_ms": round(float(np.percentile(np.abs(gaps - 1 / fps), 99)) * 1e3, 3),
        "skipped": int((np.diff(frames["number"]) - 1).sum()),
        "repeated": int((~fresh).sum()),
        "fresh_fps": round(float(fresh[1:].sum()) / float(frames["at"][-1] - frames["at"][0]), 2),
    }
