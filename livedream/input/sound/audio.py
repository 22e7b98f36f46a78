"""Audio input: a sound card or a file, and its analysis."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from livedream import UserError
from livedream.input.sound.analysis import RATE, Analysis, Levels, Samples, Settings

SHOWN = 512  # samples and spectrum bins that looks receive


class Source(Protocol):
    """A source of sound.

    Attributes:
        name: of the sound card or the file.
        error: why there is no sound, or None.
    """

    name: str
    error: str | None

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def move(self, seconds: float) -> None: ...


class Audio:
    """Analyses sound from `start` to `stop`. Its values may be read at any time, from any thread, without waiting.

    Attributes:
        source: the sound card or the file.
        analysis: of its sound.
    """

    def __init__(self, text: str = "default", wait: bool = False):
        """Choose a source.

        Args:
            text: a sound card, by its number, its name or a part of it, or "default"; or a file that FFmpeg reads. It
                plays along with the show's time and begins again at its end.
            wait: whether to wait for the file's decoder rather than to fall behind, as a rendering does.

        Raises:
            UserError: the file does not exist, or has no sound.
        """
        self.analysis = Analysis()
        self.source: Source
        if is_file(text):
            from livedream.input.sound.sound_file import SoundFile

            self.source = SoundFile(Path(text), self.analysis.take, wait)
        else:
            from livedream.input.sound.sound_card import SoundCard

            self.source = SoundCard(text, self.analysis.take)

    def start(self) -> None:
        """Begin to receive sound."""
        self.source.start()

    def stop(self) -> None:
        """Stop receiving sound."""
        self.source.stop()

    def move(self, seconds: float, **settings: float) -> None:
        """Set the show's time in seconds, up to which a file is analysed, and the fields of analysis.Settings."""
        self.analysis.settings = Settings(**settings)
        self.source.move(seconds)

    @property
    def levels(self) -> Levels:
        """The present input level, bands and number of onsets."""
        return self.analysis.levels

    @property
    def onsets(self) -> list[float]:
        """The times of the last onsets, in seconds of sound since the start."""
        return [at / RATE for at in self.analysis.onsets]

    def wave(self) -> Samples:
        """Return the waveform for looks: float32 [2, SHOWN], -1..1, oldest sample first."""
        gain = np.float32(self.analysis.settings.gain)
        wave: Samples = np.clip(self.analysis.sound[:, -SHOWN:] * gain, -1, 1)
        return wave

    def spectrum(self) -> Samples:
        """Return the spectrum for looks: float32 [2, SHOWN], 0..1 for -80 dB to full scale, lowest frequency first."""
        return self.analysis.spectrum()

    def status(self) -> dict[str, Any]:
        """Return its part of `/status`."""
        now = self.levels
        return {
            "device": self.source.name,
            "level": round(now.level, 3),
            "bands": [round(each, 3) for each in (now.low, now.mid, now.high)],
            "onsets": now.onsets,
            "error": self.source.error,
        }


def is_file(text: str) -> bool:
    """Tell whether `text` names a file rather than a sound card. Raises UserError if the file does not exist."""
    path = Path(text)
    if path.is_file():
        return True
    if path.suffix and path.suffix[1:].isalnum() and ("/" in text or len(path.suffix) <= 5) and " " not in path.suffix:
        raise UserError(f"--audio {text}: no such file")
    return False
