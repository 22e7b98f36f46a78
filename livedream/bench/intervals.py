"""How evenly frames went out."""

import numpy as np

WARM = 3.0  # seconds after the first frame that do not count
LONGEST = 1.5  # budget: periods between two frames, whatever happens


def of(frames: np.ndarray, fps: float) -> dict:
    """What the frames of a Show tell.

    longest: interval, in periods. error_p99_ms: of abs(interval - period). skipped: ticks at which no frame went
    out. repeated: frames that were not drawn anew. fresh_fps: those that were, a second.
    """
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
