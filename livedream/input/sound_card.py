"""Sound from a device of this machine, by PortAudio: it may be missing, go and come back while the show goes on."""

import contextlib
import importlib
import logging
import queue
import threading
import time
from collections.abc import Callable

import numpy as np

from livedream.input.analysis import RATE

log = logging.getLogger("livedream.input")

BLOCK = 256  # samples that come at a time
AGAIN = 2.0  # seconds without sound after which the device is opened anew
MOST = 200  # blocks that may wait: a second


class Device:
    """text: a number, a name or a part of one, or "default". take: is given f32 [2, n], in a thread of its own."""

    def __init__(self, text: str, take: Callable[[np.ndarray], None]):
        self.name, self.error = text, None
        self._text, self._take = text, take
        self._blocks: queue.Queue = queue.Queue(MOST)
        self._opened = 0  # how often, so that one that wakes up again is known
        self._heard = 0.0  # time.monotonic() of the last block
        self._stream = None
        self._stopping = threading.Event()

    def start(self) -> None:
        for name, target in (("audio", self._listen), ("audio device", self._keep_open)):
            threading.Thread(target=target, name=name, daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()
        stream, self._stream = self._stream, None
        if stream is not None:  # in a thread of its own: one that is gone may never answer
            closing = threading.Thread(target=stream.abort, daemon=True)
            closing.start()
            closing.join(0.5)

    def move(self, seconds: float) -> None:
        """It has a time of its own."""

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                self._take(self._blocks.get(timeout=0.2))
            except queue.Empty:
                continue

    def _keep_open(self) -> None:
        while not self._stopping.is_set():
            self._opened += 1
            opening = threading.Thread(target=self._open, args=(self._opened,), name="audio opening", daemon=True)
            opening.start()
            opening.join(5 * AGAIN)
            self._heard = time.monotonic()
            while time.monotonic() - self._heard < AGAIN:
                if self._stopping.wait(0.1):
                    return
            if self.error is None:
                self._say(f"{self.name}: nothing comes from it")

    def _open(self, number: int) -> None:
        """Open the device; in a thread of its own, because one that goes may never answer again."""
        try:
            sounddevice = importlib.import_module("sounddevice")
        except ImportError:
            return self._say("sounddevice is missing: pip install 'livedream[audio]'")
        except OSError as error:
            return self._say(f"{error}: apt install libportaudio2")

        def take(block, frames, times, status):
            if number != self._opened or self._stopping.is_set():
                raise sounddevice.CallbackAbort
            self._heard = time.monotonic()
            with contextlib.suppress(queue.Full):  # the machine does not keep up: the newest are left out
                self._blocks.put_nowait(np.ascontiguousarray(np.broadcast_to(block, (frames, 2)).T))
            if self.error is not None:
                self._say(None)

        try:
            if number > 1:  # what devices there are is only looked up once
                if self._stream:
                    self._stream.close()
                sounddevice._terminate()
                sounddevice._initialize()
            device = None if self._text in ("", "default") else int(self._text) if self._text.isdigit() else self._text
            found = sounddevice.query_devices(device, "input")
            channels = min(2, found["max_input_channels"])
            self._stream = sounddevice.InputStream(RATE, BLOCK, device, channels, "float32", "low", callback=take)
            self._stream.start()
            self.name = found["name"]
        except Exception as error:
            self._say(f"{self._text}: {str(error).splitlines()[0]}")

    def _say(self, error: str | None) -> None:
        if error != self.error:
            self.error = error
            log.warning("audio: %s", error or f"{self.name}: it is heard")
