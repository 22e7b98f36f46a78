"""The windows of a show in the table: OSC and page place their pictures, and hear of what mouse and keys did."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from livedream.output.window import Window
from livedream.parameters import Snapshot, Table, Value, window
from livedream.picture.placing import FITS, FLIPS, TURNS


class Windows:
    """Keeps `window/0/…`, `window/1/…` and the windows that there are the same.

    windows: gives those of the show, in their order.  on_change: called in the drawer's thread when other parameters
    are there.
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
        """What was applied on this frame. Called by the drawer after each tick."""
        there = tuple(self._windows())
        if there != self._known:
            self._offer(there)
        for address, value in values.changes:
            if address.startswith("window/") and values.senders.get(address) is not self:
                _, number, name = address.split("/")
                if int(number) < len(there):
                    _place(there[int(number)], name, value)
                    self._tell(there[int(number)])  # what cannot be is back at once

    def _offer(self, there: tuple[Window, ...]) -> None:
        """Put the parameters of these windows into the table, at what they are."""
        self._known = there
        self._table.replace("window/", [each for n in range(len(there)) for each in window(n)])
        for each in there:
            each.on_change = lambda each=each: self._tell(each)
            self._tell(each)
        self._on_change()

    def _tell(self, one: Window) -> None:
        """Bring the table to what a window is; any thread."""
        if one not in self._known:
            return
        number = self._known.index(one)
        for name, value in _said(one).items():
            address = f"window/{number}/{name}"
            try:
                if self._table.target(address) != value:
                    arguments = value if isinstance(value, tuple) else [value]
                    self._table.set(address, arguments, self, repeats=True)
            except KeyError:  # it has just left
                return


def _place(one: Window, name: str, value: Value) -> None:
    """Set what `window/N/name` is; corners that are no convex quadrilateral change nothing."""
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


def _said(one: Window) -> dict[str, Value]:
    """What a window is, by the last part of the parameters' addresses."""
    return {
        "corners": one.placement.corners,
        "fit": FITS.index(one.placement.fit),
        "flip": FLIPS.index(one.placement.flip),
        "rotate": TURNS.index(one.placement.rotate),
        "card": one.card,
        "map": one.mapping,
        "fullscreen": one.fullscreen,
    }
