"""Sound from a file, played along with the show's time."""

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from livedream import UserError
from livedream.input.sound.analysis import RATE, Samples
from livedream.system.file_name import as_file

log = logging.getLogger("livedream.input")

AHEAD = 100  # blocks that are decoded in advance, two seconds of most files


class SoundFile:
    """Decodes from `start` to `stop`; at its end the file begins again.

    Attributes:
        name: of the file.
        error: why there is no sound, or None.
    """

    def __init__(self, path: Path, analyse: Callable[[Samples], None], wait: bool = False):
        """Open the file.

        Args:
            path: a file that FFmpeg reads.
            analyse: receives float32 [2, n], in the thread that calls `move`.
            wait: whether `move` waits for the decoder.

        Raises:
            UserError: the file cannot be read, or has no sound.
        """
        self.name = path.name
        self.error: str | None = None
        self._path, self._analyse, self._wait = path, analyse, wait
        self._blocks: queue.Queue[Samples] = queue.Queue(AHEAD)
        self._at = 0  # samples that were analysed
        self._left: Samples = np.zeros((2, 0), np.float32)
        self._stopping = threading.Event()
        if next(blocks(path), None) is None:
            raise UserError(f"--audio {path}: there is no sound in it")

    def start(self) -> None:
        """Begin to decode."""
        threading.Thread(target=self._decode, name="audio file", daemon=True).start()

    def stop(self) -> None:
        """Stop decoding."""
        self._stopping.set()

    def move(self, seconds: float) -> None:
        """Analyse the sound from the last call's time up to `seconds`."""
        missing = round(seconds * RATE) - self._at
        while missing > 0:
            if not self._left.shape[1]:
                try:
                    self._left = self._blocks.get(self._wait, 10.0)
                except queue.Empty:
                    return
            now, self._left = self._left[:, :missing], self._left[:, missing:]
            self._analyse(now)
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
            except UserError as error:  # it could be read at the start
                self.error = str(error)
                log.warning("%s", error)
                self._stopping.wait(2.0)


def blocks(path: Path) -> Iterator[Samples]:
    """Yield the file's sound, float32 [2, n] at RATE, in blocks of some milliseconds. Raises UserError."""
    import av

    try:
        with av.open(as_file(path)) as container:
            if not container.streams.audio:
                return
            resampler = av.AudioResampler("fltp", "stereo", RATE)
            for frame in container.decode(audio=0):
                for each in resampler.resample(frame):
                    yield np.asarray(each.to_ndarray(), np.float32)
            for each in resampler.resample(None):
                yield np.asarray(each.to_ndarray(), np.float32)
    except (av.FFmpegError, OSError) as error:
        raise UserError(f"--audio {path}: cannot be read: {error.strerror or error}") from None
