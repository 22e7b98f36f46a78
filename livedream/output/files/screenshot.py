"""One picture of the show as a PNG file."""

import os
import time
from pathlib import Path

import numpy as np

from livedream import UserError
from livedream.picture import png
from livedream.picture.frame import Frame


def save(frame: Frame, folder: Path) -> Path:
    """Write the frame to livedream-DATE-TIME.png in `folder` and return its path.

    Alpha is kept if any pixel is not opaque. No half-written file is ever seen, and no file is overwritten. Raises
    UserError.
    """
    pixels = frame.pixels
    if (pixels[..., 3] == 255).all():
        pixels = np.ascontiguousarray(pixels[..., :3])
    data = png.encode(pixels)
    path = Path(folder) / time.strftime("livedream-%Y-%m-%d-%H%M%S.png")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return _rename(temporary, path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}; free space or choose another folder") from None
    finally:
        temporary.unlink(missing_ok=True)


def _rename(temporary: Path, path: Path) -> Path:
    """Give the finished file its name, or NAME-2, NAME-3 … if that exists."""
    for i in range(1, 10000):
        free = path if i == 1 else path.with_stem(f"{path.stem}-{i}")
        try:
            os.link(temporary, free)  # unlike a rename it never replaces a file
            return free
        except FileExistsError:
            continue
        except OSError:  # a file system without links
            if not free.exists():
                os.rename(temporary, free)
                return free
    raise UserError(f"{path}: ten thousand screenshots of that name; choose another folder")
