"""Picture files that a look imports."""

import stat
from pathlib import Path

import numpy as np

from livedream import UserError
from livedream.picture import Pixels

BYTES = 64 << 20
MAX_SIDE = 8192  # pixels


def read(path: Path) -> Pixels:
    """Return the picture in a file, uint8 [H, W, 4], straight alpha, **bottom row first**, as OpenGL has it.

    UserError says only what is wrong, not where: the caller knows which line names the file.
    """
    try:
        found = path.stat()  # before it is opened: a device or a pipe would never end
        if not stat.S_ISREG(found.st_mode):
            raise UserError(f"{path.name} is not a file")
        if found.st_size > BYTES:
            raise UserError(f"{path.name} has {found.st_size >> 20} MB; an image may have {BYTES >> 20}")
    except (OSError, ValueError) as error:
        raise UserError(f"{path.name}: {getattr(error, 'strerror', None) or error}") from None

    import av  # FFmpeg's decoders: JPEG, PNG, GIF, TIFF, BMP, WebP; 60 ms to import, and few looks import images

    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            width, height = stream.codec_context.width, stream.codec_context.height
            if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):  # before its pixels are unpacked
                raise UserError(f"{path.name} is {width}x{height}; at most {MAX_SIDE}x{MAX_SIDE}")
            frame = next(container.decode(stream))
            pixels = frame.to_ndarray(format="rgba")
    except (av.error.FFmpegError, StopIteration, IndexError, ValueError, MemoryError):
        raise UserError(f"{path.name} is not an image that can be read") from None
    return np.ascontiguousarray(pixels[::-1])
