"""Figures together.*: python bench/together.py [--seconds 60] [DREAM …]

One show into a window, the page, an RTMP server, NDI and a recording at the same time: how many of 30 frames a second
each of them takes. NDI listens on every address, so where it can the bench goes into a network namespace of its own.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from desktop import desktop, lacking

from livedream.bench import intervals
from livedream.bench.figures import compared, figure, missing, table
from livedream.bench.peers import Peer, free_port
from livedream.bench.run_process import RunProcess

FPS = 30.0
INSIDE = "LIVEDREAM_BENCH_INSIDE"
UNSHARE = ("unshare", "-n", "-p", "--fork", "--kill-child=KILL", "--mount-proc")


def figures(model: str, seconds: float) -> list[dict]:
    """Frames a second that each output took, and what the show drew meanwhile.

    In detail: dropped, of `seconds`; arrived at the far end, where there is one that can be asked.
    """
    if lacking():
        return [missing("together.window", "five outputs together", f"needs {', '.join(lacking())} (apt)", "fps")]
    url = f"rtmp://127.0.0.1:{free_port()}/live/bench"
    with tempfile.TemporaryDirectory(prefix="livedream-bench-") as folder, desktop() as environment:
        outs = ["window#name=window", f"{url}#name=rtmp", f"{folder}/take.mp4#name=file", "none#name=none"]
        if os.environ.get(INSIDE):
            outs.append("ndi:bench#name=ndi")
        given = [word for out in outs for word in ("--out", out)]
        with contextlib.ExitStack() as ending:
            server = ending.enter_context(Peer("rtmp", url))
            show = ending.enter_context(RunProcess(model, *given, "--size", "512x512", env=environment))
            viewer = ending.enter_context(Peer("page", f"ws://127.0.0.1:{show.web_port}/ws"))
            here = {each["name"] for each in show.status()["outputs"] if not each["name"].startswith("probe")}
            show.until(lambda: server.arrived and viewer.arrived and min(_sent(show, here).values()) > 30, 30.0)
            show.play(intervals.WARM)
            arrived = {"page": viewer.arrived, "rtmp": server.arrived}
            sent, dropped = _sent(show, here), _sent(show, here, "dropped")
            frames = show.play(seconds)
            took = float(frames["at"][-1] - frames["at"][0])
            more, lost = _sent(show, here), _sent(show, here, "dropped")
            arrived = {"page": viewer.arrived - arrived["page"], "rtmp": server.arrived - arrived["rtmp"]}
            states = {each["name"]: each["state"] for each in show.status()["outputs"]}
    result = intervals.of(frames, FPS)
    found = [
        figure(
            f"together.{name}",
            f"{name}, of five outputs together",
            (more[name] - sent[name]) / took,
            "fps",
            FPS * 0.99,
            "more",
            dropped=lost[name] - dropped[name],
            state=states[name],
            **({"arrived": arrived[name]} if name in arrived else {}),
        )
        for name in sorted(here)
    ]
    return [*found, figure("together.interval", "longest interval", result["longest"], "periods", 1.5, **result)]


def _sent(show: RunProcess, names: set[str], field: str = "sent") -> dict[str, int]:
    return {each["name"]: each[field] for each in show.status()["outputs"] if each["name"] in names}


def _inside() -> None:
    """Go into a namespace with nothing but a loopback, if that is allowed here."""
    if os.environ.get(INSIDE) or not shutil.which("unshare") or os.geteuid():
        return
    command = [*UNSHARE, "sh", "-c", 'ip link set lo up && exec "$@"', "sh", sys.executable, *sys.argv]
    if not subprocess.run([*UNSHARE, "true"], stderr=subprocess.DEVNULL).returncode:
        os.execvpe(command[0], command, {**os.environ, INSIDE: "1"})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="*", metavar="DREAM")
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    _inside()
    for each in options.models or ["rainbow.onnx"]:
        print(Path(each).stem)
        result = figures(each, options.seconds)
        print("\n".join(table(compared(result, []))))
        print({each["name"]: each["detail"] for each in result})
