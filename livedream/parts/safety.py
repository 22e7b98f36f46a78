"""What keeps a performer safe: panic, a blackout that fades, and limits that nothing gets past."""

import logging
from collections.abc import Callable, Mapping

from livedream import UserError
from livedream.parameters import Parameter, Snapshot, Table, Value

log = logging.getLogger("livedream.parts")

QUICK = 0.2  # seconds that panic takes, where a jump would hurt
LATER = ("dream/", "layer/", "look/", "b/", "mod/", "window/")  # addresses below these may yet come

# What panic sets, by the end of an address, whatever the deck.
_SEEN = {"master/blackout": False, "master/fade": 1.0, "master/hold": False}
_CALM = {"player/freeze": False, "player/speed": 1.0, "dream/temperature": 1.0, "tempo/sync": False}


class Safety:
    """Stands last between the hands and the picture. `shape` is the drawer's.

    recall: goes to the preset that is to be seen after panic, in so many seconds; False if there is none.
    """

    def __init__(self, table: Table, recall: Callable[[Snapshot, float], bool] = lambda values, seconds: False):
        self._table, self._recall = table, recall
        self._light: float | None = None  # that blackout leaves; None before the first frame
        self._quick = False  # until blackout has gone

    def transform(self, values: Snapshot, number: int, seconds: float) -> Snapshot:
        """The values to draw with, `seconds` after those before."""
        if "master/panic" in values.fired:
            self._panic(values)
        return self._darkened(self._limited(values), seconds)

    def _panic(self, values: Snapshot) -> None:
        """Set what is seen again; the next frame is on its way there."""
        self._quick = True
        wanted = dict(_SEEN)
        if not self._recall(values, QUICK):
            wanted |= {address: value for address in self._table.parameters if (value := _calm(address)) is not None}
        for address, value in wanted.items():
            if address in self._table.parameters:
                self._table.set(address, (value,), self, repeats=True, seconds=QUICK)
        live = (address for address in self._table.parameters if address.removeprefix("b/") == "player/live")
        for address in live:
            self._table.set(address, (), self, repeats=True)

    def _limited(self, values: Snapshot) -> Snapshot:
        parameters, now = self._table.parameters, {}
        for address in self._table.limited:
            each = parameters.get(address)
            if each is not None and address in values and (inside := within(each, values[address])) != values[address]:
                now[address] = inside
        return values.changed(now)

    def _darkened(self, values: Snapshot, seconds: float) -> Snapshot:
        """On its way to a blackout or from it, the fade is what takes the light."""
        wanted = 0.0 if values["master/blackout"] else 1.0
        if self._light is None:
            self._light = wanted
        if self._light != wanted:
            time = values["master/blackout/time"]
            time = min(time, QUICK) if self._quick else time
            left, step = wanted - self._light, seconds / time if time > 0 else 1.0
            # Some slack, so that 30 frames of 1/30 s make a second.
            self._light = wanted if abs(left) <= step + 1e-6 else self._light + (step if left > 0 else -step)
        if self._light == wanted:
            self._quick = False
            return values
        return values.changed({"master/blackout": False, "master/fade": values["master/fade"] * self._light})


def _calm(address: str) -> Value | None:
    """What panic sets an address to; None: leaves it."""
    own = address.removeprefix("b/")
    if own in _CALM:
        return _CALM[own]
    parts = own.split("/")
    if parts[:2] in (["dream", "knob"], ["dream", "latent"]) and len(parts) == 3:
        return 0.0
    if parts[0] == "mod" and parts[2:] == ["source"]:
        return 0
    return True if parts[0] == "look" and parts[2:] == ["bypass"] else None


def within(parameter: Parameter, value: Value) -> Value:
    """A value, kept within what its parameter may be."""
    if isinstance(value, tuple):
        return tuple(min(max(each, parameter.low), parameter.high) for each in value)
    return min(max(value, parameter.low), parameter.high)


def limit(table: Table, limits: Mapping[str, tuple[float, float]]) -> None:
    """Let no hand, preset or modulation get these parameters outside of (low, high). Raises UserError."""
    for address, (low, high) in limits.items():
        found = [each for name, each in table.parameters.items() if name == address]
        if not found and not address.startswith(LATER):
            raise UserError(f"limits: {address}: no such parameter; livedream params names all")
        for each in found:
            if each.type not in ("float", "int", "vector"):
                raise UserError(f"limits: {address}: is a {each.type}; only numbers have limits")
            if high < each.low or low > each.high:
                raise UserError(f"limits: {address}: {low:g} to {high:g} lies outside of {each.low:g} to {each.high:g}")
    table.limit(limits)
