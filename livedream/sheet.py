"""The contact sheet of looks: each drawn over the same moments of a dream, with its name."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from livedream import UserError
from livedream.look.source import Source
from livedream.system.atomic import atomic_write

BACKGROUND, INK = 13, 205
GAP, TEXT = 20, 12  # pixels between pictures; width of a letter
WIDTH, HEIGHT, COLUMNS = 480, 270, 4  # of a picture in the sheet, and how many stand side by side
SECONDS, FPS, SEED = 4.0, 30.0, 3  # of the dream; the last frame is shown
LEAD = 45  # frames that a look with a memory sees before
HALF = 0.45  # progress at which a transition is shown


def write(path: str | os.PathLike, looks: Sequence[Source], size: tuple[int, int] = (720, 405)) -> None:
    """Draw the looks, after the dream as it is, into a JPEG. `size`: (width, height) at which they are drawn.

    UserError when there is no OpenGL, a look does not compile, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in (".jpg", ".jpeg"):
        raise UserError(f"{path}: a contact sheet ends in .jpg")
    import simplejpeg

    from livedream.look import context

    gl = context.create()
    try:
        pictures = [_small(each) for each in _drawn(gl, looks, dreamt(), size)]
    finally:
        gl.release()
    picture = _sheet(pictures, ["the dream", *(each.title for each in looks)])
    atomic_write(path, simplejpeg.encode_jpeg(picture, quality=88, colorspace="RGB", colorsubsampling="444"))


def dreamt(seconds: float = SECONDS) -> np.ndarray:
    """Frames of the dream that ships, uint8 [n, H, W, 4], at FPS."""
    from livedream.dream import read
    from livedream.loop import offline

    return np.stack([each.pixels for each in offline.frames(read.load("rainbow"), round(seconds * FPS), FPS, SEED)])


def _drawn(gl, looks: Sequence[Source], frames: np.ndarray, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """The last frame, uint8 [h, w, 3], as it is and through each look."""
    height, width = frames.shape[1:3]
    textures = [gl.texture((width, height), 4, np.ascontiguousarray(each[::-1]).tobytes()) for each in frames]
    yield frames[-1][..., :3]
    for each in looks:
        yield last(gl, each, textures, size)


def last(gl, source: Source, textures: Sequence, size: tuple[int, int], values: dict | None = None) -> np.ndarray:
    """The picture, uint8 [h, w, 3], that a look gives at the end of these frames. `values`: of its inputs."""
    from livedream.look import isf

    look = isf.Look(gl, source)
    try:
        remembers = any(each.persistent for each in source.passes)
        start = max(len(textures) - LEAD, 0) if remembers else len(textures) - 1
        for number in range(start, len(textures)):
            given = {"inputImage": textures[number], "startImage": textures[number]}
            given["endImage"] = textures[(number + 1) % len(textures)]  # at the last frame: the first
            dt = 1 / FPS if number else 0.0
            settings = {"progress": HALF, **(values or {})}
            drawn = look.draw(size, settings, number / FPS, dt, number, images=given)
        pixels = np.frombuffer(drawn.read(), {"f1": np.uint8, "f2": np.float16, "f4": np.float32}[drawn.dtype])
        pixels = pixels.reshape(drawn.height, drawn.width, 4)[::-1, :, :3]
        return pixels if pixels.dtype == np.uint8 else (pixels.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    finally:
        look.release()


def _small(picture: np.ndarray) -> np.ndarray:
    """uint8 [HEIGHT, WIDTH, 3]: the middle of the picture in that shape, every pixel the mean of what it covers."""
    height, width = picture.shape[:2]
    tall, wide = min(height, round(width * HEIGHT / WIDTH)), min(width, round(height * WIDTH / HEIGHT))
    top, left = (height - tall) // 2, (width - wide) // 2
    across = _cover(wide, WIDTH)
    down = _cover(tall, HEIGHT)
    part = picture[top : top + tall, left : left + wide].astype(np.float32)
    small = np.einsum("yh,hwc->ywc", down, part, optimize=True)
    small = np.einsum("xw,ywc->yxc", across, small, optimize=True)
    return (small + 0.5).clip(0, 255).astype(np.uint8)


def _cover(many: int, few: int) -> np.ndarray:
    """[few, many]: how much of each new pixel each old one covers; rows sum to 1."""
    edges = np.arange(few + 1)[:, None] * many / few
    inside = np.clip(edges - np.arange(many)[None], 0.0, 1.0)
    part = inside[1:] - inside[:-1]
    return (part / part.sum(axis=1, keepdims=True)).astype(np.float32)


def _sheet(pictures: Sequence[np.ndarray], names: Sequence[str]) -> np.ndarray:
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
