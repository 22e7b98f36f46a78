"""All that is said about a set of windows of frames, of the footage or of a dream alike, and the two held together."""

import numpy as np

from ..features import Features
from .colour import Colours, beside
from .flow import Unexplained
from .spectrum import Power
from .windows import LENGTH, Windows, apart, evenly

FLOWS = 200  # pairs at most whose flow is measured
SPECTRA = 160  # frames at most whose spectrum is taken


class Watched:
    """Windows, one after the other. count: how many will come. features: None leaves Fréchet distances out."""

    def __init__(self, count: int, features: Features | None):
        self.windows, self.flow, self.power, self.colours = Windows(features), Unexplained(), Power(), Colours()
        self._flows = evenly(LENGTH - 1, max(1, FLOWS // max(1, count)))
        self._looks = evenly(LENGTH, max(1, SPECTRA // max(1, count)))

    def add(self, window: np.ndarray) -> None:
        """One window, uint8 [16, H, W, 3]."""
        self.windows.add(window)
        self.look(window)

    def look(self, window: np.ndarray) -> None:
        """All of it but its features and its motion, which somebody else adds to `windows`."""
        for k in self._flows:
            self.flow.add(window[k], window[k + 1])
        self.power.add(window[self._looks])
        self.colours.add(window[self._looks])


def together(dream: Watched, footage: Watched, halves: tuple[Windows, Windows]) -> dict:
    """What the two sets of equally many windows say of the dream, ready for JSON.

    halves: equally many windows of the footage's first half and of its second, for scale.
    """
    edges = footage.power.edges
    found = {
        "windows": {
            "count": len(dream.windows.steps),
            "motion": dream.windows.motion / footage.windows.motion if footage.windows.motion else None,
            "motion_footage": footage.windows.motion,
        },
        "flow": {"dream": dream.flow.share, "footage": footage.flow.share, "pairs": dream.flow.pairs},
        "spectrum": {
            "dream": dream.power.figures,
            "footage": footage.power.figures,
            "edges": dream.power.edges / edges if edges else None,
        },
        "colour": beside(dream.colours, footage.colours),
    }
    if dream.windows.frames and len(dream.windows.frames) > 1:
        clips, frames = apart(dream.windows, footage.windows)
        own_clips, own_frames = apart(*halves)
        found["windows"] |= {
            "frechet": clips,
            "frechet_halves": own_clips,
            "to_halves": clips / own_clips,
            "frames_frechet": frames,
            "frames_frechet_halves": own_frames,
            "frames_to_halves": frames / own_frames,
        }
    return found
