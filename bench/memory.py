"""Figures memory.growth and memory.card: python bench/memory.py [--minutes 60] [--device cpu] [DREAM]

A `livedream run` at full speed: resident memory, and that of the graphics card, after the first minute and at the end.
"""

import argparse
import time

import numpy as np
import nvidia

from livedream.bench.figures import compared, figure, missing, table
from livedream.bench.run_process import RunProcess

GROWTH_MB = 5.0
FPS = 240.0  # more than a processor can draw; what `run` takes at most
FIRST = 60.0  # seconds that do not count; a third of all where there is less than three minutes
EVERY = 1.0  # seconds between two looks


def figures(model: str, seconds: float, device: str = "cpu") -> list[dict]:
    """Medians over a tenth of the time, after the first minute and at the end; most_mb is the largest ever seen."""
    first, window = min(FIRST, seconds / 3), max(3.0, min(60.0, seconds / 10))
    at, resident, card = [], [], []
    with RunProcess(model, "--device", device, fps=FPS, frames=10_000) as show:
        begin = time.perf_counter()
        while (now := time.perf_counter() - begin) < seconds:
            at.append(now)
            resident.append(show.memory_mb())
            if not card or card[-1] is not None:
                card.append(nvidia.used_mb(show.child.pid))
            show.play(EVERY)
        status = show.status()
    detail = {
        "seconds": round(seconds),
        "first_s": round(first),
        "frames": status["frame"],
        "fresh_fps": status["fps"]["fresh"],
        "providers": status["decks"][0]["providers"],
    }
    what = f"memory growth at full speed, {first:.0f} s to {seconds:.0f} s"
    return [
        _growth("memory.growth", what, at, resident, first, window, "this system does not tell it", detail),
        _growth("memory.card", f"card {what}", at, card, first, window, "no NVIDIA card here", {}),
    ]


def _growth(name, what, at, values, first, window, why, detail) -> dict:
    if not values or None in values:
        return missing(name, what, why, "MB")
    at, values = np.array(at), np.array(values, float)
    begin = float(np.median(values[(at >= first) & (at <= first + window)]))
    end = float(np.median(values[at >= at[-1] - window]))
    result = {"begin_mb": begin, "end_mb": end, "most_mb": float(values.max())}
    return figure(name, what, end - begin, "MB", GROWTH_MB, **result, **detail)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", nargs="?", default="rainbow.onnx", metavar="DREAM")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--minutes", type=float, default=60.0)
    options = parser.parse_args()
    result = figures(options.model, 60 * options.minutes, options.device)
    print("\n".join(table(compared(result, []))))
    print(result[0]["detail"])
