"""Figures comings.*: python bench/comings.py [--minutes 60] [--ndi] [DREAM]

Outputs are added and removed at random every few seconds while a show plays: memory, threads, open files and child
processes are as before at the end, and the others never notice. Runs under an X server of its own. --ndi: NDI and OMT
too, which listen on every address of the machine: for a network namespace (`unshare -n`).
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from desktop import desktop, lacking

from livedream.bench import intervals
from livedream.bench.figures import Figure, compared, figure, missing, table
from livedream.bench.peers import free_port
from livedream.bench.run_process import RunProcess

GROWTH_MB = 5.0
MOST = 5  # outputs at a time
PAUSE = (0.5, 4.0)  # seconds between two changes
SETTLE = 8.0  # seconds until what has been removed is gone: a hanging one is given up after 3
ROUND = 45.0  # seconds after which all are removed and everything is counted


def figures(model: str, seconds: float, ndi: bool = False) -> list[Figure]:
    """Measure growth from a third of the time, when each kind has been there often, to the end.

    Both are counted when all outputs have just been removed.
    """
    if lacking():
        return [missing("comings.memory", "outputs added and removed", f"needs {', '.join(lacking())} (apt)", "MB")]
    with tempfile.TemporaryDirectory(prefix="livedream-bench-") as folder, desktop() as environment:
        given = ("--recordings", folder, "--size", "640x360", "--out", "none")
        with RunProcess(model, *given, frames=400_000, env=environment) as run:
            run.play(intervals.WARM)
            changes = Changes(run, ndi)
            kept, begin = len(run.status()["outputs"]), time.perf_counter()
            counts, longest = [], []
            while not counts or time.perf_counter() < begin + seconds:
                since = time.perf_counter()
                changes.round()
                changes.wrong += len(_names(run)) != kept
                counts.append((round(time.perf_counter() - begin), *_count(run)))
                longest.append(intervals.of(run.frames(since), 30.0)["longest"])
                for path in Path(folder).iterdir():
                    path.unlink()
                text = f"{counts[-1]}  longest {longest[-1]} periods, {changes.count} changes"
                print(text, file=sys.stderr, flush=True)
    return _figures(counts, max(longest), changes)


class Changes:
    """Adds and removes outputs of a run at random.

    Attributes:
        count: Changes so far.
        wrong: Outputs that were not gone in time.
        refused: Why an output of a kind did not come, by its kind.
    """

    def __init__(self, run: RunProcess, ndi: bool):
        self._run, self._ndi, self._chance = run, ndi, random.Random(5)
        self._waiting = kinds(ndi)  # each once in the first round
        self.count, self.wrong, self.refused = 0, 0, {}

    def round(self) -> None:
        """Make changes for ROUND seconds, and then remove every output that was added."""
        names: list[str] = []
        since = time.perf_counter()
        while self._waiting or time.perf_counter() < since + ROUND:
            if len(names) < MOST and (self._waiting or self._chance.random() < 0.55):
                names += self._add()
            elif names:
                name = names.pop(self._chance.randrange(len(names)))
                self._run.send("output/remove", name)
                self.wrong += not self._run.until(lambda name=name: name not in _names(self._run), 5.0, 0.1)
            self.count += 1
            self._run.play(self._chance.uniform(*PAUSE))
        for name in names:
            self._run.send("output/remove", name)
        self._run.play(SETTLE)

    def _add(self) -> list[str]:
        """Add an output, and return its name if it came."""
        make = self._waiting.pop() if self._waiting else self._chance.choice(kinds(self._ndi))
        name, text = f"n{self.count}", make()
        self._run.send("output/add", f"{text}{'&' if '#' in text else '#'}name={name}")
        if self._run.until(lambda: name in _names(self._run), 5.0, 0.1):
            return [name]
        self.refused[text.split(":")[0].split(".")[-1]] = self._run.status()["output_error"]
        return []


def _figures(counts: list[tuple], longest: float, changes: Changes) -> list[Figure]:
    begun = next(each for each in counts if each[0] >= counts[-1][0] / 3)
    first, last = np.array(begun[1:]), np.array(counts[-1][1:])
    grown = last - first
    more = {
        "changes": changes.count,
        "seconds": counts[-1][0],
        "first_mb": counts[0][1],
        "begin_s": begun[0],
        "begin_mb": float(first[0]),
        "end_mb": float(last[0]),
        "most_mb": max(each[1] for each in counts),
        "refused": changes.refused,
    }
    what = f"{changes.count} outputs added or removed in {counts[-1][0]} s"
    return [
        figure("comings.memory", f"{what}: memory growth", float(grown[0]), "MB", GROWTH_MB, **more),
        figure("comings.threads", f"{what}: threads left", int(grown[1]), "", 0),
        figure("comings.files", f"{what}: open files left", int(grown[2]), "", 0),
        figure("comings.processes", f"{what}: processes left", int(grown[3]), "", 0),
        figure("comings.wrong", f"{what}: not there, or not gone, within 5 s", changes.wrong, "", 0),
        figure("comings.interval", f"{what}: longest interval", longest, "periods", intervals.LONGEST),
    ]


def kinds(ndi: bool) -> list:
    """Return a function for each kind of output that makes its `--out`, with a new port each time."""
    made = [
        lambda: "none",
        lambda: f"rtmp://127.0.0.1:{free_port()}/live/nobody",
        lambda: f"listen-rtmp://127.0.0.1:{free_port()}/live",
        lambda: f"listen-http://127.0.0.1:{free_port()}/live.ts",
        lambda: f"udp://127.0.0.1:{free_port()}",
        lambda: f"srt://127.0.0.1:{free_port()}?mode=listener",
        lambda: "take.mp4",
        lambda: "take.mkv",
        lambda: "take.mov#size=320x180",
        lambda: "window#size=320x180",
    ]
    return [*made, lambda: "ndi:bench", lambda: "omt:bench"] if ndi else made


def _names(show: RunProcess) -> list[str]:
    return [each["name"] for each in show.status()["outputs"]]


def _count(show: RunProcess) -> tuple[float, int, int, int]:
    """Return the resident MB, threads, open files and child processes of the run."""
    process = Path(f"/proc/{show.child.pid}")
    children = sum(len(path.read_text().split()) for path in process.glob("task/*/children"))
    return show.memory_mb(), len(list(process.glob("task/*"))), len(list(process.glob("fd/*"))), children


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", nargs="?", default="rainbow.onnx", metavar="DREAM")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--ndi", action="store_true")
    options = parser.parse_args()
    result = figures(options.model, 60 * options.minutes, options.ndi)
    print("\n".join(table(compared(result, []))))
    print(result[0]["detail"])
