"""The first dream beside the footage: windows, variety, novelty and knobs."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from livedream.dream.dream import Dream

from ..arrays import Segments
from ..cache import Footage, Progress
from ..features import Features
from . import dreaming, knobs, novelty, picture, playing
from .lpips import Lpips
from .variety import reduced, variety
from .watching import Watched, compare
from .windows import LENGTH, Windows, evenly, starts


@dataclass(frozen=True)
class Extent:
    """How much is measured.

    Attributes:
        held_out: most held-out frames that are rendered.
        lpips: most of them that a network compares, too.
        vgg: whether VGG16 is one of the networks.
        windows: most windows of footage and of dream.
        variety: most pictures of each whose variety is measured.
        pairs: of these that are compared.
        near: seconds of a dream in which pictures are looked up in the footage ten times a second; later, once.
        known: most frames of the footage that are searched for them.
    """

    held_out: int = 240
    lpips: int = 96
    vgg: bool = True
    windows: int = 94
    variety: int = 200
    pairs: int = 200
    near: float = 600.0
    known: int = novelty.MOST


FULL = Extent()
SHORT = Extent(held_out=24, lpips=24, vgg=False, windows=10, variety=40, pairs=40, near=30, known=6000)


class FirstDream:
    """Measures the footage at once, and a dream through its observer.

    Attributes:
        observer: is given to `dreaming.measure`; afterwards there are `figures`.
    """

    def __init__(
        self,
        dream: Dream,
        footage: Footage,
        features: Features | None,
        network: Lpips | None,
        extent: Extent,
        minutes: int,
        progress: Progress,
    ):
        self._dream, self._network, self._extent = dream, network, extent
        length = dreaming.length(minutes, dream.fps)
        self._windows = _FootageWindows(footage, features, min(extent.windows, length // LENGTH), progress)
        self._variety = None
        frames = footage.frames
        if network:
            few = [reduced(frames[k]) for k in evenly(len(frames), extent.variety)]
            self._variety = variety(np.stack(few), network, extent.pairs)
        known = novelty.Known(frames, footage.fps, extent.known)
        windows = self._windows.count
        self.observer = dreaming.Observer(
            length, dream.fps, windows, features, extent.variety, picture.CELLS, known, extent.near
        )

    def figures(self, power: dict[str, Any] | None) -> dict[str, Any]:
        """Return the figures of the observed dream, ready for JSON.

        power: spectra of held-out frames and of these as the dream renders them.
        """
        found: dict[str, Any] = {"windows": None, "flow": None, "spectrum": None, "colour": None}
        if self._windows.count:
            found |= compare(self.observer.watched, self._windows.watched, self._windows.halves)
            found["spectrum"] |= power or {}
        dreamt = variety(np.stack(self.observer.kept), self._network, self._extent.pairs)
        share = dreamt / self._variety if dreamt is not None and self._variety else None
        found["variety"] = {"dream": dreamt, "footage": self._variety, "share": share}
        found["novelty"] = self.observer.novelty.figures
        return found

    def knobs(self, progress: Progress) -> dict[str, Any] | None:
        """Return what turn_knobs does."""
        return turn_knobs(self._dream, self._network, progress)


def turn_knobs(dream: Dream, network: Lpips | None, progress: Progress) -> dict[str, Any] | None:
    """Return what each knob changes at a few scenes; None where there is no knob, or no scene."""
    names = [each.name for each in dream.directions[: len(playing.knobs(dream))]]
    if not names or not dream.scenes:
        return None
    progress(0.0, "turning the knobs")
    chosen = evenly(len(dream.scenes), knobs.SCENES).tolist()
    turned = list(playing.scenes(dream, chosen, True))
    following = [(k, k + 1) for k in chosen if k + 1 < len(dream.scenes)]
    plain = dict(zip(chosen, (each[0] for each in turned), strict=True))
    missing = sorted({k for pair in following for k in pair} - set(plain))
    plain |= dict(zip(missing, (each[0] for each in playing.scenes(dream, missing, False)), strict=True))
    neighbours = [(plain[a], plain[b]) for a, b in following]
    return knobs.figures(names, turned, neighbours, network)


class _FootageWindows:
    """Windows of the footage: some of them measured fully, and all of them in two halves.

    Attributes:
        count: how many are in each half, and how many are measured; 0 for footage that is too short.
        watched: measurements of those.
        halves: windows of the first half and of the second.
    """

    def __init__(self, footage: Footage, features: Features | None, at_most: int, progress: Progress):
        halves = _starts(footage.segments, len(footage.frames))
        self.count = min(at_most, *map(len, halves))
        self.watched = Watched(self.count, features)
        self.halves = Windows(features), Windows(features)
        if not self.count:
            return
        begins = np.concatenate([half[evenly(len(half), self.count)] for half in halves])
        among = evenly(len(begins), self.count).tolist()
        windows = Windows(features)
        for k, begin in enumerate(begins):
            window = np.array(footage.frames[begin : begin + LENGTH])
            windows.add(window)
            if k in among:
                self.watched.add_pictures(window)
            progress(k / len(begins), "measuring the footage")
        self.watched.windows = windows.chosen(among)
        self.halves = windows.chosen(range(self.count)), windows.chosen(range(self.count, len(begins)))


def _starts(segments: Segments, count: int) -> list[Any]:
    """Return the first frames of the windows of each half of `count` frames."""
    return [starts(segments, *part) for part in ((0, count // 2), (count - count // 2, count))]
