"""Resizing on the processor, for outputs with a `size` key. Imports PyAV when the first picture is resized."""

from typing import TYPE_CHECKING

import numpy as np

from livedream.picture import Pixels
from livedream.picture.fit import placed

if TYPE_CHECKING:
    from av.video.reformatter import VideoReformatter


class Resizer:
    """Places pictures in one size; bars are opaque black, or transparent around a picture with transparency.

    Args:
        size: (width, height) in pixels.
        fit: One of `picture.fit.FITS`.
    """

    def __init__(self, size: tuple[int, int], fit: str = "contain"):
        self.size, self._fit = size, fit
        self._reformatter: VideoReformatter | None = None
        self._last: tuple[Pixels, Pixels] | None = None  # the last picture, and what it became

    def resized(self, pixels: Pixels, alpha: bool = False) -> Pixels:
        """Return uint8 [height, width, 4]: `pixels` itself if it has the size, the last result for the same array.

        Args:
            pixels: uint8 [H, W, 4].
            alpha: Whether it has transparent pixels.
        """
        across, down = self.size
        if pixels.shape[:2] == (down, across):
            return pixels
        if self._last is None or pixels is not self._last[0]:
            self._last = pixels, self._resized(pixels, alpha)
        return self._last[1]

    def _resized(self, pixels: Pixels, alpha: bool) -> Pixels:
        across, down = self.size
        height, width = pixels.shape[:2]
        x, y, w, h = placed(width, height, across, down, self._fit)
        if x < 0 or y < 0:  # cut away what reaches over the edges, then scale the rest to the full size
            left, top = round(-x * width / w), round(-y * height / h)
            pixels = pixels[top : height - top, left : width - left]
            x, y, w, h = 0, 0, across, down
        picture = self._scaled(np.ascontiguousarray(pixels), w, h)
        if (w, h) == self.size:
            return picture
        canvas = np.zeros((down, across, 4), np.uint8)
        if not alpha:
            canvas[..., 3] = 255
        canvas[y : y + h, x : x + w] = picture
        return canvas

    def _scaled(self, pixels: Pixels, width: int, height: int) -> Pixels:
        import av
        from av.video.reformatter import Interpolation, VideoReformatter

        if self._reformatter is None:
            self._reformatter = VideoReformatter()
        picture = av.VideoFrame.from_ndarray(pixels, format="rgba")
        scaled = self._reformatter.reformat(picture, width, height, "rgba", interpolation=Interpolation.BICUBIC)
        return np.asarray(scaled.to_ndarray(), np.uint8)
