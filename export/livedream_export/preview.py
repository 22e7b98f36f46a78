"""Shows a dream while it is trained: a progress line, contact sheets and short dreamt clips."""

import itertools
import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import simplejpeg

from livedream.dream.dream import Dream
from livedream.loop import offline
from livedream.system.atomic import atomic_write

from .arrays import Rgb
from .training_status import TrainingStatus

PAIRS = 18  # most pairs of pictures on a sheet
CELL = 256  # width of a picture on a sheet, about, in pixels
SEAM, GAP, MARGIN = 3, 16, 24  # pixels between the two of a pair, between pairs, and around all of them
BACKGROUND = (12, 12, 14)


class Progress:
    """Shows progress as one line on stderr, in place on a terminal and every 15 seconds elsewhere, and in `status`."""

    def __init__(self, status: TrainingStatus | None = None):
        self.status = status or TrainingStatus()
        self.terminal = sys.stderr.isatty()
        self.every = 0.5 if self.terminal else 15.0
        self.shown_at = -math.inf
        self.stage, self.steps, self.began = "", 0, 0.0
        self.smooth: dict[str, float] = {}

    def step(self, stage: str, share: float, seconds_left: float, **values: float) -> None:
        """Report a training step of `stage`; values are smoothed, speed is in steps a second since the stage began."""
        now = time.monotonic()
        if stage != self.stage:
            self.stage, self.steps, self.began, self.smooth = stage, -1, now, {}
        self.steps += 1
        for name, value in values.items():
            self.smooth[name] = 0.95 * self.smooth.get(name, value) + 0.05 * value
        shown = "  ".join(f"{name} {value:.3g}" for name, value in self.smooth.items())
        rate = self.steps / max(1e-3, now - self.began)
        speed = f"{rate:.1f} steps/s  " if self.steps else ""
        status = self.status
        status.stage, status.share, status.figures, status.speed = stage, None, dict(self.smooth), rate
        self._show(f"{stage}  {min(1.0, share):4.0%}  {shown}  {speed}{_clock(seconds_left)} left")

    def share(self, share: float, what: str) -> None:
        """Report that `share` of `what` is done, 0 to 1."""
        self.stage, share = "", min(1.0, share)
        self.status.stage, self.status.share = what, share
        self._show(f"{what}  {share:4.0%}")

    def line(self, text: str) -> None:
        """Print a line that stays."""
        self.stage = ""
        self.status.message = text
        sys.stderr.write(("\r\033[K" if self.terminal else "") + text + "\n")
        sys.stderr.flush()

    def _show(self, text: str) -> None:
        now = time.monotonic()
        if now - self.shown_at < self.every:
            return
        self.shown_at = now
        if self.terminal:
            text = "\r\033[K" + text[: shutil.get_terminal_size().columns - 1]
        sys.stderr.write(text if self.terminal else text + "\n")
        sys.stderr.flush()


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(max(0, int(seconds)), 60)
    return f"{minutes}:{seconds:02d}"


def sheet(path: Path, originals: Rgb, rendered: Rgb) -> None:
    """Write a contact sheet, a JPEG file: each original above what the dream makes of it, both [B, H, W, 3]."""
    pick = np.unique(np.linspace(0, len(originals) - 1, PAIRS).astype(int))
    pairs = [_pair(_sized(originals[k]), _sized(rendered[k])) for k in pick]
    height, width = pairs[0].shape[:2]
    columns = min(len(pairs), max(1, round(math.sqrt(len(pairs) * 16 / 9 * height / width))))
    columns = math.ceil(len(pairs) / math.ceil(len(pairs) / columns))  # so that the last row is fullest
    rows = math.ceil(len(pairs) / columns)
    page = np.empty((2 * MARGIN + rows * (height + GAP) - GAP, 2 * MARGIN + columns * (width + GAP) - GAP, 3), np.uint8)
    page[:] = BACKGROUND
    for k, pair in enumerate(pairs):
        y, x = MARGIN + k // columns * (height + GAP), MARGIN + k % columns * (width + GAP)
        page[y : y + height, x : x + width] = pair
    atomic_write(path, simplejpeg.encode_jpeg(page, quality=92, colorspace="RGB", colorsubsampling="444"))


def _pair(above: Rgb, below: Rgb) -> Rgb:
    seam = np.empty((SEAM, *above.shape[1:]), np.uint8)
    seam[:] = BACKGROUND
    return np.concatenate([above, seam, below])


def _sized(picture: Rgb) -> Rgb:
    """Make a picture about CELL wide: averaged down, or its pixels repeated."""
    width = picture.shape[1]
    if width >= 1.5 * CELL:
        return shrunk(picture, round(width / CELL))
    return picture.repeat(max(1, CELL // width), 0).repeat(max(1, CELL // width), 1)


def grid(pictures: Rgb) -> Rgb:
    """Lay pictures [N, H, W, 3] out as one, about twice as wide as high, without gaps; the last may be left out."""
    count, height, width = pictures.shape[:3]
    columns = max(1, min(count, round((2 * count * height / width) ** 0.5)))
    rows = count // columns
    kept = pictures[: rows * columns].reshape(rows, columns, height, width, 3)
    return kept.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, 3)


def shrunk(picture: Rgb, k: int) -> Rgb:
    """Average a picture [H, W, 3] over squares of k pixels; a rest at the edge is cut off, unless it is everything."""
    k = min(k, *picture.shape[:2])
    h, w = picture.shape[0] // k, picture.shape[1] // k
    squares = picture[: h * k, : w * k].astype(np.float32).reshape(h, k, w, k, -1)
    means: Rgb = squares.mean((1, 3)).round().astype(np.uint8)
    return means


def clip(path: Path, dream: Dream, seconds: float) -> None:
    """Write a few dreamt seconds as MP4, as `livedream render` does. Raises UserError when it cannot.

    A clip of that name stays, and the new one is NAME-2.mp4.
    """
    fps = min(30.0, max(10.0, dream.fps))
    _written(path, lambda partial: offline.render(dream, partial, seconds=seconds, fps=fps, seed=0))


def film(path: Path, pictures: Sequence[Rgb], fps: float) -> None:
    """Write pictures [H, W, 3] of one size as MP4. A clip of that name stays, as `clip` says. Raises OSError."""

    def encode(partial: Path) -> None:
        with av.open(str(partial), "w", format="mp4") as container:
            stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001), options={"crf": "16"})
            stream.height, stream.width = pictures[0].shape[:2]
            stream.pix_fmt = "yuv420p"
            for picture in pictures:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
            container.mux(stream.encode(None))

    _written(path, encode)


def _written(path: Path, write: Callable[[Path], object]) -> None:
    partial = path.with_name(f".{path.name}")
    partial.unlink(missing_ok=True)  # a killed run may have left one
    try:
        write(partial)
        names = (path.with_stem(f"{path.stem}-{k}") if k > 1 else path for k in itertools.count(1))
        os.replace(partial, next(name for name in names if not name.exists()))
    finally:
        partial.unlink(missing_ok=True)
