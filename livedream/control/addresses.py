"""The address table as a person reads it: `livedream params`, and the README's table."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from livedream.control.osc_address import PREFIX
from livedream.control.osc_out import STATUS
from livedream.parameters import (
    AUDIO,
    FINISH,
    LOADING,
    MASTER,
    MIDI,
    OUTPUT,
    PLAYER,
    PRESET,
    SLOTS,
    TEMPO,
    Parameter,
    dream,
    layer,
    mix,
    modulator,
    window,
)

HEADINGS = ("address", "type", "range", "default", "what it does")
EXAMPLE_LATENTS = 64  # how many a dream has is the dream's affair

Row = tuple[str, str, str, str, str]


def standard() -> tuple[Parameter, ...]:
    """What there is to move whatever dream is playing, with as many latents as a usual one has, and a layer."""
    a_dream = (*dream(latent_length=EXAMPLE_LATENTS), *layer("NAME"))
    return (*PLAYER, *LOADING, *a_dream, *mix(), *_last())


def with_mix(parameters: Iterable[Parameter]) -> tuple[Parameter, ...]:
    """One deck's parameters, and what a second deck adds besides its own."""
    last = _last()
    return (*(each for each in parameters if each not in last), *mix(), *last)


def _last() -> tuple[Parameter, ...]:
    """What is no dream's."""
    return (*MASTER, *FINISH, *OUTPUT, *TEMPO, *PRESET, *AUDIO, *MIDI, *modulator(1), *window(0))


def rows(parameters: Iterable[Parameter], prefix: str = PREFIX) -> list[Row]:
    """A row for each address; numbered ones that are alike share a row, as `knob/1…8`."""
    prefix = prefix.rstrip("/")
    table = []
    for _, alike in groupby(parameters, key=_without_number):
        alike = list(alike)
        first, last = alike[0], alike[-1]
        span = "" if first is last else "…" + last.address.rpartition("/")[2]
        table.append((f"{prefix}/{first.address}{span}", *_columns(first)))
    again = "the same player/, dream/ and layer/ addresses again, of a second deck's dream"
    table.append((f"{prefix}/b/…", "", "", "", again))
    table.append((f"{prefix}/mod/2…{SLOTS}/…", "", "", "", "the same of the other slots of the modulation"))
    table.append((f"{prefix}/window/1/…", "", "", "", "the same of the next window, and so on, in the outputs' order"))
    subscribing = "send feedback and status to the sender's host at this port"
    table.append((f"{prefix}/subscribe", "int", "port", "", subscribing))
    table.append(
        (f"{prefix}/dump", "int", "port, or nothing", "", "send every value and the status there once, or back")
    )
    table.append((f"{prefix}/…", "text", "?", "", "say what any of these is, to who asks"))
    table.extend((f"{prefix}/status/{name}", "sent", "", "", doc) for name, doc, _ in STATUS)
    return table


def text(parameters: Iterable[Parameter], prefix: str = PREFIX) -> str:
    """The table in aligned columns."""
    table = [HEADINGS, *rows(parameters, prefix)]
    widths = [max(len(row[i]) for row in table) for i in range(len(HEADINGS))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in table)


def markdown(parameters: Iterable[Parameter], prefix: str = PREFIX) -> str:
    """The table in Markdown, addresses as code."""
    lines = ["| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
    for address, *others in rows(parameters, prefix):
        cells = [f"`{address}`", *others]
        lines.append("| " + " | ".join(each.replace("|", "\\|") for each in cells) + " |")
    return "\n".join(lines)


def _without_number(parameter: Parameter) -> Parameter:
    parent, _, last = parameter.address.rpartition("/")
    return replace(parameter, address=parent + "/#") if last.isdigit() else parameter


def _columns(parameter: Parameter) -> Sequence[str]:
    kind, unit = parameter.type, f" {parameter.unit}" if parameter.unit else ""
    span, default = f"{parameter.low:g}…{parameter.high:g}{unit}", ""
    if kind == "trigger":
        span = "above 0, or nothing"
    elif kind == "text":
        span = "a string"
    elif kind == "bool":
        span, default = "0 or 1", str(int(parameter.start))
    elif kind == "choice":
        span = ", ".join(parameter.choices) if parameter.choices else "number or name"
        default = "" if parameter.address.endswith("/jump") else str(parameter.start)
    elif kind == "vector":
        kind, start = f"{parameter.length} floats", [f"{each:g}" for each in parameter.start]
        default = " ".join(start) if len(set(start)) > 1 else start[0]
    else:
        default = f"{parameter.start:g}"
        if kind == "int":
            span = f"{parameter.low}…{parameter.high}{unit}"
            default = str(parameter.start)
    return kind, span, default, parameter.doc
