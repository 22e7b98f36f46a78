"""What the other outputs notice of what a user does to the window: nothing, one hopes.

`measure` opens an X server and a window manager of its own (apt: xvfb, openbox, xdotool, wmctrl). The show runs in a
process of its own, `python -m livedream.bench.window DREAM FPS`, until its standard input ends.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace

from livedream.bench.desktop import desktop, lacking
from livedream.bench.peers import ROOT

TITLE = "livedream"
AGAIN = 0.5  # seconds after which a window that was closed is opened again
COVER = """
import ctypes, sys
x = ctypes.CDLL("libX11.so.6")
x.XOpenDisplay.restype = ctypes.c_void_p
d = ctypes.c_void_p(x.XOpenDisplay(None))
w = x.XCreateSimpleWindow(d, ctypes.c_ulong(x.XDefaultRootWindow(d)), 0, 0, 1600, 900, 0, 0, 0)
x.XMapRaised(d, ctypes.c_ulong(w)), x.XFlush(d)
sys.stdin.read()
"""
CLOCK = """
import json, sys, threading, time
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
times, period = [time.perf_counter()], 1 / float(sys.argv[1])
while not ended.is_set():
    time.sleep(max(0, times[0] + len(times) * period - time.perf_counter()))
    times.append(time.perf_counter())
print(json.dumps(times))
"""


def measure(model: str = "rainbow.onnx", fps: float = 30.0, times: int = 1) -> dict:
    """Play with a window and two more outputs while the window is dragged, resized, covered and so on, `times` times.

    interval_max: periods, the longest between two frames handed out, and between two written by an output that has a
    thread of its own; beside: the same before anything is done to the window.  acts: the longest of both within each.
    clock: the longest interval of a bare clock in a process beside them, in periods, which is the machine's doing.
    frames, late: handed out, and repeated.  window: frames that it drew.  "skipped": why there are no figures.
    """
    if missing := lacking():
        return {"skipped": f"needs {', '.join(missing)} (apt: xvfb openbox xdotool wmctrl)"}
    with desktop() as environment:
        command = [sys.executable, "-m", __name__, str(model), str(fps)]
        pipe = subprocess.PIPE
        child = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True)
        clock = subprocess.Popen([sys.executable, "-c", CLOCK, str(fps)], stdin=pipe, stdout=pipe, text=True)
        acts, played = [], None
        try:
            if not child.stdout.readline():
                return {"skipped": "the show ended before its window was up"}
            _act(acts, "beside", lambda: time.sleep(2.0 * times))
            for _ in range(times):
                for name, act in _hands(environment).items():
                    _act(acts, name, act)
            played = json.loads(child.communicate("", timeout=60)[0])
            played["clock"] = json.loads(clock.communicate("", timeout=60)[0])
        finally:
            for each in (child, clock):
                each.kill()
                each.wait()
    return _figures(played, acts, fps)


def _act(acts: list, name: str, act: Callable[[], None]) -> None:
    begin = time.perf_counter()
    act()
    acts.append((name, begin, time.perf_counter()))


def _hands(environment: dict) -> dict[str, Callable[[], None]]:
    """What is done to the window, by name."""

    def call(*command: str) -> str:
        return subprocess.run(command, env=environment, capture_output=True, text=True).stdout

    def window() -> str:
        for _ in range(200):
            if found := call("xdotool", "search", "--onlyvisible", "--name", f"^{TITLE}$").split():
                return found[-1]
            time.sleep(0.05)
        raise RuntimeError("the window is not there")

    def drag():
        geometry = call("xdotool", "getwindowgeometry", "--shell", window())
        where = dict(line.split("=") for line in geometry.split() if "=" in line)
        x, y = int(where["X"]) + 200, int(where["Y"]) - 10  # its title bar
        path = [f"mousemove {x + step % 40 * 8} {y + step % 30 * 4} sleep 0.02" for step in range(100)]
        call("xdotool", *f"mousemove {x} {y} mousedown 1 {' '.join(path)} mouseup 1".split())

    def resize():
        sizes = [f"windowsize {window()} {640 + step * 12} {360 + step * 7} sleep 0.03" for step in range(60)]
        call("xdotool", *" ".join(sizes).split())

    def cover():
        other = subprocess.Popen([sys.executable, "-c", COVER], env=environment, stdin=subprocess.PIPE)
        time.sleep(1.5)
        other.communicate(b"")
        time.sleep(0.5)

    def minimise():
        found = window()
        call("xdotool", "windowminimize", found)
        time.sleep(1.0)
        call("xdotool", "windowactivate", found)
        time.sleep(0.5)

    def full_screen():
        for _ in range(2):
            call("xdotool", "windowfocus", "--sync", window(), "key", "f")
            time.sleep(0.7)

    def figures():
        for _ in range(2):
            call("xdotool", "windowfocus", "--sync", window(), "key", "h")
            time.sleep(1.2)

    def close_and_open():
        call("wmctrl", "-c", TITLE)
        time.sleep(AGAIN)
        window()
        time.sleep(0.5)

    return {
        "dragged": drag,
        "resized": resize,
        "covered": cover,
        "minimised": minimise,
        "full screen": full_screen,
        "figures": figures,
        "closed and opened": close_and_open,
    }


def _figures(played: dict, acts: list, fps: float) -> dict:
    def longest(begin: float, end: float, *lists: str) -> float:
        pairs = [pair for each in lists for pair in pairwise(played[each])]
        return round(max((b - a for a, b in pairs if b > begin and a < end), default=0.0) * fps, 3)

    told: dict[str, float] = {}
    for name, begin, end in acts:
        told[name] = max(told.get(name, 0.0), longest(begin, end, "handed", "written"))
    beside = told.pop("beside")
    return {
        "fps": fps,
        "interval_max": max(told.values()),
        "beside": beside,
        "clock": longest(acts[0][1], acts[-1][2], "clock"),
        "acts": told,
        "frames": len(played["handed"]),
        "late": played["late"],
        "window": played["window"],
    }


def play(model: str, fps: float) -> dict:
    """The show, until standard input ends; prints a line when the window is up. To be called on the main thread."""
    from livedream.backend import cpu
    from livedream.bench.watch import Watch, playing
    from livedream.dream import read
    from livedream.output.kinds import parse
    from livedream.output.none import Nowhere
    from livedream.output.window import hud, run
    from livedream.play import dream_parameters as tables
    from livedream.play.player import Player
    from livedream.session.status import status

    written, ended = [], threading.Event()

    class Written(Nowhere):
        def write(self, frame):
            written.append(time.perf_counter())

    dream, idle = read.load(model), SimpleNamespace(loading=None, error=None, changed=False)
    window, watch = parse("window"), Watch()
    window.on_close = lambda: threading.Timer(AGAIN, lambda: window.start(*window._shape)).start()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    with playing(
        Player(dream, cpu.load), tables.of(dream), fps, [watch, Written(parse("none").options), window]
    ) as stage:
        window.hud = lambda: hud.lines(status(stage, None, [idle]))
        said = threading.Thread(target=lambda: (_until(lambda: window.sent > 2 * fps), print("up", flush=True)))
        said.start()
        run(lambda: [window], ended.is_set)
        said.join()
    handed = [each[0] for each in watch.frames]
    return {"handed": handed, "written": written, "late": stage.late, "window": window.sent}


def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)


if __name__ == "__main__":
    print(json.dumps(play(sys.argv[1], float(sys.argv[2]))))
