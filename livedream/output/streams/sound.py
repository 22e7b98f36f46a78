"""The sound of a stream: captured and encoded here, with time stamps on the pictures' clock."""

import queue
import sys
import threading
import time
from collections import deque
from fractions import Fraction
from typing import Any

import av
import numpy as np
import sounddevice
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import OutputContainer
from numpy.typing import NDArray

Samples = NDArray[np.float32]  # [n, 2], left and right, -1..1

BITRATE = 160_000
RATE = 48000
BLOCK = 480  # samples per callback of the sound device
MAX_DRIFT = 0.02  # seconds of drift between sound and clock that are tolerated; more is filled with silence, or cut
QUIET = 0.3  # seconds without sound after which silence is sent: a player would wait for it, pictures and all
RETRY = 2.0  # seconds between two attempts to open the device


class Sound:
    """Captures a sound device, in threads of its own, from its construction until the process ends.

    While the device is gone the stream has silence, and the device is opened again. Errors go to stderr, in lines that
    begin with `sound:`.

    Args:
        container: The container that gets the packets.
        lock: Guards `container`.
        codec: FFmpeg's name of the encoder.
        device: A name or a part of it, a number, or "default".
    """

    def __init__(self, container: OutputContainer, lock: threading.Lock, codec: str, device: str):
        self._container, self._lock, self._device = container, lock, device
        stream = container.add_stream(codec, rate=RATE, layout="stereo")
        assert isinstance(stream, AudioStream)
        self._stream = stream
        stream.bit_rate = BITRATE
        if container.format.name == "fifo":
            stream.codec_context.flags |= int(Flags.global_header)
        self._starts: deque[float] = deque(maxlen=90)  # perf_counter at the pictures' time 0, by each of the last ones
        self._zero: float | None = None  # the least of these
        # (perf_counter when the first sample was captured, samples)
        self._blocks: queue.SimpleQueue[tuple[float, Samples]] = queue.SimpleQueue()
        self._position = -1  # the next sample's number from the pictures' time 0; -1: nothing was sent yet
        self._attempts = 0  # the number of times that the device was opened, so that a late one is recognised
        self._input: sounddevice.InputStream | None = None
        self._captured = time.monotonic()  # when the last block was captured
        self._error = ""
        threading.Thread(target=self._keep_open, name="sound device", daemon=True).start()
        threading.Thread(target=self._run, name="sound", daemon=True).start()

    def on_picture(self, seconds: float, at: float) -> None:
        """Note that the picture of time `seconds` passed at `at` (perf_counter). The earliest of the last 90 pictures
        sets the clock.
        """
        self._starts.append(at - seconds)
        self._zero = min(self._starts)

    def _keep_open(self) -> None:
        while True:
            self._attempts += 1
            opening = threading.Thread(target=self._open, args=(self._attempts,), name="sound opening", daemon=True)
            opening.start()
            opening.join(5 * RETRY)
            self._captured = time.monotonic()
            while time.monotonic() - self._captured < RETRY:
                time.sleep(0.1)

    def _open(self, attempt: int) -> None:
        """Open the device; in a thread of its own, because a device that is unplugged may never answer again."""
        device = None if self._device == "default" else int(self._device) if self._device.isdigit() else self._device

        def on_block(block: Samples, frames: int, times: Any, _: Any) -> None:
            if attempt != self._attempts:
                raise sounddevice.CallbackAbort
            now = time.perf_counter()
            ago = times.currentTime - times.inputBufferAdcTime
            self._captured = time.monotonic()
            self._blocks.put(
                (now - (ago if 0 < ago < 1 else frames / RATE), np.broadcast_to(block, (frames, 2)).copy())
            )

        try:
            if attempt > 1:  # PortAudio lists the devices only when it is initialised, and this is the only way to it
                if self._input:
                    self._input.close()
                sounddevice._terminate()
                sounddevice._initialize()
            channels = min(2, sounddevice.query_devices(device, "input")["max_input_channels"])
            self._input = sounddevice.InputStream(RATE, BLOCK, device, channels, "float32", "low", callback=on_block)
            self._input.start()
        except Exception as error:
            self._report(f"{self._device}: {str(error).splitlines()[0]}")

    def _run(self) -> None:
        while True:
            try:
                at, block = self._blocks.get(timeout=0.1)
            except queue.Empty:
                self._fill()
                continue
            if self._zero is None:
                continue
            self._report("")
            due = round((at - self._zero) * RATE)
            if self._position < 0:
                self._position = max(due, 0)
            drift = due - self._position
            if drift > MAX_DRIFT * RATE:
                self._send(np.zeros((drift, 2), np.float32))
            elif drift < -MAX_DRIFT * RATE:
                block = block[-drift:]
            self._send(block)

    def _fill(self) -> None:
        """Send silence, when nothing has been captured for a while."""
        if self._zero is None:
            return
        due = round((time.perf_counter() - self._zero - QUIET) * RATE)
        if self._position < 0:
            self._position = max(due, 0)
        if due - self._position > QUIET * RATE / 2:
            if not self._error:
                self._report(f"{self._device}: no sound comes from it")
            self._send(np.zeros((due - self._position, 2), np.float32))

    def _send(self, block: Samples) -> None:
        if not len(block):
            return
        samples = np.ascontiguousarray(block, np.float32).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="flt", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._position, Fraction(1, RATE)
        self._position += len(block)
        packets = self._stream.encode(frame)
        with self._lock:
            self._container.mux(packets)

    def _report(self, error: str) -> None:
        """Print an error when it is a new one; "" when there is none any more."""
        if error != self._error:
            self._error = error
            sys.stderr.write(f"\nsound: {error}\n")  # a line of its own, whatever FFmpeg is writing
            sys.stderr.flush()
