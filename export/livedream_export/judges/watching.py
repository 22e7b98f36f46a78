"""Measures windows of frames, of the footage or of a dream alike, and compares the two."""

from typing import Any

from ..arrays import Rgb
from ..features import Features
from .colour import Colours, compare_colours
from .flow import Unexplained
from .spectrum import Power
from .windows import LENGTH, Windows, evenly, frechet_distances

FLOWS = 200  # most pairs whose flow is measured
SPECTRA = 160  # most frames whose spectrum is measured


class Watched:
    """All measurements of windows that come one after the other.

    Args:
        count: how many windows will come.
        features: None leaves Fréchet distances out.
    """

    def __init__(self, count: int, features: Features | None):
        self.windows, self.flow, self.power, self.colours = Windows(features), Unexplained(), Power(), Colours()
        self._flows = evenly(LENGTH - 1, max(1, FLOWS // max(1, count)))
        self._chosen = evenly(LENGTH, max(1, SPECTRA // max(1, count)))

    def add(self, window: Rgb) -> None:
        """Measure one window [16, H, W, 3]."""
        self.windows.add(window)
        self.add_pictures(window)

    def add_pictures(self, window: Rgb) -> None:
        """Measure a window whose features and motion are added to `windows` elsewhere."""
        for k in self._flows:
            self.flow.add(window[k], window[k + 1])
        self.power.add(window[self._chosen])
        self.colours.add(window[self._chosen])


def compare(dream: Watched, footage: Watched, halves: tuple[Windows, Windows]) -> dict[str, dict[str, Any]]:
    """Return the figures of a dream beside the footage, from equally many windows, ready for JSON.

    Args:
        dream: windows of the dream.
        footage: windows of the footage.
        halves: equally many windows of the footage's first half and of its second, for scale.
    """
    edges = footage.power.edges
    found: dict[str, dict[str, Any]] = {
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
        "colour": compare_colours(dream.colours, footage.colours),
    }
    if dream.windows.frames and len(dream.windows.frames) > 1:
        clips, frames = frechet_distances(dream.windows, footage.windows)
        own_clips, own_frames = frechet_distances(*halves)
        found["windows"] |= {
            "frechet": clips,
            "frechet_halves": own_clips,
            "to_halves": clips / own_clips,
            "frames_frechet": frames,
            "frames_frechet_halves": own_frames,
            "frames_to_halves": frames / own_frames,
        }
    return found
