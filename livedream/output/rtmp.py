"""Push to a streaming server, by FFmpeg in a child process: whatever the network does, the show goes on."""

import contextlib
import json
import re
import struct
import subprocess
import sys
import threading
from pathlib import Path

from livedream.output import Output
from livedream.output.secret import masked, secrets

HEADER = struct.Struct("<IIQ")  # width, height, pts; then width·height·4 bytes RGBA


class Rtmp(Output):
    """Output `rtmp://HOST/APP/KEY` or `rtmps://…`. Video only: an empty sound track cost OBS 0.6 s.

    The child connects by itself and again, once a second; if it dies it is started anew.
    """

    kind = "rtmp"
    up_when_written = False

    def __init__(self, options):
        super().__init__(options)
        self._child: subprocess.Popen | None = None

    def open(self, width, height, fps):
        from livedream.output.encode import codec_named

        rate = self.options.fps or fps
        settings = {
            "url": self.options.sink,
            "codec": codec_named(self.options.codec, self.name, ("h264",)),
            "size": self.options.size or (width, height),
            "rate": rate,
            "bitrate": self.options.bitrate or 4_000_000,
            "fit": self.options.fit,
        }
        self._scale, self._last = rate / fps, -1
        # The URL travels through the pipe: an argument could be read by everybody on the machine.
        self._child = subprocess.Popen(
            [sys.executable, "-m", "livedream.output.stream_child"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        threading.Thread(target=self._listen, args=(self._child,), name=self.name, daemon=True).start()
        self._put(json.dumps(settings).encode() + b"\n")

    def write(self, frame):
        pts = int(frame.number * self._scale + 1e-6)
        if pts <= self._last:
            return False
        self._last = pts
        height, width = frame.pixels.shape[:2]
        self._put(HEADER.pack(width, height, pts))
        self._put(frame.pixels if frame.pixels.flags.c_contiguous else frame.pixels.copy())
        if self.state != "up":
            self.dropped += 1
            return False
        return True

    def close(self):
        child, self._child = self._child, None
        if child is None:
            return
        with contextlib.suppress(OSError):
            child.stdin.close()  # it ends by itself at the end of its input
        for end in (lambda: None, child.terminate, child.kill):
            end()
            try:
                child.wait(0.5)
                return
            except subprocess.TimeoutExpired:
                continue

    def interrupt(self):
        if child := self._child:
            child.kill()

    def _put(self, data) -> None:
        view = memoryview(data).cast("B")
        try:
            while view:
                view = view[self._child.stdin.write(view) :]
        except OSError:
            code = self._child.wait(5)
            raise RuntimeError(self.error or f"the encoder process ended (exit code {code})") from None

    def _listen(self, child: subprocess.Popen) -> None:
        """Read what FFmpeg says in the child, until it ends, and keep the state by it."""
        broken = False
        for line in child.stderr:
            if child is not self._child or self._stopping:
                continue  # read on, so that it never waits for us
            text = self._scrubbed(line.decode(errors="replace").strip())
            if found := re.search(r"Error opening .*?: (.+)|Recovery failed: (.+)|^livedream: (.+)", text):
                broken = True
                self.say("retrying", f"{self.name}: {next(filter(None, found.groups()))}")
            # A connection that stands is not yet a stream that was taken: after a fault only that counts.
            elif "Recovery successful" in text or ("Successfully connected" in text and not broken):
                broken = False
                self.say("up")
        child.stderr.close()

    def _scrubbed(self, text: str) -> str:
        text = text.replace(self.options.sink, masked(self.options.sink))
        for secret in secrets(self.options.sink):
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", text)
        return text
