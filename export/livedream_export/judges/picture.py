"""One page to judge by eye: frames of the footage, the same as the dream renders them, and pictures of the dream."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import simplejpeg

from livedream.system.atomic import atomic_write

from ..arrays import Rgb
from ..preview import BACKGROUND, CELL, GAP, MARGIN, SEAM, shrunk

CELLS = 8  # most pictures of each kind
WIDE = 16 / 9  # aspect of the page, about


def write(path: Path, rows: Sequence[Sequence[Rgb]]) -> None:
    """Write a JPEG file. Raises UserError when it cannot be written.

    Args:
        path: of the file.
        rows: of one length, with pictures [H, W, 3] of one size: footage, the same rendered, and the dream; or the
            first and the last of these.
    """
    page = sheet([[_sized(picture) for picture in row] for row in rows])
    atomic_write(path, simplejpeg.encode_jpeg(page, quality=92, colorspace="RGB", colorsubsampling="444"))


def sheet(rows: Sequence[Sequence[Rgb]]) -> Rgb:
    """Return the page [H, W, 3]: the rows one below the other, broken into bands where they would be too long."""
    height, width = rows[0][0].shape[:2]
    gaps = [SEAM] * (len(rows) - 2) + [GAP // 2]  # the dream has a little more distance
    band = len(rows) * height + sum(gaps)
    count = len(rows[0])

    def size(bands: int) -> tuple[int, int]:
        columns = math.ceil(count / bands)
        return 2 * MARGIN + bands * (band + 2 * GAP) - 2 * GAP, 2 * MARGIN + columns * (width + SEAM) - SEAM

    def off(bands: int) -> float:
        tall, broad = size(bands)
        return abs(math.log(broad / tall / WIDE))

    bands = min((each for each in range(1, count + 1) if count % each == 0), key=off)
    columns = count // bands
    page = np.empty((*size(bands), 3), np.uint8)
    page[:] = BACKGROUND
    for k, row in enumerate(rows):
        down = sum(height + gap for gap in gaps[:k])
        for number, picture in enumerate(row):
            y = MARGIN + number // columns * (band + 2 * GAP) + down
            x = MARGIN + number % columns * (width + SEAM)
            page[y : y + height, x : x + width] = picture
    return page


def _sized(picture: Rgb) -> Rgb:
    """Make a picture about CELL pixels wide: averaged down, or its pixels repeated."""
    times = CELL / picture.shape[1]
    if times <= 2 / 3:
        return shrunk(picture, round(1 / times))
    return picture.repeat(max(1, int(times)), 0).repeat(max(1, int(times)), 1)
