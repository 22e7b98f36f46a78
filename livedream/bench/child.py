"""The program `livedream` with an output that notes every frame, in a process of its own.

    python -m livedream.bench.child [--stall SECONDS] [--whole] run …

`--out probe:FILE` notes frames in FILE (see RECORD); FILE exists already and its size says how many fit. The first
frame is announced on standard output, too. `--stall` makes the model hang for STALL seconds every so many seconds.
`--whole` notes the checksum of all pixels. Nothing is imported here that `livedream run` does not import, because the
time to the first frame is measured.
"""

import runpy
import sys
import time
import zlib

import numpy as np

FIRST = "first frame"
RECORD = np.dtype([("at", "f8"), ("number", "i8"), ("fresh", "i4"), ("look", "u4")])
"""at: perf_counter seconds at which the stage handed the frame out. look: checksum of some of its pixels, 0 until
known, or when it was dropped."""
GRID = 8  # every so manyth pixel, both ways, is enough to see that a picture changed
STALL = 0.2  # seconds


def main() -> None:
    """Run `python -m livedream` with the output `probe`; does not return."""
    whole = "--whole" in sys.argv
    if whole:
        sys.argv.remove("--whole")
    _add_probe(1 if whole else GRID)
    if sys.argv[1:2] == ["--stall"]:
        _add_stall(float(sys.argv[2]))
        del sys.argv[1:3]
    runpy.run_module("livedream", run_name="__main__", alter_sys=True)


def _add_probe(grid: int) -> None:
    from livedream import output
    from livedream.output import kinds

    class Probe(output.Output):
        kind = "probe"

        def start(self, width, height, fps):
            self._records, self._count = np.memmap(self.options.sink.partition(":")[2], RECORD, "r+"), 0
            super().start(width, height, fps)

        def show(self, frame):  # the clock's thread
            now = time.perf_counter()
            if self._count < len(self._records):
                self._records[self._count] = (now, frame.number, frame.fresh, 0)
            self._count += 1
            if self._count == 1:
                print(FIRST, flush=True)
            super().show(frame)

        def open(self, width, height, fps):
            pass

        def write(self, frame):  # its own thread
            seen = self._records["number"][: min(self._count, len(self._records))]
            at = np.searchsorted(seen, frame.number)
            if at < len(seen) and seen[at] == frame.number:
                self._records["look"][at] = zlib.crc32(frame.pixels[::grid, ::grid].tobytes()) or 1

    Probe.__module__ = "livedream.output.probe"
    module = type(sys)("livedream.output.probe")
    module.Probe = Probe
    sys.modules[module.__name__] = module
    kinds.KINDS += (kinds.Kind("probe:FILE", r"probe:.+", "probe:Probe", ("name",), "to a bench"),)


class Stalled:
    """A runner that hangs: by turns asleep, as one that waits for a device, and at work, as one that was given much."""

    def __init__(self, runner, every: float):
        self._runner, self._every = runner, every
        self._next, self._asleep = time.perf_counter() + every, False

    def __getattr__(self, name):
        return getattr(self._runner, name)

    @property
    def state(self):
        return self._runner.state

    @state.setter
    def state(self, state):
        self._runner.state = state

    def __call__(self, inputs):
        now = time.perf_counter()
        if now >= self._next:
            self._next, self._asleep = now + self._every, not self._asleep
            if self._asleep:
                time.sleep(STALL)
            while time.perf_counter() < now + STALL:
                self._runner(inputs)
        return self._runner(inputs)


def _add_stall(every: float) -> None:
    from livedream.play.player import Player

    make = Player.__init__

    def slow(self, dream, load, *arguments, **named):
        def stalled(component):
            return Stalled(load(component), every) if component.name == "decode" else load(component)

        make(self, dream, stalled, *arguments, **named)

    Player.__init__ = slow


if __name__ == "__main__":
    main()
