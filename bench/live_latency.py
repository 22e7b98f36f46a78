"""How old a live picture is when an output gets it: alone, mirrored, and while the encoder looks at it.

    python bench/live_latency.py [--model city] [--seconds 10] [--fps 30]

A pretended camera in this process gives a picture of 1280x720 every period, at moments of its own; its number is in the
picture. Printed: milliseconds and periods from its capture to the output, at the median, the 99th percentile and the
most. The budget is two periods.
"""

import argparse
import threading
import time

import numpy as np

from livedream.backend import cpu
from livedream.dream import read
from livedream.input.live_source import LivePicture
from livedream.loop.deck import Deck
from livedream.loop.live import Stage
from livedream.output import Options, Output
from livedream.parts.live_input import LiveInput
from livedream.play import dream_parameters
from livedream.play.player import Player


class Camera:
    """A LiveSource: a grey of number % 256 over a whole picture."""

    name, kind, state, error, note, dropped = "pretended", "camera", "up", None, None, 0

    def __init__(self, fps: float):
        self._fps, self.received, self.latest = fps * 1.003, 0, None  # its pace drifts past the show's
        self.at: dict[int, float] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(1.0)

    def status(self) -> dict:
        return {}

    def _run(self) -> None:
        due = time.perf_counter()
        while not self._stopping.wait(max(0.0, due - time.perf_counter())):
            self.received += 1
            at = time.perf_counter()
            pixels = np.full((720, 1280, 4), self.received % 250, np.uint8)
            self.at[self.received % 250] = at
            self.latest = LivePicture(pixels, at, self.received)
            due += 1 / self._fps


class Meter(Output):
    """Notes how old what it gets is."""

    kind = "none"

    def __init__(self, camera: Camera):
        super().__init__(Options("none", "meter"))
        self.camera, self.ages = camera, []

    def show(self, frame) -> None:
        grey = int(np.asarray(frame.picture)[5, 5, 0]) if frame.fresh else -1
        if grey in self.camera.at:
            self.ages.append(time.perf_counter() - self.camera.at[grey])


def measured(model: str, fps: float, seconds: float, **values: float) -> list[float]:
    dream = read.load(model)
    table = dream_parameters.of(dream, live=True)
    for name, value in values.items():
        table.set(name.replace("__", "/"), [value])
    deck, camera = Deck(0, Player(dream, cpu.load)), Camera(fps)
    live = LiveInput(camera, [deck], (1280, 720))
    meter = Meter(camera)
    stage = Stage([deck], table, fps, [meter], on_frame=live.on_frame)
    live.start()
    stage.start()
    time.sleep(seconds)
    stage.stop()
    live.stop()
    return meter.ages[len(meter.ages) // 5 :]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="city")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--fps", type=float, default=30.0)
    given = parser.parse_args()
    for what, values in (
        ("alone", {"input__mix": 1.0}),
        ("alone, mirrored", {"input__mix": 1.0, "input__mirror": 1.0}),
        ("alone while the encoder runs", {"input__mix": 1.0, "input__pull": 1.0}),
    ):
        ages = np.array(measured(given.model, given.fps, given.seconds, **values))
        p50, p99 = np.percentile(ages, [50, 99])
        print(
            f"{what}: {len(ages)} pictures, median {p50 * 1e3:.1f} ms ({p50 * given.fps:.2f} periods), "
            f"p99 {p99 * 1e3:.1f} ms ({p99 * given.fps:.2f}), most {ages.max() * 1e3:.1f} ms"
        )


if __name__ == "__main__":
    main()
