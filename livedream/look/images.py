"""Picture files that a look imports."""

import stat
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from livedream import UserError
from livedream.look.source import Import
from livedream.picture import Pixels

if TYPE_CHECKING:
    import moderngl

FACES = 6  # of a cube map
SEAMLESS = 0x884F  # GL_TEXTURE_CUBE_MAP_SEAMLESS: no edges where two faces meet
BYTES = 64 << 20
MAX_SIDE = 8192  # pixels
MAX_CUBE = 4096  # pixels a side of a cube map's faces


def texture(context: "moderngl.Context", item: Import) -> "moderngl.Texture | moderngl.TextureCube":
    """Return the texture of what a look imports. UserError says only what is wrong, as that of `read`."""
    if not item.cube:
        if len(item.paths) != 1:
            raise UserError("has no PATH" if not item.paths else f"has {len(item.paths)} files and is no cube map")
        pixels = read(item.paths[0])
        return context.texture(pixels.shape[1::-1], 4, pixels.tobytes())
    if len(item.paths) != FACES:
        raise UserError(f"a cube map has {FACES} files, not {len(item.paths)}")
    faces = [read(each)[::-1] for each in item.paths]  # faces have their top row first, unlike other pictures
    side = max(max(each.shape[:2]) for each in faces)
    if side > context.info["GL_MAX_CUBE_MAP_TEXTURE_SIZE"] or side > MAX_CUBE:
        raise UserError(f"its pictures have {side} pixels a side; a cube map may have {MAX_CUBE}")
    squares = [_square(each, side) for each in faces]
    context.enable_direct(SEAMLESS)
    return context.texture_cube((side, side), 4, b"".join(each.tobytes() for each in squares))


def _square(pixels: Pixels, side: int) -> Pixels:
    """Return the picture with `side` pixels a side; OpenGL wants all faces equal."""
    height, width = pixels.shape[:2]
    if (height, width) == (side, side):
        return pixels
    at = np.arange(side)
    scaled: Pixels = pixels[at * height // side][:, at * width // side]
    return scaled


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
        with path.open("rb") as file, av.open(file, "r") as container:  # by name, %d would be a number
            stream = container.streams.video[0]
            width, height = stream.codec_context.width, stream.codec_context.height
            if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):  # before its pixels are unpacked
                raise UserError(f"{path.name} is {width}x{height}; at most {MAX_SIDE}x{MAX_SIDE}")
            frame = next(container.decode(stream))
            pixels = frame.to_ndarray(format="rgba")
    except (av.error.FFmpegError, OSError, StopIteration, IndexError, ValueError, MemoryError):
        raise UserError(f"{path.name} is not an image that can be read") from None
    return np.ascontiguousarray(pixels[::-1])
