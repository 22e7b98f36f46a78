"""What the show hears: a device of this machine or a file, listened to."""

from pathlib import Path
from typing import Protocol

import numpy as np

from livedream import UserError
from livedream.input.analysis import RATE, Analysis, Heard, Settings

SHOWN = 512  # samples and bins that looks are given


class Source(Protocol):
    """Where sound comes from. name: the device's or the file's. error: why nothing comes, or None."""

    name: str
    error: str | None

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def move(self, seconds: float) -> None: ...


class Audio:
    """Listens from `start` to `stop`. Everything else may be asked at any time, and waits for nothing.

    text: a device, by its number, its name or a part of that, or "default"; or a file that FFmpeg reads, which is heard
    as the show's time goes, and again from its beginning at its end. wait: for the file, rather than fall behind: a
    rendering does. Raises UserError for a file without sound.
    """

    def __init__(self, text: str = "default", wait: bool = False):
        self._analysis = Analysis()
        self.source: Source
        if is_file(text):
            from livedream.input.sound_file import SoundFile

            self.source = SoundFile(Path(text), self._analysis.take, wait)
        else:
            from livedream.input.sound_card import Device

            self.source = Device(text, self._analysis.take)

    def start(self) -> None:
        self.source.start()

    def stop(self) -> None:
        self.source.stop()

    def move(self, seconds: float, **settings: float) -> None:
        """The show's time is `seconds` at the frame that is to be drawn: a file has been heard until then. settings: as
        of analysis.Settings.
        """
        self._analysis.settings = Settings(**settings)
        self.source.move(seconds)

    @property
    def heard(self) -> Heard:
        """What is heard now."""
        return self._analysis.heard

    @property
    def onsets(self) -> list[float]:
        """When the last onsets were found, in seconds of sound since the start."""
        return [at / RATE for at in self._analysis.onsets]

    def wave(self) -> np.ndarray:
        """For looks: f32 [2, SHOWN], -1..1, oldest sample first."""
        gain = self._analysis.settings.gain
        return np.clip(self._analysis.sound[:, -SHOWN:] * gain, -1, 1)

    def spectrum(self) -> np.ndarray:
        """For looks: f32 [2, SHOWN], 0..1, from -80 dB to full scale, lowest frequency first."""
        return self._analysis.spectrum()

    def status(self) -> dict:
        """What `/status` says of it."""
        level, *bands, onsets = self.heard
        return {
            "device": self.source.name,
            "level": round(level, 3),
            "bands": [round(each, 3) for each in bands],
            "onsets": onsets,
            "error": self.source.error,
        }


def is_file(text: str) -> bool:
    """Whether a file is meant. Raises UserError for one that is not there."""
    path = Path(text)
    if path.is_file():
        return True
    if path.suffix and path.suffix[1:].isalnum() and ("/" in text or len(path.suffix) <= 5) and " " not in path.suffix:
        raise UserError(f"--audio {text}: no such file")
    return False
