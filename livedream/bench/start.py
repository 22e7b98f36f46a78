"""A `livedream run`: how soon its first frame goes out, and the memory it takes."""

import os
import statistics
import tempfile
from pathlib import Path

from livedream.bench.figures import figure, missing
from livedream.bench.running import Show
from livedream.dream import read

START_S, MEMORY_MB = 1.5, 350.0  # budgets


def figures(model: str | Path, seconds: float, times: int = 3) -> list[dict]:
    """Figures start.first_frame, the median of some starts, and start.memory after the last one's `seconds`;
    start.first_ever: of a machine that has never played the dream, as its cache is empty.
    """
    firsts = []
    empty = tempfile.TemporaryDirectory(prefix="livedream-bench-")
    with empty as folder, Show(model, env={**os.environ, "XDG_CACHE_HOME": folder}) as show:
        ever = show.first_s
    for turn in range(times):
        with Show(model) as show:
            firsts.append(round(show.first_s, 3))
            if turn == times - 1:
                show.play(seconds)
                memory = show.memory_mb()
    # Any other dream is proven first, in a process of its own.
    budget = START_S if (read.MODELS / Path(model).name).exists() else None
    what = f"resident memory after {seconds:g} s"
    return [
        figure("start.first_ever", "livedream run to the first frame, for the first time ever", ever, "s", budget),
        figure(
            "start.first_frame",
            "livedream run to the first frame",
            statistics.median(firsts),
            "s",
            START_S,
            all_s=firsts,
        ),
        figure("start.memory", what, memory, "MB", MEMORY_MB)
        if memory is not None
        else missing("start.memory", what, "this system does not tell a process's memory", "MB"),
    ]
