"""Pictures of docs/nightmare.md: python bench/nightmare.py [EFFECT.onnx] [--clip FILE] [--into docs]

The eight pictures that the project makes itself, on one sheet; each of the eight styles over the dreams that ship and
over a clip, on another; and a film of a dream that goes through all of them. Everything goes through the effect chain
as a show's does. `livedream train --kind style --style nightmare: -o nightmare.onnx` trains the effect again.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from livedream_export import nightmare
from PIL import Image, ImageDraw

from livedream.backend import cpu
from livedream.dream import read
from livedream.effect.chain import EffectChain, parameters
from livedream.effect.library import load
from livedream.effect.slot import Slot
from livedream.loop import offline
from livedream.parameters import ALWAYS, Table
from livedream.picture import Pixels
from livedream.picture.frame import host_pixels

DREAMS = ("rainbow", "city", "abyss")
FPS = 30.0
TILE = (288, 162)
FILM = (400, 224)
FILM_FPS = 12
EACH = 1.1  # seconds of a style in the film
FADE = 0.4  # of which so many lead over to the next
SOONER = 3.0  # seconds of a dream before the picture that is shown


class Painted:
    """The effect in a chain of its own."""

    def __init__(self, path: str):
        effect = load(path)
        self.chain = EffectChain(FPS, live=False)
        self.chain.insert(Slot(effect, cpu.load, FPS, live=False))
        self.table = Table([*ALWAYS, *parameters(self.chain)])
        self.frame = 0

    def __call__(self, picture: Pixels, weights: np.ndarray) -> Pixels:
        """Return a picture in styles of these weights [8]."""
        self.table.set("effect/1/style", tuple(map(float, weights)), "local", seconds=0.0)
        self.frame += 1
        return host_pixels(self.chain.draw(picture, self.table.tick(1 / FPS), self.frame))


def dreamed(name: str, seconds: float, fps: float) -> Iterator[Pixels]:
    """Yield the pictures of a dream that ships."""
    for frame in offline.frames(read.load(name), round(seconds * fps), fps, seed=4):
        yield frame.pixels


def of_clip(path: Path, at: float) -> Pixels:
    """Return the picture of a clip so many seconds after its beginning."""
    with av.open(str(path)) as file:
        for frame in file.decode(video=0):
            if (frame.time or 0) >= at:
                return frame.to_ndarray(format="rgba")
    raise SystemExit(f"{path}: shorter than {at} s")


def tile(picture: Pixels, size: tuple[int, int]) -> np.ndarray:
    """Return a picture cropped and brought to `size`, RGB."""
    scale = max(size[0] / picture.shape[1], size[1] / picture.shape[0])
    wide, high = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
    sized = cv2.resize(np.ascontiguousarray(picture[..., :3]), (wide, high), interpolation=cv2.INTER_AREA)
    x, y = (wide - size[0]) // 2, (high - size[1]) // 2
    return sized[y : y + size[1], x : x + size[0]]


def sheet(rows: list[list[np.ndarray]], names: list[str]) -> Image.Image:
    """Return a sheet of tiles, with a name below each column."""
    gap, below = 6, 22 if names else 0
    high, wide = rows[0][0].shape[:2]
    size = (len(rows[0]) * (wide + gap) + gap, len(rows) * (high + gap) + gap + below)
    made = Image.new("RGB", size, "#0b0b0d")
    for y, row in enumerate(rows):
        for x, each in enumerate(row):
            made.paste(Image.fromarray(each), (gap + x * (wide + gap), gap + y * (high + gap)))
    pen = ImageDraw.Draw(made)
    for x, name in enumerate(names):
        at = (gap + x * (wide + gap) + wide // 2, size[1] - below // 2 - 2)
        pen.text(at, name.replace("_", " "), "#b8b4ac", anchor="mm", font_size=13)
    return made


def stacked(sheets: list[Image.Image], path: Path) -> None:
    """Write sheets of one width one below the other."""
    made = Image.new("RGB", (sheets[0].width, sum(each.height for each in sheets)), "#0b0b0d")
    y = 0
    for each in sheets:
        made.paste(each, (0, y))
        y += each.height
    made.save(path, quality=84)
    print(path, made.size, path.stat().st_size)


def film(paint: Painted, path: Path) -> None:
    """Write a dream that goes through the eight styles, as an animated WebP."""
    count = len(nightmare.NAMES)
    pictures = []
    for k, picture in enumerate(dreamed("city", count * EACH, FILM_FPS)):
        style, into = divmod(k / FILM_FPS / EACH, 1.0)
        share = np.clip(1 - (1 - into) * EACH / FADE, 0, 1)
        weights = np.zeros(count)
        weights[int(style)] = 1 - share
        weights[(int(style) + 1) % count] = share
        pictures.append(Image.fromarray(tile(paint(picture, weights), FILM)))
    for quality in (60, 45, 32, 22):
        pictures[0].save(
            path, save_all=True, append_images=pictures[1:], duration=round(1000 / FILM_FPS), loop=0, quality=quality
        )
        if path.stat().st_size <= 1.2e6:
            break
    print(path, path.stat().st_size, "quality", quality)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("effect", nargs="?", default="nightmare")
    parser.add_argument("--clip", type=Path, default=Path("../shared/footage/bikes_montage.mp4"))
    parser.add_argument("--into", type=Path, default=Path("docs"))
    parser.add_argument("--only", choices=("pictures", "styles", "film"), help="make only this one")
    options = parser.parse_args()
    names = list(nightmare.NAMES)
    if options.only in (None, "pictures"):
        made = [Image.fromarray(nightmare.picture(name)).resize((300, 300), Image.Resampling.LANCZOS) for name in names]
        tiles = [np.array(each) for each in made]
        stacked([sheet([tiles[k : k + 4]], names[k : k + 4]) for k in (0, 4)], options.into / "nightmare-pictures.jpg")
    if options.only == "pictures":
        return
    paint = Painted(options.effect)
    if options.only in (None, "styles"):
        sources = [list(dreamed(name, SOONER, 5.0))[-1] for name in DREAMS]
        sources += [of_clip(options.clip, 4.0)] if options.clip.exists() else []
        rows = [[tile(paint(each, np.eye(8)[k]), TILE) for k in range(8)] for each in sources]
        halves = [sheet([row[k : k + 4] for row in rows], names[k : k + 4]) for k in (0, 4)]
        stacked(halves, options.into / "nightmare-styles.jpg")
    if options.only in (None, "film"):
        film(paint, options.into / "nightmare.webp")


if __name__ == "__main__":
    main()
