"""Whether the frames of an output carry alpha, which costs receivers and network more than leaving it out."""

import numpy as np

from livedream.alpha import opaque


class Transparency:
    """Looks at each picture once. Receivers start anew at each change, so it changes back late."""

    PATIENCE = 300  # opaque frames in a row

    def __init__(self):
        self._seen, self._alpha, self._left = None, False, 0

    def of(self, pixels: np.ndarray) -> bool:
        """Whether this picture goes out with alpha; the same array again, a repeated frame, is not looked at again."""
        if pixels is not self._seen:
            self._seen = pixels
            self._alpha = not opaque(pixels)
        self._left = self.PATIENCE if self._alpha else max(self._left - 1, 0)
        return self._left > 0
