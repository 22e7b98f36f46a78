"""Pacing of the frames of a `livedream run` that nothing disturbs."""

from pathlib import Path

from livedream.bench import intervals
from livedream.bench.figures import Figure, figure
from livedream.bench.run_process import RunProcess

PACING_MS = 2.0  # budget: p99 of abs(interval - period)


def figures(model: str | Path, seconds: float, fps: float = 30.0) -> list[Figure]:
    """Measure pacing.FPS.p99 and pacing.FPS.drops."""
    name, at = f"pacing.{fps:g}", f"{fps:g} fps"
    with RunProcess(model, fps=fps, frames=int((seconds + 60) * fps)) as show:
        show.play(min(intervals.WARM, seconds))
        measured = intervals.of(show.play(seconds), fps)
        dropped = sum(each["dropped"] for each in show.status()["outputs"] if each["kind"] == "probe")
    drops = measured["skipped"] + dropped
    return [
        figure(
            f"{name}.p99",
            f"pacing at {at}, p99",
            measured["error_p99_ms"],
            "ms",
            PACING_MS,
            **measured,
            seconds=seconds,
        ),
        figure(
            f"{name}.drops", f"pacing at {at}, drops", drops, "frames", 0, skipped=measured["skipped"], output=dropped
        ),
    ]
