"""Panic, a blackout that fades, and limits that nothing gets past."""

from collections.abc import Callable

from livedream.parameters import Snapshot, Table

QUICK = 0.2  # seconds that panic takes, where a jump would hurt


class Safety:
    """The last part that transforms the values of a frame.

    Args:
        table: of the show.
        recall: goes to the preset for panic, in so many seconds; returns False if there is none.
    """

    def __init__(self, table: Table, recall: Callable[[Snapshot, float], bool] = lambda values, seconds: False):
        self._table, self._recall = table, recall
        self._light: float | None = None  # 0 to 1, what the blackout leaves; None before the first frame
        self._quick = False  # panic: until the blackout has gone

    def transform(self, values: Snapshot, number: int, seconds: float) -> Snapshot:
        """Return the values to draw with, `seconds` after the last frame; the loop's."""
        if "master/panic" in values.fired:
            self._panic(values)
        return self._darkened(self._limited(values), seconds)

    def _panic(self, values: Snapshot) -> None:
        """Set what panic sets; the next frame is on its way there."""
        self._quick = True
        recalled = self._recall(values, QUICK)
        for address, each in self._table.parameters.items():
            if each.panic is not None and (each.panic_always or not recalled):
                arguments: tuple[float, ...] = () if each.type == "trigger" else (each.panic,)
                self._table.set(address, arguments, self, repeats=True, seconds=QUICK)

    def _limited(self, values: Snapshot) -> Snapshot:
        """Return the values within their limits: modulation may have moved them beyond."""
        parameters, now = self._table.parameters, {}
        for address in self._table.limited:
            each = parameters.get(address)
            if each is not None and address in values and (inside := each.within(values[address])) != values[address]:
                now[address] = inside
        return values.changed(now)

    def _darkened(self, values: Snapshot, seconds: float) -> Snapshot:
        """Return the values with the fade that a blackout in progress takes."""
        wanted = 0.0 if values["master/blackout"] else 1.0
        if self._light is None:
            self._light = wanted
        if self._light != wanted:
            time = values["master/blackout_time"]
            time = min(time, QUICK) if self._quick else time
            left, step = wanted - self._light, seconds / time if time > 0 else 1.0
            # Some slack, so that 30 frames of 1/30 s make a second.
            self._light = wanted if abs(left) <= step + 1e-6 else self._light + (step if left > 0 else -step)
        if self._light == wanted:
            self._quick = False
            return values
        return values.changed({"master/blackout": False, "master/fade": values["master/fade"] * self._light})
