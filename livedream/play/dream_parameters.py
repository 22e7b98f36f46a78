"""The parameter table of a show: what is always there, and what each deck's dream brings."""

from collections.abc import Sequence
from itertools import chain

from livedream import parameters
from livedream.dream.dream import Dream
from livedream.parameters import DECKS, SHARED, Parameter, Table

PREFIXES = DECKS


def of(
    dreams: Dream | Sequence[Dream],
    seed: int = 0,
    names: Sequence[str] = (),
    playing: Sequence[str] = (),
    transitions: Sequence[str] = (),
    live: bool = False,
) -> Table:
    """Return a table for playing one dream or two.

    Args:
        dreams: of the decks.
        seed: of their random numbers, 0 to 16777215.
        names: of the dreams that can be loaded while playing.
        playing: which of these names each deck begins with.
        transitions: names of the looks that can lead from one deck to the other.
        live: whether a live picture comes in.
    """
    dreams = [dreams] if isinstance(dreams, Dream) else dreams
    found: list[Parameter] = []
    for number, dream in enumerate(dreams):
        own = (*parameters.player(seed), *parameters.loading(names, names.index(playing[number]) if names else 0))
        prefix = DECKS[number]
        found += [each.on_deck(prefix) for each in own if each not in SHARED]
        found += SHARED if number == 0 else ()
        found += for_dream(dream, prefix)
        found += for_vote(dream, prefix)
    found += parameters.mix(transitions) if len(dreams) > 1 else ()
    if live:
        found += parameters.INPUT
        for prefix, dream in zip(DECKS, dreams, strict=False):
            found += [each.on_deck(prefix) for each in parameters.live_picture(sees(dream))]
    return Table([*found, *parameters.ALWAYS])


def for_dream(dream: Dream, prefix: str = "") -> tuple[Parameter, ...]:
    """Return what comes with the dream, below `prefix`dream/ and `prefix`layer/: temperature, scenes, knobs, latents,
    its own controls, and its layers. Latents that are places have no offset.
    """
    controls = [
        parameters.control(each.name, each.low, each.high, each.default, each.doc, each.length, each.parts)
        for each in dream.controls.values()
    ]
    directions = [(each.name, f"{each.effect:.1f} grey levels" if each.effect else "") for each in dream.directions]
    found = parameters.dream([each.name for each in dream.scenes], directions, dream.mean[dream.free].size, controls)
    layers = chain.from_iterable(map(parameters.layer, dream.layers))
    return tuple(each.on_deck(prefix) for each in (*found, *layers))


def for_vote(dream: Dream, prefix: str = "") -> tuple[Parameter, ...]:
    """Return the parameters below `prefix`vote/; the first deck's are with the word, which is for both."""
    own = [each.on_deck(prefix) for each in parameters.vote(dream.mean[dream.free].size, dream.places is not None)]
    return (*own, *(() if prefix else (parameters.WORD,)))


def change(table: Table, dream: Dream, prefix: str = "") -> None:
    """Put a new dream's parameters in the place of the old one's; what chooses the dream stays."""
    staying = [prefix + each.address for each in (*parameters.LOADING, parameters.PHOTO)]
    loading = [table.parameters[each] for each in staying if each in table.parameters]
    own = for_dream(dream, prefix)
    layers = [each for each in own if each.group == "layer"]
    table.replace(f"{prefix}dream/", [*loading, *(each for each in own if each.group != "layer")])
    table.replace(f"{prefix}layer/", layers)
    table.replace(f"{prefix}vote/", [])  # what was learned among another dream's latents means nothing in this one
    table.replace(f"{prefix}vote/", for_vote(dream, prefix))
    if f"{prefix}input/pull" in table.parameters:
        table.replace(f"{prefix}input/pull", [parameters.pull(sees(dream)).on_deck(prefix)])


def sees(dream: Dream) -> bool:
    """Return whether the dream has an encoder, which finds its latents for a picture."""
    return "encode" in dream.components
