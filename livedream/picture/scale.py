"""Pictures of other sizes.

FFmpeg's swscale scales, bilinear and with the wide filter that shrinking needs: 256x256 to 512x288 in 0.7 ms of one
core, within one level of OpenCV's result, without the interpreter's lock. (Its FAST_BILINEAR takes 0.5 ms and smears
colours by up to 200 levels; Pillow takes 2.5 ms; OpenCV takes 0.2 ms and would be 60 MB more to install.)
"""

from typing import Any

import numpy as np

from livedream.picture import Pixels
from livedream.picture.fit import OPAQUE_BLACK, placed

Size = tuple[int, int]  # width, height


class Scaler:
    """Scales pictures, and keeps what that needs for the next one of the same size. Not for two threads at a time."""

    def __init__(self) -> None:
        self._reformatter: Any = None
        self._frame: Any = None  # where pictures are copied to: FFmpeg reads a few bytes beyond the end of its input

    def __call__(self, picture: Pixels, size: Size) -> Pixels:
        """Return uint8 [height, width, 4] of any uint8 [H, W, 4]; the picture itself if it has that size."""
        height, width = picture.shape[:2]
        if (width, height) == size:
            return picture
        import av  # 60 ms, which a show without effects saves
        from av.video.reformatter import Interpolation, VideoReformatter

        if self._reformatter is None:
            self._reformatter = VideoReformatter()
        if self._frame is None or (self._frame.width, self._frame.height) != (width, height):
            self._frame = av.VideoFrame(width, height, "rgba")
        _rows(self._frame)[:, : 4 * width] = picture.reshape(height, 4 * width)
        scaled = self._reformatter.reformat(self._frame, *size, "rgba", interpolation=Interpolation.BILINEAR, threads=1)
        rows = _rows(scaled)[:, : 4 * size[0]]
        return np.ascontiguousarray(rows).reshape(size[1], size[0], 4)


def _rows(frame: Any) -> Pixels:
    """Return the bytes of a frame, uint8 [height, bytes of a line]."""
    plane = frame.planes[0]
    rows: Pixels = np.frombuffer(plane, np.uint8).reshape(frame.height, plane.line_size)
    return rows


def fitted(scaler: Scaler, picture: Pixels, size: Size, fit: str = "contain", mirror: bool = False) -> Pixels:
    """Return a picture, uint8 [H, W, 4], fitted into `size`; the picture itself where nothing is to be done.

    Args:
        scaler: Of the calling thread.
        picture: What is fitted.
        size: (width, height) in pixels.
        fit: "contain" adds black bars, "cover" cuts off what reaches over the edges, "stretch" distorts.
        mirror: Mirror it sideways.
    """
    width, height = size
    if picture.shape[:2] != (height, width):
        x, y, w, h = placed(picture.shape[1], picture.shape[0], width, height, fit)
        if x < 0 or y < 0:
            picture = scaler(_middle(picture, (w, h), size), size)
        else:
            picture = scaler(picture, (w, h))
            picture = picture if (w, h) == size else _with_bars(picture, x, y, size)
    return np.ascontiguousarray(picture[:, ::-1]) if mirror else picture


def _middle(picture: Pixels, whole: Size, size: Size) -> Pixels:
    """Return what is left of a picture that reaches over the edges of `size` when it is scaled to `whole`."""
    down, across = picture.shape[:2]
    rows, columns = max(round(down * size[1] / whole[1]), 1), max(round(across * size[0] / whole[0]), 1)
    top, left = (down - rows) // 2, (across - columns) // 2
    return np.ascontiguousarray(picture[top : top + rows, left : left + columns])


def _with_bars(picture: Pixels, x: int, y: int, size: Size) -> Pixels:
    whole: Pixels = np.full((size[1], size[0]), OPAQUE_BLACK)[..., None].view(np.uint8)
    whole[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
    return whole
