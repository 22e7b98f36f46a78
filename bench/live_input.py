"""Live inputs, each for minutes: pictures counted, their age, and how soon they are back. `python bench/live_input.py
[--minutes 10] [--only camera] [--json]`, as root on Linux.

Each source is another program: a pretended camera (raw pictures from a socket, through everything but Video4Linux), NDI
by cyndilib, RTMP by ffmpeg through nginx-rtmp and to our own listener, and the screen of an Xvfb. Its pictures say when
they were drawn. A show of 30 frames a second takes the newest one at every frame: the age is from its drawing to then.
Several times the source is killed for three seconds; it is back when a picture comes that was drawn afterwards, counted
from when it sends again. All run at once, NDI in a network namespace, for libndi listens on every address.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import live_senders as senders  # noqa: E402

from livedream.input.live_source import LiveSource, open_source  # noqa: E402

FPS = 30
AWAY = 3.0  # seconds for which a source is killed
OUTAGES = 5
CASES = ("camera", "ndi", "rtmp", "listen", "screen")
WHAT = {
    "camera": "a pretended camera",
    "ndi": "NDI from cyndilib",
    "rtmp": "RTMP from ffmpeg through nginx-rtmp",
    "listen": "RTMP from ffmpeg to our listener",
    "screen": "the screen of Xvfb",
}
UNSHARE = ["unshare", "-n", "-m", "-p", "--fork", "--kill-child=KILL", "--mount-proc"]


class Far:
    """The far end: a sender, and a server in front of it where there is one."""

    def __init__(self, case: str, folder: Path):
        self._process: subprocess.Popen[bytes] | None = None
        self.server: Any = None
        self.case = case
        if case == "camera":
            self.place, self.text = str(folder / "camera.sock"), f"camera:{folder}/camera.sock"
        elif case == "ndi":
            self.place, self.text = "bench", "ndi:bench"
        elif case == "screen":
            number = 90 + os.getpid() % 400
            self.place, self.text = f":{number}@{folder}", "screen#fps=30"
            os.environ["DISPLAY"] = f":{number}"
        elif case == "rtmp":
            from tests.output.streaming import Nginx

            self.server = Nginx(folder)
            self.server.start()
            self.place = self.text = self.server.url
        else:
            from tests.output.streaming import free_port

            self.place = f"rtmp://127.0.0.1:{free_port()}/live/sekret"
            self.text = f"listen-{self.place}"

    def start(self) -> None:
        """Begin to send."""
        command = [sys.executable, senders.__file__, self.case, self.place]
        self.sending = float("inf")
        self._process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE)
        threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        if process.stdout.readline():
            self.sending = time.perf_counter()

    def kill(self) -> None:
        """Unplug it."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self.case == "screen":
            Path("/tmp", f".X{os.environ['DISPLAY'][1:]}-lock").unlink(missing_ok=True)

    def end(self) -> None:
        """End it, and the server."""
        self.kill()
        if self.server:
            self.server.kill()


def opened(far: Far) -> LiveSource:
    """The source under test."""
    if far.case != "camera":
        return open_source(far.text)
    from livedream.input.picture.process import ProcessSource
    from livedream.input.picture.shot import Asked

    asked = Asked(far.text, size=senders.SIZE)
    return ProcessSource("camera", "camera (pretended)", "tests.input.pretended_camera", asked)


class Show:
    """Takes the newest picture 30 times a second, and notes its age."""

    def __init__(self, source: LiveSource):
        self.source, self.ages, self.gaps = source, [], []
        self.away = True  # the source is not expected to send
        self.drawn_at = 0.0  # when the newest picture was drawn, time.perf_counter
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        number, began = 0, time.perf_counter()
        while not self.over.wait(max(0.0, began + number / FPS - time.perf_counter())):
            number += 1
            latest = self.source.latest
            if latest is None:
                continue
            now = time.perf_counter()
            age = senders.age(latest.pixels, now)
            self.drawn_at = now - age / 1000
            if not self.away:
                self.ages.append(age)


def waited(good: Any, seconds: float) -> float:
    """Seconds until good() is true, at most so many."""
    began = time.perf_counter()
    while not good() and time.perf_counter() - began < seconds:
        time.sleep(0.005)
    return time.perf_counter() - began


