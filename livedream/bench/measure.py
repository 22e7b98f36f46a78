"""All figures, one after the other."""

import datetime
import statistics
from collections.abc import Callable
from pathlib import Path

import livedream
from livedream import machine
from livedream.bench import latency, loop, outputs, start
from livedream.bench.report import budgets
from livedream.dream import read
from livedream.play import table as tables

FPS = 30.0  # the rate of latency and pacing; the default of `run`


def measure(model: str = "rainbow.onnx", seconds: float = 8.0, say: Callable[[str], None] = lambda line: None) -> dict:
    """All figures, of JSON values. With 8 seconds for each main one it takes at most 90 s altogether.

    say: takes a line before each part. Call it on the main thread (windows want it). Raises UserError for a dream
    that cannot be played. What cannot be measured here carries {"skipped": why} in its place.
    """
    say(f"{model}: loading")
    dream = read.load(model)
    figures = {
        "livedream": livedream.__version__,
        "when": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seconds": seconds,
        "machine": machine.describe(),
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
    figures |= loop.measure(player, table, taps, FPS, 0.75 * seconds)
    model_s = figures["loop"]["bare_p50_ms"] / 1e3
    figures["outputs"] = []
    for kind in outputs.KINDS:
        for fps in (60.0, 30.0):
            before = figures["outputs"][-1] if figures["outputs"] else {}
            if before.get("output") == kind and "skipped" in before:  # it will not be there at another rate
                figures["outputs"].append(before | {"asked_fps": fps})
                continue
            say(f"frames a second: {kind} at {fps:g}")
            # Pacing is read off the plain run, so that gets the whole time; the others need less.
            long = kind == "none" and fps == FPS
            figures["outputs"].append(outputs.measure(kind, player, table, fps, seconds * (1 if long else 0.4)))
    plain = next(each for each in figures["outputs"] if each["output"] == "none" and each["asked_fps"] == FPS)
    figures["pacing"] = {"fps": FPS, "p99_ms": plain.get("interval_p99_ms"), "frames": plain.get("frames", 0)}
    say("OSC packet to frame")
    figures["latency"] = latency.measure(player, table, FPS, seconds, model_s)
    say("start-up and memory")
    figures |= _process(dream.path, 2.5 * seconds)
    figures["budgets"] = budgets(figures)
    return figures


def _process(path: Path, play_s: float) -> dict:
    """Start-up, of three processes, and the memory of the last."""
    try:
        starts = [start.measure(path)["first_frame_s"] for _ in range(2)]
        last = start.measure(path, play_s)
    except RuntimeError as error:
        return {"start": {"skipped": str(error)}, "memory": {"skipped": "it did not start"}}
    starts.append(last["first_frame_s"])
    return {"start": {"first_frame_s": statistics.median(starts), "all_s": starts}, "memory": last["memory"]}
