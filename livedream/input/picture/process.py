"""A source of live pictures that runs in a process of its own, which can hang, crash and be killed without harm."""

import contextlib
import json
import logging
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from typing import Any

import numpy as np

from livedream.input.picture.shot import Asked, LivePicture

log = logging.getLogger("livedream.input")

# What the process sends: a header, then `length` bytes, of JSON if width is 0, else of pixels.
HEADER = struct.Struct("<IIQddQ")  # width, height, length, at, place, pictures that it has skipped until now
RETRY = 0.5  # seconds until a process that has ended is started again
PIPE = 1 << 20  # bytes; Linux gives 64 KB unless it is asked, and pictures have millions


class ProcessSource:
    """A LiveSource whose pictures are made by the function `pictures` of a module, in another process.

    Attributes:
        As of LiveSource.
    """

    def __init__(self, kind: str, name: str, module: str, asked: Asked):
        """Prepare a source.

        Args:
            kind: As of LiveSource.
            name: Likewise.
            module: The full name of a module with `pictures(asked, report)`, an iterator of Shots.
            asked: What is passed to it; by standard input, because it may hold secrets.
        """
        self.kind, self.name = kind, name
        self.state = "starting"
        self.error: str | None = None
        self.note: str | None = None
        self.received = 0
        self._request = json.dumps({"module": module, "asked": asdict(asked)}).encode() + b"\n"
        self._latest: LivePicture | None = None
        self._taken = 0  # the number of the picture that was last read
        self._unseen = 0  # pictures that were replaced before they were read
        self._skipped = 0  # pictures that processes which have ended had skipped
        self._skipping = 0  # pictures that this process has skipped
        self._process: subprocess.Popen[bytes] | None = None
        self._starting = threading.Lock()  # guards `_process` against a stop in between
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"input {name}", daemon=True)

    @property
    def latest(self) -> LivePicture | None:
        """The newest picture, or None until there was one."""
        latest = self._latest
        if latest is not None:
            self._taken = latest.number
        return latest

    @property
    def dropped(self) -> int:
        """Pictures that came and were replaced before anybody read them, or were left out by the source's process."""
        return self._unseen + self._skipped + self._skipping

    def start(self) -> None:
        """Begin to receive."""
        self._thread.start()

    def stop(self) -> None:
        """Stop receiving. Ends the process at once: there is nothing in it to be kept."""
        with self._starting:
            self._stopping.set()
            process = self._process
        if process is not None:
            _kill(process)
        if self._thread.ident is not None:
            self._thread.join(0.9)

    def status(self) -> dict[str, Any]:
        """Return its part of `/status`."""
        latest = self._latest
        return {
            "name": self.name,
            "kind": self.kind,
            "state": self.state,
            "error": self.error,
            "note": self.note,
            "received": self.received,
            "dropped": self.dropped,
            "size": None if latest is None else [latest.pixels.shape[1], latest.pixels.shape[0]],
            "age_ms": None if latest is None else round((time.perf_counter() - latest.at) * 1e3, 1),
        }

    def _run(self) -> None:
        while not self._stopping.is_set():
            command = [sys.executable, "-m", "livedream.input.picture.child"]
            try:
                with self._starting:
                    if self._stopping.is_set():
                        return
                    # A group of its own: a Ctrl-C is for the show, and what it has started ends with it.
                    self._process = process = subprocess.Popen(
                        command,
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.DEVNULL,
                        bufsize=0,
                        process_group=0,
                    )
            except OSError as error:
                self._say("retrying", f"a process for it could not be started: {error.strerror}")
            else:
                if self._ended(process):
                    return
            self._stopping.wait(RETRY)

    def _ended(self, process: "subprocess.Popen[bytes]") -> bool:
        """Receive until the process ends. Return whether it need not be started again."""
        assert process.stdin is not None
        assert process.stdout is not None
        with process.stdout, process.stdin:
            with contextlib.suppress(OSError):
                process.stdin.write(self._request)
            _widen(process.stdout.fileno())
            while self._receive(process.stdout.fileno()):
                pass
            _kill(process)
            code = process.wait()
        self._skipped, self._skipping = self._skipped + self._skipping, 0
        if self.state == "failed" or self._stopping.is_set():
            return True
        if self.state != "retrying":
            self._say("retrying", f"its process has crashed (exit {code}) and is started again")
        return False

    def _receive(self, fd: int) -> bool:
        """Receive one message; False at the end."""
        head = bytearray(HEADER.size)
        if not _fill(fd, memoryview(head)):
            return False
        width, height, length, at, place, self._skipping = HEADER.unpack(head)
        if not width:
            words = bytearray(length)
            if not _fill(fd, memoryview(words)):
                return False
            said = json.loads(words)
            self.note = said.get("note", self.note)
            if "state" in said:
                self._say(said["state"], said["error"])
            return True
        pixels = np.empty((height, width, 4), np.uint8)
        if not _fill(fd, pixels.data.cast("B")):
            return False
        pixels.flags.writeable = False
        before = self._latest
        if before is not None and self._taken < before.number:
            self._unseen += 1
        self.received += 1
        self._latest = LivePicture(pixels, at, self.received, place)
        self._say("up")
        return True

    def _say(self, state: str, error: str | None = None) -> None:
        if (state, error) == (self.state, self.error):
            return
        if error:
            log.warning("input %s: %s: %s", self.name, state, error)
        elif self.error:
            log.warning("input %s: %s again", self.name, state)
        self.state, self.error = state, error


def _fill(fd: int, into: memoryview) -> bool:
    """Read until the buffer is full; False if the pipe ends before. Other threads run meanwhile."""
    while into:
        try:
            count = os.readv(fd, [into]) if hasattr(os, "readv") else _read(fd, into)
        except OSError:
            return False
        if not count:
            return False
        into = into[count:]
    return True


def _read(fd: int, into: memoryview) -> int:
    data = os.read(fd, min(len(into), PIPE))
    into[: len(data)] = data
    return len(data)


def _widen(fd: int) -> None:
    """Let more than 64 KB wait in a pipe, where the system can."""
    try:
        import fcntl

        fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, PIPE)  # type: ignore[attr-defined,unused-ignore]  # Linux only
    except (ImportError, AttributeError, OSError):
        return


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End a process and what it has started."""
    if process.poll() is not None:
        return
    with contextlib.suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
