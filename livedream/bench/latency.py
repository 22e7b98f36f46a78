"""From an OSC packet to the first frame handed out that shows it, with a real socket and the live loop."""

import random
import socket
import time

import numpy as np

from livedream.bench.watch import Watch, playing
from livedream.control.osc import Receiver
from livedream.parameters import Table
from livedream.play.player import Player

PACKETS_A_SECOND = 13  # of measuring time: 104 in the usual 8 s
LEAST = 4  # packets, however short the time


def measure(player: Player, table: Table, fps: float, seconds: float, model_s: float) -> dict:
    """p50 and p99 in ms and in periods of 1/fps, of packets sent at random moments.

    The dream is frozen and glide is 0, so that a picture differs from the one before for no other reason than the
    knob that the packet turned. A packet's frame is the first one whose event_at lies between its sending and the
    next; `seen` counts those whose pixels then differ from the frame before. A dream without knobs is faded.
    """
    from pythonosc.osc_message_builder import build_msg

    address, values = (
        ("dream/knob/1", (-1.5, 1.5)) if "dream/knob/1" in table.parameters else ("master/fade", (0.5, 1.0))
    )
    packets = [build_msg(f"/livedream/{address}", [value]).dgram for value in values]
    before = {name: table.target(name) for name in ("player/glide", "player/freeze", address)}
    for name, value in (("player/glide", 0.0), ("player/freeze", True), (address, values[1])):
        table.set(name, [value])
    unit = max(1 / fps, model_s)
    chance, watch = random.Random(1), Watch(pictures=True)
    receiver = Receiver(table, "127.0.0.1", 0)
    receiver.start()
    sent: list[float] = []
    try:
        with playing(player, table, fps, [watch]), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            _wait(lambda: len(watch.frames) >= 12, 10.0)
            end = time.perf_counter() + 1.6 * seconds + 4 * unit
            for number in range(max(LEAST, round(PACKETS_A_SECOND * seconds))):
                time.sleep(unit * chance.uniform(2.2, 3.2))
                if number >= LEAST and time.perf_counter() > end:
                    break
                sent.append(time.perf_counter())
                out.sendto(packets[number % 2], ("127.0.0.1", receiver.port))
            time.sleep(4 * unit)
    finally:
        receiver.stop()
        for name, value in before.items():
            table.set(name, [value])
    return _figures(sent, watch.frames, fps) | {"address": address}


def _figures(sent: list[float], frames: list[tuple], fps: float) -> dict:
    took, seen = [], 0
    showing = [(i, frame) for i, frame in enumerate(frames) if frame[2] is not None]
    for begin, end in zip(sent, [*sent[1:], float("inf")], strict=True):
        first = next(((i, frame) for i, frame in showing if begin <= frame[2] < end), None)
        if first is None:
            continue
        i, frame = first
        took.append(frame[0] - begin)
        seen += i > 0 and frame[3] != frames[i - 1][3]
    counts = {"fps": fps, "packets": len(sent), "shown": len(took), "seen": seen}
    if not took:
        return counts | {"skipped": "no packet reached a frame"}
    p50, p99 = (float(np.percentile(took, share)) for share in (50, 99))
    return counts | {
        "p50_ms": round(p50 * 1e3, 3),
        "p99_ms": round(p99 * 1e3, 3),
        "p50_periods": round(p50 * fps, 3),
        "p99_periods": round(p99 * fps, 3),
    }


def _wait(condition, seconds: float) -> None:
    end = time.perf_counter() + seconds
    while not condition() and time.perf_counter() < end:
        time.sleep(0.01)
