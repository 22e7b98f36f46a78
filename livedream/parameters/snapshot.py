"""The values of all parameters on one frame."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from livedream.parameters.parameter import Value


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What every parameter is on one frame. Never changes.

    fired: triggers that fire on this frame, and `dream/scene` or `dream/scene/jump` when a scene is to be
        taken: the number of it is this snapshot's `dream/scene` either way.
    event_at: time.perf_counter() seconds of the oldest change that this frame is the first to show, or None.
    changes: (address, target) of all that was applied on this frame. Setting them again does the same.
    senders: whose message each of them was, by address. at: when it arrived, in time.perf_counter() seconds.
    texts: all that was said to each "text" parameter, in order; they may hold passwords, and are in nothing else.
    """

    values: Mapping[str, Value]
    fired: frozenset[str] = frozenset()
    event_at: float | None = None
    changes: tuple[tuple[str, Value], ...] = ()
    senders: Mapping[str, Hashable] = field(default_factory=dict)
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    at: Mapping[str, float] = field(default_factory=dict)

    def __getitem__(self, address: str) -> Any:
        """The present value, part of the way there while it glides. KeyError for an unknown address."""
        return self.values[address]

    def __contains__(self, address: str) -> bool:
        return address in self.values

    def changed(self, values: Mapping[str, Value]) -> "Snapshot":
        """The same with other present values; what hands have applied stays what it was."""
        return replace(self, values=MappingProxyType({**self.values, **values})) if values else self

    def below(self, prefix: str) -> "Snapshot | Below":
        """The same as a deck sees it whose addresses begin with `prefix` ("b/")."""
        return Below(self, prefix) if prefix else self


class Below:
    """A Snapshot's values and what fires, by their addresses below a prefix."""

    __slots__ = ("_prefix", "_whole", "fired")

    def __init__(self, whole: Snapshot, prefix: str):
        self._whole, self._prefix = whole, prefix
        self.fired = frozenset(each.removeprefix(prefix) for each in whole.fired if each.startswith(prefix))

    def __getitem__(self, address: str) -> Any:
        try:
            return self._whole[self._prefix + address]
        except KeyError:  # both decks have it
            return self._whole[address]
