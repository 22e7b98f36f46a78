"""What an OSC message costs: `python bench/osc.py`. 64 channels in a bundle, as TouchDesigner sends them."""

import socket
import struct
import subprocess
import sys
import time

from pythonosc.osc_message_builder import OscMessageBuilder

from livedream.control.osc import Receiver
from livedream.control.osc_packet import read
from livedream.parameters import MASTER, PLAYER, Table, dream

CHANNELS, SECONDS = 64, 2.0


def cook(n: int) -> bytes:
    """The bundle of one cook; every value differs from the last cook's."""
    packet = b"#bundle\0" + struct.pack(">Q", 2**63 + n)
    for i in range(CHANNELS):
        builder = OscMessageBuilder(f"/livedream/dream/latent/{i}")
        builder.add_arg((n + i) % 100 / 50)
        message = builder.build().dgram
        packet += struct.pack(">i", len(message)) + message
    return packet


def send(port: int, rate: float) -> None:
    """Send `rate` cooks a second, evenly."""
    cooks = [cook(n) for n in range(100)]
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    begin = time.perf_counter()
    for n in range(int(rate * SECONDS)):
        time.sleep(max(0.0, begin + n / rate - time.perf_counter()))
        out.sendto(cooks[n % 100], ("127.0.0.1", port))


def table() -> Table:
    return Table([*PLAYER, *dream(latent_length=CHANNELS), *MASTER])


def main() -> None:
    receiver, cooks = Receiver(table()), [cook(n) for n in range(100)]
    for name, packets in (("every value changed", cooks * 5), ("no value changed", cooks[:1] * 500)):
        begin = time.process_time()
        messages = [read(packet) for packet in packets]
        parsed = time.process_time()
        for each in messages:
            for address, arguments in each:
                receiver._take(address, arguments, ("127.0.0.1", 1))
        end, n = time.process_time(), len(packets) * CHANNELS
        print(f"{name}: {(parsed - begin) / n * 1e6:.2f} us to read, {(end - parsed) / n * 1e6:.2f} us to set")
    for rate in (60, 600):
        moved = table()
        receiver = Receiver(moved, port=0)
        receiver.start()
        used, sender = time.process_time(), [sys.executable, __file__, str(receiver.port), str(rate)]
        subprocess.run(sender, check=True)
        used, got = time.process_time() - used, moved.counters["messages"]
        receiver.stop()
        sent = int(rate * SECONDS) * CHANNELS
        print(f"{rate} Hz x {CHANNELS}: {got / sent:.1%} heard, {used / got * 1e6:.2f} us of CPU a message")


if __name__ == "__main__":
    send(int(sys.argv[1]), float(sys.argv[2])) if len(sys.argv) > 1 else main()
