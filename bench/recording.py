"""Figures recording.*: python bench/recording.py [--kills 20] [--seconds 5] [DREAM]

What a live recording of 512x512 at 30 costs, by type of file; and what `kill -9` of a `livedream run` at a random
moment takes from its recording.
"""

import argparse
import random
import tempfile
import time
from pathlib import Path

import av
import numpy as np

from livedream.bench.figures import compared, figure, table
from livedream.bench.run_process import RunProcess
from livedream.dream import read
from livedream.loop import offline
from livedream.output import kinds
from livedream.output.programs.resize import Resizer
from livedream.picture.frame import Frame

FPS = 30.0
SIZE = (512, 512)
LOST_S = 1.0
FILES = {
    "h264": "a.mp4#codec=libx264",
    "hevc": "a.mp4#codec=libx265",
    "av1": "a.mp4#codec=libsvtav1",
    "prores": "a.mov",
    "ffv1": "a.mkv#codec=ffv1",
    "png": "a-%06d.png",
}
KILLED = ("a.mp4", "a.mkv", "a.mov#codec=h264", "a.mov")


def figures(model: str, kills: float, seconds: float = 5.0) -> list[dict]:
    """The cost of each of FILES over `seconds` each, and `round(kills)` kills, of KILLED in turn."""
    with tempfile.TemporaryDirectory(prefix="livedream-recording-") as folder:
        return [*cost(model, Path(folder), seconds), killed(model, Path(folder), round(kills))]


def cost(model: str, folder: Path, seconds: float) -> list[dict]:
    """Share of a core, of this process, that a recording of frames of the dream takes at FPS."""
    pictures = [_sized(each.pixels) for each in offline.frames(read.load(model), 60, FPS)]
    return [_cost(name, sink, pictures, folder, seconds) for name, sink in FILES.items()]


def _sized(pixels: np.ndarray) -> np.ndarray:
    return Resizer(SIZE, "cover").resized(pixels)


def _cost(name: str, sink: str, pictures: list, folder: Path, seconds: float) -> dict:
    output = kinds.parse(f"{folder}/{sink}")
    output.start(*SIZE, FPS)
    number, counted = 0, 0
    begin = used = None
    at = time.perf_counter()
    while begin is None or time.perf_counter() - begin < seconds:
        output.show(Frame(pictures[number % len(pictures)], number))
        if begin is None and output.sent >= FPS:  # a second later, opened and warm
            begin, used, counted = time.perf_counter(), time.process_time(), output.sent
        number += 1
        at = max(at + 1 / FPS, time.perf_counter() - 1)
        time.sleep(max(at - time.perf_counter(), 0))
    share = (time.process_time() - used) / (time.perf_counter() - begin)
    sent, size = output.sent - counted, output.path.stat().st_size if output.path.is_file() else 0
    output.stop()
    result = {"frames": sent, "dropped": output.dropped, "mbit_s": round(size * 8 / number * FPS / 1e6, 1)}
    return figure(f"recording.{name}", f"live recording 512x512 at 30, {sink}", 100 * share, "% of a core", **result)


def killed(model: str, folder: Path, kills: int) -> dict:
    """The most that was lost: frames that /status said were written, less those that can be read, in seconds."""
    lost, unreadable = [], []
    for i in range(kills):
        sink = KILLED[i % len(KILLED)]
        path = folder / f"kill-{i}-{sink.split('#')[0]}"
        with RunProcess(model, "--out", f"{folder}/kill-{i}-{sink}", fps=FPS, frames=10_000) as show:
            show.play(random.uniform(1.0, 4.0))
            before = _sent(show)
            show.child.kill()
            show.child.wait()
        try:
            lost.append((before - readable(path)) / FPS)
        except av.error.FFmpegError as error:
            unreadable.append(f"{path.name}: {error}")
        print(f"kill {i + 1} of {kills}: {path.name}, {before} frames written, {lost[-1] if lost else '?':.2f} s lost")
        path.unlink()
    what = f"killed with kill -9 at a random moment, {kills} times: most that was lost"
    result = {"median_s": float(np.median(lost)) if lost else None, "unreadable": unreadable}
    return figure("recording.killed", what, float("inf") if unreadable else max(lost), "s", LOST_S, **result)


def _sent(show: RunProcess) -> int:
    return next(each["sent"] for each in show.status()["outputs"] if each["kind"] == "file")


def readable(path: Path) -> int:
    """Pictures that can be decoded. Raises av.error.FFmpegError if the file cannot be opened."""
    count = 0
    with av.open(str(path)) as container:
        try:
            for _ in container.decode(video=0):
                count += 1
        except av.error.FFmpegError:
            pass  # the last bytes may be half a picture
    return count


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", nargs="?", default="rainbow.onnx", metavar="DREAM")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=5.0, help="for the cost of each type")
    options = parser.parse_args()
    print("\n".join(table(compared(figures(options.model, options.kills, options.seconds), []))))
