"""The sound that goes with a stream: captured and coded here, its time stamps on the pictures' clock."""

import queue
import sys
import threading
import time
from collections import deque
from fractions import Fraction

import av
import numpy as np
import sounddevice
from av.codec.context import Flags

BITRATE = 160_000
RATE = 48000
BLOCK = 480  # samples that come at a time
APART = 0.02  # seconds that sound and clock may drift apart before silence is put in, or sound left out
QUIET = 0.3  # seconds without sound after which silence is sent: a player would wait, pictures and all
AGAIN = 2.0  # seconds between two tries to open the device


class Sound:
    """Captures from the moment it is made, in threads of its own, until the process ends.

    container: where packets go, under the lock `turn`.  codec: FFmpeg's name of the encoder.
    device: a name or a part of it, a number, or "default".
    While the device is gone there is silence, and it is opened again; what happens to it goes to stderr, a line
    beginning with `sound:`.
    """

    def __init__(self, container: av.container.OutputContainer, turn: threading.Lock, codec: str, device: str):
        self._container, self._turn, self._device = container, turn, device
        self._stream = container.add_stream(codec, rate=RATE, layout="stereo")
        self._stream.bit_rate = BITRATE
        if container.format.name == "fifo":
            self._stream.codec_context.flags |= int(Flags.global_header)
        self._apart: deque[float] = deque(maxlen=90)
        self._zero: float | None = None  # perf_counter at the pictures' time 0
        self._blocks: queue.SimpleQueue = queue.SimpleQueue()  # (when its first sample was heard, float32 [n, 2])
        self._position: int | None = None  # in samples, of what comes next
        self._opened = 0  # how often, so that one that wakes up again is known
        self._open_stream: sounddevice.InputStream | None = None
        self._said = ""
        threading.Thread(target=self._keep_open, name="sound device", daemon=True).start()
        threading.Thread(target=self._work, name="sound", daemon=True).start()

    def see(self, seconds: float, at: float) -> None:
        """A picture of that time came by at `at`, perf_counter. The earliest of the last three seconds' count."""
        self._apart.append(at - seconds)
        self._zero = min(self._apart)

    def _keep_open(self) -> None:
        while True:
            self._opened += 1
            opening = threading.Thread(target=self._open, args=(self._opened,), name="sound opening", daemon=True)
            opening.start()
            opening.join(5 * AGAIN)
            self._heard = time.monotonic()
            while time.monotonic() - self._heard < AGAIN:
                time.sleep(0.1)

    def _open(self, number: int) -> None:
        """Open the device; in a thread of its own, because a device that goes may never answer again."""
        device = None if self._device == "default" else int(self._device) if self._device.isdigit() else self._device

        def take(block, frames, times, _):
            if number != self._opened:
                raise sounddevice.CallbackAbort
            now = time.perf_counter()
            ago = times.currentTime - times.inputBufferAdcTime
            self._heard = time.monotonic()
            self._blocks.put(
                (now - (ago if 0 < ago < 1 else frames / RATE), np.broadcast_to(block, (frames, 2)).copy())
            )

        try:
            if number > 1:  # what devices there are is only looked up once
                if self._open_stream:
                    self._open_stream.close()
                sounddevice._terminate()
                sounddevice._initialize()
            channels = min(2, sounddevice.query_devices(device, "input")["max_input_channels"])
            self._open_stream = sounddevice.InputStream(RATE, BLOCK, device, channels, "float32", "low", callback=take)
            self._open_stream.start()
        except Exception as error:
            self._say(f"{self._device}: {str(error).splitlines()[0]}")

    def _work(self) -> None:
        while True:
            try:
                at, block = self._blocks.get(timeout=0.1)
            except queue.Empty:
                self._fill()
                continue
            if self._zero is None:
                continue
            self._say("")
            due = round((at - self._zero) * RATE)
            if self._position is None:
                self._position = max(due, 0)
            apart = due - self._position
            if apart > APART * RATE:
                self._send(np.zeros((apart, 2), np.float32))
            elif apart < -APART * RATE:
                block = block[-apart:]
            self._send(block)

    def _fill(self) -> None:
        """Silence, when nothing has come for a while."""
        if self._zero is None:
            return
        due = round((time.perf_counter() - self._zero - QUIET) * RATE)
        if self._position is None:
            self._position = max(due, 0)
        if due - self._position > QUIET * RATE / 2:
            if not self._said:
                self._say(f"{self._device}: nothing comes from it")
            self._send(np.zeros((due - self._position, 2), np.float32))

    def _send(self, block: np.ndarray) -> None:
        if not len(block):
            return
        samples = np.ascontiguousarray(block, np.float32).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="flt", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._position, Fraction(1, RATE)
        self._position += len(block)
        packets = self._stream.encode(frame)
        with self._turn:
            self._container.mux(packets)

    def _say(self, what: str) -> None:
        if what != self._said:
            self._said = what
            print(f"sound: {what}", file=sys.stderr, flush=True)
