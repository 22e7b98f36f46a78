"""Reads animated WebP, which FFmpeg does not, by Pillow where it is installed."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from livedream import UserError
from livedream.picture.video_file import shown


def is_animated(path: Path) -> bool:
    """Whether a file is WebP with more than one picture, by its header."""
    try:
        with path.open("rb") as file:
            head = file.read(21)
    except OSError:
        return False
    return head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and len(head) == 21 and bool(head[20] & 2)


def times(path: Path) -> list[float]:
    """Return when each picture of an animated WebP begins, in seconds, and at last its length.

    Raises UserError when Pillow, which decodes it, is missing or cannot.
    """
    found = [0.0]
    for _, seconds in _pictures(path):
        found.append(found[-1] + seconds)
    return found


def frames(path: Path) -> Iterator[tuple[float, av.VideoFrame]]:
    """Yield time and picture. Raises UserError as times does."""
    time = 0.0
    for pixels, seconds in _pictures(path):
        yield time, av.VideoFrame.from_ndarray(pixels, format="rgba")
        time += seconds


def _pictures(path: Path) -> Iterator[tuple[Any, float]]:
    try:
        image_module = importlib.import_module("PIL.Image")
    except ImportError:
        raise UserError(
            f"{shown(path)}: is animated WebP, which needs Pillow: pip install pillow, or make a video of it"
        ) from None
    try:
        with image_module.open(path) as image:
            for k in range(image.n_frames):
                image.seek(k)
                pixels = np.asarray(image.convert("RGBA"))  # decodes, which sets the duration
                yield pixels, max(10, image.info.get("duration") or 100) / 1000
    except (OSError, ValueError, EOFError, SyntaxError) as e:
        raise UserError(f"{shown(path)}: cannot be read as animated WebP ({e}); is it complete?") from e
