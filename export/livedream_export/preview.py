"""What a person looks at while a dream is learned: one moving line, a contact sheet, a short dreamt clip."""

import sys
import time
from pathlib import Path

import numpy as np

from livedream import UserError

SHEET_COLUMNS = 8
CLIP_SECONDS = 6.0


class Progress:
    """One line on stderr, rewritten in place on a terminal and every 15 seconds elsewhere."""

    def __init__(self):
        self.terminal = sys.stderr.isatty()
        self.every = 0.5 if self.terminal else 15.0
        self.shown_at = -1e9
        self.counted, self.counting_since, self.stage = 0, time.monotonic(), ""
        self.smooth: dict[str, float] = {}

    def step(self, stage: str, share: float, seconds_left: float, **values: float) -> None:
        """One training step of `stage`; values are shown smoothed."""
        if stage != self.stage:
            self.stage, self.counted, self.counting_since, self.smooth = stage, 0, time.monotonic(), {}
        self.counted += 1
        for name, value in values.items():
            self.smooth[name] = 0.95 * self.smooth.get(name, value) + 0.05 * value
        speed = self.counted / max(1e-3, time.monotonic() - self.counting_since)
        shown = "  ".join(f"{name} {value:.3f}" for name, value in self.smooth.items())
        self._show(f"{stage}  {share:4.0%}  {shown}  {speed:.1f} steps/s  {_clock(seconds_left)} left")

    def share(self, share: float, what: str) -> None:
        self._show(f"{what}  {min(1.0, share):4.0%}")

    def line(self, text: str) -> None:
        """A line that stays."""
        sys.stderr.write(("\r\033[K" if self.terminal else "") + text + "\n")
        sys.stderr.flush()

    def _show(self, text: str) -> None:
        now = time.monotonic()
        if now - self.shown_at < self.every:
            return
        self.shown_at = now
        sys.stderr.write(f"\r\033[K{text}" if self.terminal else text + "\n")
        sys.stderr.flush()


def _clock(seconds: float) -> str:
    seconds = max(0, int(seconds))
    return f"{seconds // 60}:{seconds % 60:02d}"


def sheet(path: Path, originals: np.ndarray, drawn: np.ndarray) -> None:
    """A contact sheet, JPEG: each frame left out of training above what the autoencoder makes of it."""
    import simplejpeg

    count = min(len(originals), 3 * SHEET_COLUMNS) // SHEET_COLUMNS * SHEET_COLUMNS or len(originals)
    pick = np.linspace(0, len(originals) - 1, count).astype(int)
    columns = min(SHEET_COLUMNS, count)
    shrink = max(1, originals.shape[2] // 240)
    rows = []
    for k in range(0, count, columns):
        for source in (originals, drawn):
            rows.append(np.concatenate([_shrink(source[j], shrink) for j in pick[k : k + columns]], 1))
        rows.append(np.full((8, rows[-1].shape[1], 3), 12, np.uint8))
    data = simplejpeg.encode_jpeg(
        np.ascontiguousarray(np.concatenate(rows[:-1])), quality=90, colorspace="RGB"
    )
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(data)
    temporary.replace(path)


def _shrink(picture: np.ndarray, k: int) -> np.ndarray:
    h, w = picture.shape[0] // k * k, picture.shape[1] // k * k
    return (
        picture[:h, :w]
        .astype(np.float32)
        .reshape(h // k, k, w // k, k, 3)
        .mean((1, 3))
        .round()
        .astype(np.uint8)
    )


def clip(path: Path, dream) -> None:
    """A few dreamt seconds as MP4, drawn as `livedream render` draws them."""
    from livedream.stage import offline

    try:
        offline.render(dream, path, seconds=CLIP_SECONDS, fps=min(30.0, max(10.0, dream.fps)), seed=0)
    except UserError as error:
        sys.stderr.write(f"no preview clip: {error}\n")
