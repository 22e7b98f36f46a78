"""NDI over the loopback: gaps, rate and what it costs. `python bench/ndi.py [--minutes 10]`, as root on Linux.

A process with our output and a clock sends pictures of the dream that ships, made beforehand; another, with ndi-python,
receives them. Both live in a network namespace of their own, for libndi listens on every address. What NDI costs is the
CPU time of the sending process less that of the same process with the output `none`; beside it, what cyndilib's own
sender takes for the same pictures at the same rate. Frames are told apart by their timecodes, and each picture says in
its corner which it is.
"""

import argparse
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np
import psutil

PICTURES = 16
CASES = (("1280x720", 30.0), ("1920x1080", 60.0))
BUDGET = 12  # % of a core, 720p at 30
BASELINE = 15  # seconds


def draw(width: int, height: int, folder: str) -> None:
    """The beginning of the dream that ships, as `livedream render` draws it, numbered in the corner; into `folder`."""
    import av

    film = os.path.join(folder, "rainbow.mkv")
    options = ["-o", film, "--size", f"{width}x{height}", "--fps", "30", "--seconds", str(PICTURES / 30)]
    subprocess.run([sys.executable, "-m", "livedream", "render", "rainbow", *options], check=True, capture_output=True)
    made = np.empty((PICTURES, height, width, 4), np.uint8)
    with av.open(film) as container:
        for number, frame in enumerate(container.decode(video=0)):
            made[number] = frame.to_ndarray(format="rgba")
            for bit in range(4):
                made[number, :16, 16 * bit : 16 * bit + 16, :3] = 255 * (number >> bit & 1)
    np.save(os.path.join(folder, "pictures.npy"), made)


def send(sink: str, folder: str, fps: float) -> None:
    """Until the input ends; then what was sent, as JSON."""
    from livedream.output.kinds import parse
    from livedream.picture.frame import Frame

    made, output, me = list(np.load(os.path.join(folder, "pictures.npy"))), parse(sink), psutil.Process()
    height, width = made[0].shape[:2]
    output.start(width, height, fps)
    output.show(Frame(made[0], 0))
    while output.state != "up":
        time.sleep(0.01)
    print("up", flush=True)
    over = []
    threading.Thread(target=lambda: over.append(sys.stdin.read()), daemon=True).start()
    number, began, used, late = 1, time.perf_counter(), sum(me.cpu_times()[:2]), 0.0
    while not over:
        wait = began + number / fps - time.perf_counter()
        late = max(late, -wait)
        time.sleep(max(wait, 0))
        output.show(Frame(made[number % PICTURES], number))
        number += 1
    seconds, used = time.perf_counter() - began, sum(me.cpu_times()[:2]) - used
    note = output.note
    output.stop()
    result = {"fps": output.sent / seconds, "dropped": output.dropped, "cpu": 100 * used / seconds, "note": note}
    print(json.dumps(result | {"late_ms": 1e3 * late, "rss": me.memory_info().rss / 1e6}), flush=True)


def bare(folder: str, fps: float) -> None:
    """The same with cyndilib and nothing of ours."""
    from fractions import Fraction

    from cyndilib.sender import Sender
    from cyndilib.video_frame import VideoSendFrame
    from cyndilib.wrapper.ndi_structs import FourCC

    made, me = list(np.load(os.path.join(folder, "pictures.npy"))), psutil.Process()
    sender, frame = Sender("bench", clock_video=False), VideoSendFrame()
    frame.set_resolution(*made[0].shape[1::-1])
    frame.set_frame_rate(Fraction(fps))
    frame.set_fourcc(FourCC.RGBX)
    sender.set_video_frame(frame)
    with sender:
        print("up", flush=True)
        over = []
        threading.Thread(target=lambda: over.append(sys.stdin.read()), daemon=True).start()
        number, began, used = 1, time.perf_counter(), sum(me.cpu_times()[:2])
        while not over:
            time.sleep(max(began + number / fps - time.perf_counter(), 0))
            sender.write_video_async(made[number % PICTURES].reshape(-1))
            number += 1
        seconds, used = time.perf_counter() - began, sum(me.cpu_times()[:2]) - used
    print(json.dumps({"cpu": 100 * used / seconds, "fps": number / seconds}), flush=True)


