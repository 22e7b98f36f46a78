"""How a photo has to be turned or mirrored, as its EXIF data say (CIPA DC-008, tag Orientation).

FFmpeg tells PyAV of quarter turns only: a mirrored photo would stand upside down.
"""

import struct
from pathlib import Path
from typing import IO

import numpy as np

from livedream.picture.orientation import Matrix

_TAG = 0x0112
_EXIF, _PNG = b"Exif\0\0", b"\x89PNG\r\n\x1a\n"
_MOST = 1 << 20  # bytes of EXIF data; those of a JPEG are under 64 kB
# Where the stored picture's axes point on the screen, as (right, down), by the value of the tag.
_MATRICES = {
    1: ((1, 0), (0, 1)),
    2: ((-1, 0), (0, 1)),
    3: ((-1, 0), (0, -1)),
    4: ((1, 0), (0, -1)),
    5: ((0, 1), (1, 0)),
    6: ((0, 1), (-1, 0)),
    7: ((0, -1), (-1, 0)),
    8: ((0, -1), (1, 0)),
}


def display_matrix(path: Path) -> Matrix | None:
    """Return the display matrix [2, 2] of a JPEG, PNG or WebP, as orientation.display_matrix does.

    It is None where the file does not say, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            value = _orientation(_block(file))
    except (OSError, struct.error):
        return None
    return np.array(_MATRICES[value], np.float64) if value in _MATRICES else None


def _block(file: IO[bytes]) -> bytes:
    """Return the EXIF data of a file, or nothing."""
    head = file.read(12)
    if head[:2] == b"\xff\xd8":
        return _of_jpeg(file)
    if head[:8] == _PNG:
        file.seek(8)
        return _chunk(file, b"eXIf", big=True)
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return _chunk(file, b"EXIF", big=False)
    return b""


def _of_jpeg(file: IO[bytes]) -> bytes:
    file.seek(2)
    while True:
        marker, kind, length = struct.unpack(">BBH", file.read(4))
        if marker != 0xFF or kind in (0xD9, 0xDA) or length < 2:  # the picture itself begins
            return b""
        if kind != 0xE1:
            file.seek(length - 2, 1)
            continue
        data = file.read(length - 2)
        if data.startswith(_EXIF):
            return data


def _chunk(file: IO[bytes], name: bytes, big: bool) -> bytes:
    """Return the chunk of that name of a PNG or RIFF file, from the present position on."""
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head) if big else struct.unpack("<4sI", head)[::-1]
        if kind == name:
            return file.read(min(length, _MOST))
        file.seek(length + (4 if big else length % 2), 1)  # a PNG's checksum, or RIFF's padding
    return b""


def _orientation(block: bytes) -> int:
    """Return the value of the tag in EXIF data, a TIFF file in small; 0 where it is missing."""
    data = block.removeprefix(_EXIF)
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return 0
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, start)
    for k in range(count):
        tag, _, _, value = struct.unpack_from(f"{order}HHIH", data, start + 2 + 12 * k)
        if tag == _TAG:
            return int(value)
    return 0
