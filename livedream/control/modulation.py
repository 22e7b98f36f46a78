"""Modulation: a rack of slots, each of which moves one parameter about the place where hands have put it.

What moves is what is drawn: targets, feedback and presets stay the hand's. Everything is reckoned from frame numbers
and the tempo's beat, never from a clock, so that the same show is the same again.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple, Protocol

from livedream.control.envelope import Envelope, Stages
from livedream.control.lfo import WAVES
from livedream.parameters import MODULATORS, NOTHING, SLOTS, Parameter, Snapshot, Table, Value, modulator

_ELEMENTS = 16  # of a vector that can be moved one by one though they have no addresses of their own
_DIGITS = 9  # of a phase: a frame that falls on the beginning of a cycle is in it


class Beat(Protocol):
    """What there is to know of a tempo."""

    beat: float
    bpm: float


class Target(NamedTuple):
    """A number that can be moved. parameter: its own, or the vector's that it is element `index` of."""

    parameter: Parameter
    index: int | None = None


class Modulation:
    """Puts its slots into `table` below mod/, and moves what they say.

    fps: of the show. tempo: where beats come from; the drawer moves it on.
    sources: by name, what is to be asked once a frame: "audio/level", "audio/low", "audio/mid" and "audio/high" give
    0..1, "audio/onset" how many there were so far.

    levels: of each slot, what its source is at this frame: LFOs -1..1,
    all others 0..1. moving: whether any slot has a source.
    """

    def __init__(
        self,
        table: Table,
        fps: float,
        tempo: Beat,
        sources: Mapping[str, Callable[[], float]] = MappingProxyType({}),
    ):
        self._sources = sources
        self.levels, self.moving = (0.0,) * SLOTS, False
        self._table, self._fps, self._tempo = table, fps, tempo
        self._slots = [_Slot(n) for n in range(1, SLOTS + 1)]
        self._by_target = {each.target: each for each in self._slots}
        self._targets: dict[str, Target] = {}
        self._choices: tuple[str, ...] = ()
        self._parameters: Mapping[str, Parameter] | None = None
        self._above: dict[str, bool] = {}  # of triggers: whether they are up
        self._drawn: dict[str, int] = {}  # values of modulated choices on the last frame
        self._elements: dict[str, list[str]] = {}  # by vector: the addresses of its elements
        table.replace("mod/", [each for n in range(1, SLOTS + 1) for each in modulator(n)])
        self._offer()

    def transform(self, values: Snapshot, number: int, seconds: float = 0.0) -> Snapshot:
        """The values to draw frame `number` with; the drawer's."""
        for address, _ in values.changes:
            if slot := self._by_target.get(address):
                slot.wanted = self._choices[values[address]]
        if self._table.parameters is not self._parameters:
            self._offer()
        moved: dict[str, float] = {}  # by how much of its range each target is
        levels, there, moving = [0.0] * SLOTS, values.values, False
        for at, slot in enumerate(self._slots):
            if not there[slot.source]:
                continue
            source, target = MODULATORS[there[slot.source]], slot.wanted
            moving = True
            level = levels[at] = self._level(slot, source, values, moved, number)
            if target in self._targets:
                swing = level / 2 if source in WAVES else level
                depth, offset = self._own(slot.depth, there, moved), self._own(slot.offset, there, moved)
                moved[target] = moved.get(target, 0.0) + depth * swing + offset
        self.levels, self.moving = tuple(levels), moving
        if not moved:
            self._above, self._drawn = {}, {}
            return values
        return self._moved(values, moved)

    def _level(self, slot: "_Slot", source: str, values: Snapshot, moved: dict[str, float], number: int) -> float:
        """What the source of a slot is."""
        at, tempo, there = number / self._fps, self._tempo, values.values
        rate, anew = self._own(slot.rate, there, moved), slot.trigger in values.fired
        if source in WAVES:
            if there[slot.beats]:
                if anew:
                    slot.first = tempo.beat
                phase = (tempo.beat - slot.first) / rate if rate > 0 else 0.0
            else:
                phase = slot.phase_at(at, rate, anew)
            return WAVES[source](round(phase + there[slot.phase], _DIGITS), slot.number)
        if source in ("level", "low", "mid", "high"):
            return self._ask(f"audio/{source}")
        stages = Stages._make([there[each] for each in slot.stages])
        begun = at if anew else None
        if source == "beat" and rate > 0:
            cycle = round(tempo.beat / rate + there[slot.phase], _DIGITS)
            if cycle // 1 != slot.cycle:
                slot.cycle, begun = cycle // 1, at - cycle % 1 * rate * 60 / tempo.bpm
        elif source == "onset":
            onsets = self._ask("audio/onset")
            if onsets != slot.onsets:
                slot.onsets, begun = onsets, begun if slot.onsets is None else at
        if begun is not None:
            slot.envelope.begin(begun, stages)
        if there[slot.gate] != slot.held:
            slot.held = there[slot.gate]
            if slot.held:
                slot.envelope.begin(at, stages, held=True)
            else:
                slot.envelope.let_go(at)
        return slot.envelope.level(at, stages)

    def _ask(self, name: str) -> float:
        source = self._sources.get(name)
        return source() if source else 0.0

    def _own(self, address: str, values: Mapping[str, Value], moved: dict[str, float]) -> float:
        """A value of a slot, as slots before it have moved it."""
        value = values[address]
        return _placed(self._parameters[address], value, moved[address]) if address in moved else value

    def _moved(self, values: Snapshot, moved: dict[str, float]) -> Snapshot:
        """The values with these targets moved by so much of their range."""
        now: dict[str, Value] = {}
        fired: set[str] = set()
        vectors: dict[str, list[float]] = {}
        above, choices = {}, {}
        for name, by in moved.items():
            parameter, index = self._targets[name]
            address = parameter.address
            if index is not None:
                elements = vectors.setdefault(address, list(values[address]))
                elements[index] = _placed(parameter, elements[index], by)
            elif parameter.type == "trigger":
                above[name] = by > 0
                if by > 0 and not self._above.get(name, True):
                    fired.add(address)
            else:
                now[address] = _placed(parameter, values[address], by)
                if parameter.type == "choice":
                    choices[address] = now[address]
                    if now[address] != self._drawn.get(address, now[address]):
                        fired.add(address)
                if vector := self._table.vector_of(address):
                    at = self._elements[vector].index(address)
                    vectors.setdefault(vector, list(values[vector]))[at] = now[address]
        self._above, self._drawn = above, choices
        shaped = values.changed(now | {address: tuple(each) for address, each in vectors.items()})
        return replace(shaped, fired=shaped.fired | fired) if fired else shaped

    def _offer(self) -> None:
        """What can be moved may be other than it was: a dream or a look came or went."""
        targets = {}
        parameters = self._table.parameters
        elements: dict[str, list[str]] = {}
        for address in parameters:
            if vector := self._table.vector_of(address):
                elements.setdefault(vector, []).append(address)
        self._elements = elements
        for address, each in parameters.items():
            if not each.modulated:
                continue
            if each.type in ("float", "int", "bool", "trigger", "choice"):
                targets[address] = Target(each)
            elif each.type == "vector" and each.length <= _ELEMENTS and address not in elements:
                targets |= {f"{address}/{i}": Target(each, i) for i in range(each.length)}
        self._targets, choices = targets, (NOTHING, *targets)
        if choices != self._choices:
            self._choices = choices
            for slot in self._slots:
                self._table.rechoose(slot.target, choices, slot.wanted if slot.wanted in targets else NOTHING)
                self._table.forget(slot.target)
        self._parameters = self._table.parameters


