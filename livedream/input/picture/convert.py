"""Turns decoded frames into the pictures that a source gives."""

import av
from av.video.reformatter import VideoReformatter

from livedream.picture import Pixels
from livedream.picture.colour import to_rgba
from livedream.picture.orientation import display_matrix, upright

LARGEST = 3840 * 2160  # pixels; larger pictures are made smaller
DECODED = 160_000_000  # pixels; larger ones are not decoded


class Converter:
    """Converts frames one after another, of any size and format."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def __call__(self, frame: av.VideoFrame, sample_aspect: float = 1.0, accurate: bool = False) -> Pixels:
        """Return a frame as sRGB, uint8 [H, W, 4]: upright, with square pixels, of LARGEST pixels at most.

        Raises:
            UserError: Its colour matrix is not supported.
        """
        width, height = shown_size(frame.width, frame.height, sample_aspect)
        pixels = to_rgba(frame, width, height, self._reformatter, accurate)
        return upright(pixels, display_matrix(frame))


def shown_size(width: int, height: int, sample_aspect: float) -> tuple[int, int]:
    """Return (width, height) with square pixels, LARGEST pixels at most."""
    across, down = width * max(sample_aspect, 1.0), height / min(sample_aspect, 1.0)
    scale = min(1.0, (LARGEST / (across * down)) ** 0.5)
    return max(1, round(across * scale)), max(1, round(down * scale))