def receive(port: str, fps: float, seconds: float) -> None:
    """For so long, from the first frame on; then what came, as JSON."""
    import NDIlib as ndi

    ndi.initialize()
    how = ndi.RecvCreateV3()
    how.color_format, how.bandwidth = ndi.RECV_COLOR_FORMAT_UYVY_BGRA, ndi.RECV_BANDWIDTH_HIGHEST
    receiver, source = ndi.recv_create_v3(how), ndi.Source()
    source.ndi_name, source.url_address = "bench", f"127.0.0.1:{port}"
    ndi.recv_connect(receiver, source)
    me, ticks = psutil.Process(), 1e7 / fps
    came = gaps = wrong = 0
    last = began = then = None
    longest = 0.0
    while began is None or time.perf_counter() - began < seconds:
        kind, frame, _, _ = ndi.recv_capture_v2(receiver, 500)
        if kind != ndi.FRAME_TYPE_VIDEO:
            continue
        now = time.perf_counter()
        row = frame.data[8, 8:64:16, 1]
        stamp, timecode = sum(1 << bit for bit in range(4) if row[bit] > 127), frame.timecode
        ndi.recv_free_video_v2(receiver, frame)
        if began is None:
            began, used, first = now, sum(me.cpu_times()[:2]), (timecode, stamp)
        else:
            steps = round((timecode - last) / ticks)
            gaps += steps - 1
            wrong += (stamp - first[1]) % PICTURES != round((timecode - first[0]) / ticks) % PICTURES
            longest = max(longest, now - then)
        came, last, then = came + 1, timecode, now
    seconds, used = time.perf_counter() - began, sum(me.cpu_times()[:2]) - used
    result = {"frames": came, "fps": (came - 1) / (then - began), "missing": gaps, "wrong": wrong}
    print(json.dumps(result | {"longest_ms": 1e3 * longest, "cpu": 100 * used / seconds}), flush=True)


def listening(process: subprocess.Popen) -> int:
    """The port of its source, above libndi's 5960."""
    while True:
        for each in psutil.Process(process.pid).net_connections("tcp"):
            if each.status == "LISTEN" and each.laddr.port > 5960:
                return each.laddr.port
        time.sleep(0.05)


def child(*arguments) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, __file__, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def case(size: str, fps: float, seconds: float) -> None:
    width, height = map(int, size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        draw(width, height, folder)
        idle = child("send", "none", folder, fps)
        idle.stdout.readline()
        time.sleep(BASELINE)
        idle = json.loads(idle.communicate("")[0])
        alone = child("bare", folder, fps)
        alone.stdout.readline()
        child("receive", listening(alone), fps, BASELINE).communicate()
        alone = json.loads(alone.communicate("")[0])
        sender = child("send", "ndi:bench", folder, fps)
        assert sender.stdout.readline() == "up\n"
    load = os.getloadavg()[0]
    came = json.loads(child("receive", listening(sender), fps, seconds).communicate()[0])
    sent = json.loads(sender.communicate("")[0])
    cost = sent["cpu"] - idle["cpu"]
    budget = f" (budget {BUDGET} %)" if (size, fps) == CASES[0] else ""
    print(
        f"{size} at {fps:g}, {seconds / 60:g} minutes: {came['frames']} frames received, {came['fps']:.2f} a second; "
        f"missing {came['missing']} (budget 0), of them never sent because the machine was busy: {sent['dropped']}; "
        f"wrong picture {came['wrong']}; longest interval {came['longest_ms']:.0f} ms\n"
        f"  sending costs {cost:.1f} % of a core{budget}: {sent['cpu']:.1f} %, with `none` {idle['cpu']:.1f} %; "
        f"cyndilib alone {alone['cpu']:.1f} % for {alone['fps']:.1f} a second; "
        f"receiving {came['cpu']:.1f} %; {sent['rss']:.0f} MB; its clock was up to {sent['late_ms']:.0f} ms late; "
        f"load average {load:.1f} to {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores",
        flush=True,
    )


def main() -> None:
    if sys.argv[1:2] == ["send"]:
        return send(sys.argv[2], sys.argv[3], float(sys.argv[4]))
    if sys.argv[1:2] == ["bare"]:
        return bare(sys.argv[2], float(sys.argv[3]))
    if sys.argv[1:2] == ["receive"]:
        return receive(sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=0.5)
    parser.add_argument("--size", help="WxH: this alone")
    parser.add_argument("--fps", type=float, default=30.0)
    options = parser.parse_args()
    if "LIVEDREAM_BENCH_APART" not in os.environ:
        apart = ["unshare", "-n", "-m", "-p", "--fork", "--kill-child=KILL", "--mount-proc"]
        os.execvpe(apart[0], [*apart, sys.executable, *sys.argv], os.environ | {"LIVEDREAM_BENCH_APART": "1"})
    with socket.socket() as any_socket:  # up, loopback, running
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 1 | 8 | 64))
    for size, fps in [(options.size, options.fps)] if options.size else CASES:
        case(size, fps, 60 * options.minutes)


if __name__ == "__main__":
    main()
