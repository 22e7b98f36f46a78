"""The values of all parameters on one frame."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from livedream.parameters.parameter import Value


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The value of every parameter on one frame. Never changes.

    Attributes:
        values: the present values by address; part of the way to the target while they glide.
        fired: triggers that fire on this frame, and choices that were set, such as `dream/scene` or
            `dream/scene_jump`: the scene's number is this snapshot's `dream/scene` either way.
        event_at: time.perf_counter() seconds of the oldest change that this frame is the first to show, or None.
        changes: (address, target) of everything that was applied on this frame. Setting them again does the same.
        senders: the sender of each of these changes, by address.
        texts: what was sent to each "text" parameter, in order; may hold passwords, and is in nothing else.
        at: time.perf_counter() seconds at which each of the changes arrived, by address.
        unchanged: addresses that were set to the value that they had. Whoever shows a value that has waited for the
            beat, and was taken back, goes by it.
    """

    values: Mapping[str, Value]
    fired: frozenset[str] = frozenset()
    event_at: float | None = None
    changes: tuple[tuple[str, Any], ...] = ()  # a value of the type that its parameter has
    senders: Mapping[str, Hashable] = field(default_factory=dict)
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    at: Mapping[str, float] = field(default_factory=dict)
    unchanged: frozenset[str] = frozenset()

    def __getitem__(self, address: str) -> Any:  # its type is the parameter's
        """The present value. KeyError for an unknown address."""
        return self.values[address]

    def __contains__(self, address: str) -> bool:
        return address in self.values

    def get(self, address: str, default: Any) -> Any:
        """The present value, or `default` where there is no such parameter."""
        return self.values.get(address, default)

    def changed(self, values: Mapping[str, Value]) -> "Snapshot":
        """The same with other present values; what was applied stays as it was."""
        return replace(self, values=MappingProxyType({**self.values, **values})) if values else self

    def toward(self, after: "Snapshot", part: float) -> "Snapshot":
        """The values of `after`; numbers that glide are `part` (0..1) of the way there from these."""
        values = dict(after.values)
        for address, value in after.values.items():
            last = self.values.get(address)
            if isinstance(value, float) and isinstance(last, float) and value != last:
                values[address] = last + part * (value - last)
        return Snapshot(values)

    def below(self, prefix: str) -> "Snapshot | Below":
        """The same as the deck sees it whose addresses begin with `prefix` ("b/")."""
        return Below(self, prefix) if prefix else self


class Below:
    """A Snapshot's values and what fires, by their addresses below a deck's prefix."""

    __slots__ = ("_prefix", "_whole", "fired")

    def __init__(self, whole: Snapshot, prefix: str):
        self._whole, self._prefix = whole, prefix
        self.fired = frozenset(each.removeprefix(prefix) for each in whole.fired if each.startswith(prefix))

    def __getitem__(self, address: str) -> Any:
        try:
            return self._whole[self._prefix + address]
        except KeyError:  # both decks have it
            return self._whole[address]

    def get(self, address: str, default: Any) -> Any:
        """The present value, or `default` where there is no such parameter."""
        try:
            return self[address]
        except KeyError:
            return default
