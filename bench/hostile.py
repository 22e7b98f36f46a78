"""A million packets that nobody should send, at full speed from three senders, to a real `livedream run`.

`python bench/hostile.py [--packets 1000000] [--model rainbow.onnx]`. Every packet holds exactly one fault, so that
the counters can be held against what was sent less what the system dropped because it came too fast. Exit 1 if
anything was moved, miscounted, or slower afterwards.
"""

import argparse
import contextlib
import json
import random
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable

import psutil

from livedream.bench.peers import free_port
from livedream.bench.run_process import RunProcess, message
from livedream.control.osc_tcp import prefixed, slip

SENDERS, POOL, FADES = 3, 3000, 20
FUTURE = b"#bundle\0" + b"\xff" * 8


def bundle(*elements: bytes, head: bytes = FUTURE) -> bytes:
    return head + b"".join(struct.pack(">i", len(each)) + each for each in elements)


def nested(packet: bytes, depth: int) -> bytes:
    for _ in range(depth):
        packet = bundle(packet)
    return packet


def kinds(chance: random.Random) -> dict:
    """A maker for each kind of packet; none may move anything, each counts one fault."""
    speed = message("player/speed", 7.0)
    wrong = ("player/speed", "seven"), ("player/seed", b"1234"), ("dream/scene", "nowhere"), ("dream/knob/1", None)
    patterns = ("player/x*", "{nobody,player}/sp?eds", "*/" * 40, "{a,{b,c}}" * 9, "[", "]", "{", "[z-a]/{", "*?" * 60)
    patterns = (
        *patterns,
        "*a" * 20 + "*/" + "*b" * 20,
        "player/" + "*" * 40 + "zz",
        "*" * 60000,
        "{" + "a," * 20000 + "}",
    )
    return {
        "random": lambda: chance.randbytes(chance.randrange(0, 400)),
        "random, begun well": lambda: (
            b"/livedream/player/speed\0,f\0\0" + chance.randbytes(chance.choice((1, 2, 3, 5)))
        ),
        "truncated": lambda: speed[: chance.randrange(24, len(speed))],
        "nested": lambda: nested(speed, chance.choice((9, 50, 400))),
        "not finite": lambda: message("player/speed", chance.choice((float("nan"), float("inf"), float("-inf")))),
        "wrong type": lambda: message(*chance.choice(wrong)),
        "too few": lambda: message("dream/latents", *[7.0] * chance.randrange(1, 4)),
        "stars": lambda: message("*" * chance.randrange(1, 90), 7.0),
        "patterns": lambda: message(chance.choice(patterns), 7.0),
        "one among others": lambda: bundle(bundle(), bundle(message("player/speed", float("nan")))),
        "unknown": lambda: message(f"nothing/{chance.randrange(10**9)}", 7.0),
        "far future": lambda: bundle(message("player/speed", float("nan"))),
        "64 KB": lambda: chance.choice((bytes(65500), message("player/speed", b"x" * 65000), bundle() + b"\1" * 65488)),
    }


def by_tcp(port: int, packets: list[bytes], count: int, frame: Callable[[bytes], bytes]) -> None:
    """Send that many over one connection: none is dropped. Some go torn, for a packet may come in pieces."""
    framed = [frame(each) for each in packets if each]
    with socket.create_connection(("127.0.0.1", port)) as out:
        for n in range(count):
            one = framed[n % len(framed)]
            torn = len(one) // 2 if n % 50 == 0 else 0
            out.sendall(one[:torn])
            out.sendall(one[torn:])
        out.shutdown(socket.SHUT_WR)
        out.recv(1)  # until all was read there


def broken_streams(port: int, chance: random.Random, count: int) -> None:
    """Begin connections that are no OSC: each counts one fault."""
    begins = b"GET / HTTP/1.1\r\n", b"\0\xff\xff\xff", b"\xc0" + bytes(200_000), b"\xff" * 9
    for _ in range(count):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as out:
            out.sendall(chance.choice(begins))
            out.recv(1)


