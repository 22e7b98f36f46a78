"""Two decks' pictures made one."""

from collections.abc import Sequence

import numpy as np

from livedream.loop.deck import Deck
from livedream.parameters import Snapshot
from livedream.picture.fit import placed
from livedream.picture.frame import Picture


def needed(decks: Sequence[Deck], values: Snapshot) -> list[Deck]:
    """The decks that `mix/crossfade` (0 the first, 1 the second) shows anything of."""
    if len(decks) < 2:
        return list(decks)
    share = values["mix/crossfade"]
    return [deck for deck, part in zip(decks, (1 - share, share), strict=True) if part > 0]


def mixed(decks: Sequence[Deck], values: Snapshot, number: int = 0) -> np.ndarray | Picture:
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
    """The picture as large as it goes into that size, in its own shape, by nearest pixels; black around it."""
    if picture.shape[:2] == (height, width):
        return picture
    x, y, w, h = placed(picture.shape[1], picture.shape[0], width, height)
    rows = (np.arange(h) + 0.5) * picture.shape[0] // h
    columns = (np.arange(w) + 0.5) * picture.shape[1] // w
    whole = np.full((height, width), np.frombuffer(bytes((0, 0, 0, 255)), np.uint32)[0])
    points = np.ascontiguousarray(picture).view(np.uint32)[..., 0]  # four bytes move as one
    whole[y : y + h, x : x + w] = points[rows.astype(int)][:, columns.astype(int)]
    return whole[..., None].view(np.uint8)


def _pixels(drawn: np.ndarray | Picture) -> np.ndarray:
    return drawn if isinstance(drawn, np.ndarray) else drawn.pixels()
