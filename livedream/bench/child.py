"""The program `livedream` with an output that notes every frame, in a process of its own.

    python -m livedream.bench.child [--stall SECONDS] [--whole] run …

`--out probe:FILE` notes frames in FILE (see RECORD); FILE exists already and its size says how many fit. `--stall`
makes the model hang for STALL seconds every so many seconds. `--whole` notes the checksum of all pixels. Nothing is
imported here that `livedream run` does not import, because the time to the first frame is measured.
"""

import runpy
import sys
import time
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

RECORD = np.dtype([("at", "f8"), ("number", "i8"), ("fresh", "i4"), ("look", "u4")])
"""One frame: `at` is when it was handed out, in perf_counter seconds; `look` is a checksum of some of its pixels, 0
until it is known or if the frame was dropped."""
Records = npt.NDArray[np.void]  # dtype RECORD
GRID = 8  # distance in pixels, both ways, of those that the checksum covers: enough to see that a picture changed
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
    from livedream.picture.frame import Frame

    class Probe(output.Output):
        kind = "probe"

        def start(self, width: int, height: int, fps: float) -> None:
            self._records, self._count = np.memmap(self.options.sink.partition(":")[2], RECORD, "r+"), 0
            super().start(width, height, fps)

        def show(self, frame: Frame) -> None:  # the clock's thread
            now = time.perf_counter()
            if self._count < len(self._records):
                self._records[self._count] = (now, frame.number, frame.fresh, 0)
            self._count += 1
            super().show(frame)

        def open(self, width: int, height: int, fps: float) -> None:
            pass

        def write(self, frame: Frame) -> None:  # its own thread
            seen = self._records["number"][: min(self._count, len(self._records))]
            at = np.searchsorted(seen, frame.number)
            if at < len(seen) and seen[at] == frame.number:
                self._records["look"][at] = zlib.crc32(frame.pixels[::grid, ::grid].tobytes()) or 1

    Probe.__module__ = "livedream.output.probe"
    module = type(sys)("livedream.output.probe")
    module.Probe = Probe  # type: ignore[attr-defined]  # a module made here
    sys.modules[module.__name__] = module
    kinds.KINDS += (kinds.Kind("probe:FILE", r"probe:.+", "probe:Probe", ("name",), "to a bench"),)


class Stalled:
    """A runner that hangs every few seconds: by turns asleep, as if it waited for a device, and busy."""

    def __init__(self, runner: Any, every: float):
        self._runner, self._every = runner, every
        self._next, self._asleep = time.perf_counter() + every, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runner, name)

    @property
    def state(self) -> Any:
        """The runner's own state."""
        return self._runner.state

    @state.setter
    def state(self, state: Any) -> None:
        self._runner.state = state

    def __call__(self, inputs: Any) -> Any:
        now = time.perf_counter()
        if now >= self._next:
            self._next, self._asleep = now + self._every, not self._asleep
            if self._asleep:
                time.sleep(STALL)
            while time.perf_counter() < now + STALL:
                self._runner(inputs)
        return self._runner(inputs)


def _add_stall(every: float) -> None:
    from livedream.dream.dream import Component, Dream
    from livedream.play.player import Player

    make = Player.__init__

    def slow(self: Player, dream: Dream, load: Callable[[Component], Any], *arguments: Any, **named: Any) -> None:
        def stalled(component: Component) -> Any:
            return Stalled(load(component), every) if component.name == "decode" else load(component)

        make(self, dream, stalled, *arguments, **named)

    Player.__init__ = slow  # type: ignore[method-assign]  # the show makes its own players


if __name__ == "__main__":
    main()
