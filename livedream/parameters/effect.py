"""The parameters of the effects behind a deck. n is an effect's number, from 1, which stays until it is removed.

They are declared as the first deck has them; `Parameter.on_deck` makes those of the second.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from livedream.parameters.parameter import Parameter, grouped, of_control

EFFECTS = 8  # in a chain
OWN_OF_EFFECT = ("wet", "bypass", "place", "reset", "rate")  # parameters of every effect, beside its file's controls
FASTEST = 4.0  # times as many steps as an effect's file says, at most


def effect_commands(names: Sequence[str] = ()) -> tuple[Parameter, ...]:
    """What changes a deck's chain of effects: insert one of `names`, remove one by its number."""
    commands = (
        Parameter(
            "effect/insert",
            "choice",
            0,
            max(len(names) - 1, 0),
            doc="add an effect at the end of the deck's chain: one that ships or lies in --dreams FOLDER",
            choices=tuple(names),
            always=True,
            local=True,
        ),
        Parameter(
            "effect/remove",
            "int",
            0,
            EFFECTS,
            doc="remove an effect from the deck's chain, by its number",
            always=True,
            risky=True,
        ),
    )
    return grouped("effect", commands, deck="", in_preset=False, in_session=False, admin=True)


def effect(
    number: int,
    name: str = "",
    title: str = "the effect",
    place: int = 0,
    fps: float | None = None,
    controls: Iterable[Parameter] = (),
) -> tuple[Parameter, ...]:
    """All parameters of effect `number`.

    Args:
        number: As in its addresses.
        name: Of its file.
        title: What help calls it.
        place: Its position in the chain, from 0.
        fps: Steps a second of its state; None for one without.
        controls: Its file's own; see `effect_control`.
    """
    below = f"effect/{number}/"
    own = (
        Parameter(
            f"{below}wet",
            "float",
            default=1,
            glide=0.0,
            doc=f"opacity of {title}",
            label=" ".join([str(number), *name.replace("-", " ").replace("_", " ").split()]),
            modulated=True,
        ),
        Parameter(f"{below}bypass", "bool", doc=f"bypass {title}, which then does not run", modulated=True),
        Parameter(
            f"{below}place",
            "int",
            0,
            EFFECTS - 1,
            place,
            doc=f"position of {title} in the deck's chain, from 0",
            in_preset=False,
            in_session=False,
        ),
    )
    reset = Parameter(
        f"{below}reset",
        "trigger",
        doc=f"start {title} anew, its state at zero; tries one that failed again at once",
        modulated=True,
        panic=True,
        panic_always=True,
    )
    running = [reset] if fps is None else [_rate(below, title, fps), reset]
    return grouped("effect", (*own, *controls, *running), item=str(number))


def _rate(below: str, title: str, fps: float) -> Parameter:
    return Parameter(
        f"{below}rate",
        "float",
        0,
        FASTEST,
        1,
        glide=0.0,
        doc=f"speed of {title}: 1 is {fps:g} steps a second, 0 holds it",
        label="Speed",
        modulated=True,
    )


def effect_control(
    number: int,
    name: str,
    low: float,
    high: float,
    default: float | tuple[float, ...],
    doc: str = "",
    length: int = 1,
    taken: Iterable[str] = (),
    parts: tuple[str, ...] = (),
) -> Parameter:
    """The parameter of the input `control.NAME` of effect `number`: `effect/<n>/NAME`; `control_NAME` for one of ours.

    Args:
        number: Of the effect.
        name, low, high, default, doc, length: Of the control.
        taken: Names of all its controls.
        parts: Names of its elements, if they have names.
    """
    free, taken = name, set(taken)
    while free in OWN_OF_EFFECT or (free != name and free in taken):
        free = f"control_{free}"
    made = of_control(f"effect/{number}/{free}", low, high, default, doc, length, parts)
    return replace(made, label=name.replace("_", " "))
