"""A folder of PNG pictures, one for each frame."""

import os
import re
import shutil
from pathlib import Path

import numpy as np

from livedream import UserError
from livedream.output.programs.resize import Resizer
from livedream.picture import png
from livedream.picture.alpha import opaque

NUMBER = re.compile(r"%(0?\d*)d")


class Sequence:
    """FOLDER/NAME-%06d.png: pictures from number 0, straight alpha kept. The folder is made if its parent is there.

    A picture that never came is the one before it under another name (a hard link where there are any): the sequence
    has no gaps, its time stays right, and every file is whole. One that is there stays: NAME-2-%06d.png.
    path: with the %06d in it.
    """

    alpha = True

    def __init__(self, path: Path, size: tuple[int, int] | None, fit: str):
        self._resizer = Resizer(size, fit) if size else None
        self._last: Path | None = None
        self._number = -1
        self.size = 0
        self.path = self._free(path)

    def put(self, pixels: np.ndarray, number: int) -> None:
        """Write one picture, uint8 [H, W, 4], of a number above the last one's."""
        if self._resizer:
            pixels = self._resizer.resized(pixels, not opaque(pixels))
        data = png.encode(pixels)
        for gap in range(self._number + 1, number if self._last else 0):
            self._again(self._named(gap))
        path = self._named(number)
        temporary = path.with_name(f".{path.name}.tmp")
        try:
            temporary.write_bytes(data)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        self._last, self._number = path, number
        self.size += len(data)

    def close(self, written: bool) -> None:
        """End it. written: whether a picture came."""
        if not written:
            self._named(0).unlink(missing_ok=True)

    def _named(self, number: int) -> Path:
        return self.path.with_name(NUMBER.sub(lambda found: f"{number:{found[1]}d}", self.path.name))

    def _again(self, path: Path) -> None:
        try:
            os.link(self._last, path)
        except OSError:  # a file system without links
            shutil.copyfile(self._last, path)

    def _free(self, path: Path) -> Path:
        """The pattern, or the first of NAME-2-%06d … of which there is no picture; its number 0 is reserved."""
        before, digits, after = NUMBER.split(path.name)
        try:
            if path.parent.parent.is_dir():
                path.parent.mkdir(exist_ok=True)
            for i in range(1, 10000):
                start = before if i == 1 else f"{before.rstrip('-_ .')}-{i}-".lstrip("-")
                taken = re.compile(re.escape(start) + r"\d+" + re.escape(after), re.IGNORECASE)
                if not any(taken.fullmatch(name) for name in os.listdir(path.parent)):
                    self.path = path.with_name(f"{start}%{digits}d{after}")
                    os.close(os.open(self._named(0), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
                    return self.path
        except OSError as error:
            reason = error.strerror or error
            raise UserError(f"{path}: cannot write there: {reason}; choose another folder") from None
        raise UserError(f"{path}: ten thousand sequences of that name; choose another")
