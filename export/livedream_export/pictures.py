"""Reads footage that is no video file: folders of numbered pictures, and animated WebP."""

import importlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from livedream import UserError

from .video_file import open_any, shown

SUFFIXES = (".bmp", ".dpx", ".exr", ".jp2", ".jpeg", ".jpg", ".png", ".tga", ".tif", ".tiff", ".webp")
RATE = 25.0  # frames a second of numbered pictures, as FFmpeg takes them
FEWEST = 13  # numbered pictures that make a sequence: half a second of them


@dataclass(frozen=True)
class PictureSequence:
    """Pictures whose names differ in a number only.

    Attributes:
        name: what stands for all of them, such as "shot/####.png".
        files: the pictures, by their numbers.
    """

    name: Path
    files: tuple[Path, ...]


def sequences(files: Sequence[Path]) -> list[PictureSequence]:
    """Find the sequences among pictures."""
    groups: dict[tuple[Path, str, str], list[tuple[int, Path]]] = {}
    for file in files:
        match = re.fullmatch(r"(.*?)(\d+)(\D*)", file.name, re.DOTALL)
        if match and file.suffix.lower() in SUFFIXES:
            start, number, end = match.groups()
            groups.setdefault((file.parent, start, end), []).append((int(number), file))
    found = []
    for (folder, start, end), numbered in groups.items():
        if len(numbered) >= FEWEST:
            numbered.sort()
            digits = len(re.fullmatch(r"(.*?)(\d+)(\D*)", numbered[0][1].name, re.DOTALL).group(2))  # type: ignore[union-attr]  # it did above
            found.append(PictureSequence(folder / f"{start}{'#' * digits}{end}", tuple(file for _, file in numbered)))
    return found


def decoded(files: Sequence[Path]) -> Iterator[tuple[Path, av.VideoFrame | None]]:
    """Yield every picture, or None for one that cannot be decoded."""
    for file in files:
        try:
            yield file, picture(file)
        except UserError:
            yield file, None


def picture(file: Path) -> av.VideoFrame:
    """Decode a picture file. Raises UserError for anything else."""
    try:
        with open_any(file) as container:
            for frame in container.decode(video=0):
                return frame
    except (av.FFmpegError, IndexError) as e:
        raise UserError(f"{shown(file)}: cannot be decoded") from e
    raise UserError(f"{shown(file)}: holds no picture")


def is_animated_webp(path: Path) -> bool:
    """Whether a file is WebP with more than one picture, by its header."""
    try:
        with path.open("rb") as file:
            head = file.read(21)
    except OSError:
        return False
    return head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and len(head) == 21 and bool(head[20] & 2)


def webp_times(path: Path) -> list[float]:
    """Return when each picture of an animated WebP begins, in seconds, and at last its length.

    Raises UserError when Pillow, which decodes it, is missing or cannot.
    """
    times = [0.0]
    for _, seconds in _webp(path):
        times.append(times[-1] + seconds)
    return times


def webp_frames(path: Path) -> Iterator[tuple[float, av.VideoFrame]]:
    """Yield time and picture. Raises UserError as webp_times does."""
    time = 0.0
    for pixels, seconds in _webp(path):
        yield time, av.VideoFrame.from_ndarray(pixels, format="rgba")
        time += seconds


def _webp(path: Path) -> Iterator[tuple[Any, float]]:
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
