"""A real `livedream run` in a child process, on free ports, with its frames to the last bit.

    with Show(model, "--seed", "3") as show:
        show.status()["state"]; show.osc("player/freeze", "i", "1"); number, fresh, pixels = show.frame()

Run as a program this file is `livedream` with one more output, `raw:PORT`, which sends every frame there.
"""

import json
import queue
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request

import numpy as np

HEADER = struct.Struct("<q?HH")  # number, fresh, height, width


def free_port(kind=socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Feed:
    """What one `raw` output sends, from where it connects to `port`."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.queue: queue.Queue = queue.Queue()
        threading.Thread(target=self._receive, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def frame(self, seconds: float = 60.0):
        """The next frame: (number, fresh, pixels uint8 [H, W, 4])."""
        return self.queue.get(timeout=seconds)

    def frames(self, count: int) -> list:
        return [self.frame() for _ in range(count)]

    def until(self, wanted, seconds: float = 60.0):
        """The first frame from now on whose pixels are `wanted`: an array, or a condition on them."""
        end = time.monotonic() + seconds
        while True:
            frame = self.frame()
            if wanted(frame[2]) if callable(wanted) else np.array_equal(frame[2], wanted):
                return frame
            assert time.monotonic() < end, "waited in vain"

    def _receive(self) -> None:
        try:
            with self._listener.accept()[0].makefile("rb") as stream:
                while head := stream.read(HEADER.size):
                    number, fresh, height, width = HEADER.unpack(head)
                    pixels = np.frombuffer(stream.read(height * width * 4), np.uint8)
                    self.queue.put((number, fresh, pixels.reshape(height, width, 4)))
        except (OSError, ValueError, struct.error):
            pass  # the show has ended


class Show:
    """The child and what it says; `code` and `errors` are its exit code and standard error after the block.

    outs: further --out. layers: names of layers, each sent to a `raw` output of its own, a Feed in `layers`. prefix: of
    OSC addresses. It is
    stopped as Ctrl-C would at the end of the block, if it still runs.
    """

    def __init__(self, model, *arguments, outs=(), layers=(), prefix="/livedream"):
        self.osc_port, self.web_port = free_port(socket.SOCK_DGRAM), free_port()
        self.feed, self.layers = Feed(), {name: Feed() for name in layers}
        self.frame, self.frames, self.until = self.feed.frame, self.feed.frames, self.feed.until
        command = [sys.executable, __file__, "run", *(("--model", str(model)) if model else ()), *arguments]
        self.prefix = prefix
        command += [] if prefix == "/livedream" else ["--osc-prefix", prefix]
        command += ["--osc", f"127.0.0.1:{self.osc_port}", "--web", f"127.0.0.1:{self.web_port}"]
        command += [] if "--device" in arguments else ["--device", "cpu"]  # nothing else is tried beside it
        parts = [f"raw:{feed.port}#layer={name}" for name, feed in self.layers.items()]
        for each in (f"raw:{self.feed.port}", *parts, *outs):
            command += ["--out", each]
        self.command, self.code, self.errors, self.said = command, None, "", ""

    def __enter__(self):
        pipe = subprocess.PIPE
        self.child = subprocess.Popen(self.command, stdout=pipe, stderr=pipe, text=True)
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.send_signal(2)
        try:
            self.said, self.errors = self.child.communicate(timeout=60)
        finally:
            self.child.kill()
            for feed in (self.feed, *self.layers.values()):
                feed.close()
        self.code = self.child.returncode

    def osc(self, address: str, *arguments: str) -> None:
        """Send one message by liblo's oscsend: type letters, then values."""
        command = ["oscsend", "127.0.0.1", str(self.osc_port), f"{self.prefix}/{address}", *arguments]
        subprocess.run(command, check=True, timeout=60)

    def status(self) -> dict:
        return self.get("status")

    def value(self, address: str):
        """What a parameter is or is going to."""
        return next(each["value"] for each in self.get("parameters") if each["address"] == address)

    def get(self, path: str):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.web_port}/{path}", timeout=60) as answer:
            return json.load(answer)


has_oscsend = shutil.which("oscsend") is not None


if __name__ == "__main__":
    from livedream import cli, output
    from livedream.output import kinds

    class Raw(output.Output):
        """Output `raw:PORT` on this machine."""

        kind = "raw"

        def open(self, width, height, fps):
            self._socket = socket.create_connection(("127.0.0.1", int(self.options.sink[4:])))

        def write(self, frame):
            height, width = frame.pixels.shape[:2]
            self._socket.sendall(HEADER.pack(frame.number, frame.fresh, height, width) + frame.pixels.tobytes())

        def close(self):
            self._socket.close()

    sys.modules["livedream.output.raw"] = sys.modules["__main__"]
    kinds.KINDS += (kinds.Kind("raw:PORT", r"raw:\d+", "raw:Raw", ("layer",), "to a test"),)
    sys.exit(cli.main())
