"""`livedream train --kind ?`: the kinds with a picture, a line and the options of each, as a terminal can show them."""

import importlib.util
import os
import shutil
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from . import half_blocks
from .kinds import DEFAULT, KINDS, Kind, flag

PICTURES = "docs/kinds.md"  # where the pictures are for terminals that cannot show them
COLUMNS, ROWS = 28, 8  # of a picture, in characters
GAP = 3  # columns between picture and text
WIDEST, NARROWEST = 108, 72  # columns of the whole
FOOTAGE = {"needed": "FOOTAGE…", "optional": "[FOOTAGE…]", "none": ""}
BOLD, DIM, PLAIN = "\033[1m", "\033[38;2;140;140;150m", "\033[0m"


def text(out: TextIO | None = None, environment: Mapping[str, str] | None = None) -> str:
    """Return the list for a stream: with pictures for a terminal of 24-bit colour that is wide enough, else without.

    Args:
        out: the stream; None for standard output.
        environment: variables that say what the terminal can; None for the process's.
    """
    out, environment = out or sys.stdout, os.environ if environment is None else environment
    columns = shutil.get_terminal_size().columns
    if columns >= NARROWEST and _shows_colours(out, environment):
        return "\n\n".join(_illustrated(name, kind, min(columns, WIDEST)) for name, kind in KINDS.items())
    return "\n".join([*(_plain(name, kind) for name, kind in KINDS.items()), f"\npictures of each: {PICTURES}"])


def picture(kind: Kind) -> Path | None:
    """Return the picture of a kind, `picture.png` in its folder; None where there is none."""
    package = kind.entry.partition(":")[0].rpartition(".")[0]
    found = importlib.util.find_spec(package)
    path = Path(found.origin).with_name("picture.png") if found and found.origin else None
    return path if path and path.exists() else None


def _shows_colours(out: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether a stream is a terminal that shows 24-bit colours and UTF-8."""
    if not out.isatty() or "NO_COLOR" in environment or environment.get("TERM") == "dumb":
        return False
    if "utf" not in (out.encoding or "").lower():
        return False
    named = environment.get("COLORTERM", "").lower() in ("truecolor", "24bit")
    return named or "WT_SESSION" in environment or environment.get("TERM", "").endswith("-direct")


def _plain(name: str, kind: Kind) -> str:
    options = " ".join(sorted(map(flag, kind.options)))
    heading = f"{name:11} {kind.line}{' (default)' * (name == DEFAULT)}"
    return f"{heading}\n{'':11} {' '.join(filter(None, (FOOTAGE[kind.footage], options)))}"


def _illustrated(name: str, kind: Kind, columns: int) -> str:
    """Return the picture of a kind beside its text, as lines of at most `columns` characters."""
    width = columns - COLUMNS - GAP - 2
    place = picture(kind)
    drawn = half_blocks.draw(half_blocks.read(place, COLUMNS, 2 * ROWS)) if place else [" " * COLUMNS] * ROWS
    lines = ["", f"{BOLD}{name}{PLAIN}{f'{DIM}  the default{PLAIN}' if name == DEFAULT else ''}"]
    lines += textwrap.wrap(kind.line, width)
    options = " ".join(filter(None, (FOOTAGE[kind.footage], *sorted(map(flag, kind.options)))))
    small = textwrap.wrap(options, width, break_on_hyphens=False, break_long_words=False)
    lines += [f"{DIM}{line}{PLAIN}" for line in small]
    lines += [""] * (ROWS - len(lines))
    drawn += [" " * COLUMNS] * (len(lines) - len(drawn))
    return "\n".join(f" {left}{' ' * GAP}{right}".rstrip() for left, right in zip(drawn, lines, strict=True))
