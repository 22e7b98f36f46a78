"""The looks over the picture: which, in which order, and what a performer can move of each. No OpenGL here.

Every look of a chain has a name of its own; its inputs are parameters below `look/NAME/`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from livedream import UserError
from livedream.parameters import Parameter, fitting_curve, grouped

if TYPE_CHECKING:
    from livedream.look.header import Input, Source

OWN = ("wet", "bypass", "place")  # parameters of every look, beside its inputs'
TAKEN = ("insert", "remove")  # addresses below look/ that are no look
LONGEST = 16  # looks in a chain


@dataclass(eq=False)
class Slot:
    """A look's place in the chain. name: in addresses. source: as it was read last; a Compositor compiles it.

    error: why the file as it is now does not work, while the one before goes on; None when all is well.
    """

    name: str
    source: "Source"
    error: str | None = None

    def address(self, what: str) -> str:
        return f"look/{self.name}/{what}"


class Chain:
    """Slots in the order in which they act. Everything is the drawer's, but for reading."""

    def __init__(self):
        self.slots: tuple[Slot, ...] = ()
        self.transitions: tuple[Slot, ...] = ()  # what may lead from one deck to the other, not of the row itself

    def insert(self, path: str | Path, name: str | None = None) -> Slot:
        """Put a look at the end. Raises UserError for a file that is no look, or when there are too many."""
        if len(self.slots) >= LONGEST:
            raise UserError(f"{path}: {LONGEST} looks are all that a chain holds")
        from livedream.look import header  # 30 ms, which a show without looks would rather not wait

        slot = Slot(self._free(name or named(path)), header.read(path))
        if slot.source.kind == "transition":
            raise UserError(f"{path}: leads from one deck to another; it is no look to put over them")
        self.slots = (*self.slots, slot)
        return slot

    def remove(self, name: str) -> None:
        self.slots = tuple(each for each in self.slots if each.name != name)

    def move(self, name: str, place: int) -> None:
        """Let it act at `place`, from 0."""
        slots = list(self.slots)
        at = next((i for i, each in enumerate(slots) if each.name == name), None)
        if at is not None:
            slot = slots.pop(at)
            slots.insert(place, slot)
            self.slots = tuple(slots)

    def _free(self, name: str) -> str:
        taken = {each.name for each in self.slots} | set(TAKEN)
        return next(each for each in (name, *(f"{name}-{i}" for i in range(2, LONGEST + 3))) if each not in taken)


def transitions(paths: Iterable[Path]) -> tuple[Slot, ...]:
    """Those of the files that lead from one picture to another. Raises UserError for one that is no look."""
    from livedream.look import header

    sources = map(header.read, paths)
    return tuple(Slot(named(each.path), each) for each in sources if each.kind == "transition")


def named(path: str | Path) -> str:
    """What a look's file makes its name in addresses: "Film Grain.fs" is film-grain."""
    return re.sub(r"[^a-z0-9]+", "-", Path(path).stem.lower()).strip("-") or "look"


def parameters(chain: Chain, names: Iterable[str] = ()) -> tuple[Parameter, ...]:
    """All below `look/`: what inserts (one of `names`) and removes, and each look's own."""
    slots = chain.slots
    names, doc = tuple(names), "add a look at the end of the chain, by name"
    commands = (
        Parameter("look/insert", "choice", 0, max(len(names) - 1, 0), doc=doc, choices=names, always=True),
        Parameter(
            "look/remove",
            "choice",
            0,
            max(len(slots) - 1, 0),
            doc="remove a look from the chain, by name",
            choices=tuple(each.name for each in slots),
            always=True,
            risky=True,
        ),
    )
    found = [*grouped("look", commands, in_preset=False, in_session=False)]
    for place, slot in enumerate(slots):
        title = slot.source.title
        own = [
            Parameter(
                slot.address("wet"),
                "float",
                default=1,
                glide=0.0,
                doc=f"opacity of {title}",
                label=slot.name[:1].upper() + slot.name[1:].replace("-", " "),
                modulated=True,
            ),
            Parameter(slot.address("bypass"), "bool", doc=f"bypass {title}", modulated=True, panic=True),
            Parameter(
                slot.address("place"),
                "int",
                0,
                LONGEST - 1,
                place,
                doc=f"position of {title} in the chain, from 0",
                in_preset=False,
                in_session=False,
            ),
        ]
        inputs = [_parameter(slot, each) for each in slot.source.inputs if each.name not in OWN]
        found += grouped("look", (*own, *(each for each in inputs if each)), item=slot.name)
    return tuple(found)


def _parameter(slot: Slot, each: "Input") -> Parameter | None:
    """The parameter of a look's input; None for pictures and sound, and for a transition's progress."""
    address, doc = slot.address(each.name), each.label or each.name
    if each.type == "event":
        return Parameter(address, "trigger", doc=doc, label=doc, modulated=True)
    if each.type == "bool":
        return Parameter(address, "bool", default=float(each.default), doc=doc, label=doc, modulated=True)
    if each.type == "long" and each.labels:
        at = each.values.index(each.default) if each.default in each.values else 0
        high, labels = len(each.values) - 1, each.labels
        return Parameter(address, "choice", 0, high, at, doc=doc, choices=labels, label=doc, modulated=True)
    if each.type == "long":
        return Parameter(address, "int", each.low, each.high, each.default, doc=doc, label=doc, modulated=True)
    if each.type == "float":
        curve = fitting_curve(each.low, each.high, each.default)
        low, high, at = each.low, each.high, each.default
        return Parameter(address, "float", low, high, at, "", curve, 0.0, doc=doc, label=doc, modulated=True)
    if each.type in ("point2D", "color"):
        low, high, at = min(each.low), max(each.high), tuple(map(float, each.default))
        length = len(at)
        return Parameter(address, "vector", low, high, at, glide=0.0, doc=doc, length=length, label=doc, modulated=True)
    return None


def share(slot: Slot, snapshot) -> float:
    """How much of the look is seen: 0 when it is passed over."""
    address = slot.address("wet")
    if address not in snapshot:  # it came on this frame
        return 1.0
    return 0.0 if snapshot[slot.address("bypass")] else snapshot[address]


def values(slot: Slot, snapshot) -> dict[str, object]:
    """What each of the look's inputs is on a frame, by its name, for `Look.draw`."""
    found = {}
    for each in slot.source.inputs:
        address = slot.address(each.name)
        if each.type == "event":
            found[each.name] = address in snapshot.fired
        elif address in snapshot:
            value = snapshot[address]
            found[each.name] = each.values[value] if each.type == "long" and each.labels else value
    return found
