"""What the terminal says of a running show: one line of figures, and a line for each change. Made from its status."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

Status = Mapping[str, Any]  # what `GET /status` says
Piece = tuple[str, str]  # a text, and its SGR colour or ""

GREEN, YELLOW, RED = "32", "33", "31"
SYMBOLS = {"playing": ("▶", GREEN), "held": ("‖", YELLOW), "blackout": ("■", YELLOW), "loading": ("…", "")}
TROUBLED = ("retrying", "failed")
SEPARATOR = " · "


def pieces(status: Status, recorded: float | None) -> list[Piece]:
    """Return the parts of the live line, the most important first: a narrow terminal cuts off the last ones.

    Args:
        status: Of the show.
        recorded: Seconds that the longest recording has taken so far; None while there is none.
    """
    symbol, colour = SYMBOLS.get(status["state"], ("▶", ""))
    outputs, fps, ms = status["outputs"] or (), status["fps"], status["ms"]["model_p50"]
    found = [(f"{symbol} {' + '.join(deck['dream'] for deck in status['decks'])}", colour)]
    if status["state"] != "playing":
        found.append((status["state"], colour))
    if recorded is not None:
        found.append((f"● rec {clock(recorded)}", RED))
    live = status.get("input")
    found += [(f"{each['name']} {each['state']}", YELLOW) for each in outputs if each["state"] in TROUBLED]
    if live and live["state"] in TROUBLED:
        found.append((f"in {live['name']} {live['state']}", YELLOW))
    found.append((f"{fps['fresh']:.1f} of {fps['target']:g} fps", ""))
    if ms:
        found.append((f"{ms:.0f} ms", ""))
    for each in status.get("effects") or ():
        if each["state"] == "failed":
            found.append((f"{each['name']} failed", YELLOW))
        elif each["state"] == "behind":
            found.append((f"{each['name']} {each['fps']:.1f} fps", ""))
    if live and live["state"] not in TROUBLED:
        found.append((f"in {live['name']} {live['fps']:.0f} fps", ""))
    if status["tempo"]:
        found.append((f"{status['tempo']['bpm']:g} bpm", ""))
    names = [each["name"] for each in outputs if each["state"] not in TROUBLED]
    found += [(", ".join(names), "")] if names else []
    # A page's viewers take what they can; only what an output was to get and did not is a loss.
    dropped = sum(each["dropped"] for each in outputs if each["kind"] != "page")
    found += [(f"{count} {what}", "") for count, what in ((status["late"], "late"), (dropped, "dropped")) if count]
    return found


def changes(before: Status | None, now: Status) -> list[str]:
    """Return a line for each thing that changed, without the problems: those are logged where they happen."""
    found = []
    decks = [deck["dream"] for deck in before["decks"]] if before else [deck["dream"] for deck in now["decks"]]
    for number, (dream, deck) in enumerate(zip(decks, now["decks"], strict=False)):
        if dream != deck["dream"]:
            found.append(f"deck {'AB'[number]}: {deck['dream']}")
    found += _changed_effects(before or now, now)
    if now["state"] not in ("loading", before and before["state"]):
        found.append(str(now["state"]))
    was = {each["name"]: each["state"] for each in before["outputs"]} if before else {}
    for each in now["outputs"]:
        if each["state"] == "up" != was.get(each["name"]):
            found.append(f"{'recording' if each['kind'] == 'file' else 'output'} {each['name']}: up")
    live, had = now.get("input"), before.get("input") if before else None
    if live and live["state"] == "up" != (had and had["state"]):
        found.append(f"input {live['name']}: up")
    found += [f"output {name}: removed" for name in was if name not in {each["name"] for each in now["outputs"]}]
    return found


def _changed_effects(before: Status, now: Status) -> list[str]:
    def named(status: Status) -> list[str]:
        several = len(status["decks"]) > 1
        return [
            f"{'deck ' + each['deck'].upper() + ': ' if several else ''}effect {each['n']} {each['name']}"
            for each in status.get("effects") or ()
        ]

    was, there = named(before), named(now)
    return [*(each for each in there if each not in was), *(f"{each}: removed" for each in was if each not in there)]


def end(status: Status) -> str:
    """Return the last line of a show."""
    count = status["frame"] + 1
    frames = f"{count} frame{'s' * (count > 1)}"
    return f"ended after {clock(status['uptime_s'])}: {frames}, {status['late']} of them late"


def clock(seconds: float) -> str:
    """Write a duration: 0:42, 1:02:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def fitted(parts: Sequence[Piece], columns: int, colours: bool) -> str:
    """Join the parts to one line of at most `columns` cells, cut with "…", and coloured if wanted."""
    line, left = "", columns
    for number, (text, colour) in enumerate(parts):
        whole = printable(SEPARATOR * bool(number) + text)
        shown = _cut(whole, left)
        line += f"\x1b[{colour}m{shown}\x1b[0m" if colours and colour and shown else shown
        left -= _cells(shown)
        if shown != whole:
            break
    return line


def printable(text: str) -> str:
    """Return the text without what would command a terminal: the titles of files may hold escape sequences."""
    return "".join(each if each.isprintable() or each in "\n\t" else "�" for each in text)


def colours_wanted() -> bool:
    """Tell whether the user has not refused colours (https://no-color.org)."""
    return not os.environ.get("NO_COLOR")


def _cut(text: str, cells: int) -> str:
    if _cells(text) <= cells:
        return text
    while text and _cells(text) > cells - 1:
        text = text[:-1]
    return f"{text}…" if cells > 0 else ""


def _cells(text: str) -> int:
    """Return how many cells of a terminal a text takes: a Chinese character takes two, a combining accent none."""
    from unicodedata import combining, east_asian_width  # not needed before the first frame

    return sum(0 if combining(each) else 1 + (east_asian_width(each) in "WF") for each in text)