def measure(case: str, minutes: float) -> dict[str, Any]:
    """Run one source."""
    folder = Path(tempfile.mkdtemp(prefix="live-input-"))
    far = Far(case, folder)
    far.start()
    source = opened(far)
    began = time.perf_counter()
    source.start()
    show = Show(source)
    first = waited(lambda: source.latest is not None, 60)
    show.away = False
    backs, memory, states = [], [], set()
    length = minutes * 60 / (OUTAGES + 1)
    for outage in range(OUTAGES + 1):
        end = began + length * (outage + 1)
        while time.perf_counter() < end:
            time.sleep(min(1.0, max(0.0, end - time.perf_counter())))
            inside = [each for each in psutil.Process().children() if "input.picture.child" in " ".join(each.cmdline())]
            child = inside[0] if inside else None
            memory.append((psutil.Process().memory_info().rss / 1e6, child.memory_info().rss / 1e6 if child else 0.0))
        if outage == OUTAGES:
            break
        backs.append(outage_of(far, source, show))
        states.add(backs[-1].pop("error"))
    threads = [each.name for each in threading.enumerate() if each.name.startswith("input")]
    cpu = sum(child_cpu())
    stopping = time.perf_counter()
    source.stop()
    stopped = time.perf_counter() - stopping
    left = [each.name for each in threading.enumerate() if each.name.startswith("input")]
    show.over.set()
    show.thread.join()
    far.end()
    shutil.rmtree(folder, ignore_errors=True)
    ages = np.array(show.ages or [float("nan")])
    zombies = [each.pid for each in psutil.Process().children() if each.status() == psutil.STATUS_ZOMBIE]
    seconds = time.perf_counter() - began
    return {
        "case": case,
        "what": WHAT[case],
        "minutes": round(seconds / 60, 2),
        "note": source.note,
        "first_s": round(first, 2),
        "received": source.received,
        "dropped": source.dropped,
        "frames": len(show.ages),
        "age_ms": {
            "min": round(float(ages.min()), 1),
            "median": round(float(np.median(ages)), 1),
            "p99": round(float(np.percentile(ages, 99)), 1),
            "max": round(float(ages.max()), 1),
        },
        "back_s": backs,
        "states": sorted(map(str, states)),
        "memory_mb": {
            "show": [round(memory[len(memory) // 10][0], 1), round(memory[-1][0], 1)],
            "source": [round(memory[len(memory) // 10][1], 1), round(memory[-1][1], 1)],
        },
        "source_cpu_percent": round(100 * cpu / seconds, 1),
        "stop_s": round(stopped, 3),
        "threads": threads,
        "left": left,
        "zombies": zombies,
        "load": os.getloadavg(),
    }


def outage_of(far: Far, source: LiveSource, show: Show) -> dict[str, Any]:
    """Kill the source and start it again: seconds from its start, and from its first picture, until one is here."""
    show.away = True
    far.kill()
    killed = time.perf_counter()
    waited(lambda: source.state == "retrying", AWAY)
    error = source.error
    time.sleep(max(0.0, killed + AWAY - time.perf_counter()))
    started = time.perf_counter()
    far.start()
    waited(lambda: show.drawn_at > started, 60)
    now = time.perf_counter()
    waited(lambda: show.drawn_at > started + 2.0, 20)
    show.away = False
    return {"after_start": now - started, "after_sending": max(0.0, now - far.sending), "error": error}


def child_cpu() -> list[float]:
    """Seconds of processor time of the present process of the source."""
    found = [each for each in psutil.Process().children() if "input.picture.child" in " ".join(each.cmdline())]
    return [sum(each.cpu_times()[:2]) for each in found]


def isolated_ndi() -> None:
    """Bring up the loopback of the namespace, and tell libndi to ask only there."""
    import fcntl
    import socket
    import struct

    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 1 | 8 | 64))
    folder = tempfile.mkdtemp()
    config = '{"ndi":{"machinename":"HERE","networks":{"ips":"127.0.0.1,","discovery":""}}}'
    Path(folder, "ndi-config.v1.json").write_text(config)
    os.environ["NDI_CONFIG_DIR"] = folder


def main() -> None:
    """Run all cases at once, each in a process of its own, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--only", action="append", choices=CASES)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        if options.case == "ndi":
            isolated_ndi()
        print(json.dumps(measure(options.case, options.minutes)), flush=True)
        os._exit(0)
    running = {}
    for case in options.only or CASES:
        command = [sys.executable, __file__, "--case", case, "--minutes", str(options.minutes)]
        prefix = UNSHARE if case == "ndi" else []
        running[case] = subprocess.Popen([*prefix, *command], stdout=subprocess.PIPE, text=True)
    found = []
    for case, process in running.items():
        out, _ = process.communicate()
        found.append(json.loads(out.splitlines()[-1]) if out.strip() else {"case": case, "failed": process.returncode})
    if options.json:
        print(json.dumps(found, indent=1))
        return
    for each in found:
        if "failed" in each:
            print(f"{each['case']}: failed, exit code {each['failed']}")
            continue
        ages, backs = each["age_ms"], [back["after_sending"] for back in each["back_s"]]
        print(
            f"{each['what']}, {each['minutes']:g} min: {each['received']} received, {each['dropped']} dropped; age "
            f"{ages['min']:g} min, {ages['median']:g} median, {ages['p99']:g} p99, {ages['max']:g} ms max; back after "
            f"{', '.join(f'{back:.2f}' for back in backs)} s; memory {each['memory_mb']}; "
            f"{each['source_cpu_percent']:g} % of a core; stopped in {each['stop_s']:g} s; load {each['load'][0]:.1f}"
        )


if __name__ == "__main__":
    main()
