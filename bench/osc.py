"""The cost of an OSC message: `python bench/osc.py`. 64 channels a bundle, as TouchDesigner sends them; 300 addresses.

Then a real `livedream run` with that stream and without it by turns: its processor time, and the time between frames.
"""

import socket
import struct
import subprocess
import sys
import time

import numpy as np
import psutil
from pythonosc.osc_message_builder import OscMessageBuilder

from livedream.bench.run_process import RunProcess
from livedream.control.osc import Receiver
from livedream.control.osc_packet import read
from livedream.parameters import MASTER, PLAYER, TEMPO, Table, dream, modulator

CHANNELS, SECONDS = 64, 2.0
TURNS, TURN = 8, 4.0  # each of the show: once with the stream and once without


def cook(n: int) -> bytes:
    """The bundle of one cook; every value differs from the last cook's."""
    packet = b"#bundle\0" + struct.pack(">Q", 2**63 + n)
    for i in range(CHANNELS):
        builder = OscMessageBuilder(f"/livedream/dream/latent/{i}")
        builder.add_arg((n + i) % 100 / 50)
        message = builder.build().dgram
        packet += struct.pack(">i", len(message)) + message
    return packet


def send(port: int, rate: float, seconds: float = SECONDS) -> None:
    """Send `rate` cooks a second, evenly."""
    cooks = [cook(n) for n in range(100)]
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    begin = time.perf_counter()
    for n in range(int(rate * seconds)):
        time.sleep(max(0.0, begin + n / rate - time.perf_counter()))
        out.sendto(cooks[n % 100], ("127.0.0.1", port))


def table() -> Table:
    slots = [each for n in range(1, 9) for each in modulator(n)]
    return Table([*PLAYER, *dream(latent_length=160), *MASTER, *TEMPO, *slots])


def main() -> None:
    receiver, cooks = Receiver(table()), [cook(n) for n in range(100)]
    print(f"{len(table().parameters)} addresses are known")
    for name, packets in (("every value changed", cooks * 5), ("no value changed", cooks[:1] * 500)):
        begin = time.process_time()
        for packet in packets:
            read(packet)
        parsed = time.process_time()
        for packet in packets:  # reads it once more, and sets its values
            receiver.take(packet, ("127.0.0.1", 1), reply=lambda packet, target: None)
        end, n = time.process_time(), len(packets) * CHANNELS
        reading, both = (parsed - begin) / n * 1e6, (end - parsed) / n * 1e6
        print(f"{name}: {reading:.2f} us to read, {both - reading:.2f} us to set")
    for rate in (60, 600):
        moved = table()
        receiver = Receiver(moved, port=0)
        receiver.start()
        used, sender = time.process_time(), [sys.executable, __file__, str(receiver.port), str(rate)]
        subprocess.run(sender, check=True)
        used, got = time.process_time() - used, moved.counters["messages"]
        receiver.stop()
        sent = int(rate * SECONDS) * CHANNELS
        print(f"{rate} Hz x {CHANNELS}: {got / sent:.1%} received, {used / got * 1e6:.2f} us of CPU a message")
    show()


def show() -> None:
    """A real show, with the stream and without it by turns."""
    gaps, used, drawn = {True: [], False: []}, {True: [], False: []}, {True: [], False: []}
    with RunProcess("rainbow.onnx", "--model", "rainbow.onnx") as playing:
        playing.play(4.0)
        process = psutil.Process(playing.child.pid)
        for turn in range(2 * TURNS):
            streamed = turn % 2 == 0
            command = [sys.executable, __file__, str(playing.osc_port), "60", str(TURN)]
            sender = subprocess.Popen(command) if streamed else None
            playing.play(0.5)  # for the sender to begin
            before, begin = sum(process.cpu_times()[:2]), time.perf_counter()
            frames = playing.play(TURN - 1.0)
            used[streamed].append((sum(process.cpu_times()[:2]) - before) / (time.perf_counter() - begin))
            gaps[streamed].extend(np.diff(frames["at"]) * 1e3)
            drawn[streamed].append(playing.status()["ms"]["model_p50"])
            if sender:
                sender.wait()
        counters = playing.status()["osc"]
    with_, without = (float(np.median(used[each])) for each in (True, False))
    p95 = {each: float(np.percentile(gaps[each], 95)) for each in gaps}
    print(f"a show, received {counters['messages']} messages, {TURNS} turns of {TURN:g} s with the stream and without:")
    print(f"  processor: {with_:.1%} of a core with, {without:.1%} without: {with_ - without:+.1%}")
    print(f"  between frames, p95: {p95[True]:.2f} ms with, {p95[False]:.2f} without: {p95[True] - p95[False]:+.2f} ms")
    print(f"  drawing, median: {np.median(drawn[True]):.1f} ms with, {np.median(drawn[False]):.1f} without")


if __name__ == "__main__":
    send(int(sys.argv[1]), *map(float, sys.argv[2:])) if len(sys.argv) > 1 else main()
