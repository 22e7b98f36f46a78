"""Two decks' pictures made one."""

from collections.abc import Sequence

import numpy as np

from livedream.frame import Picture
from livedream.parameters import Snapshot
from livedream.stage.deck import Deck


def needed(decks: Sequence[Deck], values: Snapshot) -> list[Deck]:
    """The decks that `mix/crossfade` (0 the first, 1 the second) shows anything of."""
    if len(decks) < 2:
        return list(decks)
    share = values["mix/crossfade"]
    return [deck for deck, part in zip(decks, (1 - share, share), strict=True) if part > 0]


def mixed(decks: Sequence[Deck], values: Snapshot) -> np.ndarray | Picture:
    """The picture of both, in the size of the one that is alone or the first: uint8 [H, W, 4] or a Picture."""
    shown = [deck for deck in needed(decks, values) if deck.drawn is not None]
    if not shown:  # the one that is wanted has none yet
        shown = [deck for deck in decks if deck.drawn is not None]
    if len(shown) < 2:
        return shown[0].drawn
    a, b = (_pixels(deck.drawn) for deck in shown)
    return blend(a, fitted(b, *a.shape[:2]), values["mix/crossfade"])


def blend(a: np.ndarray, b: np.ndarray, share: float) -> np.ndarray:
    """uint8, `share` (0..1) of b and the rest of a, to within one level, by whole numbers: it must be quick."""
    part = round(share * 256)
    total = a.astype(np.uint16)
    total *= np.uint16(256 - part)
    total += b * np.uint16(part)
    total >>= 8
    return total.astype(np.uint8)


def fitted(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """The nearest pixels, stretched to that size."""
    if picture.shape[:2] == (height, width):
        return picture
    rows = (np.arange(height) + 0.5) * picture.shape[0] // height
    columns = (np.arange(width) + 0.5) * picture.shape[1] // width
    return picture[rows.astype(int)[:, None], columns.astype(int)]


def _pixels(drawn: np.ndarray | Picture) -> np.ndarray:
    return drawn if isinstance(drawn, np.ndarray) else drawn.pixels()
