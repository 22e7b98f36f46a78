"""A model that hangs for 200 ms every 5 s: the output goes on as if nothing were."""

from pathlib import Path

import numpy as np

from livedream.bench import intervals
from livedream.bench.figures import figure
from livedream.bench.running import Show

EVERY = 5.0  # seconds; sooner when there is less time


def figures(model: str | Path, seconds: float, fps: float = 30.0) -> list[dict]:
    """Figure stall.interval. It hangs asleep, as one that waits, and at work, by turns."""
    every = min(EVERY, max(0.7, 0.4 * seconds))
    with Show(model, fps=fps, stall=every) as show:
        show.play(min(intervals.WARM, seconds))
        frames = show.play(max(seconds, 1.5 * every))
    told = intervals.of(frames, fps)
    stalls = _stalls(frames, fps)
    if not stalls:
        raise RuntimeError("the model was to hang, and no frame was repeated for it")
    what = f"model hangs for 200 ms every {every:g} s: longest output interval"
    return [figure("stall.interval", what, told["longest"], "periods", intervals.LONGEST, stalls=stalls, **told)]


def _stalls(frames: np.ndarray, fps: float) -> int:
    """Runs of repeated frames that last 100 ms or more."""
    edges = np.diff(np.concatenate([[0], frames["fresh"] == 0, [0]]).astype(int))
    lengths = np.flatnonzero(edges < 0) - np.flatnonzero(edges > 0)
    return int((lengths >= 0.1 * fps).sum())
