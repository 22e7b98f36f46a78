"""A dream beside its footage, moving, as the README shows it.

    python bench/gallery.py DREAM CLIP -o docs/NAME.webp [--seconds 6] [--height 256] [--fps 15] [--begin 20]

Left the footage, right the dream: both `begin` seconds in, both as fast as they are, the dream with nobody's hand on
it. Nothing is chosen but the moment.
"""

import argparse
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from livedream_export import sources
from livedream_export.judges.playing import still

from livedream import UserError
from livedream.backend import cpu
from livedream.dream import read
from livedream.play.player import Player
from livedream.system.atomic import atomic_write

GAP = 8  # pixels between the two
BACKGROUND = (12, 12, 14)


def pairs(dream, clip: str, seconds: float, fps: float, begin: float):
    """Frames of the footage and of the dream at the same moments, uint8 [H, W, 3]."""
    footage = sources.read([clip], dream.size, dream.fps)
    player, values = Player(dream, cpu.load), still(dream, 1, 1.0)
    player.move(round(begin * fps), fps, values)
    for k in range(round(seconds * fps)):
        at = round((begin + k / fps) * footage.fps) % len(footage.frames)
        player.move(1, fps, values)
        yield footage.frames[at], player.draw(values)[..., :3]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dream")
    parser.add_argument("clip")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--fps", type=float, default=15.0)
    parser.add_argument("--begin", type=float, default=20.0)
    parser.add_argument("--quality", type=int, default=60)
    options = parser.parse_args()
    try:
        dream = read.load(options.dream)
        width = round(options.height * dream.size[0] / dream.size[1] / 2) * 2
        made = options.out.with_suffix(".part.webp")
        with av.open(str(made), "w") as container:
            stream = container.add_stream("libwebp_anim", rate=Fraction(options.fps))
            stream.width, stream.height, stream.pix_fmt = 2 * width + GAP, options.height, "yuv420p"
            stream.options = {"quality": str(options.quality), "loop": "0", "compression_level": "6"}
            for both in pairs(dream, options.clip, options.seconds, options.fps, options.begin):
                page = np.empty((options.height, 2 * width + GAP, 3), np.uint8)
                page[:] = BACKGROUND
                for k, picture in enumerate(both):
                    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
                    left = k * (width + GAP)
                    page[:, left : left + width] = frame.reformat(width, options.height).to_ndarray(format="rgb24")
                for packet in stream.encode(av.VideoFrame.from_ndarray(page, "rgb24")):
                    container.mux(packet)
            for packet in stream.encode():
                container.mux(packet)
        atomic_write(options.out, made.read_bytes())
        made.unlink()
    except UserError as error:
        print(f"gallery: {error}", file=sys.stderr)
        return 2
    print(f"{options.out}  {options.out.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
