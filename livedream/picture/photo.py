"""Photos: picture files of any size, read the right way up with bounded memory, and fitted to a dream's picture."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from livedream import UserError
from livedream.picture import Pixels

if TYPE_CHECKING:
    import av
    from av.container import InputContainer

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".avif", ".bmp", ".tga", ".gif", ".heic", ".jp2")
MOST = 400  # megapixels of a JPEG, which is decoded at an eighth of its sides where that is enough
MOST_WHOLE = 128  # megapixels of every other format, which is decoded whole
EXPLODE = {"err_detect": "crccheck+explode"}  # else FFmpeg fills what is damaged with grey and says nothing
REDUCED = 3  # the JPEG decoder halves the sides at most so often


def names(folder: Path) -> dict[str, Path]:
    """Return the photos in a folder, not in those below it, by name without suffix; {} if it cannot be read."""
    try:
        with os.scandir(folder) as found:
            files = [folder / each.name for each in found if each.is_file() and not each.name.startswith(".")]
    except OSError:  # it was removed, or a drive was: it may come back
        return {}
    photos: dict[str, Path] = {}
    for path in sorted(files, key=lambda each: (each.name.casefold(), each.name)):
        if path.suffix.lower() in SUFFIXES and path.stem.isprintable():
            photos.setdefault(path.stem, path)
    return photos


def read(path: Path | str, width: int, height: int) -> Pixels:
    """Read a photo as uint8 [height, width, 4], opaque: scaled to cover that size, and cropped at the middle.

    Rotation by EXIF is applied, alpha is laid over black, and of an animated file the first picture is taken.

    Raises:
        UserError: One line: it cannot be read, is damaged or too large, or is no picture.
    """
    path = Path(path)
    frame, turns = decoded(path, width, height)
    if turns % 2:
        width, height = height, width
    pixels = _scaled(frame, width, height)
    return np.ascontiguousarray(np.rot90(pixels, turns))


def shape(path: Path | str) -> tuple[int, int]:
    """Return (width, height) of a photo the right way up. Raises UserError as `read` does."""
    frame, turns = decoded(Path(path), 1 << 20, 1 << 20)
    return (frame.height, frame.width) if turns % 2 else (frame.width, frame.height)


def fitted(pixels: Pixels, width: int, height: int) -> Pixels:
    """Return a picture, uint8 [H, W, 4], as `read` returns photos: opaque [height, width, 4], covered and cropped."""
    import av

    if pixels.shape[:2] == (height, width) and pixels[..., 3].min() == 255:
        return pixels
    return _scaled(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgba"), width, height)


def decoded(path: Path, width: int, height: int) -> "tuple[av.VideoFrame, int]":
    """Decode the first picture, of no fewer pixels a side than asked for where it has them.

    Returns:
        The picture as it is stored, and by how many quarters it has to be turned to the left.
    """
    import av

    try:
        with _opened(path) as container:
            stream = next(iter(container.streams.video), None)
            if stream is None or container.format.name == "tty":  # FFmpeg "plays" text files as terminal art
                raise UserError(f"{path}: is no picture; give a JPEG, PNG, WebP, TIFF or AVIF file")
            context = stream.codec_context
            jpeg = context.name == "mjpeg"
            _must_be_small(path, context.width * context.height / 1e6, MOST if jpeg else MOST_WHOLE)
            halved = _halvings(context.width, context.height, width, height) if jpeg else 0
            context.options = EXPLODE | ({"lowres": str(halved)} if halved else {})
            for frame in container.decode(stream):
                return frame, round(frame.rotation / 90) % 4
    except av.FFmpegError as error:
        raise UserError(f"{path}: cannot be decoded ({_why(path, error)})") from error
    raise UserError(f"{path}: holds no picture")


def _opened(path: Path) -> "InputContainer":
    import av

    try:
        if not path.is_file():
            raise UserError(f"{path}: {'is no file' if path.exists() else 'no such photo'}")
        if not path.stat().st_size:
            raise UserError(f"{path}: the file is empty")
        return av.open(f"file:{path}", metadata_errors="replace")
    except (OSError, ValueError) as error:  # PyAV's errors are one or the other
        raise UserError(f"{path}: cannot be read as a picture ({_why(path, error)})") from error


def _must_be_small(path: Path, megapixels: float, most: int) -> None:
    if megapixels > most:
        raise UserError(f"{path}: {megapixels:.0f} megapixels; at most {most} in this format, so make it smaller first")


def _halvings(width: int, height: int, wanted_width: int, wanted_height: int) -> int:
    """Return how often the sides can be halved with at least the wanted ones left, whichever way it is turned."""
    times = min(width, height) // max(wanted_width, wanted_height, 1)
    return min(REDUCED, max(times, 1).bit_length() - 1)


def _scaled(frame: "av.VideoFrame", width: int, height: int) -> Pixels:
    """Scale a frame to cover `width` x `height`, crop it, and lay it over black."""
    scale = max(width / frame.width, height / frame.height)
    across, down = max(width, round(frame.width * scale)), max(height, round(frame.height * scale))
    way = "AREA" if scale < 1 else "BICUBIC"
    whole = frame.reformat(across, down, "rgba", interpolation=way).to_ndarray()
    x, y = (across - width) // 2, (down - height) // 2
    pixels: Pixels = np.array(whole[y : y + height, x : x + width], np.uint8)
    if pixels[..., 3].min() < 255:
        alpha = pixels[..., 3:].astype(np.uint16)
        pixels[..., :3] = ((pixels[..., :3] * alpha + 127) // 255).astype(np.uint8)
        pixels[..., 3] = 255
    return pixels


def _why(path: Path, error: Exception) -> str:
    """Say in a few words why it cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(21)
    except OSError:
        head = b""
    if head[8:16] == b"WEBPVP8X" and len(head) > 20 and head[20] & 2:
        return "animated WebP; save one picture of it as PNG or JPEG"
    if head and all(each >= 32 or each in b"\t\r\n" for each in head) and head.isascii():
        return "it holds text, not a picture"
    return f"{getattr(error, 'strerror', None) or error}; it is damaged or incomplete"
