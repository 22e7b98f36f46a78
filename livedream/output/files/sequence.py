"""A folder of PNG pictures, one for each frame."""

import os
import re
import shutil
from pathlib import Path

from livedream import UserError
from livedream.output.programs.resize import Resizer
from livedream.picture import Pixels, png
from livedream.picture.alpha import opaque

NUMBER = re.compile(r"%(0?\d*)d")


class Sequence:
    """FOLDER/NAME-%06d.png: pictures from number 0, with straight alpha. The folder is made if its parent exists.

    For a number that never came the picture before it is repeated (as a hard link where the disk has any): the
    sequence has no gaps, its time stays right, and every file is complete. Existing pictures stay: NAME-2-%06d.png.

    Args:
        path: The wanted pattern.
        size: (width, height) in pixels to place every picture in, or None to keep the pictures' own.
        fit: One of `picture.fit.FITS`.

    Attributes:
        path: The pattern that is written, with the %06d in it.
        size: Bytes written.
    """

    alpha = True

    def __init__(self, path: Path, size: tuple[int, int] | None, fit: str):
        self._resizer = Resizer(size, fit) if size else None
        self._last: Path | None = None
        self._number = -1
        self.size = 0
        self.path = self._reserve(path)

    def put(self, pixels: Pixels, number: int) -> None:
        """Write one picture, uint8 [H, W, 4], with a number above the last one's."""
        if self._resizer:
            pixels = self._resizer.resized(pixels, not opaque(pixels))
        data = png.encode(pixels)
        if self._last:
            for gap in range(self._number + 1, number):
                _repeat(self._last, _numbered(self.path, gap))
        path = _numbered(self.path, number)
        temporary = path.with_name(f".{path.name}.tmp")
        try:
            temporary.write_bytes(data)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        self._last, self._number = path, number
        self.size += len(data)

    def close(self, written: bool) -> None:
        """End the sequence. `written`: whether it has a picture."""
        if not written:
            _numbered(self.path, 0).unlink(missing_ok=True)

    def _reserve(self, path: Path) -> Path:
        """The pattern, or the first of NAME-2-%06d … that has no picture yet; its number 0 is reserved."""
        before, digits, after = NUMBER.split(path.name)
        try:
            if path.parent.parent.is_dir():
                path.parent.mkdir(exist_ok=True)
            for i in range(1, 10000):
                start = before if i == 1 else f"{before.rstrip('-_ .')}-{i}-".lstrip("-")
                taken = re.compile(re.escape(start) + r"\d+" + re.escape(after), re.IGNORECASE)
                if not any(taken.fullmatch(name) for name in os.listdir(path.parent)):
                    pattern = path.with_name(f"{start}%{digits}d{after}")
                    os.close(os.open(_numbered(pattern, 0), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
                    return pattern
        except OSError as error:
            reason = error.strerror or error
            raise UserError(f"{path}: cannot write there: {reason}; choose another folder") from None
        raise UserError(f"{path}: ten thousand sequences of that name; choose another")


def _numbered(pattern: Path, number: int) -> Path:
    return pattern.with_name(NUMBER.sub(lambda found: f"{number:{found[1]}d}", pattern.name))


def _repeat(picture: Path, path: Path) -> None:
    """Make `path` the same picture."""
    try:
        os.link(picture, path)
    except OSError:  # a file system without links
        shutil.copyfile(picture, path)
