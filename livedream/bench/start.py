"""The time to the first frame of a `livedream run`, and its memory."""

import os
import statistics
import tempfile
from pathlib import Path

from livedream.bench.figures import Figure, figure, missing
from livedream.bench.run_process import RunProcess
from livedream.dream import read

START_S, MEMORY_MB = 1.5, 350.0  # budgets


def figures(model: str | Path, seconds: float, times: int = 3) -> list[Figure]:
    """Measure start.first_ever, start.first_frame and start.memory.

    start.first_ever is with an empty cache, as on a machine that has never played the dream. start.first_frame is the
    median of `times` starts. start.memory is the last one's after `seconds`.
    """
    firsts: list[float] = []
    memory: float | None = None
    empty = tempfile.TemporaryDirectory(prefix="livedream-bench-")
    with empty as folder, RunProcess(model, env={**os.environ, "XDG_CACHE_HOME": folder}) as show:
        ever = show.first_s
    for turn in range(times):
        with RunProcess(model) as show:
            firsts.append(round(show.first_s, 3))
            if turn == times - 1:
                show.play(seconds)
                memory = show.memory_mb()
    # A dream that does not ship is first tried in a process of its own, so it has no budget.
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
