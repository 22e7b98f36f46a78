"""The looks that ship: the files of shaders/, by name."""

import os
from pathlib import Path

from livedream import UserError, did_you_mean

PACKAGE = Path(__file__).resolve().parent.parent
# In a wheel the folder lies inside the package, in a checkout beside it.
SHADERS = next(
    (each for each in (PACKAGE / "shaders", PACKAGE.parent / "shaders") if each.is_dir()), PACKAGE / "shaders"
)


def paths() -> list[Path]:
    """Every look that ships, by name; none where the folder is missing."""
    return sorted(SHADERS.glob("*.fs"))


def names() -> list[str]:
    """What can be put over a picture, by name: not the transitions."""
    return [each.stem for each in paths() if '"endImage"' not in each.read_text("utf-8")]


def sources() -> list:
    """The same, read: a header.Source each."""
    from livedream.look import header

    return [header.read(each) for each in paths()]


def find(path_or_name: str | os.PathLike) -> Path:
    """The file meant: the path if there is one, else a look that ships ("bloom" or "bloom.fs"). UserError."""
    path = Path(path_or_name)
    if path.exists():
        return path
    for each in paths():
        if str(path_or_name) in (each.stem, each.name):
            return each
    there = [each.stem for each in paths()]
    close, ships = did_you_mean(str(path_or_name), there), ", ".join(there) or "none in this installation"
    raise UserError(f"{path}: no such file, and no look that ships has that name{close or f'; those that do: {ships}'}")
