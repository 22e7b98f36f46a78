"""Figures effects.*: python bench/effects.py [--seconds 30] [--ms 200] [DREAM …]

The real `livedream run` with an effect that takes so many milliseconds a picture on one thread: the longest interval
between two frames, how many frames a second are freshly drawn beside it and without it, and how often a second the
effect makes a picture. Then what fitting a picture in and out takes.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from livedream.backend import cpu
from livedream.bench import intervals
from livedream.bench.figures import Figure, compared, figure, table
from livedream.bench.run_process import RunProcess
from livedream.dream import read
from livedream.effect.applier import Applier, warmed
from livedream.effect.fitting import Fitting
from livedream.picture import Pixels

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests import effects  # its path is known only now

FPS = 30.0
SIZE = (256, 256)
SIZES = ((256, 256), (512, 288), (1280, 720))  # of pictures that are fitted into an effect of 256x256


def figures(model: str, seconds: float, ms: float = 200.0) -> list[Figure]:
    """Intervals and rates of a show without effects, with one of `ms` milliseconds, and with one of 4."""
    found = []
    with tempfile.TemporaryDirectory(prefix="livedream-bench-") as folder:
        for name, wanted in (("none", 0.0), ("quick", 4.0), ("slow", ms)):
            effect = _effect(Path(folder, f"{name}.onnx"), wanted) if wanted else None
            found += _played(model, name, effect, seconds)
    return [*found, *_fitting()]


def _effect(path: Path, ms: float) -> Path:
    """Write an effect that takes about so long on one thread."""
    took, channels = [0.0, 0.0], 24 if ms > 50 else 2
    for at, layers in enumerate((1, 5)):
        effects.slow(path, *SIZE, layers=layers, channels=channels)
        took[at] = warmed(Applier(read.load(path), lambda component: cpu.load(component, 1))) * 1e3
    each = max((took[1] - took[0]) / 4, 0.02)
    effects.slow(path, *SIZE, layers=max(round((ms - took[0]) / each) + 1, 1), channels=channels)
    return path


def _played(model: str, name: str, effect: Path | None, seconds: float) -> list[Figure]:
    given = ["--effect", str(effect)] if effect else []
    with RunProcess(model, *given, fps=FPS) as show:
        show.play(intervals.WARM)
        frames = show.play(seconds)
        says = show.status()["effects"]
    result = intervals.of(frames, FPS)
    detail = {**result, **({"effect": says[0]} if says else {})}
    what = f"effect: {name}"
    found = [
        figure(f"effects.{name}.interval", f"{what}, longest interval", result["longest"], "periods", 1.5, **detail),
        figure(f"effects.{name}.fresh", f"{what}, fresh frames", result["fresh_fps"], "fps", None, "more"),
    ]
    if says:
        found.append(figure(f"effects.{name}.fps", f"{what}, its own pictures", says[0]["fps"], "fps", None, "more"))
    return found


def _fitting() -> list[Figure]:
    random = np.random.default_rng(0)
    return [_fitted(random.integers(0, 256, (height, width, 4), np.uint8)) for width, height in SIZES]


def _fitted(picture: Pixels) -> Figure:
    height, width = picture.shape[:2]
    fitting = Fitting(SIZE, SIZE)
    inner = fitting.into(picture)
    took = _milliseconds(lambda: fitting.into(picture)) + _milliseconds(lambda: fitting.back(inner, (width, height)))
    return figure(f"effects.fitting.{width}x{height}", f"fitting {width}x{height} in and out", took, "ms")


def _milliseconds(act: Callable[[], object], rounds: int = 50) -> float:
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        took.append(time.perf_counter() - began)
    return min(took) * 1e3


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="*", metavar="DREAM")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--ms", type=float, default=200.0)
    options = parser.parse_args()
    for each in options.models or ["rainbow.onnx"]:
        print(Path(each).stem)
        result = figures(each, options.seconds, options.ms)
        print("\n".join(table(compared(result, []))))
        print({each["name"]: each["detail"] for each in result if each["detail"]})
