"""How long a frame of every kind of dream takes on one core, step and all: what 30 frames a second leave is 33 ms.

    python bench/kinds.py [KIND…] [--size 128x128 --size 512x288] [--frames 300]

The dreams are trained for a few steps only: what they draw is nothing, but a trained one takes as long. Sketch dreams
are measured at 512x512 and 60 a second whatever `--size` says, for that is what they are made for.
"""

import argparse
import importlib
import itertools
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from livedream import UserError

SKETCHES = 24


def drawings(folder: Path) -> Path:
    """Some drawings to learn from."""
    folder.mkdir(exist_ok=True)
    for k in range(SKETCHES):
        lines = "".join(f"L{5 + (k * j) % 19} {3 + (7 * j + k) % 20} " for j in range(1, 9))
        (folder / f"{k}.svg").write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" fill="none" stroke="black"><path d="M2 2 {lines}"/></svg>'
        )
    return folder


def dream(kind: str, size: str, folder: Path) -> Path | None:
    """A dream of that kind and size, trained for a few steps."""
    from livedream_export import kinds

    footage = drawings(folder / "drawings") if kind == "sketch" else "rainbow-road:6"
    out = folder / f"{kind}-{size}.onnx"
    options = kinds.options(kind, [footage], out=out, size=size, minutes=4.9, device="cpu")
    module = importlib.import_module(kinds.KINDS[kind].entry.partition(":")[0])
    module.Run.judge = lambda self: ""
    clock = itertools.count(0.0, 9.0).__next__  # every look at it is nine seconds later
    return module.train(options, None, None, clock)


def frames(path: Path, count: int) -> np.ndarray:
    """Milliseconds of the process's time for each of so many frames."""
    from livedream.dream import read
    from livedream.loop import offline

    made = read.load(path)
    fps, taken = (60.0 if made.fps > 30 else 30.0), []
    drawn = offline.frames(made, count + 10, fps, seed=1)
    while True:
        begun = time.process_time()
        if next(drawn, None) is None:
            return np.array(taken[10:])
        taken.append(1000 * (time.process_time() - begun))


def main() -> int:
    from livedream_export import kinds

    dreams = [name for name, kind in kinds.KINDS.items() if not kind.effect]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", default=dreams)
    parser.add_argument("--size", action="append", dest="sizes")
    parser.add_argument("--frames", type=int, default=300)
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.2f}, {options.frames} frames each, one thread, the process's own time")
    print("| kind | size | median, ms | p95, ms | frames a second |\n| --- | --- | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as place:
        for kind in options.kinds:
            for size in ["512x512"] if kind == "sketch" else options.sizes or ["128x128", "512x288"]:
                if kind == "video-gan" and size != "128x128":
                    continue  # it has one size
                size = "64x64" if kind == "video-gan" else size
                try:
                    path = dream(kind, size, Path(place))
                    taken = frames(path, options.frames)
                except (UserError, AttributeError, ModuleNotFoundError) as error:
                    print(f"| {kind} | {size} | not measured: {error} | | |")
                    continue
                middle, slow = np.median(taken), np.quantile(taken, 0.95)
                print(f"| {kind} | {size} | {middle:.1f} | {slow:.1f} | {1000 / taken.mean():.0f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
