"""Network streams, pushed or fetched, by FFmpeg in a child process: whatever the network does, the show goes on."""

import contextlib
import importlib.util
import json
import os
import re
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

import numpy as np

from livedream import UserError
from livedream.output import Options, Output, log
from livedream.output.streams import protocols
from livedream.output.video import encoders
from livedream.picture.frame import Frame
from livedream.system.secret import scrubbed

# Width, height, pts, whether to make a key frame, perf_counter; followed by width·height·4 bytes of RGBA.
HEADER = struct.Struct("<IIQ?d")
PIPE_SIZE = 1 << 20  # bytes; a picture takes two thirds of the time that it takes through the usual 64 KiB
BEGUN = "pictures are on their way"  # printed by the child process once
OVERFLOW = 4.0  # seconds after which a listener's queue must have overflowed, if nobody fetches the stream
SETTLED = 0.5  # seconds without an error after which a listener must be listening
BITRATE = 4_000_000

FAILED = re.compile(r"Error opening .*?: (.+)|Recovery failed: (.+)|^livedream: (.+)")
CONNECTED = re.compile(
    r"Recovery successful|FIFO queue flushed|Successfully connected|muxrate \w+, sdt every|DTLS.* done"
)


class Stream(Output):
    """Output `rtmp://…`, `listen-rtmp://…`, `srt://…`: any row of `protocols.TABLE`.

    Video only unless `audio` is given: even an empty sound track costs a player half a second.
    FFmpeg connects and reconnects by itself; a child process that dies is started anew. It is never asked to close,
    which can hang for ever, but killed.
    """

    up_when_written = False

    def __init__(self, options: Options):
        super().__init__(options)
        self.kind = protocols.protocol_of(options.sink).kind
        self.child: subprocess.Popen[bytes] | None = None
        self._reset()

    def _reset(self) -> None:
        """Forget the last child process. Most of this is set by `_follow_log` from its log, and read by `write`."""
        self._scale, self.last_pts = 1.0, -1  # the stream's rate over the show's; the last pts
        self._encoding = False  # the child process has encoded a picture
        self._failed = False  # the far end went wrong, and nothing has shown since that it is back
        self._overflowed = False  # a listener's queue has overflowed: nobody fetched the stream
        self._relistening = False  # a listener tries to listen again
        self._player = False  # a player fetches the stream
        self._key_wanted = False  # the next picture is to be a key frame
        self._no_sound = ""  # why there is no sound, although it was asked for
        self._since = time.monotonic()  # when it began to listen or to encode

    def open(self, width: int, height: int, fps: float) -> None:
        try:
            self._route = route = protocols.route(self.options.sink)
            encoders.choices(self.options.codec, False, route.protocol.codecs)
        except (ValueError, UserError) as error:
            raise UserError(f"{self.name}: {error}") from None
        if self.options.audio and not importlib.util.find_spec("sounddevice"):
            raise UserError(f'{self.name}: audio={self.options.audio}: pip install "livedream[audio]"')
        rate = self.options.fps or fps
        settings = {
            "sink": self.options.sink,
            "codec": self.options.codec,
            "size": self.options.size or (width, height),
            "rate": rate,
            "bitrate": self.options.bitrate or BITRATE,
            "fit": self.options.fit,
            "key_seconds": self.options.keyframe or route.protocol.key_seconds,
            "audio": self.options.audio,
        }
        self._reset()
        self._scale = rate / fps
        self.child = child = _start_child()
        threading.Thread(target=self._follow_log, args=(child,), name=self.name, daemon=True).start()
        # The URL travels through the pipe: an argument could be read by everybody on the machine.
        self._send(json.dumps(settings).encode() + b"\n")

    def write(self, frame: Frame) -> bool:
        pts = int(frame.number * self._scale + 1e-6)
        if pts <= self.last_pts:
            return False
        self.last_pts = pts
        key, self._key_wanted = self._key_wanted, False
        height, width = frame.opaque.shape[:2]
        self._send(HEADER.pack(width, height, pts, key, time.perf_counter()))
        self._send(np.ascontiguousarray(frame.opaque).data)
        if self._route.listens:
            self._check_listener()
            return self._player
        if self.state != "up":
            self.dropped += 1
            return False
        return True

    def close(self) -> None:
        child, self.child = self.child, None
        self.note = None
        if child is not None:
            _kill(child)
            child.wait()
            _pipe(child.stdin).close()

    def set_state(self, state: str, error: str | None = None) -> None:
        # Whatever library an error comes from, it may repeat the address.
        super().set_state(state, scrubbed(error, self.options.sink) if error else error)

    def end(self) -> None:
        super().end()
        self.interrupt()  # there is nothing to wait for

    def interrupt(self) -> None:
        if child := self.child:
            _kill(child)

    def _send(self, data: bytes | memoryview) -> None:
        """Write all of it to the child process."""
        child = self.child
        if child is None:
            raise RuntimeError("the encoder process was ended")
        pipe, view = _pipe(child.stdin), memoryview(data).cast("B")
        try:
            while view:
                view = view[pipe.write(view) :]
        except OSError:
            code = child.wait(5)
            raise RuntimeError(self.error or f"the encoder process ended (exit code {code})") from None

    def _check_listener(self) -> None:
        """Set the state of a listener from the time that has passed without any log line."""
        if self._relistening and time.monotonic() - self._since > SETTLED:
            self._set_waiting()
        # FFmpeg logs nothing about the first player of FLV; but if nothing had to wait for so long, there is one.
        silent = self._route.protocol.muxer == "flv" and not (self._player or self._overflowed or self._failed)
        if silent and self._encoding and time.monotonic() - self._since > OVERFLOW:
            self._set_playing()

    def _set_waiting(self) -> None:
        self._failed = self._relistening = self._player = False
        self.note = f"waiting for a player at {self._route.shown}"
        self.set_state("up")

    def _set_playing(self) -> None:
        self._relistening, self._player, self._failed = False, True, False
        self.note = f"playing at {self._route.shown}" if self._route.listens else "on air"
        self.note += f", without sound: {self._no_sound}" if self._no_sound else ""
        self.set_state("up")

    def _follow_log(self, child: subprocess.Popen[bytes]) -> None:
        """Read the child process's log until it ends, and set the state from it."""
        with _pipe(child.stderr) as log_lines:
            for line in log_lines:
                if child is self.child and not self.stopping:  # else read on, so that it never waits for us
                    self._on_log_line(line.decode(errors="replace").strip())

    def _on_log_line(self, text: str) -> None:
        if BEGUN in text:  # lines of FFmpeg's own threads may run into it
            self._encoding, self._since = True, time.monotonic()
            text = text.replace(BEGUN, "")
        if text.startswith("sound:"):
            self._no_sound = scrubbed(text.removeprefix("sound:").strip(), self.options.sink)
            log.warning("output %s: sound: %s", self.name, self._no_sound or "it is back")
            if self.note and self._player:
                self._set_playing()
        elif found := FAILED.search(text):
            self._failed, self._relistening, self._player, self.note = True, False, False, None
            self.set_state("retrying", f"{self.name}: {next(filter(None, found.groups()))}")
        elif "FIFO queue full" in text:
            self._on_overflow()
        elif "Recovery attempt" in text and self._route.listens:
            self._since, self._overflowed, self._relistening, self._player = time.monotonic(), True, True, False
        # An established connection is not yet an accepted stream: after a failure only the latter counts.
        elif (found := CONNECTED.search(text)) and ("connected" not in found[0] or self._connection_suffices()):
            self._key_wanted = True  # whoever has connected waits for one
            self._set_playing()

    def _on_overflow(self) -> None:
        """Packets were dropped because the far end takes none."""
        if self._route.listens:
            first, self._overflowed = not self._overflowed, True
            if first and not self._failed:
                self._set_waiting()  # no player has connected, and nothing is wrong
        elif self.state == "up":
            self._failed, self.note = True, None
            self.set_state("retrying", f"{self.name}: the far end takes no pictures")

    def _connection_suffices(self) -> bool:
        """Whether a connection alone shows that the far end takes the stream."""
        return self._route.protocol.muxer == "flv" and not self._failed


def _start_child() -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-m", "livedream.output.streams.encoder_process"],
        cwd=Path(__file__).parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        bufsize=0,
        start_new_session=True,  # so that the processes that it starts are killed with it
    )
    _widen(_pipe(child.stdin))
    return child


def _pipe(pipe: IO[Any] | None) -> IO[Any]:
    """The pipe of a child process that was started with one."""
    assert pipe is not None
    return pipe


def _widen(pipe: IO[Any]) -> None:
    """Let a whole picture wait in the pipe, where the system can (Linux)."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_SIZE)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Kill the child process and the processes that it has started."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:  # Windows
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(child.pid)], capture_output=True)
