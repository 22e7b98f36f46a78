"""A `livedream run` in a process of its own: how soon its first frame goes out, and the memory it then takes."""

import subprocess
import sys
import threading
import time
from pathlib import Path

from livedream.bench.first_frame import FIRST
from livedream.bench.peers import ROOT

PATIENCE = 30.0  # seconds for the first frame


def measure(model: Path, play_s: float | None = None) -> dict:
    """{"first_frame_s": seconds from the command to the hand-out of its first frame}.

    play_s: then let it play on until that long after the command, for {"memory": {"rss_mb", "after_s"}}. Raises
    RuntimeError when no frame came.
    """
    command = [
        sys.executable,
        "-m",
        "livedream.bench.first_frame",
        "run",
        "--model",
        str(model.resolve()),
        "--out",
        "none",
    ]
    begin = time.perf_counter()
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    watchdog = threading.Timer(PATIENCE, child.kill)
    watchdog.start()
    said = []
    try:
        for line in child.stdout:
            said.append(line.strip())
            if said[-1] == FIRST:
                break
        first = time.perf_counter() - begin
        watchdog.cancel()
        if said[-1:] != [FIRST]:
            raise RuntimeError(f"livedream run showed no frame in {PATIENCE:g} s: {' | '.join(said) or 'not a word'}")
        figures = {"first_frame_s": round(first, 3)}
        if play_s is not None:
            time.sleep(max(0.0, begin + play_s - time.perf_counter()))
            figures["memory"] = _memory(child.pid) | {"after_s": round(time.perf_counter() - begin, 1)}
        return figures
    finally:
        watchdog.cancel()
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        child.stdout.close()


def _memory(pid: int) -> dict:
    """Resident memory of a process, as the system counts it."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        kilobytes = next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1]
    except (OSError, StopIteration):
        try:
            asked = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, timeout=5)
            kilobytes = asked.stdout.strip() or "-"
        except (OSError, subprocess.SubprocessError):
            kilobytes = "-"
    if not kilobytes.isdigit():
        return {"skipped": "this system does not tell a process's memory"}
    return {"rss_mb": round(int(kilobytes) * 1024 / 1e6, 1)}
