"""The parameter table of a show: what is always there, and what each deck's dream brings."""

from collections.abc import Sequence
from dataclasses import replace

from livedream import parameters
from livedream.dream.dream import Dream
from livedream.parameters import Parameter, Table

PREFIXES = ("", "b/")  # what the addresses of the first and the second deck begin with


def of(
    dreams: Dream | Sequence[Dream],
    seed: int = 0,
    names: Sequence[str] = (),
    playing: Sequence[str] = (),
    transitions: Sequence[str] = (),
) -> Table:
    """A table for playing one dream or two, their random numbers from `seed` (0..16777215).

    names: of the dreams that can be loaded in play. playing: which of them each deck begins with.
    transitions: of the looks that can lead from one deck to the other.
    """
    dreams = [dreams] if isinstance(dreams, Dream) else dreams
    found = []
    for number, dream in enumerate(dreams):
        prefix = PREFIXES[number]
        at = names.index(playing[number]) if names else 0
        own = [_begun(each, seed, names, at) for each in (*parameters.PLAYER, *parameters.LOADING)]
        if number:
            own = [each for each in own if each not in parameters.SHARED]
        found += [*(replace(each, address=prefix + each.address) for each in own), *for_dream(dream, prefix)]
    found += parameters.mix(transitions) if len(dreams) > 1 else ()
    own = parameters.MASTER, parameters.FINISH, parameters.OUTPUT, parameters.TEMPO, parameters.PRESET, parameters.AUDIO
    own = *own, parameters.MIDI
    return Table([*found, *(each for group in own for each in group)])


def _begun(parameter: Parameter, seed: int, names: Sequence[str], at: int) -> Parameter:
    if parameter.address == "player/seed":
        return replace(parameter, default=seed)
    if parameter.address == "dream/load":
        return replace(parameter, choices=tuple(names), high=max(len(names) - 1, 0), default=at)
    return parameter


def for_dream(dream: Dream, prefix: str = "") -> tuple[Parameter, ...]:
    """What goes with the dream: temperature, scenes, knobs, latents that are no places, and its own controls, below
    `prefix`dream/; and what its layers have, below `prefix`layer/.
    """
    controls = [
        parameters.control(each.name, each.low, each.high, each.default, each.doc, each.length)
        for each in dream.controls.values()
    ]
    directions = [(each.name, f"{each.effect:.1f} grey levels" if each.effect else "") for each in dream.directions]
    found = parameters.dream([each.name for each in dream.scenes], directions, dream.mean[dream.free].size, controls)
    found += tuple(each for name in dream.layers for each in parameters.layer(name))
    return tuple(replace(each, address=prefix + each.address) for each in found) if prefix else found


def change(table: Table, dream: Dream, prefix: str = "") -> None:
    """Put a new dream's parameters in the place of the old one's; what chooses the dream stays."""
    choosing = [table.parameters[prefix + each.address] for each in parameters.LOADING]
    own = for_dream(dream, prefix)
    layers = [each for each in own if each.address.startswith(f"{prefix}layer/")]
    table.replace(f"{prefix}dream/", [*choosing, *(each for each in own if each not in layers)])
    table.replace(f"{prefix}layer/", layers)
