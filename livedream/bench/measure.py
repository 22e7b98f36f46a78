"""Everything that `livedream bench` measures, one after the other."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import livedream
from livedream import UserError
from livedream.bench import latency, loop, output_cost, pacing, run_process, stall, start
from livedream.bench.figures import Figure, compared, figure, missing, read_baseline
from livedream.dream import read
from livedream.parameters import Table
from livedream.play import dream_parameters as tables
from livedream.play.player import Player
from livedream.system import machine

FPS = 30.0  # the rate of latency and pacing; the default of `run`
FRESH = 29.5  # budget: new pictures per second with the page or a stream open; 30, less the edges of the time measured


def measure(
    model: str = "rainbow.onnx",
    seconds: float = 8.0,
    say: Callable[[str], None] = lambda line: None,
    baseline: str | Path | None = None,
) -> dict[str, Any]:
    """Measure everything, on the main thread, which windows need; takes about 12.5 times `seconds`.

    Args:
        model: The dream.
        seconds: For each main figure.
        say: Called with a line before each part.
        baseline: A file with an earlier result of this machine, to compare with.

    Returns:
        JSON values. A figure that cannot be measured here says why.

    Raises:
        UserError: The dream cannot be played, or the baseline cannot be used.
    """
    here = machine.describe() | {"gpus": machine.graphics()}
    then = read_baseline(baseline, here) if baseline else []
    say(f"{model}: loading")
    dream = read.load(model)
    run_process.prepare(dream)
    result: dict[str, Any] = {
        "livedream": livedream.__version__,
        "when": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seconds": seconds,
        "machine": here,
        "dream": {
            "title": dream.title,
            "file": str(dream.path),
            "sha256": dream.sha256,
            "size": list(dream.size),
            "fps": dream.fps,
        },
    }
    table = tables.of(dream)
    player, taps = loop.tapped(dream)
    say("the model, and the loop around it")
    result |= loop.paired(player, table, taps, FPS, 0.5 * seconds)
    model_s = result["loop"]["bare_p50_ms"] / 1e3
    found = [loop.added(result), loop.flat_out(player, table, taps, seconds, model_s)]
    result["outputs"] = _outputs(player, table, 0.35 * seconds, say)
    found += [_fresh(kind, result["outputs"]) for kind in ("page", "rtmp")]
    for what, act in (
        ("start", lambda: start.figures(dream.path, seconds)),
        ("latency", lambda: latency.figures(dream.path, 1.2 * seconds, FPS, model_s=model_s)),
        ("pacing", lambda: pacing.figures(dream.path, seconds, FPS)),
        ("stall", lambda: stall.figures(dream.path, seconds)),
    ):
        say(f"livedream run: {what}")
        found += _tried(what, act, then)
    result["figures"] = compared(found, then)
    return result


def _outputs(player: Player, table: Table, seconds: float, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Feed each kind of output at 60 and at 30 frames per second."""
    result: list[dict[str, Any]] = []
    for kind in output_cost.KINDS:
        for fps in (60.0, 30.0):
            before = result[-1] if result else {}
            if before.get("output") == kind and "skipped" in before:  # it will not be there at another rate
                result.append(before | {"asked_fps": fps})
                continue
            say(f"frames a second: {kind} at {fps:g}")
            result.append(output_cost.measure(kind, player, table, fps, seconds))
    return result


def _tried(name: str, act: Callable[[], list[Figure]], then: list[Figure]) -> list[Figure]:
    """Return the figures, or why there are none, because the others are still wanted."""
    try:
        return act()
    except UserError:
        raise
    except Exception as error:
        return unmeasured(name, name, str(error) or type(error).__name__, then)


def unmeasured(name: str, what: str, why: str, then: list[Figure]) -> list[Figure]:
    """Return the figures of a part that failed, as far as the baseline names them, as missing."""
    before = [each for each in then if each["name"].startswith(f"{name}.")]
    return [missing(each["name"], each["what"], why, each["unit"]) for each in before] or [missing(name, what, why)]


def _fresh(kind: str, result: list[dict[str, Any]]) -> Figure:
    name, what = f"outputs.{kind}", f"fresh frames a second with {kind}"
    rates = [each for each in result if each["output"] == kind]
    best = max((each["fresh_fps"] for each in rates if "fresh_fps" in each), default=None)
    return figure(name, what, best, "fps", FRESH, "more", why=rates[-1].get("skipped", ""))
