"""The moving pictures of docs/live-input.md.

    python bench/live_pictures.py pull CLIP --model city -o docs/live-input.webp [--at 20]
    python bench/live_pictures.py effects CLIP -o docs/live-input-effects.webp [--at 2] [--effect NAME …]

`pull`: left the live picture, right what is shown while the pull goes from 0 to 1, stays there, and is let go at once.
`effects`: a live picture, and beside it the same behind each effect, which is waited for.
"""

import argparse
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from pull import FPS, Run, live

from livedream.backend import cpu
from livedream.effect import library
from livedream.effect.chain import EffectChain
from livedream.effect.slot import Slot, parameters
from livedream.parameters import FINISH, MASTER, Table
from livedream.picture import Pixels
from livedream.picture.frame import host_pixels
from livedream.picture.scale import Scaler

EVERY = 3  # frames: the moving picture has every third one
GAP, GROUND = 8, 12
LEFT, RISES, STAYS, GOES = 1.0, 3.0, 2.5, 2.0  # seconds


def pulled(given: argparse.Namespace) -> Iterator[list[Pixels]]:
    run = Run(given.model, given.clip, given.at, 30.0)
    for n in range(round((LEFT + RISES + STAYS + GOES) * FPS)):
        seconds = n / FPS - LEFT
        level = 0.0 if seconds < 0 or seconds > RISES + STAYS else min(seconds / RISES, 1.0)
        shown, _, picture = run.frame(level, own=False)
        if n % EVERY == 0:
            yield [picture, shown]


def filtered(given: argparse.Namespace) -> Iterator[list[Pixels]]:
    chains = []
    for name in given.effect:
        chain = EffectChain(FPS, live=False)
        slot = chain.insert(Slot(library.load(name), cpu.load, FPS, live=False))
        chains.append((chain, Table([*MASTER, *FINISH, *parameters(slot.dream, slot.number)])))
    for n, picture in enumerate(live(given.clip, given.at, given.size)):
        if n >= given.seconds * FPS:
            return
        shown = [host_pixels(chain.draw(picture, table.tick(1 / FPS), n)) for chain, table in chains]
        if n % EVERY == 0:
            yield [picture, *shown]


def write(path: Path, rows: Iterable[list[Pixels]], height: int, quality: int) -> None:
    scaler = Scaler()
    with av.open(str(path), "w") as file:
        stream = None
        for row in rows:
            width = round(height * row[0].shape[1] / row[0].shape[0] / 2) * 2
            page = np.full((height, (width + GAP) * len(row) - GAP, 3), GROUND, np.uint8)
            for n, picture in enumerate(row):
                page[:, n * (width + GAP) : n * (width + GAP) + width] = scaler(picture, (width, height))[..., :3]
            if stream is None:
                stream = file.add_stream("libwebp_anim", rate=Fraction(round(FPS / EVERY)))
                stream.width, stream.height, stream.pix_fmt = page.shape[1], height, "yuv420p"
                stream.options = {"quality": str(quality), "loop": "0", "compression_level": "3"}
            file.mux(stream.encode(av.VideoFrame.from_ndarray(page, format="rgb24")))
        if stream is not None:
            file.mux(stream.encode(None))
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


def size(text: str) -> tuple[int, int]:
    width, height = map(int, text.split("x"))
    return width, height


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("pull", "effects"))
    parser.add_argument("clip", type=Path)
    parser.add_argument("--model", default="city")
    parser.add_argument("--effect", action="append", default=[])
    parser.add_argument("--at", type=float, default=20.0)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--size", type=size, default=(512, 288))
    parser.add_argument("--height", type=int, default=224)
    parser.add_argument("--quality", type=int, default=50)
    parser.add_argument("-o", "--out", type=Path, required=True)
    given = parser.parse_args()
    rows = pulled(given) if given.what == "pull" else filtered(given)
    write(given.out, rows, given.height, given.quality)


if __name__ == "__main__":
    main()
