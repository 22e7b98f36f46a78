"""Whether the frames of an output carry alpha, which costs receivers and network more than leaving it out."""

import numpy as np

from livedream.output import Options
from livedream.output.programs.resize import Resizer
from livedream.picture.alpha import opaque
from livedream.picture.frame import Frame


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


class Pictures:
    """A show's frames as receivers on the network get them: in the size that was asked for, if any."""

    def __init__(self, options: Options):
        self._transparency = Transparency()
        self._resizer = Resizer(options.size, options.fit) if options.size else None

    def of(self, frame: Frame) -> tuple[np.ndarray, bool]:
        """uint8 [H, W, 4], and whether it goes out with alpha."""
        pixels = frame.pixels
        alpha = self._transparency.of(pixels)
        return (self._resizer.resized(pixels, alpha) if self._resizer else pixels), alpha
