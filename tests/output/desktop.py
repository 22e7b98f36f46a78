"""A screen for the tests, and a show with a window on it."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest


class Server:
    """An X server of 800x600 on a display of its own. display: ":7"; env: what its clients need."""

    def __init__(self, display: str | None = None):
        if not (shutil.which("Xvfb") and shutil.which("xdotool") and shutil.which("ffmpeg")):
            pytest.skip("needs xvfb, xdotool and ffmpeg (apt)")
        read, write = os.pipe()
        command = ["Xvfb", *([display] if display else []), "-displayfd", str(write), "-screen", "0", "800x600x24"]
        self.process = subprocess.Popen([*command, "-nolisten", "tcp"], pass_fds=[write], stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as pipe:
            self.display = f":{pipe.readline().strip()}"
        self.env = {**os.environ, "DISPLAY": self.display, "LIBGL_ALWAYS_SOFTWARE": "1"}

    def signal(self, number: int):
        """Stop, continue or kill it, and wait until that is done."""
        self.process.send_signal(number)
        if number == signal.SIGSTOP:
            os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT)
        elif number == signal.SIGKILL:
            self.process.wait()

    def end(self):
        self.process.kill()
        self.process.wait()


class Show:
    """The process of windowed.py, once its window has drawn. ask(expression) -> its value there."""

    def __init__(self, env, sink="window", size="400x400"):
        here = Path(__file__).parent
        command = [sys.executable, str(here / "windowed.py"), sink, size]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        assert self.process.stdout.readline() == "up\n"

    def ask(self, expression: str):
        self.process.stdin.write(expression + "\n")
        self.process.stdin.flush()
        said = self.process.stdout.readline()
        try:
            return eval(said, {"__builtins__": {}})
        except Exception:
            raise AssertionError(f"{expression}: {said}") from None

    def end(self) -> tuple[str, str]:
        """Wait for its end, and return the rest of its standard output and error."""
        said = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, said
        return said

    def kill(self):
        self.process.kill()
        self.process.communicate()


def shot(env, pointer=0) -> np.ndarray:
    """The screen's pixels, uint8 [600, 800, 3]."""
    command = f"ffmpeg -v error -f x11grab -draw_mouse {pointer} -video_size 800x600 -i {env['DISPLAY']} "
    command += "-frames:v 1 -f rawvideo -pix_fmt rgb24 -"
    raw = subprocess.run(command.split(), capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(600, 800, 3)


def lit(picture):
    """(x, y, w, h) of the part that is not black."""
    rows, columns = np.where(picture.max(axis=2) > 8)
    return columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1
