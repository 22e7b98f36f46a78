"""Pictures to another size on the processor, for outputs that are asked for one. Imports PyAV late."""

import numpy as np

from livedream.picture.fit import placed


class Resizer:
    """Places pictures in `size` = (width, height) pixels; bars are opaque black, or transparent around transparency."""

    def __init__(self, size: tuple[int, int], fit: str = "contain"):
        self.size, self._fit = size, fit
        self._reformatter = None
        self._seen = self._made = None

    def resized(self, pixels: np.ndarray, alpha: bool = False) -> np.ndarray:
        """uint8 [height, width, 4] of uint8 [H, W, 4]; the same one again if it has the size or is the last one again.

        alpha: it has transparent pixels.
        """
        across, down = self.size
        if pixels.shape[:2] == (down, across):
            return pixels
        if pixels is not self._seen:
            self._made, self._seen = self._resized(pixels, alpha), pixels
        return self._made

    def _resized(self, pixels, alpha) -> np.ndarray:
        across, down = self.size
        height, width = pixels.shape[:2]
        x, y, w, h = placed(width, height, across, down, self._fit)
        if x < 0 or y < 0:  # cut first what reaches over the edges, then bring the rest to the whole size
            left, top = round(-x * width / w), round(-y * height / h)
            pixels = pixels[top : height - top, left : width - left]
            x, y, w, h = 0, 0, across, down
        picture = self._scaled(np.ascontiguousarray(pixels), w, h)
        if (w, h) == self.size:
            return picture
        whole = np.zeros((down, across, 4), np.uint8)
        if not alpha:
            whole[..., 3] = 255
        whole[y : y + h, x : x + w] = picture
        return whole

    def _scaled(self, pixels, width, height) -> np.ndarray:
        import av
        from av.video.reformatter import Interpolation, VideoReformatter

        if self._reformatter is None:
            self._reformatter = VideoReformatter()
        picture = av.VideoFrame.from_ndarray(pixels, format="rgba")
        done = self._reformatter.reformat(picture, width, height, "rgba", interpolation=Interpolation.BICUBIC)
        return done.to_ndarray()
