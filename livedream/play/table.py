"""The parameter table of a show: what is always there, and what a dream brings."""

from dataclasses import replace

from livedream import parameters
from livedream.dream.dream import Dream
from livedream.parameters import Parameter, Table


def of(dream: Dream, seed: int = 0) -> Table:
    """A table for playing `dream`, its random numbers from `seed` (0..16777215)."""
    player = [replace(each, default=seed) if each.address == "player/seed" else each for each in parameters.PLAYER]
    return Table([*player, *parameters.MASTER, *for_dream(dream)])


def for_dream(dream: Dream) -> tuple[Parameter, ...]:
    """The parameters that go with the dream: temperature, scenes, knobs, latents, and its own controls."""
    controls = [
        parameters.control(each.name, each.low, each.high, each.default, each.doc, each.length)
        for each in dream.controls.values()
    ]
    directions = [(each.name, f"{each.effect:.1f} grey levels" if each.effect else "") for each in dream.directions]
    return parameters.dream([each.name for each in dream.scenes], directions, len(dream.mean), controls)
