"""Reads footage that is no video file: folders of numbered pictures."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av

from livedream import UserError
from livedream.picture.video_file import open_any, shown

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
