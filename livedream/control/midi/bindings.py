"""The bindings of one controller, each with the state of its control."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from livedream.control.midi.controls import Binding, Control, Source
from livedream.parameters import Value


@dataclass(eq=False)
class BoundControl:
    """A binding, and what is known of its control.

    Attributes:
        binding: what it moves, and how.
        position: where it stood last, 0..1; None while that is not known.
        set_value: the value that it set last.
        shown: the data that it is known to show by its light, ring or motor.
        msb: the last high seven bits of a 14-bit control.
        lsb: the last low seven bits of a 14-bit control.
        pressed: whether it is held down.
        waiting: whether soft takeover waits until it reaches the parameter's value.
        relight: whether a press has changed its light, so that it must be sent again.
        encoding_known: whether a relative encoder's encoding is settled.
        directions: that a relative encoder was turned in: True is clockwise.
        moved_at: time.perf_counter() of its last movement while it is learned.
        movements: its data since it was learned.
    """

    binding: Binding
    position: float | None = None
    set_value: Value | None = None
    shown: int | None = None
    msb: int | None = None
    lsb: int | None = None
    pressed: bool = False
    waiting: bool = False
    relight: bool = False
    encoding_known: bool = True
    directions: set[bool] = field(default_factory=set)
    moved_at: float = 0.0
    movements: list[int] = field(default_factory=list)

    @property
    def sender(self) -> str:
        """Its name as a sender of the parameter table."""
        return f"MIDI {self.binding.control.label}"

    def join(self, source: Source, data: int) -> int | None:
        """Join a half of 14 bits with the other: the data 0..16383, or None while the other half is still to come.

        Where the low half comes last, the high one by itself means the nearest number on the way.
        """
        control = self.binding.control
        if source[2] == control.number:
            before, self.msb = self.msb, data
            if not control.lsb_first and before != data:
                self.lsb = 127 if before is not None and data < before else 0
            return data << 7 | (self.lsb or 0)
        self.lsb = data
        return None if control.lsb_first or self.msb is None else self.msb << 7 | data

    def forget_position(self) -> None:
        """Forget where the control stands and what it shows: it was unplugged."""
        self.position = self.set_value = self.shown = self.msb = self.lsb = None
        self.pressed, self.waiting = False, False


class Bindings:
    """The bindings of one controller; a control moves one parameter, or one value of it.

    Attributes:
        all: in the order in which they were made.
        by_source: the one that a message belongs to.
        changed: whether anything was learned or forgotten since this was last set to False.
    """

    def __init__(self) -> None:
        self.all: list[BoundControl] = []
        self.by_source: dict[Source, BoundControl] = {}
        self.changed = False

    def replace(self, bindings: Iterable[Binding]) -> None:
        """Take these bindings and no others; of two for one control, the later one."""
        self.all, self.by_source, self.changed = [], {}, False
        for each in bindings:
            self.add(BoundControl(each))

    def add(self, bound: BoundControl) -> None:
        """Bind a control; whatever it moved before, it moves no more."""
        for source in bound.binding.control.sources:
            if (old := self.by_source.get(source)) is not None:
                self.remove(old)
        self.all.append(bound)
        self.by_source.update(dict.fromkeys(bound.binding.control.sources, bound))

    def remove(self, bound: BoundControl) -> None:
        """Unbind a control."""
        self.all = [each for each in self.all if each is not bound]
        self.by_source = {source: each for source, each in self.by_source.items() if each is not bound}

    def redefine(self, bound: BoundControl, control: Control, encoding: str) -> None:
        """Take a bound control to be of another kind than it seemed to be at first."""
        self.remove(bound)
        bound.binding = replace(bound.binding, control=control, encoding=encoding)
        bound.position = bound.set_value = bound.msb = bound.lsb = None
        bound.waiting = False
        self.add(bound)
        self.changed = True
