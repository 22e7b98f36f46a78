"""Figure window.interval: python bench/window.py [DREAM]

The window is dragged, resized, covered, minimised, closed and opened, and no other output may notice. It needs an X
server and a window manager of its own (apt: xvfb openbox xdotool wmctrl).
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

from desktop import desktop, lacking

from livedream.backend import cpu
from livedream.bench import intervals
from livedream.bench.figures import Figure, compared, figure, missing, table
from livedream.bench.watch import SIZE, Watch, playing
from livedream.dream import read
from livedream.loop.live import Stage, percentile
from livedream.output import Output
from livedream.output.kinds import parse
from livedream.output.none import Nowhere
from livedream.output.window import hud, run
from livedream.play import dream_parameters as tables
from livedream.play.player import Player

WHAT = "window dragged, covered, minimised, closed: longest interval elsewhere"
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


def figures(model: str, times: float) -> list[Figure]:
    """Do everything to the window `times` times."""
    result = measure(model, 30.0, round(times))
    if "skipped" in result:
        return [missing("window.interval", WHAT, result["skipped"], "periods")]
    longest = result.pop("interval_max")
    return [figure("window.interval", WHAT, longest, "periods", intervals.LONGEST, **result)]


def measure(model: str = "rainbow.onnx", fps: float = 30.0, times: int = 1) -> dict:
    """Play with a window and two more outputs while the window is dragged, resized, covered and so on.

    Returns:
        interval_max: Longest interval between two frames handed out, or written by an output that has a thread of its
            own, in periods.
        beside: The same before anything is done to the window.
        acts: The same for each thing that is done.
        clock: Longest interval of a bare clock in a process of its own, in periods: the machine's share.
        frames: Frames handed out.
        late: Frames that repeated the picture before.
        window: Frames that the window drew.
        skipped: Stands in place of all these if there are no figures, and says why.
    """
    if programs := lacking():
        return {"skipped": f"needs {', '.join(programs)} (apt: xvfb openbox xdotool wmctrl)"}
    with desktop() as environment:
        command = [sys.executable, str(Path(__file__).resolve()), "--play", str(model), str(fps)]
        pipe = subprocess.PIPE
        child = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True)
        clock = subprocess.Popen([sys.executable, "-c", CLOCK, str(fps)], stdin=pipe, stdout=pipe, text=True)
        acts, played = [], None
        try:
            if not child.stdout.readline():
                return {"skipped": "the show ended before its window was up"}
            _act(acts, "beside", lambda: time.sleep(2.0 * times))
            for _ in range(times):
                for name, act in Hands(environment).acts().items():
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


class Hands:
    """Does to the window what a person can do."""

    def __init__(self, environment: dict[str, str]):
        self._environment = environment

    def acts(self) -> dict[str, Callable[[], None]]:
        """Return everything, by name."""
        return {
            "dragged": self.drag,
            "resized": self.resize,
            "covered": self.cover,
            "minimised": self.minimise,
            "full screen": self.full_screen,
            "figures": self.figures,
            "closed and opened": self.close_and_open,
        }

    def _call(self, *command: str) -> str:
        return subprocess.run(command, env=self._environment, capture_output=True, text=True).stdout

    def _window(self) -> str:
        for _ in range(200):
            if found := self._call("xdotool", "search", "--onlyvisible", "--name", f"^{TITLE}$").split():
                return found[-1]
            time.sleep(0.05)
        raise RuntimeError("the window is not there")

    def _press(self, key: str) -> None:
        self._call("xdotool", "windowfocus", "--sync", self._window(), "key", key)

    def drag(self) -> None:
        geometry = self._call("xdotool", "getwindowgeometry", "--shell", self._window())
        where = dict(line.split("=") for line in geometry.split() if "=" in line)
        x, y = int(where["X"]) + 200, int(where["Y"]) - 10  # its title bar
        path = [f"mousemove {x + step % 40 * 8} {y + step % 30 * 4} sleep 0.02" for step in range(100)]
        self._call("xdotool", *f"mousemove {x} {y} mousedown 1 {' '.join(path)} mouseup 1".split())

    def resize(self) -> None:
        window = self._window()
        sizes = [f"windowsize {window} {640 + step * 12} {360 + step * 7} sleep 0.03" for step in range(60)]
        self._call("xdotool", *" ".join(sizes).split())

    def cover(self) -> None:
        other = subprocess.Popen([sys.executable, "-c", COVER], env=self._environment, stdin=subprocess.PIPE)
        time.sleep(1.5)
        other.communicate(b"")
        time.sleep(0.5)

    def minimise(self) -> None:
        window = self._window()
        self._call("xdotool", "windowminimize", window)
        time.sleep(1.0)
        self._call("xdotool", "windowactivate", window)
        time.sleep(0.5)

    def full_screen(self) -> None:
        for _ in range(2):
            self._press("f")
            time.sleep(0.7)

    def figures(self) -> None:
        for _ in range(2):
            self._press("h")
            time.sleep(1.2)

    def close_and_open(self) -> None:
        self._call("wmctrl", "-c", TITLE)
        time.sleep(AGAIN)
        self._window()
        time.sleep(0.5)


def _figures(played: dict, acts: list, fps: float) -> dict:
    def longest(begin: float, end: float, *lists: str) -> float:
        pairs = [pair for each in lists for pair in pairwise(played[each])]
        return round(max((b - a for a, b in pairs if b > begin and a < end), default=0.0) * fps, 3)

    result: dict[str, float] = {}
    for name, begin, end in acts:
        result[name] = max(result.get(name, 0.0), longest(begin, end, "handed", "written"))
    beside = result.pop("beside")
    return {
        "fps": fps,
        "interval_max": max(result.values()),
        "beside": beside,
        "clock": longest(acts[0][1], acts[-1][2], "clock"),
        "acts": result,
        "frames": len(played["handed"]),
        "late": played["late"],
        "window": played["window"],
        "hud": played["hud"],
    }


def play(model: str, fps: float) -> dict:
    """Play until standard input ends, on the main thread; print a line when the window is up."""
    written, lines, ended = [], [], threading.Event()

    class Written(Nowhere):
        def write(self, frame):
            written.append(time.perf_counter())

    dream = read.load(model)
    window, watch, other = parse("window"), Watch(), Written(parse("none").options)
    window.on_close = lambda: threading.Timer(AGAIN, lambda: window.start(*SIZE, fps)).start()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    with playing(Player(dream, cpu.load), tables.of(dream), fps, [watch, other, window]) as stage:

        def hud_lines() -> list[str]:
            lines[:] = hud_of(stage, (other, window))
            return lines

        window.hud = hud_lines
        result = threading.Thread(target=lambda: (_until(lambda: window.sent > 2 * fps), print("up", flush=True)))
        result.start()
        run(lambda: [window], ended.is_set)
        result.join()
    handed = [each[0] for each in watch.frames]
    return {"handed": handed, "written": written, "late": stage.late, "window": window.sent, "hud": lines}


def hud_of(stage: Stage, outputs: Sequence[Output]) -> list[str]:
    """Return the HUD's lines; a stage without a session has no `GET /status`."""
    times = {"model": stage.drawing_s, "latency": stage.latency_s}
    return hud.lines(
        {
            "fps": {"fresh": stage.fps, "target": stage.fps},
            "ms": {f"{name}_p{p}": percentile(each, p) for name, each in times.items() for p in (50, 99)},
            "late": stage.late,
            "decks": [
                {"dream": deck.player.dream.title, "providers": deck.player.providers, "error": deck.error}
                for deck in stage.decks
            ],
            "outputs": [{"kind": each.kind, "state": each.state, "dropped": each.dropped} for each in outputs],
        }
    )


def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--play"]:
        print(json.dumps(play(sys.argv[2], float(sys.argv[3]))))
    else:
        print("\n".join(table(compared(figures((sys.argv[1:] or ["rainbow.onnx"])[0], 1), []))))
