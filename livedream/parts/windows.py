"""The windows of a session as parameters: OSC and the page place their pictures, and see what mouse and keys did."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from livedream.output.window import Window
from livedream.parameters import Snapshot, Table, Value, window
from livedream.picture.placing import FITS, FLIPS, TURNS


class WindowParameters:
    """Keeps the parameters `window/0/…`, `window/1/…` and the windows in step.

    Args:
        windows: Returns the windows of the session, in their order.
        table: Gets the parameters.
        on_change: Called in the drawer thread after the parameters were replaced.
    """

    def __init__(
        self,
        windows: Callable[[], Sequence[Window]],
        table: Table,
        on_change: Callable[[], None] = lambda: None,
    ):
        self._windows, self._table, self._on_change = windows, table, on_change
        self._known: tuple[Window, ...] = ()

    def on_frame(self, values: Snapshot) -> None:
        """Offer parameters for windows that came or went, and apply what was changed on this frame."""
        present = tuple(self._windows())
        if present != self._known:
            self._offer(present)
        for address, value in values.changes:
            if address.startswith("window/") and values.senders.get(address) is not self:
                whole = self._table.vector_of(address)
                _, number, name = (whole or address).split("/")
                if int(number) < len(present):
                    _place(present[int(number)], name, self._table.target(whole) if whole else value)
                    self._update_table(present[int(number)])  # a value that was refused is replaced at once

    def _offer(self, windows: tuple[Window, ...]) -> None:
        """Put the parameters of these windows into the table, with the windows' own values."""
        self._known = windows
        self._table.replace("window/", [each for n in range(len(windows)) for each in window(n)])
        for each in windows:
            each.on_change = partial(self._update_table, each)  # mouse and keys, in the main thread
            self._update_table(each)
        self._on_change()

    def _update_table(self, one: Window) -> None:
        """Set the window's parameters to what it is; any thread."""
        if one not in self._known:
            return
        number = self._known.index(one)
        for name, value in _state(one).items():
            address = f"window/{number}/{name}"
            try:
                if self._table.target(address) != value:
                    arguments = value if isinstance(value, tuple) else [value]
                    self._table.set(address, arguments, self, repeats=True)
            except KeyError:  # it has just been removed
                return


def _place(one: Window, name: str, value: Any) -> None:  # its type is the parameter's
    """Apply the value of `window/N/NAME`; corners that are no convex quadrilateral change nothing."""
    if name in ("fullscreen", "card"):
        setattr(one, name, value)
        return
    if name == "map":
        one.mapping = value
        return
    try:
        if name == "corners":
            one.placement = replace(one.placement, corners=value)
        elif name == "fit":
            one.placement = replace(one.placement, fit=FITS[value])
        elif name == "flip":
            one.placement = replace(one.placement, flip=FLIPS[value])
        elif name == "rotate":
            one.placement = replace(one.placement, rotate=TURNS[value])
    except ValueError:
        return


def _state(one: Window) -> dict[str, Value]:
    """The values of a window's parameters, by the last part of their addresses."""
    return {
        "corners": one.placement.corners,
        "fit": FITS.index(one.placement.fit),
        "flip": FLIPS.index(one.placement.flip),
        "rotate": TURNS.index(one.placement.rotate),
        "card": one.card,
        "map": one.mapping,
        "fullscreen": one.fullscreen,
    }
