"""Mix two decks' pictures into one on the host."""

from collections.abc import Sequence

from livedream.loop.deck import Deck
from livedream.parameters import Snapshot
from livedream.picture import Pixels
from livedream.picture.blend import blend
from livedream.picture.fit import letterbox
from livedream.picture.frame import Picture, host_pixels


class HostComposer:
    """Composes without looks: each picture is the mix of what the decks have drawn for it."""

    behind = 0

    def __call__(self, decks: Sequence[Deck], values: Snapshot, number: int) -> Pixels | Picture:
        return mixed(decks, values)


def needed(decks: Sequence[Deck], values: Snapshot) -> list[Deck]:
    """The decks that `mix/crossfade` (0 the first, 1 the second) shows anything of."""
    if len(decks) < 2:
        return list(decks)
    share = values["mix/crossfade"]
    return [deck for deck, part in zip(decks, (1 - share, share), strict=True) if part > 0]


def mixed(decks: Sequence[Deck], values: Snapshot) -> Pixels | Picture:
    """The mix, in the size of the deck that is shown alone, or of the first. One deck at least must have drawn."""
    drawn = [deck.drawn for deck in needed(decks, values) if deck.drawn is not None]
    if not drawn:  # the one that is shown has drawn nothing yet
        drawn = [deck.drawn for deck in decks if deck.drawn is not None]
    if len(drawn) < 2:
        return drawn[0]
    a, b = map(host_pixels, drawn)
    return blend(a, letterbox(b, *a.shape[:2]), values["mix/crossfade"])