def _placed(parameter: Parameter, value: Value, by: float) -> Value:
    """A value moved by so much of its range, within it."""
    if parameter.type == "bool":
        return value + by > 0.5
    moved = min(max(value + by * (parameter.high - parameter.low), parameter.low), parameter.high)
    return round(moved) if parameter.type in ("int", "choice") else moved


class _Slot:
    """The addresses of a slot, and where its source is.

    wanted: the target that a hand has chosen, also while there is none of that name.
    """

    def __init__(self, number: int):
        self.number, self.wanted = number, NOTHING
        for name in ("source", "target", "rate", "beats", "phase", "depth", "offset", "gate", "trigger"):
            setattr(self, name, f"mod/{number}/{name}")
        self.stages = tuple(f"mod/{number}/{name}" for name in Stages._fields)
        self.envelope = Envelope()
        self.held = False
        self.first = 0.0  # beat that an LFO in beats began at
        self.cycle: float | None = None  # of the beats, that last began the envelope
        self.onsets: float | None = None  # that were heard
        self._at = self._phase = self._rate = 0.0  # when a free LFO had which phase, and how fast it goes on since

    def phase_at(self, at: float, rate: float, anew: bool) -> float:
        """The phase of a free LFO, in cycles. It is the same for the same frame, whichever were drawn before; another
        rate goes on from where it is.
        """
        if anew or rate != self._rate:
            phase = 0.0 if anew else self._phase + (at - self._at) * self._rate
            self._at, self._phase, self._rate = at, phase, rate
        return self._phase + (at - self._at) * rate
