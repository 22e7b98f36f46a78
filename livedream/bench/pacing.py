"""How evenly an undisturbed `livedream run` hands out its frames."""

from pathlib import Path

from livedream.bench import intervals
from livedream.bench.figures import figure
from livedream.bench.running import Show

PACING_MS = 2.0  # budget: p99 of abs(interval - period)


def figures(model: str | Path, seconds: float, fps: float = 30.0) -> list[dict]:
    """Figures pacing.FPS.p99 and pacing.FPS.drops: an undisturbed show."""
    name, at = f"pacing.{fps:g}", f"{fps:g} fps"
    with Show(model, fps=fps, frames=int((seconds + 60) * fps)) as show:
        show.play(min(intervals.WARM, seconds))
        told = intervals.of(show.play(seconds), fps) | {"seconds": seconds}
        dropped = sum(each["dropped"] for each in show.status()["outputs"] if each["kind"] == "probe")
    drops = told["skipped"] + dropped
    return [
        figure(f"{name}.p99", f"pacing at {at}, p99", told["error_p99_ms"], "ms", PACING_MS, **told),
        figure(f"{name}.drops", f"pacing at {at}, drops", drops, "frames", 0, skipped=told["skipped"], output=dropped),
    ]
