"""Pictures in a terminal: each character is two pixels, one above the other, in 24-bit colour."""

from pathlib import Path

import numpy as np

from livedream.picture import photo

from .arrays import Rgb

UPPER, PLAIN = "▀", "\033[0m"


def read(path: Path, width: int, height: int) -> Rgb:
    """Read a picture file as photo.read does, scaled to cover that many pixels, [height, width, 3]."""
    return photo.read(path, width, height)[..., :3]


def draw(picture: Rgb) -> list[str]:
    """Return the lines that show a picture [2 N, W, 3]: N of W characters, and the codes of their colours."""
    lines = []
    for above, below in zip(picture[::2], picture[1::2], strict=True):
        line, last = "", None
        for pair in np.concatenate([above, below], 1).tolist():
            if pair != last:
                line += "\033[38;2;{};{};{};48;2;{};{};{}m".format(*pair)
                last = pair
            line += UPPER
        lines.append(line + PLAIN)
    return lines
