"""Two decks' pictures made one."""

from collections.abc import Sequence

import numpy as np

from livedream.loop.deck import Deck
from livedream.parameters import Snapshot
from livedream.picture.blend import blend
from livedream.picture.fit import letterbox
from livedream.picture.frame import Picture, host_pixels


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
    a, b = (host_pixels(deck.drawn) for deck in shown)
    return blend(a, letterbox(b, *a.shape[:2]), values["mix/crossfade"])
