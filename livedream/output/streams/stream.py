"""Streams: pushed, or pulled from us, by FFmpeg in a child process: whatever the network does, the show goes on."""

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

from livedream import UserError
from livedream.output import Output, log
from livedream.output.secret import masked, secrets
from livedream.output.streams import protocols
from livedream.output.video import encoders

# width, height, pts, whether it shall be a key frame, perf_counter; then width·height·4 bytes RGBA
HEADER = struct.Struct("<IIQ?d")
PIPE = 1 << 20  # bytes; a picture goes through in two thirds of the time that it takes through the usual 64 KiB
BEGUN = "pictures are on their way"  # what the child says once
SURELY = 4.0  # seconds in which a listener's queue must have run over, if nobody fetches
SETTLED = 0.5  # seconds without a complaint after which a listener must be listening
BITRATE = 4_000_000

FAILED = re.compile(r"Error opening .*?: (.+)|Recovery failed: (.+)|^livedream: (.+)")
CONNECTED = re.compile(
    r"Recovery successful|FIFO queue flushed|Successfully connected|muxrate \w+, sdt every|DTLS.* done"
)


class Stream(Output):
    """Output `rtmp://…`, `listen-rtmp://…`, `srt://…`: any row of `protocols.TABLE`.

    Video only unless `audio` is asked for: even an empty sound track costs a player half a second.
    The child connects by itself, and again; if it dies it is started anew. It is never asked to close, which can hang
    for ever, but killed.
    """

    up_when_written = False

    def __init__(self, options):
        super().__init__(options)
        self.kind = protocols.of(options.sink).kind
        self._child: subprocess.Popen | None = None

    def open(self, width, height, fps):
        try:
            self._route = route = protocols.route(self.options.sink)
            encoders.find(self.options.codec, False, route.protocol.codecs)
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
        self._scale, self._last, self._written = rate / fps, -1, 0
        self._broken = self._waited = self._again = self._key = self._begun = False
        self._with = False  # a player
        self._silence = ""  # why there is no sound, if some was asked for
        self._since = time.monotonic()  # that it tries to listen
        # The URL travels through the pipe: an argument could be read by everybody on the machine.
        self._child = subprocess.Popen(
            [sys.executable, "-m", "livedream.output.streams.child"],
            cwd=Path(__file__).parents[3],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,  # what it starts is killed with it
        )
        _widen(self._child.stdin)
        threading.Thread(target=self._listen, args=(self._child,), name=self.name, daemon=True).start()
        self._put(json.dumps(settings).encode() + b"\n")

    def write(self, frame):
        pts = int(frame.number * self._scale + 1e-6)
        if pts <= self._last:
            return False
        self._last = pts
        key, self._key = self._key, False
        height, width = frame.opaque.shape[:2]
        self._put(HEADER.pack(width, height, pts, key, time.perf_counter()))
        self._put(frame.opaque if frame.opaque.flags.c_contiguous else frame.opaque.copy())
        self._written += 1
        if self._route.listens:
            self._watch()
            return self._with
        if self.state != "up":
            self.dropped += 1
            return False
        return True

    def close(self):
        child, self._child = self._child, None
        self.note = None
        if child is not None:
            _kill(child)
            child.wait()
            child.stdin.close()

    def end(self):
        super().end()
        self.interrupt()  # there is nothing to wait for

    def interrupt(self):
        if child := self._child:
            _kill(child)

    def _put(self, data) -> None:
        view = memoryview(data).cast("B")
        try:
            while view:
                view = view[self._child.stdin.write(view) :]
        except OSError:
            code = self._child.wait(5)
            raise RuntimeError(self.error or f"the encoder process ended (exit code {code})") from None

    def _watch(self) -> None:
        """Say so when a listener listens, and when somebody came so soon that nothing had to wait for him."""
        if self._again and time.monotonic() - self._since > SETTLED:
            self._waiting()
        # FLV is silent about its first player; if nothing had to wait for so long, he is there.
        silent = self._route.protocol.muxer == "flv" and not (self._with or self._waited or self._broken)
        if silent and self._begun and time.monotonic() - self._since > SURELY:
            self._playing()

    def _waiting(self) -> None:
        self._broken = self._again = self._with = False
        self.note = f"waiting for a player at {self._route.shown}"
        self.say("up")

    def _playing(self) -> None:
        self._again, self._with, self._broken = False, True, False
        self.note = f"playing at {self._route.shown}" if self._route.listens else "on air"
        self.note += f", without sound: {self._silence}" if self._silence else ""
        self.say("up")

    def _listen(self, child: subprocess.Popen) -> None:
        """Read what FFmpeg says in the child, until it ends, and keep the state by it."""
        for line in child.stderr:
            if child is self._child and not self._stopping:  # else read on, so that it never waits for us
                self._hear(self._scrubbed(line.decode(errors="replace").strip()))
        child.stderr.close()

    def _hear(self, text: str) -> None:
        """Take in one line of FFmpeg's."""
        if text.startswith("sound:"):
            self._silence = text.removeprefix("sound:").strip()
            log.warning("output %s: sound: %s", self.name, self._silence or "it is heard")
            if self.note and self._with:
                self._playing()
        elif text == BEGUN:
            self._begun, self._since = True, time.monotonic()
        elif found := FAILED.search(text):
            self._broken, self._again, self._with, self.note = True, False, False, None
            self.say("retrying", f"{self.name}: {next(filter(None, found.groups()))}")
        elif "FIFO queue full" in text:
            if self._route.listens:
                first, self._waited = not self._waited, True
                if first and not self._broken:
                    self._waiting()  # it is connected to nobody, and nothing is wrong
            elif self.state == "up":
                self._broken, self.note = True, None
                self.say("retrying", f"{self.name}: the far end takes no pictures")
        elif "Recovery attempt" in text and self._route.listens:
            self._since, self._waited, self._again, self._with = time.monotonic(), True, True, False
        # A connection that stands is not yet a stream that was taken: after a fault only that counts.
        elif (found := CONNECTED.search(text)) and ("connected" not in found[0] or self._first()):
            self._key = True  # whoever has come waits for one
            self._playing()

    def _first(self) -> bool:
        """Whether a connection alone says that the far end is there."""
        return self._route.protocol.muxer == "flv" and not self._broken

    def _scrubbed(self, text: str) -> str:
        text = text.replace(self.options.sink, masked(self.options.sink))
        for secret in secrets(self.options.sink):
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", text)
        return text


def _widen(pipe) -> None:
    """Let a whole picture wait in the pipe, where the system can (Linux)."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE)


def _kill(child: subprocess.Popen) -> None:
    """Kill it and what it has started."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:  # Windows
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(child.pid)], capture_output=True)
