"""A model that hangs for 200 ms every 5 s must not delay the output."""

from pathlib import Path

import numpy as np

from livedream.bench import intervals
from livedream.bench.child import Records
from livedream.bench.figures import Figure, figure
from livedream.bench.run_process import RunProcess

EVERY = 5.0  # seconds; sooner when there is less time


def figures(model: str | Path, seconds: float, fps: float = 30.0) -> list[Figure]:
    """Measure stall.interval. The model hangs by turns asleep and busy."""
    every = min(EVERY, max(0.7, 0.4 * seconds))
    with RunProcess(model, fps=fps, stall=every) as show:
        show.play(min(intervals.WARM, seconds))
        frames = show.play(max(seconds, 1.5 * every))
    measured = intervals.of(frames, fps)
    count = stalls(frames, fps)
    if not count:
        raise RuntimeError("the model should have hung, but no frame was repeated")
    what = f"model hangs for 200 ms every {every:g} s: longest output interval"
    return [figure("stall.interval", what, measured["longest"], "periods", intervals.LONGEST, stalls=count, **measured)]


def stalls(frames: Records, fps: float) -> int:
    """Count the runs of repeated frames that last 100 ms or more."""
    edges = np.diff(np.concatenate([[0], frames["fresh"] == 0, [0]]).astype(int))
    lengths = np.flatnonzero(edges < 0) - np.flatnonzero(edges > 0)
    return int((lengths >= 0.1 * fps).sum())
