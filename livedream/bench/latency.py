"""The time from an OSC packet to the first frame that shows it, while TouchDesigner's 64 channels arrive at 60 Hz."""

import contextlib
import random
import socket
import struct
import threading
import time
from pathlib import Path
from typing import Any, Self

import numpy as np

from livedream.bench.child import Records
from livedream.bench.figures import Figure, figure
from livedream.bench.run_process import RunProcess, message

RATE, CHANNELS = 60.0, 64
MOVING = ("player/speed", "dream/temperature", "dream/feedback")  # they do not change the picture of a frozen dream
APART = (4.2, 5.4)  # periods (or model times, if longer) between two packets: random, so that no clock is in step
LEAST = 4  # packets


def figures(
    model: str | Path, seconds: float, fps: float = 30.0, crowd: bool = True, model_s: float | None = None
) -> list[Figure]:
    """Measure latency.p50 and latency.p99: packets that turn a knob, sent at random moments to a `livedream run`.

    The dream is frozen and glide is 0, so only the knob changes the picture: a packet has arrived with the first frame
    whose picture differs. A dream without knobs is faded instead.

    Args:
        model: The dream.
        seconds: How long packets are sent.
        fps: Frames per second of the run.
        crowd: Whether bundles arrive meanwhile, of which 61 channels stay and three move.
        model_s: Seconds of one run of the model, for the budget; None: as the run's own status has it.
    """
    with RunProcess(model, fps=fps, frames=int((3 * seconds + 60) * fps)) as show:
        address, values = _knob(show)
        for each in (("player/glide", 0.0), ("player/freeze", 1), (address, values[1])):
            show.send(*each)
        with Crowd(show.osc_port) if crowd else contextlib.nullcontext() as others:
            show.play(min(2.0, seconds))
            model_s = model_s or show.status()["ms"]["model_p50"] / 1e3
            sent = _packets(show, address, values, seconds, max(1 / fps, model_s))
            bundles = others.sent if others else 0
        frames = show.frames()
    return _figures(sent, frames, fps, model_s, address, bundles)


def _knob(show: RunProcess) -> tuple[str, tuple[float, float]]:
    """Return an address and two values of it that make different pictures: the first knob, else the fader."""
    show.send("player/freeze", 1)
    show.send("player/glide", 0.0)
    show.send("dream/knob/1", 0.0)
    show.play(0.5)
    still = show.frames()[-1]["look"]
    show.send("dream/knob/1", 1.5)
    turned = show.until(lambda: show.frames()[-3:]["look"].max() not in (still, 0), 2.0)
    show.send("dream/knob/1", 0.0)
    return ("dream/knob/1", (-1.5, 1.5)) if turned else ("master/fade", (0.5, 1.0))


def _packets(show: RunProcess, address: str, values: tuple[float, float], seconds: float, unit: float) -> list[float]:
    """Set both values by turns; return the moments of sending, in perf_counter seconds."""
    chance, sent = random.Random(1), list[float]()
    end = time.perf_counter() + seconds
    while len(sent) < LEAST or time.perf_counter() < end:
        sent.append(show.send(address, values[len(sent) % 2]))
        time.sleep(unit * chance.uniform(*APART))
    time.sleep(unit * APART[1])
    return sent


def arrivals(sent: list[float], frames: Records) -> list[float]:
    """Return the seconds from each packet to the first frame that differs from the one before, without lost packets."""
    seen = frames[frames["look"] != 0]
    changes = seen["at"][1:][seen["look"][1:] != seen["look"][:-1]]
    took = []
    for begin, end in zip(sent, [*sent[1:], np.inf], strict=True):
        first = np.searchsorted(changes, begin)
        if first < len(changes) and changes[first] < end:
            took.append(float(changes[first]) - begin)
    return took


def _figures(
    sent: list[float], frames: Records, fps: float, model_s: float, address: str, bundles: int
) -> list[Figure]:
    took = arrivals(sent, frames)
    if not took:
        raise RuntimeError("no packet was seen in the picture")
    median, p99 = (float(np.percentile(took, share)) * 1e3 for share in (50, 99))
    period = 1e3 / fps
    detail: dict[str, Any] = {
        "packets": len(sent),
        "seen": len(took),
        "bundles": bundles,
        "address": address,
        "fps": fps,
    }
    return [
        figure(
            "latency.p50",
            "OSC packet to frame, median",
            median,
            "ms",
            period + model_s * 1e3,
            periods=round(median / period, 3),
            **detail,
        ),
        figure(
            "latency.p99",
            "OSC packet to frame, p99",
            p99,
            "ms",
            2 * period,
            periods=round(p99 / period, 3),
            longest_ms=round(max(took) * 1e3, 1),
        ),
    ]


class Crowd:
    """Sends a bundle of 64 channels 60 times a second while the block runs, from a socket of its own.

    Attributes:
        sent: Number of bundles so far.
    """

    def __init__(self, port: int):
        self._port, self._over, self.sent = port, threading.Event(), 0
        still = [f"dream/latent/{i}" for i in range(CHANNELS - len(MOVING))]
        self._bundles = [
            bundle([*((each, 0.0) for each in still), *((each, 0.5 + step / 100) for each in MOVING)])
            for step in range(50)
        ]

        self._thread = threading.Thread(target=self._send, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join()

    def _send(self) -> None:
        begin = time.perf_counter()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            while not self._over.wait(max(0.0, begin + self.sent / RATE - time.perf_counter())):
                out.sendto(self._bundles[self.sent % len(self._bundles)], ("127.0.0.1", self._port))
                self.sent += 1


def bundle(values: list[tuple[str, float]]) -> bytes:
    """Encode an OSC bundle without a time tag."""
    packets = [message(*each) for each in values]
    return b"#bundle\0" + struct.pack(">Q", 1) + b"".join(struct.pack(">i", len(each)) + each for each in packets)
