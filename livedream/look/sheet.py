"""The contact sheet of looks: each drawn over the same moments of a dream, with its name."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import moderngl
import numpy as np
from numpy.typing import NDArray

from livedream import UserError
from livedream.look.source import Source
from livedream.picture import Pixels
from livedream.system.atomic import atomic_write

Colours = NDArray[np.uint8]  # [height, width, 3], sRGB, top row first

BACKGROUND, INK = 13, 205  # sRGB levels
GAP, TEXT = 20, 12  # pixels between pictures; width of a letter
WIDTH, HEIGHT, COLUMNS = 480, 270, 4  # size of a picture, pictures in a row
SECONDS, FPS, SEED = 4.0, 30.0, 3  # the dream is played so long; its last frame is shown
LEAD = 45  # frames that a look with a memory is drawn over before the one that is shown
HALF = 0.45  # progress at which a transition is shown


def write(
    path: str | os.PathLike[str], looks: Sequence[Source], frames: Iterable[Pixels], size: tuple[int, int] = (720, 405)
) -> None:
    """Draw the looks into a JPEG, after the dream without any.

    Args:
        path: Ends in .jpg or .jpeg.
        looks: In the order of the sheet.
        frames: Consecutive frames of a dream, all of one size, FPS of them a second. The last one is shown.
        size: (width, height) at which looks are drawn.

    Raises:
        UserError: There is no OpenGL, a look does not compile, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in (".jpg", ".jpeg"):
        raise UserError(f"{path}: a contact sheet ends in .jpg")
    import simplejpeg

    from livedream.look import context

    gl = context.create()
    try:
        pictures = [_small(each) for each in _drawn(gl, looks, list(frames), size)]
    finally:
        gl.release()
    picture = _sheet(pictures, ["the dream", *(each.title for each in looks)])
    atomic_write(path, simplejpeg.encode_jpeg(picture, quality=88, colorspace="RGB", colorsubsampling="444"))


def _drawn(
    gl: moderngl.Context, looks: Sequence[Source], frames: Sequence[Pixels], size: tuple[int, int]
) -> Iterator[Colours]:
    """The last frame as it is, and through each look."""
    height, width = frames[0].shape[:2]
    textures = [gl.texture((width, height), 4, np.ascontiguousarray(each[::-1]).tobytes()) for each in frames]
    yield frames[-1][..., :3]
    for each in looks:
        yield _last(gl, each, textures, size)


def _last(gl: moderngl.Context, source: Source, textures: Sequence[moderngl.Texture], size: tuple[int, int]) -> Colours:
    """The picture that a look draws at the end of these frames."""
    from livedream.look import isf

    look = isf.Look(gl, source)
    try:
        remembers = any(each.persistent for each in source.passes)
        start = max(len(textures) - LEAD, 0) if remembers else len(textures) - 1
        for number in range(start, len(textures)):
            given = {"inputImage": textures[number], "startImage": textures[number]}
            given["endImage"] = textures[(number + 1) % len(textures)]  # after the last frame, the first
            dt = 1 / FPS if number else 0.0
            drawn = look.draw(size, {"progress": HALF}, number / FPS, dt, number, images=given)
        pixels = np.frombuffer(drawn.read(), {"f1": np.uint8, "f2": np.float16, "f4": np.float32}[drawn.dtype])
        pixels = pixels.reshape(drawn.height, drawn.width, 4)[::-1, :, :3]
        return pixels if pixels.dtype == np.uint8 else (pixels.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    finally:
        look.release()


def _small(picture: Colours) -> Colours:
    """The middle of the picture in the sheet's aspect, WIDTH x HEIGHT, every pixel the mean of what it covers."""
    height, width = picture.shape[:2]
    tall, wide = min(height, round(width * HEIGHT / WIDTH)), min(width, round(height * WIDTH / HEIGHT))
    top, left = (height - tall) // 2, (width - wide) // 2
    across = _cover(wide, WIDTH)
    down = _cover(tall, HEIGHT)
    part = picture[top : top + tall, left : left + wide].astype(np.float32)
    small: NDArray[np.float32] = np.einsum("yh,hwc->ywc", down, part, optimize=True)
    small = np.einsum("xw,ywc->yxc", across, small, optimize=True)
    return (small + 0.5).clip(0, 255).astype(np.uint8)


def _cover(many: int, few: int) -> NDArray[np.float32]:
    """How much of each new pixel each old one covers, [few, many]; rows sum to 1."""
    edges = np.arange(few + 1)[:, None] * many / few
    inside = np.clip(edges - np.arange(many)[None], 0.0, 1.0)
    part: NDArray[np.float64] = inside[1:] - inside[:-1]
    shares: NDArray[np.float32] = (part / part.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


def _sheet(pictures: Sequence[Colours], names: Sequence[str]) -> Colours:
    from livedream.picture import letters

    line = 2 * TEXT + 10
    rows = -(-len(pictures) // COLUMNS)
    sheet = np.full((GAP + rows * (HEIGHT + line + GAP // 2), GAP + COLUMNS * (WIDTH + GAP), 3), BACKGROUND, np.uint8)
    for i, (picture, name) in enumerate(zip(pictures, names, strict=True)):
        y = GAP + i // COLUMNS * (HEIGHT + line + GAP // 2)
        x = GAP + i % COLUMNS * (WIDTH + GAP)
        sheet[y : y + HEIGHT, x : x + WIDTH] = picture
        cover = letters.draw(name, TEXT)[..., None]
        place = sheet[y + HEIGHT + 5 : y + HEIGHT + 5 + cover.shape[0], x : x + cover.shape[1]]
        place[:] = (place + (INK - place.astype(np.float32)) * cover[:, : place.shape[1]] + 0.5).astype(np.uint8)
    return sheet
