"""Figures engines.NAME: python bench/engines.py

TensorRT engines of every dream that ships, built without a graphics card, in seconds, past every cache.
"""

import os
import tempfile
import time
from pathlib import Path

from livedream import UserError
from livedream.bench.figures import compared, figure, missing, table
from livedream.dream import read

BUDGET_S = 60.0  # "in seconds", on two cores


def figures(model: str, amount: float) -> list[dict]:
    """One figure for each dream; `model` and `amount` do not matter."""
    with tempfile.TemporaryDirectory(prefix="livedream-bench-") as folder:
        os.environ["XDG_CACHE_HOME"] = folder  # no plan comes from the cache
        return [_build(path, Path(folder) / f"{path.stem}.engine") for path in sorted(read.MODELS.glob("*.onnx"))]


def _build(path: Path, out: Path) -> dict:
    from livedream.backend import engine

    name, what = f"engines.{path.stem}", f"TensorRT engine of {path.stem}: seconds to build"
    begin = time.perf_counter()
    try:
        target = engine.make(path, out)
    except UserError as error:
        return missing(name, what, str(error), "s")
    seconds = time.perf_counter() - begin
    result = {"library": f"{target.library} {target.version}", "cards": list(target.cards)}
    return figure(name, what, seconds, "s", BUDGET_S, megabytes=round(out.stat().st_size / 1e6, 1), **result)


if __name__ == "__main__":
    print("\n".join(table(compared(figures("", 1), []))))
