"""The parameter table as the pages get it: whole when its parameters change, else the changes; serialised once."""

import json
from collections.abc import Hashable, Mapping
from typing import Any

from livedream.parameters import Parameter, Snapshot, Table, Value


class TableFeed:
    """Collects what was applied to a table between two calls of `take`.

    `on_frame` is the loop's, and any thread's; everything else is the server's.
    """

    def __init__(self, table: Table, prefix: str | None = None):
        """prefix: what the show's OSC addresses begin with, sent along with the whole table; None: not sent."""
        self._table = table
        self._extra = {} if prefix is None else {"osc_prefix": prefix}
        self._applied = 0  # frames with changes so far
        self._whole: tuple[Mapping[str, Parameter], int, str] | None = None
        self._sent: Mapping[str, Parameter] = table.parameters  # the parameters every page knows
        self._changes: dict[str, Hashable] = {}  # by address: who made the latest change, None if the page cannot know

    def on_frame(self, values: Snapshot) -> None:
        """Note that values have changed, or do not wait any more, so that `whole` is serialised anew."""
        if values.changes or values.unchanged:
            self._applied += 1

    def add(self, values: Snapshot) -> None:
        """Keep what was applied on a frame for the next `take`."""
        for address in (*(address for address, _ in values.changes), *values.unchanged):
            shown = self._table.acts_on(address)
            self._changes[shown] = values.senders.get(address) if shown == address else None
            if vector := self._table.vector_of(address):
                self._changes[vector] = None

    def whole(self) -> str:
        """Return the message with every parameter; the same text until anything changes."""
        parameters, applied = self._table.parameters, self._applied
        if self._whole is None or self._whole[0] is not parameters or self._whole[1] != applied:
            self._whole = parameters, applied, json.dumps({"parameters": described(self._table)} | self._extra)
        return self._whole[2]

    def take(self) -> "str | Changes":
        """Return what all pages are to be sent now: the message with every parameter, or the changes."""
        changes, self._changes = self._changes, {}
        if self._sent is not self._table.parameters:
            self._sent = self._table.parameters
            return self.whole()
        return Changes(self._table, changes)


class Changes:
    """Values that have changed, as messages: one text for all pages but those that made some of the changes."""

    def __init__(self, table: Table, changes: Mapping[str, Hashable]):
        self._values: dict[str, Any] = {}
        self._senders = changes
        for address in changes:
            value = current(table, address)
            if value is not None:
                self._values[address] = value
        self._text = json.dumps({"values": self._values}) if self._values else None

    def message(self, name: str, corrections: dict[str, Any]) -> str | None:
        """Return the message for the page called `name`, or None.

        Args:
            name: as a sender; it knows what it changed itself.
            corrections: values of what it asked for and did not get, because it was out of range or a choice's name.
        """
        own = [address for address in self._values if self._senders[address] == name]
        if not own and not corrections:
            return self._text
        values = {address: value for address, value in self._values.items() if address not in own} | corrections
        return json.dumps({"values": values}) if values else None


def described(table: Table) -> list[dict[str, Any]]:
    """Return every parameter's fields, with its title, its heading, and its present `value`."""
    listed = []
    for address, each in table.parameters.items():
        try:
            value = table.target(address)
        except KeyError:  # it went away meanwhile
            continue
        listed.append(vars(each) | {"title": each.title, "heading": each.heading, "value": plain(value)})
    return listed


def current(table: Table, address: str) -> Any | None:
    """Return a parameter's target as JSON has it, or None if it is gone or has no value of its own."""
    parameter = table.parameters.get(address)
    if parameter is None or not parameter.has_value:
        return None
    try:
        return plain(table.target(address))
    except KeyError:
        return None


def plain(value: Value) -> Any:
    """Return a value as JSON has it."""
    return list(value) if isinstance(value, tuple) else value
