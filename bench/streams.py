"""A show whose streaming server misbehaves: `python bench/streams.py [--quick]`.

A real `livedream run` pushes to a real nginx-rtmp (apt: libnginx-mod-rtmp) and hands every frame to this program as
well. The server is absent, stalled (SIGSTOP) for 6 s, or killed and started again, ten times in all (--quick: three).
Printed for each: the rate and the longest interval of the other output, in periods, from the fault until the stream
played again; the seconds until it did, from the moment that the server was back; and the memory of the show with all
its processes. The first row is the same without a fault: it says how busy the machine is.
"""

import argparse
import itertools
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.output.streaming import Nginx, pulled
from tests.show import Show

FPS = 30
STALL = 6.0  # seconds


class Arrivals:
    """Arrivals of a show's frames, in seconds since `begin`."""

    def __init__(self, show: Show):
        self.times: list[float] = []
        threading.Thread(target=self._count, args=(show,), daemon=True).start()

    def _count(self, show):
        while True:
            show.frame(600)
            self.times.append(time.perf_counter())

    def begin(self):
        self.times = []

    def result(self) -> tuple[float, float]:
        """Frames a second, and the longest interval in periods."""
        times = list(self.times)
        longest = max(b - a for a, b in itertools.pairwise(times))
        return (len(times) - 1) / (times[-1] - times[0]), longest * FPS


def memory(show: Show) -> float:
    """Resident MB of the show and its children."""
    process = psutil.Process(show.child.pid)
    return sum(each.memory_info().rss for each in (process, *process.children(recursive=True))) / 1e6


def absent(server: Nginx) -> None:
    server.kill()
    time.sleep(3)
    server.start()


def stalled(server: Nginx) -> None:
    server.signal(signal.SIGSTOP)
    time.sleep(STALL)
    server.signal(signal.SIGCONT)


def killed(server: Nginx) -> None:
    server.kill()
    server.start()


def nothing(server: Nginx) -> None:
    time.sleep(5)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--quick", action="store_true", help="three faults instead of ten")
    arguments.add_argument("--model", default="rainbow.onnx")
    wishes = arguments.parse_args()
    faults = ([absent, stalled, killed] * 4)[: 3 if wishes.quick else 10]
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        server = Nginx(Path(folder))
        server.start()
        try:
            with Show(wishes.model, "--size", "640x360", "--fps", str(FPS), outs=(server.url,)) as show:
                arrivals = Arrivals(show)
                pulled(server.url, 30)
                time.sleep(3)
                print(f"{'fault':10}{'fps':>7}{'longest':>9}{'back after':>12}{'memory':>9}")
                for fault in (nothing, *faults):
                    arrivals.begin()
                    fault(server)
                    back = time.perf_counter()
                    pulled(server.url, 30)
                    back = time.perf_counter() - back
                    fps, longest = arrivals.told()
                    failed |= back > 5
                    print(
                        f"{fault.__name__:10}{fps:7.1f}{longest:9.2f}{back:10.1f} s{memory(show):6.0f} MB", flush=True
                    )
                    time.sleep(2)
        finally:
            server.kill()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
