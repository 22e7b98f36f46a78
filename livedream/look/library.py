"""The library: looks that ship with livedream, the files of shaders/, by name."""

import os
from pathlib import Path

from livedream import UserError, did_you_mean
from livedream.look.source import Source

PACKAGE = Path(__file__).resolve().parent.parent
# The folder lies inside the package in a wheel, and beside it in a checkout.
SHADERS = next(
    (each for each in (PACKAGE / "shaders", PACKAGE.parent / "shaders") if each.is_dir()), PACKAGE / "shaders"
)


def paths() -> list[Path]:
    """Return every look that ships, sorted by name; none if the folder is missing."""
    return sorted(SHADERS.glob("*.fs"))


def names() -> list[str]:
    """Return the names of the looks that can be drawn over a picture: all but the transitions."""
    return [each.stem for each in paths() if '"endImage"' not in each.read_text("utf-8")]


def sources() -> list[Source]:
    """Return every look that ships, read."""
    from livedream.look import header

    return [header.read(each) for each in paths()]


def find(path_or_name: str | os.PathLike[str]) -> Path:
    """Return the path if there is one, else the look that ships under this name ("bloom" or "bloom.fs"). UserError."""
    path = Path(path_or_name)
    if path.exists():
        return path
    for each in paths():
        if str(path_or_name) in (each.stem, each.name):
            return each
    there = [each.stem for each in paths()]
    close, ships = did_you_mean(str(path_or_name), there), ", ".join(there) or "none in this installation"
    raise UserError(f"{path}: no such file, and no look that ships has that name{close or f'; those that do: {ships}'}")