def send(port: int, seed: int, count: int, paced: int, tcp: int = 0) -> None:
    """Send that many, in the order that the seed gives; every kind as often, but 64 KB a hundredth.

    tcp: a port to which a third goes by TCP, half of that in SLIP; 0: none.
    paced: with a millisecond's rest after every so many, so that none is dropped on the way; 0: none.
    """
    chance = random.Random(seed)
    makers = kinds(chance)
    names = [each for each in makers if each != "64 KB"]
    packets = [makers["64 KB" if n % 100 == 0 else names[n % len(names)]]() for n in range(POOL)]
    chance.shuffle(packets)
    if tcp:
        streams = count // 1000
        by_tcp(tcp, packets, count // 6, prefixed)
        by_tcp(tcp, packets, count // 6 - streams, slip)
        broken_streams(tcp, chance, streams)
        count -= count // 6 * 2
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    to = ("127.0.0.1", port)
    for n in range(count):
        out.sendto(packets[n % POOL], to)
        if paced and n % paced == 0:
            time.sleep(0.001)


def dropped(port: int) -> int:
    """Return the number of packets that the system has dropped at that UDP port (Linux)."""
    with open("/proc/net/udp") as file:
        lines = [line.split() for line in list(file)[1:]]
    return sum(int(each[-1]) for each in lines if int(each[1].rpartition(":")[2], 16) == port)


def values(show: RunProcess) -> dict:
    with urllib.request.urlopen(f"http://127.0.0.1:{show.web_port}/parameters", timeout=30) as answer:
        return {each["address"]: each["value"] for each in json.load(answer)}


def fades(show: RunProcess) -> list[float]:
    """Seconds from a fader's message to the first frame handed out that shows it, several times."""
    took = []
    for n in range(FADES):
        before = show.frames()[-1]["look"]
        sent = show.send("master/fade", (0.5, 1.0)[n % 2])
        found = show.until(lambda sent=sent, before=before: _differing(show, sent, before) is not None, 5.0, 0.01)
        took.append(_differing(show, sent, before) - sent if found else float("inf"))
        time.sleep(0.15 + 0.01 * n)
    return took


def _differing(show: RunProcess, since: float, look: int) -> float | None:
    frames = show.frames(since)
    changed = frames[(frames["look"] != 0) & (frames["look"] != look)]
    return float(changed["at"][0]) if len(changed) else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--model", default="rainbow.onnx")
    parser.add_argument("--paced", type=int, default=0, help="packets between two rests of a millisecond; 0: no rests")
    asked = parser.parse_args()
    each = asked.packets // SENDERS
    tcp = free_port()
    with RunProcess(asked.model, "--osc", f"tcp://127.0.0.1:{tcp}") as show:
        for address, value in (("player/glide", 0.0), ("player/freeze", 1), ("player/seed", 7)):
            show.send(address, value)
        show.play(3.0)
        process = psutil.Process(show.child.pid)
        send(show.osc_port, SENDERS, 20_000, 10)  # whatever is kept of messages is kept by now
        show.play(2.0)
        quiet = fades(show)
        before, counted, lost = values(show), show.status()["osc"], dropped(show.osc_port)
        memory = [process.memory_info().rss]
        begin = time.perf_counter()
        senders = [
            subprocess.Popen([sys.executable, __file__, "send", *map(str, (show.osc_port, n, each, asked.paced, tcp))])
            for n in range(SENDERS)
        ]
        while any(sender.poll() is None for sender in senders):
            time.sleep(0.5)
            memory.append(process.memory_info().rss)
        seconds = time.perf_counter() - begin
        frames = show.frames(begin)
        show.play(2.0)
        memory.append(process.memory_info().rss)
        lost = dropped(show.osc_port) - lost
        faults = show.status()["osc"]
        now = {kind: faults[kind] - counted[kind] for kind in ("malformed", "unknown", "clamped")}
        moved = {a for a, value in values(show).items() if value != before[a]}
        loud = fades(show)
        lines = [line for line in show.printed if "OSC:" in line]
    sent = each * SENDERS
    period = 1000 / 30
    print(f"{sent} packets in {seconds:.1f} s: {lost} dropped by the system, {sum(now.values())} counted: {now}")
    print(
        f"meanwhile {len(frames) / seconds:.1f} frames a second, {frames['fresh'].mean():.0%} fresh; {len(lines)} lines"
    )
    print(f"memory: {memory[0] / 2**20:.1f} MiB before, {max(memory) / 2**20:.1f} most, {memory[-1] / 2**20:.1f} after")
    for name, took in (("before", quiet), ("after", loud)):
        took = sorted(1000 * x for x in took)
        print(f"a fader {name}: median {took[FADES // 2]:.0f} ms, most {took[-1]:.0f} ms (a frame is {period:.0f} ms)")
    faulty = []
    if sum(now.values()) + lost != sent or now["clamped"]:
        faulty.append("the counters are wrong")
    if moved:
        faulty.append(f"moved: {sorted(moved)}")
    if memory[-1] - memory[0] > 16 * 2**20:
        faulty.append("memory grew")
    if sorted(loud)[FADES // 2] > 2 * max(sorted(quiet)[FADES // 2], period / 1000):
        faulty.append("a fader is slower than before")
    print("; ".join(faulty) or "nothing was moved, miscounted or slowed")
    return bool(faulty)


if __name__ == "__main__":
    if sys.argv[1:2] == ["send"]:
        send(*(int(each) for each in sys.argv[2:7]))
    else:
        sys.exit(main())
