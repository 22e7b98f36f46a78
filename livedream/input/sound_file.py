"""Sound from a file, heard as the show's time goes."""

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from livedream import UserError
from livedream.input.analysis import RATE

log = logging.getLogger("livedream.input")

AHEAD = 100  # blocks that are decoded before their time, two seconds of most files


class SoundFile:
    """take: is given f32 [2, n], in the thread that moves it. wait: for the decoder. Raises UserError."""

    def __init__(self, path: Path, take: Callable[[np.ndarray], None], wait: bool = False):
        self.name, self.error = path.name, None
        self._path, self._take, self._wait = path, take, wait
        self._blocks: queue.Queue = queue.Queue(AHEAD)
        self._at = 0  # samples that were taken
        self._left = np.zeros((2, 0), np.float32)
        self._stopping = threading.Event()
        if next(blocks(path), None) is None:
            raise UserError(f"--audio {path}: there is no sound in it")

    def start(self) -> None:
        threading.Thread(target=self._decode, name="audio file", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def move(self, seconds: float) -> None:
        """Hear what lies between the last moment and this one."""
        missing = round(seconds * RATE) - self._at
        while missing > 0:
            if not self._left.shape[1]:
                try:
                    self._left = self._blocks.get(self._wait, 10.0)
                except queue.Empty:
                    return
            now, self._left = self._left[:, :missing], self._left[:, missing:]
            self._take(now)
            self._at += now.shape[1]
            missing -= now.shape[1]

    def _decode(self) -> None:
        while not self._stopping.is_set():
            try:
                for block in blocks(self._path):
                    while not self._stopping.is_set():
                        try:
                            self._blocks.put(block, timeout=0.2)
                            break
                        except queue.Full:
                            continue
                    if self._stopping.is_set():
                        return
            except UserError as error:  # it was there at the start
                self.error = str(error)
                log.warning("%s", error)
                self._stopping.wait(2.0)


def blocks(path: Path) -> Iterator[np.ndarray]:
    """The file's sound, f32 [2, n] at RATE, in pieces of some milliseconds. Raises UserError."""
    import av

    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                return
            resampler = av.AudioResampler("fltp", "stereo", RATE)
            for frame in container.decode(audio=0):
                for each in resampler.resample(frame):
                    yield each.to_ndarray()
            for each in resampler.resample(None):
                yield each.to_ndarray()
    except (av.FFmpegError, OSError) as error:
        raise UserError(f"--audio {path}: cannot be read: {error.strerror or error}") from None
