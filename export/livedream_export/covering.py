"""Converts decoded frames to sRGB pictures that cover the training size."""

from collections.abc import Callable

import av
from av.video.reformatter import VideoReformatter

from livedream.picture.colour import over, to_rgb
from livedream.picture.orientation import lies_on_its_side, upright

from .arrays import Doubles, Rgb


def converter(
    size: tuple[int, int], sample_aspect: float, matrix: Doubles, background: tuple[int, int, int] = (0, 0, 0)
) -> Callable[[av.VideoFrame], Rgb]:
    """Return a function from a decoded frame to a picture [H, W, 3], which covers `size` and is cropped evenly.

    The function raises UserError for a colour matrix that is not supported.

    Args:
        size: (width, height).
        sample_aspect: a pixel's width over its height.
        matrix: display matrix [2, 2], which takes (1, 0) and (0, 1) of the stored picture to (right, down) on screen.
        background: colour, 0 to 255, behind transparent pictures.
    """
    reformatter = VideoReformatter()
    width, height = size[::-1] if lies_on_its_side(matrix) else size

    def convert(frame: av.VideoFrame) -> Rgb:
        aspect = frame.width * sample_aspect / frame.height
        w = max(width, round(height * aspect))
        h = max(height, round(width / aspect))
        if any(component.is_alpha for component in frame.format.components):
            frame = over(frame, background, reformatter)
        picture = to_rgb(frame, w, h, reformatter)
        x, y = (w - width) // 2, (h - height) // 2
        return upright(picture[y : y + height, x : x + width], matrix)

    return convert
