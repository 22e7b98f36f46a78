"""The files of effects by name: those that ship, those that were given, and those in the folder of `--dreams`."""

import os
from collections.abc import Iterable
from pathlib import Path

from livedream import UserError
from livedream.dream import read
from livedream.dream.dream import Dream
from livedream.dream.read import EFFECTS


def find(path_or_name: str | os.PathLike[str]) -> Path:
    """Return the path if there is one, else that of an effect that ships under this name. Raises UserError."""
    return read.find(path_or_name, (EFFECTS, read.MODELS), "effect")


def deck_and_name(text: str) -> tuple[int, str]:
    """Return the number of the deck, 0 or 1, and the file or name that `--effect` gives. Raises UserError."""
    name, mark, rest = text.rpartition("#")
    if not mark:
        return 0, text
    if rest not in ("deck=a", "deck=b"):
        raise UserError(f"--effect {text}: after # comes deck=a or deck=b")
    return int(rest == "deck=b"), name


def load_all(texts: Iterable[str], decks: int) -> list[list[Dream]]:
    """Load what `--effect` gives, for each of `decks` decks. Raises UserError."""
    found: list[list[Dream]] = [[] for _ in range(decks)]
    for text in texts:
        deck, name = deck_and_name(text)
        if deck >= decks:
            raise UserError(f"--effect {text}: there is no second deck; --model A --model B makes one")
        found[deck].append(load(name))
    return found


def load(path_or_name: str | os.PathLike[str]) -> Dream:
    """Load an effect, with all checks of `read.load`. Raises UserError, for a dream that is no effect too."""
    return checked(read.load(find(path_or_name)))


def checked(dream: Dream) -> Dream:
    """Return the dream if it is an effect. Raises UserError if it is not."""
    if not dream.is_effect:
        raise UserError(f"{dream.path}: draws by itself (decode), so it is no effect; play it with --model")
    return dream
