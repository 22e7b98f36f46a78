"""The table of all clips that is shown before training: what is used of each, and why not the rest."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from livedream.picture.video_file import shown

STEPS = "a dream's sides are multiples of 32; a larger --size, or --size WxH, may lose less"
_HEAD = ("clip", "length", "picture", "fps", "use", "cut off", "why")


@dataclass(frozen=True)
class Row:
    """What becomes of one clip.

    Attributes:
        path: the file, or what stands for a sequence of pictures.
        seconds: how much of it is learned; 0 if it is skipped.
        size: width and height as seen, in pixels; (0, 0) if it cannot be read.
        rate: its own frames a second; 0 if it cannot be read.
        fps: frames a second that are trained.
        cropped: share of its picture that is cut off, 0 to 1.
        usual: it has the shape that most of the footage has.
        note: what is odd about it, or why it is skipped.
    """

    path: str
    seconds: float
    size: tuple[int, int] = (0, 0)
    rate: float = 0.0
    fps: float = 0.0
    cropped: float = 0.0
    usual: bool = True
    note: str = ""

    @property
    def use(self) -> str:
        """Used, cropped, sped up or skipped."""
        if not self.seconds:
            return "skipped"
        uses = ["cropped"] if self.cropped >= 0.005 else []
        uses += ["sped up"] if self.speed > 1.005 else []
        return ", ".join(uses) or "used"

    @property
    def speed(self) -> float:
        """How much faster its motion is learned than it was: each of its pictures becomes one frame, at least."""
        return max(1.0, self.fps / self.rate) if self.rate and self.fps / self.rate > 1.03 else 1.0

    @property
    def why(self) -> str:
        """The reasons, in words."""
        if not self.seconds:
            return self.note
        reasons = []
        if self.cropped >= 0.005:
            reasons.append(STEPS if self.usual else "it has another shape than most of the footage")
        if self.speed > 1:
            reasons.append(f"{self.rate:.4g} frames a second become {self.fps:.4g}: {self.speed:.3g} times as fast")
        elif self.rate > 1.03 * self.fps:
            reasons.append(f"{self.rate:.4g} frames a second become {self.fps:.4g}, some are left out")
        return "; ".join([*reasons, self.note] if self.note else reasons)


def cropped(aspect: float, size: tuple[int, int]) -> float:
    """Return the share of a picture of that aspect that is cut off to cover `size`."""
    wanted = size[0] / size[1]
    return 1 - min(aspect, wanted) / max(aspect, wanted)


def text(rows: Sequence[Row]) -> list[str]:
    """Return the lines of the table, of at least one row."""
    parents = {str(Path(row.path).absolute().parent) for row in rows}
    return aligned([_HEAD, *(_cells(row, Path(os.path.commonpath(parents))) for row in rows)])


def aligned(cells: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of equally many cells as lines, with their columns below each other."""
    widths = [max(len(row[k]) for row in cells) for k in range(len(cells[0]) - 1)]
    return ["  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[-1]]).rstrip() for row in cells]


def total(rows: Sequence[Row], size: tuple[int, int], frames: int, fps: float) -> str:
    """Return one line about all of them."""
    used = sum(row.seconds > 0 for row in rows)
    count = f"{used} of {len(rows)} clips" if len(rows) != 1 else "1 clip"
    return f"{count} used: {clock(frames / fps)}, {frames} frames of {size[0]}x{size[1]} at {fps:.4g} a second"


def shortened(name: str) -> str:
    """Return a name of at most 48 characters, without its middle where it is longer."""
    return name if len(name) <= 48 else f"{name[:22]}…{name[-25:]}"


def clock(seconds: float) -> str:
    """Return a length in words such as "3.2 s" or "12 min 5 s"."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def _cells(row: Row, root: Path) -> tuple[str, ...]:
    name = shortened(shown(Path(row.path).absolute().relative_to(root)))
    known = bool(row.rate)
    return (
        name,
        clock(row.seconds) if row.seconds else "",
        f"{row.size[0]}x{row.size[1]}" if known else "",
        f"{row.rate:.4g}" if known else "",
        row.use,
        f"{row.cropped:.0%}" if row.seconds and row.cropped >= 0.005 else "",
        row.why,
    )
