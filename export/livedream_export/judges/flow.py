"""The part of a picture's change that motion does not explain.

It is 0 when everything in a picture was in the one before, elsewhere, and 1 and more when it boils.
"""

from typing import Any

import numpy as np

from ..arrays import Floats, Rgb

try:
    import cv2

    MISSING = False
except ImportError:  # the table of figures says so
    MISSING = True

INSTALL = "pip install opencv-python-headless"
LEAST = 32  # pixels a side, below which no flow is measured


class Unexplained:
    """Share, over pairs of neighbours, of their change that is left after the first is warped to the second.

    Attributes:
        pairs: how many were measured.
    """

    def __init__(self) -> None:
        self.pairs, self._left, self._all = 0, 0.0, 0.0
        self._search = None if MISSING else cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)  # type: ignore[attr-defined]  # not in its types

    def add(self, a: Rgb, b: Rgb) -> None:
        """Add a picture and the next one, [H, W, 3]."""
        if not self._search or min(a.shape[:2]) < LEAST:
            return
        self._left += float(np.abs(b.astype(np.float32) - self._warped(self._search, a, b)).mean())
        self._all += float(np.abs(b.astype(np.float32) - a).mean())
        self.pairs += 1

    @property
    def share(self) -> float | None:
        """None without OpenCV, without pairs, and where nothing changes."""
        return float(self._left / self._all) if self._all else None

    @staticmethod
    def _warped(search: Any, a: Rgb, b: Rgb) -> Floats:
        """Move a to where b has it, by dense inverse search (Kroeger et al., ECCV 2016)."""
        flow = search.calc(*(cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (b, a)), None)
        y, x = np.mgrid[0 : a.shape[0], 0 : a.shape[1]].astype(np.float32)
        moved = cv2.remap(
            np.ascontiguousarray(a),
            x + flow[..., 0],
            y + flow[..., 1],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return moved.astype(np.float32)
