"""Whether an output's frames carry alpha, which costs receivers and network more than leaving it out."""

from livedream.output import Options
from livedream.output.programs.resize import Resizer
from livedream.picture import Pixels
from livedream.picture.alpha import opaque
from livedream.picture.frame import Frame


class Transparency:
    """Decides for each picture whether it is sent with alpha, looking at each only once.

    Receivers start anew at every change, so it changes back only after PATIENCE opaque frames in a row.
    """

    PATIENCE = 300

    def __init__(self) -> None:
        self._seen: Pixels | None = None
        self._alpha = False
        self._left = 0

    def needed(self, pixels: Pixels) -> bool:
        """Whether to send this picture with alpha. The same array again, a repeated frame, is not looked at again."""
        if pixels is not self._seen:
            self._seen = pixels
            self._alpha = not opaque(pixels)
        self._left = self.PATIENCE if self._alpha else max(self._left - 1, 0)
        return self._left > 0


class SentPictures:
    """Makes of a show's frames the pictures that are sent over the network: with or without alpha, resized if asked."""

    def __init__(self, options: Options):
        self._transparency = Transparency()
        self._resizer = Resizer(options.size, options.fit) if options.size else None

    def prepare(self, frame: Frame) -> tuple[Pixels, bool]:
        """Return uint8 [H, W, 4], and whether to send it with alpha."""
        pixels = frame.pixels
        alpha = self._transparency.needed(pixels)
        return (self._resizer.resized(pixels, alpha) if self._resizer else pixels), alpha
