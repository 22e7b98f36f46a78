"""The parameter table of a show: what is always there, and what each deck's dream brings."""

from collections.abc import Sequence
from dataclasses import replace

from livedream import parameters
from livedream.dream.dream import Dream
from livedream.parameters import Parameter, Table

PREFIXES = ("", "b/")  # what the addresses of the first and the second deck begin with


def of(dreams: Dream | Sequence[Dream], seed: int = 0) -> Table:
    """A table for playing one dream or two, their random numbers from `seed` (0..16777215)."""
    dreams = [dreams] if isinstance(dreams, Dream) else dreams
    player = [replace(each, default=seed) if each.address == "player/seed" else each for each in parameters.PLAYER]
    found = [*player]
    for prefix, dream in zip(PREFIXES, dreams, strict=False):
        if prefix:
            found += [replace(each, address=prefix + each.address) for each in player if each not in parameters.SHARED]
        found += for_dream(dream, prefix)
    return Table([*found, *(parameters.MIX if len(dreams) > 1 else ()), *parameters.MASTER])


def for_dream(dream: Dream, prefix: str = "") -> tuple[Parameter, ...]:
    """What goes with the dream: temperature, scenes, knobs, latents, and its own controls, below `prefix`dream/."""
    controls = [
        parameters.control(each.name, each.low, each.high, each.default, each.doc, each.length)
        for each in dream.controls.values()
    ]
    directions = [(each.name, f"{each.effect:.1f} grey levels" if each.effect else "") for each in dream.directions]
    found = parameters.dream([each.name for each in dream.scenes], directions, len(dream.mean), controls)
    return tuple(replace(each, address=prefix + each.address) for each in found) if prefix else found


def change(table: Table, dream: Dream, prefix: str = "") -> None:
    """Put a new dream's parameters in the place of the old one's; what chooses the dream stays."""
    choosing = [
        table.parameters[at] for at in (f"{prefix}dream/load", f"{prefix}dream/reload") if at in table.parameters
    ]
    table.replace(f"{prefix}dream/", [*choosing, *for_dream(dream, prefix)])
