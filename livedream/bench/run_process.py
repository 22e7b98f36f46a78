"""A `livedream run` in a process of its own, on free ports, and every frame that it hands out."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from livedream.backend import choose
from livedream.bench.child import RECORD, Records
from livedream.bench.peers import ROOT, free_port
from livedream.dream.dream import Dream

PATIENCE = 30.0  # seconds for the first frame, and for the end


class RunProcess:
    """The process while the block runs.

    Args:
        model: The dream.
        arguments: Further ones of `livedream run`. Without --device it is the CPU.
        fps: Frames per second.
        frames: The most frames that are noted.
        stall: Seconds between two hangs of the model of 200 ms each; None: it does not hang.
        env: The process's environment; None: that of this process.
        whole: Whether the noted checksums are of all pixels.

    Attributes:
        child: The process.
        first_s: Seconds from its start to its first frame.
        osc_port: Where it receives OSC.
        web_port: Where its page is.

    Raises:
        RuntimeError: No frame comes. The text is what the process printed.
    """

    child: "subprocess.Popen[str]"
    first_s: float

    def __init__(
        self,
        model: str | Path,
        *arguments: str,
        fps: float = 30.0,
        frames: int = 100_000,
        stall: float | None = None,
        env: Mapping[str, str] | None = None,
        whole: bool = False,
    ):
        self.fps, self._env = fps, env
        self.osc_port, self.web_port = _free_udp_port(), free_port()
        self._size = frames
        self._command = [
            sys.executable,
            "-m",
            "livedream.bench.child",
            *(["--stall", f"{stall:g}"] if stall else []),
            *(["--whole"] if whole else []),
            "run",
        ]
        model = Path(model).resolve() if Path(model).exists() else model
        self._command += ["--model", str(model), "--fps", f"{fps:g}", "--forget", *arguments]
        if "--device" not in arguments:
            self._command += ["--device", "cpu"]
        self._command += ["--osc", f"127.0.0.1:{self.osc_port}", "--web", f"127.0.0.1:{self.web_port}"]

    def __enter__(self) -> Self:
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # no disk may hold up who notes a frame
        with tempfile.NamedTemporaryFile(prefix="livedream-bench-", dir=memory, delete=False) as file:
            file.truncate(self._size * RECORD.itemsize)
            self._file = Path(file.name)
        self._records: Records = np.memmap(self._file, RECORD, "r")
        self._printed: list[str] = []
        begin = time.perf_counter()
        self.child = subprocess.Popen(
            [*self._command, "--out", f"probe:{self._file}"],
            cwd=ROOT,
            env=self._env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self.until(lambda: bool(self._records["at"][0]), pause=0.005):
            self.__exit__()
            printed = " | ".join(self._printed) or "it printed nothing"
            raise RuntimeError(f"livedream run showed no frame in {PATIENCE:g} s: {printed}")
        self.first_s = float(self._records["at"][0]) - begin
        self._out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        return self

    def __exit__(self, *exception: object) -> None:
        self.child.terminate()
        try:
            self.child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self._reader.join()
        if self.child.stdout:
            self.child.stdout.close()
        if hasattr(self, "_out"):
            self._out.close()
        self._file.unlink(missing_ok=True)

    def _read(self) -> None:
        for line in self.child.stdout or ():
            self._printed.append(line.strip())

    @property
    def printed(self) -> list[str]:
        """The lines it has printed so far, to standard output and error."""
        return list(self._printed)

    def frames(self, since: float = 0.0) -> Records:
        """Return a copy of the frames handed out since that perf_counter second."""
        at = self._records["at"]
        count = int(np.count_nonzero(at))
        return np.array(self._records[np.searchsorted(at[:count], since) : count])

    def send(self, address: str, *values: object) -> float:
        """Send one OSC message below /livedream/. Returns the perf_counter second just before."""
        packet = message(address, *values)
        now = time.perf_counter()
        self._out.sendto(packet, ("127.0.0.1", self.osc_port))
        return now

    def status(self) -> dict[str, Any]:
        """Return its `GET /status`."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.web_port}/status", timeout=PATIENCE) as answer:
            status: dict[str, Any] = json.load(answer)
            return status

    def until(self, condition: Callable[[], bool], seconds: float = PATIENCE, pause: float = 0.02) -> bool:
        """Wait for a condition while the process lives; return whether it came true."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end and self.child.poll() is None:
            if condition():
                return True
            time.sleep(pause)
        return False

    def play(self, seconds: float) -> Records:
        """Let it play, and return the frames of that time. Raises RuntimeError if it ended."""
        begin = time.perf_counter()
        while (left := begin + seconds - time.perf_counter()) > 0:
            time.sleep(min(left, 0.2))
            if self.child.poll() is not None:
                raise RuntimeError(
                    f"the show ended (exit code {self.child.returncode}): {' | '.join(self._printed[-3:])}"
                )
        return self.frames(begin)

    def memory_mb(self) -> float | None:
        """Return its resident memory in MB (10⁶ bytes), or None where the system does not say."""
        try:
            status = Path(f"/proc/{self.child.pid}/status").read_text()
            kilobytes = next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1]
        except (OSError, StopIteration):
            try:
                command = ["ps", "-o", "rss=", "-p", str(self.child.pid)]
                kilobytes = subprocess.run(command, capture_output=True, text=True, timeout=5).stdout.strip()
            except (OSError, subprocess.SubprocessError):
                return None
        return round(int(kilobytes) * 1024 / 1e6, 1) if kilobytes.isdigit() else None


def prepare(dream: Dream) -> None:
    """Measure what a machine measures when it plays a dream for the first time, so that no run has to."""
    choose.quick(dream, "cpu")


def message(address: str, *values: object) -> bytes:
    """Encode an OSC message to an address below /livedream/."""
    from pythonosc.osc_message_builder import build_msg

    packet: bytes = build_msg(f"/livedream/{address}", list(values)).dgram
    return packet


def _free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
