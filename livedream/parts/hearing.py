"""What a show hears: asked by the modulation, shown to looks, and said to whoever wants to know."""

from collections.abc import Callable

from livedream.control.modulation import Modulation
from livedream.input.audio import Audio
from livedream.parameters import AUDIO, Snapshot, Value

TOLD = 10.0  # times a second that levels are said at most; onsets are said at once


class Hearing:
    """Listens from `start` to `stop`; `hear` is the drawer's.

    text: as of input.audio.Audio. tell: is given a name and a number, what is heard has become. Raises UserError.
    """

    def __init__(self, text: str, fps: float, modulation: Modulation, tell: Callable[[str, Value], None]):
        self.audio = audio = Audio(text)
        self.start, self.stop, self.status = audio.start, audio.stop, audio.status
        self._fps, self._tell, self._every = fps, tell, max(1, round(fps / TOLD))
        self._told: dict[str, Value] = {}
        for name in ("level", "low", "mid", "high"):
            modulation.sources[f"audio/{name}"] = lambda name=name: getattr(audio.levels, name)
        modulation.sources["audio/onset"] = lambda: audio.levels.onsets

    def hear(self, values: Snapshot, number: int) -> None:
        """Hear what there is to hear until frame `number`."""
        settings = {each.address.removeprefix("audio/"): values[each.address] for each in AUDIO}
        self.audio.move(number / self._fps, **settings)
        for name, value in self.audio.levels._asdict().items():
            if (name == "onsets" or number % self._every == 0) and value != self._told.get(name, 0):
                self._told[name] = value
                self._tell(name, value)
