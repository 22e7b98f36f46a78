"""Figures obs.*: python bench/obs.py [DREAM] [--turns N] [--fps N] [--size WxH] [--nice N] [--json FILE]

A real OBS, without a screen or a network (Debian: obs-studio, obs-plugins, xvfb, iproute2, ffmpeg, libnginx-mod-rtmp;
root). Its own pictures are read back: whose frames they are and in which order, how old they are, their colours.
tests/obs has the parts.
"""

import argparse
import itertools
import json
import subprocess
import sys
from pathlib import Path

from livedream.bench.figures import columns, compared, figure, missing, table

INSIDE = Path(__file__).parents[1] / "tests" / "obs" / "inside.py"
WAYS = ("listen-rtmp", "nginx-rtmp", "udp", "listen-http", "srt")
LEVELS = 3  # off the window's
FPS = 15  # two cores draw the rainbow road so often beside an OBS that renders in software; at 30 no frame is in time
NAMES = {"listen-rtmp": "RTMP listener", "nginx-rtmp": "nginx-rtmp", "udp": "UDP", "listen-http": "HTTP", "srt": "SRT"}


def figures(model: str, turns: float, fps: int = FPS, size: str = "672x384", nice: int = 0) -> list[dict]:
    """Order by every way, ages by the listener beside a bare sender's, colours.

    turns: connections of each sender for the ages; one: not every way is tried either.
    """
    found = [_order(way) for way in (WAYS if turns > 1 else ("listen-rtmp", "srt"))]
    found.append(_age("listen-rtmp", model, round(turns), fps, size, nice))
    return found + _colours()


def _order(way: str) -> dict:
    name, what = f"obs.order.{way}", f"OBS, {NAMES[way]}: pictures it recorded that are not ours or not in order"
    result = inside("order", way)
    if "skipped" in result:
        return missing(name, what, result["skipped"], "pictures")
    seen = result["shots"] + result["recorded"]
    wrong = sum(b is None or (a is not None and b < a) for a, b in itertools.pairwise(seen))
    several = {"pictures": len(seen), "frames": len(set(seen)), "first_picture_s": result["first_picture_s"]}
    return figure(name, what, wrong, "pictures", 0, **several, obs=result["obs"])


def _age(way: str, model: str, turns: int, fps: int, size: str, nice: int) -> dict:
    name, what = "obs.age", f"age of the picture in OBS, {NAMES[way]}: more than a bare sender's"
    settings = ["--turns", str(turns), "--fps", str(fps), "--size", size, "--nice", str(nice)]
    result = inside("age", way, "--model", model, *settings)
    if "livedream_ms" not in result or "bare_ms" not in result:
        return missing(name, what, result.get("skipped", "this OBS is too busy to answer in time"), "ms")
    ours, bare = result["livedream_ms"], result["bare_ms"]
    budget = result["period_ms"] + result["ms"]["model_p50"]
    kept = {each: result[each] for each in ("size", "ms", "late", "too_slow", "first_picture_s", "obs", "load")}
    return figure(name, what, ours["median"] - bare["median"], "ms", budget, livedream=ours, bare=bare, fps=fps, **kept)


def _colours() -> list[dict]:
    result = inside("colours", "listen-rtmp", "--ndi")
    if "NDIlib" in result.get("skipped", ""):  # the receiver is not installed
        result = inside("colours", "listen-rtmp")
    found = []
    for where in ("OBS", "recording", "NDI"):
        name, what = (
            f"obs.colours.{where.lower()}",
            f"75 % colour bars from {where}: off the window's at most",
        )
        if where in result.get("off", {}):
            more = {"saturated_and_greys": result["others_off"][where], "window_off": result["window_off"]}
            found.append(figure(name, what, result["off"][where], "levels", LEVELS, **more))
        else:
            found.append(missing(name, what, result.get("skipped", "no NDI receiver here (pip: ndi-python)"), "levels"))
    return found


def inside(*arguments: str) -> dict:
    """Return the result of tests/obs/inside.py, or {"skipped": the reason}."""
    try:
        done = subprocess.run([sys.executable, str(INSIDE), *arguments], capture_output=True, text=True, timeout=300)
        return json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        return {"skipped": "took longer than five minutes"}
    except (OSError, ValueError, IndexError):
        return {"skipped": (done.stderr.strip().splitlines() or ["it says nothing"])[-1]}


def ages(model: str, turns: int, fps: int, size: str, nice: int) -> list[dict]:
    """Ages by every way, livedream's and the bare sender's."""
    settings = ["--turns", str(turns), "--fps", str(fps), "--size", size, "--nice", str(nice), "--model", model]
    return [inside("age", way, *settings) for way in WAYS]


def _rows(result: list[dict]) -> list[str]:
    rows = [("way", "first picture s", "age ms, median", "p95", "bare sender", "p95", "")]
    for way, each in zip(WAYS, result, strict=True):
        ours, bare = (each.get(f"{who}_ms", {"median": "-", "p95": "-"}) for who in ("livedream", "bare"))
        first = each.get("first_picture_s", {}).get("livedream", ["-"])
        cells = [NAMES[way], max(first), ours["median"], ours["p95"], bare["median"], bare["p95"]]
        rows.append((*map(str, cells), each.get("skipped", "")))
    return columns(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("model", nargs="?", default="rainbow.onnx")
    parser.add_argument("--turns", type=int, default=2, help="connections of each sender, taking turns")
    parser.add_argument("--fps", type=int, default=FPS)
    parser.add_argument("--size", default="672x384")
    parser.add_argument("--nice", type=int, default=0, help="priority of OBS and senders, below 0 on a busy machine")
    parser.add_argument("--ages", action="store_true", help="nothing but ages, by every way")
    parser.add_argument("--json", metavar="FILE", help="write all that was found")
    options = parser.parse_args()
    given = (options.model, options.turns, options.fps, options.size, options.nice)
    found = ages(*given) if options.ages else figures(*given)
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1) + "\n")
    print("\n".join(_rows(found) if options.ages else table(compared(found, []))))
