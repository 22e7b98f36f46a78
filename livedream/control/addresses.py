"""The address table as a person reads it: `livedream params`, and the table in the documentation."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from livedream.control.osc_address import PREFIX
from livedream.control.osc_out import STATUS
from livedream.parameters import (
    ALWAYS,
    EFFECTS,
    INPUT,
    LOADING,
    PHOTO,
    PLAYER,
    SLOTS,
    WORD,
    Parameter,
    dream,
    effect,
    effect_commands,
    layer,
    live_picture,
    mix,
    modulator,
    vote,
    window,
    with_elements,
)

HEADINGS = ("address", "type", "range", "default", "what it does")
EXAMPLE_LATENTS = 64  # each dream has its own number
EXAMPLE_FPS = 25.0  # as each effect has

Row = tuple[str, str, str, str, str]


def standard() -> tuple[Parameter, ...]:
    """Return the parameters of any show: one deck whose dream has an ordinary latent and one layer, and the rest."""
    a_dream = (*dream(latent_length=EXAMPLE_LATENTS), *layer("NAME"), *vote(EXAMPLE_LATENTS, places=True), WORD)
    an_effect = (*effect_commands(), *effect(1, fps=EXAMPLE_FPS))
    return with_elements((*PLAYER, *LOADING, PHOTO, *a_dream, *an_effect, *mix(), *_last()))


def with_mix(parameters: Iterable[Parameter]) -> tuple[Parameter, ...]:
    """Return one deck's parameters, and what a second deck adds besides its own."""
    last = _last()
    return (*(each for each in parameters if each not in last), *mix(), *last)


def _last() -> tuple[Parameter, ...]:
    """Return the parameters that belong to no dream: those always there, a modulation slot and a window."""
    return with_elements((*ALWAYS, *INPUT, *live_picture(), *modulator(1), *window(0)))


def rows(parameters: Iterable[Parameter], prefix: str = PREFIX) -> list[Row]:
    """Return a row for each address; those of a series that are alike share one, as `knob/1…8`."""
    prefix = prefix.rstrip("/")
    table: list[Row] = []
    for shared, alike in groupby(parameters, key=_without_number):
        first, *others = alike
        first = replace(first, doc=shared.doc)
        begins = f"{first.series}/" if first.series else f"{first.vector}_"
        span = "…" + others[-1].address.removeprefix(begins) if others else ""
        table.append((f"{prefix}/{first.address}{span}", *_columns(first)))
    more = (
        (
            "b/…",
            "",
            "",
            "",
            "the same player/, dream/, layer/ and effect/ addresses, input/mix, pull and dream of deck b",
        ),
        (
            f"effect/2…{EFFECTS}/…",
            "",
            "",
            "",
            "the same for the deck's other effects; all have those of their files, too",
        ),
        (f"mod/2…{SLOTS}/…", "", "", "", "the same for the other slots of the modulation"),
        ("window/1/…", "", "", "", "the same for the next window, and so on, in the order of the outputs"),
        ("subscribe", "int", "port", "", "send feedback and status to the sender's host at this port"),
        ("dump", "int", "port, or nothing", "", "send every value and the status there once, or back"),
        ("…", "text", "?", "", "answer the sender with the value of this address"),
        *((f"status/{name}", "sent", "", "", doc) for name, doc, _ in STATUS),
    )
    return [*table, *((f"{prefix}/{address}", *columns) for address, *columns in more)]  # type: ignore[list-item]


def text(parameters: Iterable[Parameter], prefix: str = PREFIX) -> str:
    """Return the table in aligned columns."""
    table = [HEADINGS, *rows(parameters, prefix)]
    widths = [max(len(row[i]) for row in table) for i in range(len(HEADINGS))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in table)


def markdown(parameters: Iterable[Parameter], prefix: str = PREFIX) -> str:
    """Return the table in Markdown, addresses as code."""
    lines = ["| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
    for address, *others in rows(parameters, prefix):
        cells = [f"`{address}`", *others]
        lines.append("| " + " | ".join(each.replace("|", "\\|") for each in cells) + " |")
    return "\n".join(lines)


def _without_number(parameter: Parameter) -> Parameter:
    if parameter.vector and not parameter.series:
        doc = f"the numbers of {parameter.vector.rpartition('/')[2]}, one by one"
        return replace(parameter, address=f"{parameter.vector}_#", label="", doc=doc, default=parameter.low, aliases=())
    return replace(parameter, address=f"{parameter.series}/#", label="") if parameter.series else parameter


def _columns(parameter: Parameter) -> tuple[str, str, str, str]:
    """Return type, range, default and help of a parameter."""
    kind, start = parameter.type, parameter.start
    unit = f" {parameter.unit}" if parameter.unit else ""
    if kind == "trigger":
        return kind, "above 0, or nothing", "", parameter.doc
    if kind == "text":
        return kind, "a string", "", parameter.doc
    if kind == "bool":
        return kind, "0 or 1", str(int(parameter.default > 0)), parameter.doc  # type: ignore[operator]
    if kind == "choice":
        span = ", ".join(parameter.choices) if parameter.choices else "number or name"
        return kind, span, str(start) if parameter.has_value else "", parameter.doc
    if isinstance(start, tuple):
        numbers = [f"{each:g}" for each in start]
        default = " ".join(numbers) if len(set(numbers)) > 1 else numbers[0]
        return f"{parameter.length} floats", f"{parameter.low:g}…{parameter.high:g}{unit}", default, parameter.doc
    if kind == "int":
        return kind, f"{parameter.low}…{parameter.high}{unit}", str(start), parameter.doc
    return kind, f"{parameter.low:g}…{parameter.high:g}{unit}", f"{start:g}", parameter.doc
