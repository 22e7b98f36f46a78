"""The input level of a session: it drives the modulation, is drawn by looks, and is sent as feedback."""

from collections.abc import Callable

from livedream.input.sound.audio import Audio
from livedream.parameters import AUDIO, Snapshot, Value

SENT = 10.0  # times a second that levels are sent at most; onsets are sent at once


class InputLevel:
    """Listens from `start` to `stop`.

    Args:
        text: As of input.sound.audio.Audio.
        fps: Frames a second.
        send: Takes a name and the value that it has changed to.

    Attributes:
        audio: What is listened to.
        sources: By name, what the modulation reads once a frame: "audio/level", "audio/low", "audio/mid" and
            "audio/high" are 0..1, "audio/onset" is a count.

    Raises:
        UserError: There is no such file, or no sound in it.
    """

    def __init__(self, text: str, fps: float, send: Callable[[str, Value], None]):
        self.audio = audio = Audio(text)
        self.start, self.stop = audio.start, audio.stop
        self.sources: dict[str, Callable[[], float]] = {
            "audio/level": lambda: audio.levels.level,
            "audio/low": lambda: audio.levels.low,
            "audio/mid": lambda: audio.levels.mid,
            "audio/high": lambda: audio.levels.high,
            "audio/onset": lambda: audio.levels.onsets,
        }
        self._fps, self._send, self._every = fps, send, max(1, round(fps / SENT))
        self._sent: dict[str, Value] = {}

    def status(self) -> dict[str, object]:
        """Its field of `GET /status`; any thread."""
        return {"audio": self.audio.status()}

    def transform(self, values: Snapshot, number: int, seconds: float) -> Snapshot:
        """Listen until frame `number`, so that the modulation uses this frame's level; the values stay as they are."""
        settings = {each.address.removeprefix("audio/"): values[each.address] for each in AUDIO}
        self.audio.move(number / self._fps, **settings)
        for name, value in self.audio.levels._asdict().items():
            if (name == "onsets" or number % self._every == 0) and value != self._sent.get(name, 0):
                self._sent[name] = value
                self._send(name, value)
        return values
