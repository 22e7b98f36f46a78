"""The looks over the picture, their order, and the parameters of each; without OpenGL.

Every look of a chain has a name of its own; its inputs are parameters below `look/NAME/`.
"""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from livedream import UserError
from livedream.look.source import Input, Source, scalar, vector
from livedream.parameters import COLOUR, POINT, Parameter, Snapshot, fitting_curve, grouped

log = logging.getLogger("livedream.look")

OWN = ("wet", "bypass", "place")  # parameters of every look, beside those of its inputs
RESERVED = ("insert", "remove")  # addresses below look/ that are no look
LONGEST = 16  # looks in a chain


@dataclass(eq=False)
class Slot:
    """A look in the chain.

    Attributes:
        name: in addresses.
        source: the look as it was read last; a Compositor compiles it.
        error: why the file does not work as it is now, while its last version goes on; None if it works.
        fault: why the look is not drawn at present, while the others are; None if it is drawn.
    """

    name: str
    source: Source
    error: str | None = None
    fault: str | None = None

    def address(self, what: str) -> str:
        """Return the address of one of its own parameters, OWN."""
        return f"look/{self.name}/{what}"

    def input_address(self, name: str) -> str:
        """Return the address of an input: `look/NAME/INPUT`, or for one that is called as one of OWN,
        `look/NAME/input_INPUT`.
        """
        if name not in OWN:
            return self.address(name)
        taken = {each.name for each in self.source.inputs}
        free = f"input_{name}"
        while free in taken:
            free = f"input_{free}"
        return self.address(free)


class Chain:
    """The looks in the order in which they act. Only the drawing thread changes it; any thread may read.

    Attributes:
        slots: the looks.
        transitions: looks that lead from one deck to the other; they are not part of the order.
    """

    def __init__(self) -> None:
        self.slots: tuple[Slot, ...] = ()
        self.transitions: tuple[Slot, ...] = ()

    def insert(self, path: str | Path, name: str | None = None) -> Slot:
        """Append a look. Raises UserError for a file that is no look, or if there are too many."""
        if len(self.slots) >= LONGEST:
            raise UserError(f"{path}: {LONGEST} looks are all that a chain holds")
        from livedream.look import header  # its import takes 30 ms, which a show without looks saves

        slot = Slot(self._free(name or name_of(path)), header.read(path))
        if slot.source.kind == "transition":
            raise UserError(f"{path}: is a transition from one deck to the other, not a look for the chain")
        self.slots = (*self.slots, slot)
        return slot

    def remove(self, name: str) -> None:
        """Remove the look of this name, if there is one."""
        self.slots = tuple(each for each in self.slots if each.name != name)

    def move(self, name: str, place: int) -> None:
        """Move the look of this name to `place`, from 0."""
        slots = list(self.slots)
        at = next((i for i, each in enumerate(slots) if each.name == name), None)
        if at is not None:
            slot = slots.pop(at)
            slots.insert(place, slot)
            self.slots = tuple(slots)

    def _free(self, name: str) -> str:
        taken = {each.name for each in self.slots} | set(RESERVED)
        return next(each for each in (name, *(f"{name}-{i}" for i in range(2, LONGEST + 3))) if each not in taken)


def transitions(paths: Iterable[Path]) -> tuple[Slot, ...]:
    """Return the transitions among these files. Raises UserError for one that is no look."""
    from livedream.look import header

    sources = map(header.read, paths)
    return tuple(Slot(name_of(each.path), each) for each in sources if each.kind == "transition")


def name_of(path: str | Path) -> str:
    """Return the name that a look's file has in addresses: film-grain for "Film Grain.fs"."""
    return re.sub(r"[^a-z0-9]+", "-", Path(path).stem.lower()).strip("-") or "look"


def parameters(chain: Chain, names: Iterable[str] = ()) -> tuple[Parameter, ...]:
    """Return all parameters below `look/`: to insert one of `names`, to remove one, and those of each look."""
    slots = chain.slots
    choices, doc = tuple(names), "add a look at the end of the chain, by name"
    commands = (
        Parameter("look/insert", "choice", 0, max(len(choices) - 1, 0), doc=doc, choices=choices, always=True),
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
    found = [*grouped("look", commands, in_preset=False, in_session=False, admin=True)]
    for place, slot in enumerate(slots):
        title = slot.source.title
        own = [
            Parameter(
                slot.address("wet"),
                "float",
                default=1,
                glide=0.0,
                doc=f"opacity of {title}",
                label=slot.name.replace("-", " ").replace("_", " "),
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
        found += grouped("look", (*own, *_of_inputs(slot)), item=slot.name)
    return tuple(found)


def _of_inputs(slot: Slot) -> list[Parameter]:
    """Return the parameters of a look's inputs; without those that cannot be one, which the log names."""
    found = []
    for each in slot.source.inputs:
        try:
            parameter = _parameter(slot, each)
        except ValueError as error:
            slot.error = f"input {each.name!r} cannot be moved: {error}"
            log.warning("look %s: %s", slot.name, slot.error)
            continue
        if parameter:
            found.append(parameter)
    return found


def _parameter(slot: Slot, each: Input) -> Parameter | None:
    """Return the parameter of a look's input; None for pictures and sound."""
    address, doc = slot.input_address(each.name), each.label or each.name
    if each.type == "event":
        return Parameter(address, "trigger", doc=doc, label=doc, modulated=True)
    if each.type == "bool":
        start = float(scalar(each.default))
        return Parameter(address, "bool", default=start, doc=doc, label=doc, modulated=True)
    if each.type == "long" and each.labels:
        chosen = int(scalar(each.default))
        at = each.values.index(chosen) if chosen in each.values else 0
        top, labels = len(each.values) - 1, each.labels
        return Parameter(address, "choice", 0, top, at, doc=doc, choices=labels, label=doc, modulated=True)
    low, high, start = scalar(each.low), scalar(each.high), scalar(each.default)
    if each.type == "long":
        return Parameter(address, "int", low, high, start, doc=doc, label=doc, modulated=True)
    if each.type == "float":
        curve = fitting_curve(low, high, start)
        return Parameter(address, "float", low, high, start, "", curve, 0.0, doc=doc, label=doc, modulated=True)
    if each.type in ("point2D", "point3D", "color"):
        low, high = min(vector(each.low)), max(vector(each.high))
        numbers = tuple(map(float, vector(each.default)))
        parts = COLOUR if each.type == "color" else POINT[: len(numbers)]
        whole = Parameter(address, "vector", low, high, numbers, glide=0.0, doc=doc, label=doc, modulated=True)
        return replace(whole, length=len(numbers), parts=parts)
    return None


def wetness(slot: Slot, snapshot: Snapshot) -> float:
    """Return how much of the look is mixed in, 0..1; 0 if it is bypassed."""
    address = slot.address("wet")
    if address not in snapshot:  # it was inserted on this frame
        return 1.0
    return 0.0 if snapshot[slot.address("bypass")] else snapshot[address]


def values(slot: Slot, snapshot: Snapshot) -> dict[str, object]:
    """Return the values of the look's inputs on a frame, by name, for `Look.draw`."""
    found: dict[str, object] = {}
    for each in slot.source.inputs:
        address = slot.input_address(each.name)
        if each.type == "event":
            found[each.name] = address in snapshot.fired
        elif address in snapshot:
            value = snapshot[address]
            found[each.name] = each.values[value] if each.type == "long" and each.labels else value
    return found
