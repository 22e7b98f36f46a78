"""Sound from a sound card, by PortAudio: it may be missing, be unplugged and come back while the show goes on."""

import contextlib
import importlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from livedream.input.sound.analysis import RATE, Samples
from livedream.system import c_stderr

log = logging.getLogger("livedream.input")

BLOCK = 256  # samples in a block
RETRY = 2.0  # seconds without sound after which the sound card is opened again
WAITING = 200  # blocks that may wait: a second


class SoundCard:
    """Receives sound from `start` to `stop`.

    Attributes:
        name: of the sound card; before it is opened, as it was asked for.
        error: why there is no sound, or None.
    """

    def __init__(self, text: str, analyse: Callable[[Samples], None]):
        """Choose a sound card.

        Args:
            text: its number, its name or a part of it, or "default".
            analyse: receives float32 [2, n], in a thread of its own.
        """
        self.name = text
        self.error: str | None = None
        self._text, self._analyse = text, analyse
        self._blocks: queue.Queue[Samples] = queue.Queue(WAITING)
        self._opened = 0  # times, so that a callback of an earlier stream is recognised
        self._received_at = 0.0  # time.monotonic() of the last block
        self._stream: Any = None
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin to receive sound."""
        for name, target in (("audio", self._work), ("audio card", self._keep_open)):
            threading.Thread(target=target, name=name, daemon=True).start()

    def stop(self) -> None:
        """Stop receiving sound; takes half a second at most."""
        self._stopping.set()
        stream, self._stream = self._stream, None
        if stream is not None:  # in a thread of its own: an unplugged sound card may never answer
            closing = threading.Thread(target=stream.abort, daemon=True)
            closing.start()
            closing.join(0.5)

    def move(self, seconds: float) -> None:
        """Do nothing: a sound card has a time of its own."""

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self._analyse(self._blocks.get(timeout=0.2))
            except queue.Empty:
                continue

    def _keep_open(self) -> None:
        while not self._stopping.is_set():
            self._opened += 1
            opening = threading.Thread(target=self._open, args=(self._opened,), name="audio opening", daemon=True)
            opening.start()
            opening.join(5 * RETRY)
            self._received_at = time.monotonic()
            while time.monotonic() - self._received_at < RETRY:
                if self._stopping.wait(0.1):
                    return
            if self.error is None:
                self._report(f"{self.name}: no sound is received")

    def _open(self, number: int) -> None:
        """Open the sound card; in a thread of its own, because one that is unplugged may never answer."""
        try:
            sounddevice = importlib.import_module("sounddevice")
        except ImportError:
            return self._report("sounddevice is missing: pip install 'livedream[audio]'")
        except OSError as error:
            return self._report(f"{error}: apt install libportaudio2")

        def receive(block: Samples, frames: int, times: object, status: object) -> None:
            if number != self._opened or self._stopping.is_set():
                raise sounddevice.CallbackAbort
            self._received_at = time.monotonic()
            with contextlib.suppress(queue.Full):  # the machine does not keep up: the newest block is dropped
                self._blocks.put_nowait(np.ascontiguousarray(np.broadcast_to(block, (frames, 2)).T))
            if self.error is not None:
                self._report(None)

        try:
            if number > 1:  # PortAudio lists the sound cards only once
                if self._stream:
                    self._stream.close()
                sounddevice._terminate()  # the documented way to list them again
                sounddevice._initialize()
            card = None if self._text in ("", "default") else int(self._text) if self._text.isdigit() else self._text
            found = sounddevice.query_devices(card, "input")
            channels = min(2, found["max_input_channels"])
            with c_stderr.silenced(not log.isEnabledFor(logging.INFO)):  # ALSA complains of what it works around
                self._stream = sounddevice.InputStream(RATE, BLOCK, card, channels, "float32", "low", callback=receive)
                self._stream.start()
            self.name = found["name"]
        except Exception as error:  # PortAudio's, of many kinds
            self._report(f"{self._text}: {str(error).splitlines()[0]}")

    def _report(self, error: str | None) -> None:
        if error != self.error:
            self.error = error
            log.warning("audio: %s", error or f"{self.name}: sound is received")
