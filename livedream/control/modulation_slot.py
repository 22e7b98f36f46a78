"""A slot of the modulation: the addresses of its parameters, and the state of its source."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from livedream.control.envelope import Envelope, Stages
from livedream.control.lfo import WAVES
from livedream.parameters import NOTHING

FOLLOWERS = ("level", "low", "mid", "high")  # sources that follow the input level
_DIGITS = 9  # phases are rounded: a frame at the beginning of a cycle is in it


class Beat(Protocol):
    """The tempo, as far as modulation goes by it."""

    beat: float

    @property
    def bpm(self) -> float: ...


Sources = Mapping[str, Callable[[], float]]  # "audio/level" and so on


class Slot:
    """One slot.

    Attributes:
        number: from 1.
        wanted: the target that was chosen, also while there is no parameter of that address.
        source, target, rate, beats, phase, depth, offset, gate, trigger: addresses of its parameters.
        stages: addresses of the envelope's.
    """

    def __init__(self, number: int):
        self.number, self.wanted = number, NOTHING
        self.source, self.target = f"mod/{number}/source", f"mod/{number}/target"
        self.rate, self.beats, self.phase = f"mod/{number}/rate", f"mod/{number}/beats", f"mod/{number}/phase"
        self.depth, self.offset = f"mod/{number}/depth", f"mod/{number}/offset"
        self.gate, self.trigger = f"mod/{number}/gate", f"mod/{number}/trigger"
        self.stages = tuple(f"mod/{number}/{name}" for name in Stages._fields)
        self._envelope = Envelope()
        self._gated = False
        self._first_beat = 0.0  # beat that an LFO in beats began at
        self._cycle: float | None = None  # cycle of the beats that last began the envelope
        self._onsets: float | None = None  # number of onsets on the last frame
        self._at = self._phase = self._rate = 0.0  # a free LFO: its phase at some second, its rate since

    def level(
        self, source: str, at: float, rate: float, values: Mapping[str, Any], fired: bool, tempo: Beat, sources: Sources
    ) -> float:
        """Return the value of its source: -1 to 1 for an LFO, 0 to 1 for all others.

        Args:
            source: one of MODULATORS.
            at: seconds of the show.
            rate: the value of its rate, modulated.
            values: of all parameters.
            fired: whether its trigger fires on this frame.
            tempo: at this frame.
            sources: of the input level.
        """
        if source in WAVES:
            phase = self._beat_phase(rate, fired, tempo) if values[self.beats] else self._free_phase(at, rate, fired)
            return WAVES[source](round(phase + values[self.phase], _DIGITS), self.number)
        if source in FOLLOWERS:
            return _read(sources, source)
        stages = Stages._make([values[each] for each in self.stages])
        begun = at if fired else None
        if source == "beat" and rate > 0:
            cycle = round(tempo.beat / rate + values[self.phase], _DIGITS)
            if cycle // 1 != self._cycle:
                self._cycle, begun = cycle // 1, at - cycle % 1 * rate * 60 / tempo.bpm
        elif source == "onset":
            onsets = _read(sources, "onset")
            if onsets != self._onsets:
                self._onsets, begun = onsets, begun if self._onsets is None else at
        if begun is not None:
            self._envelope.begin(begun, stages)
        self._follow_gate(values[self.gate], at, stages)
        return self._envelope.level(at, stages)

    def _follow_gate(self, gate: bool, at: float, stages: Stages) -> None:
        if gate == self._gated:
            return
        self._gated = gate
        if gate:
            self._envelope.begin(at, stages, held=True)
        else:
            self._envelope.release(at)

    def _beat_phase(self, rate: float, restart: bool, tempo: Beat) -> float:
        if restart:
            self._first_beat = tempo.beat
        return (tempo.beat - self._first_beat) / rate if rate > 0 else 0.0

    def _free_phase(self, at: float, rate: float, restart: bool) -> float:
        """Return the phase of a free LFO, in cycles.

        It is the same for the same frame, whichever were drawn before; another rate continues from the phase it has.
        """
        if restart or rate != self._rate:
            phase = 0.0 if restart else self._phase + (at - self._at) * self._rate
            self._at, self._phase, self._rate = at, phase, rate
        return self._phase + (at - self._at) * rate


def _read(sources: Sources, name: str) -> float:
    source = sources.get(f"audio/{name}")
    return source() if source else 0.0
