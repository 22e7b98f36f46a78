"""Modulation: a rack of slots, each of which moves one parameter about the value that it was set to.

Only the values that are drawn move: targets, feedback and presets keep what was set. Everything is computed from frame
numbers and the tempo's beat, never from a clock, so that the same show is the same again.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from livedream.control.lfo import WAVES
from livedream.control.modulation_slot import Beat, Slot, Sources
from livedream.parameters import MODULATORS, NOTHING, SLOTS, Parameter, Snapshot, Table, Value, modulator


class Modulation:
    """Puts its slots into `table` below mod/, and moves their targets.

    Args:
        table: of the show.
        fps: frames a second of the show.
        tempo: gives the beat; the loop moves it on.
        sources: by name, functions to be called once a frame: "audio/level", "audio/low", "audio/mid" and "audio/high"
            give 0 to 1, "audio/onset" the number of onsets so far.

    Attributes:
        levels: the value of each slot's source on this frame: LFOs -1 to 1, all others 0 to 1.
        moving: whether any slot has a source.
    """

    def __init__(self, table: Table, fps: float, tempo: Beat, sources: Sources = MappingProxyType({})):
        self.levels, self.moving = (0.0,) * SLOTS, False
        self._table, self._fps, self._tempo, self._sources = table, fps, tempo, sources
        self._slots = [Slot(n) for n in range(1, SLOTS + 1)]
        self._by_target = {each.target: each for each in self._slots}
        self._targets: dict[str, Parameter] = {}
        self._choices: tuple[str, ...] = ()
        self._elements: dict[str, list[str]] = {}  # by vector: the addresses of its elements
        self._positive: dict[str, bool] = {}  # by trigger: whether its modulation was above 0 on the last frame
        self._chosen: dict[str, int] = {}  # by choice: its modulated value on the last frame
        table.replace("mod/", [each for n in range(1, SLOTS + 1) for each in modulator(n)])
        self._parameters = table.parameters
        self._update_targets()

    def transform(self, values: Snapshot, number: int, seconds: float = 0.0) -> Snapshot:
        """Return the values to draw frame `number` with; the loop's."""
        for address, _ in values.changes:
            if slot := self._by_target.get(address):
                slot.wanted = self._choices[values[address]]
        if self._table.parameters is not self._parameters:
            self._update_targets()
        moved: dict[str, float] = {}  # by target: the part of its range to move it by
        levels, there, moving = [0.0] * SLOTS, values.values, False
        for at, slot in enumerate(self._slots):
            if not there[slot.source]:
                continue
            source, target = MODULATORS[values[slot.source]], slot.wanted
            moving = True
            rate, fired = self._own(slot.rate, there, moved), slot.trigger in values.fired
            level = slot.level(source, number / self._fps, rate, there, fired, self._tempo, self._sources)
            levels[at] = level
            if target in self._targets:
                swing = level / 2 if source in WAVES else level
                depth, offset = self._own(slot.depth, there, moved), self._own(slot.offset, there, moved)
                moved[target] = moved.get(target, 0.0) + depth * swing + offset
        self.levels, self.moving = tuple(levels), moving
        if not moved:
            self._positive, self._chosen = {}, {}
            return values
        return self._moved(values, moved)

    def _own(self, address: str, values: Mapping[str, Any], moved: Mapping[str, float]) -> float:
        """Return a value of a slot, as the slots before it have moved it."""
        value: float = values[address]
        return _placed(self._parameters[address], value, moved[address]) if address in moved else value

    def _moved(self, values: Snapshot, moved: Mapping[str, float]) -> Snapshot:
        """Return the values with each target moved by a part of its range."""
        now: dict[str, Value] = {}
        fired: set[str] = set()
        vectors: dict[str, list[float]] = {}
        positive: dict[str, bool] = {}
        chosen: dict[str, int] = {}
        for name, part in moved.items():
            parameter = self._targets[name]
            address = parameter.address
            if parameter.type == "trigger":
                positive[name] = part > 0
                if part > 0 and not self._positive.get(name, True):
                    fired.add(address)
                continue
            placed = _placed(parameter, values[address], part)
            now[address] = placed
            if parameter.type == "choice":
                chosen[address] = int(placed)
                if placed != self._chosen.get(address, placed):
                    fired.add(address)
            if vector := self._table.vector_of(address):
                elements = vectors.setdefault(vector, list(values[vector]))
                elements[self._elements[vector].index(address)] = placed
        self._positive, self._chosen = positive, chosen
        found = values.changed(now | {address: tuple(each) for address, each in vectors.items()})
        return replace(found, fired=found.fired | fired) if fired else found

    def _update_targets(self) -> None:
        """Offer the targets that there are, after a dream or a look came or went."""
        parameters = self._table.parameters
        self._elements = {}
        for address in parameters:
            if vector := self._table.vector_of(address):
                self._elements.setdefault(vector, []).append(address)
        targets = {address: each for address, each in parameters.items() if each.modulated and each.type != "vector"}
        self._targets, choices = targets, (NOTHING, *targets)
        if choices != self._choices:
            self._choices = choices
            for slot in self._slots:
                self._table.rechoose(slot.target, choices, slot.wanted if slot.wanted in targets else NOTHING)
                self._table.forget(slot.target)
        self._parameters = self._table.parameters


def _placed(parameter: Parameter, value: float, part: float) -> float:
    """Return a value moved by a part of its range, within it; a bool for a bool, an int for an int or a choice."""
    if parameter.type == "bool":
        return value + part > 0.5
    moved = min(max(value + part * (parameter.high - parameter.low), parameter.low), parameter.high)
    return round(moved) if parameter.type in ("int", "choice") else moved
