"""The files of effects by name: those that ship, those that were given, and those in the folder of `--dreams`."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from livedream import UserError
from livedream.dream import read
from livedream.dream.dream import Dream
from livedream.dream.read import EFFECTS


def find(path_or_name: str | os.PathLike[str]) -> Path:
    """Return the path if there is one, else that of an effect that ships under this name. Raises UserError."""
    return read.find(path_or_name, (EFFECTS, read.MODELS), "effect")


class Asked(NamedTuple):
    """What `--effect` asks for.

    Attributes:
        deck: Number of the deck, 0 or 1.
        name: A file, or the name of an effect that ships.
        number: In addresses; None: the lowest that is free.
    """

    deck: int
    name: str
    number: int | None = None

    def __str__(self) -> str:
        """Return it as it is written after `--effect`."""
        keys = [*(["deck=b"] if self.deck else []), *(["n=" + str(self.number)] if self.number else [])]
        return "#".join([self.name, *(["&".join(keys)] if keys else [])])


def parse(text: str) -> Asked:
    """Read what is given after `--effect`. Raises UserError."""
    name, mark, rest = text.rpartition("#")
    if not mark or os.path.exists(text):
        return Asked(0, text)
    keys = dict(each.partition("=")[::2] for each in rest.split("&"))
    number = keys.pop("n", "")
    if keys.pop("deck", "a") not in ("a", "b") or keys or not (number.isdecimal() or not number):
        raise UserError(f"--effect {text}: after # comes deck=a or deck=b, and n=2 for a number in addresses")
    return Asked(int("deck=b" in rest.split("&")), name, int(number[:9]) if number else None)


def load_all(texts: Iterable[str], decks: int) -> list[list[tuple[Dream, int | None]]]:
    """Load what `--effect` gives: the effects of each of `decks` decks, with the numbers that are asked for.

    Raises:
        UserError: There is no such file, effect or deck.
    """
    found: list[list[tuple[Dream, int | None]]] = [[] for _ in range(decks)]
    for text in texts:
        asked = parse(text)
        if asked.deck >= decks:
            raise UserError(f"--effect {text}: there is no second deck; --model A --model B makes one")
        found[asked.deck].append((load(asked.name), asked.number))
    return found


def load(path_or_name: str | os.PathLike[str]) -> Dream:
    """Load an effect, with all checks of `read.load`. Raises UserError, for a dream that is no effect too."""
    return checked(read.load(find(path_or_name)))


def checked(dream: Dream) -> Dream:
    """Return the dream if it is an effect. Raises UserError if it is not."""
    if not dream.is_effect:
        raise UserError(f"{dream.path}: draws by itself (decode), so it is no effect; play it with --model")
    return dream
