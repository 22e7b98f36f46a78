"""The folder beside a dream, `NAME.run/`: checkpoint, contact sheets, clips, figures and a log."""

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from livedream import UserError
from livedream.system.atomic import atomic_write

from . import preview
from .arrays import Rgb


class RunFolder:
    """The folder of the dream `out`.

    Attributes:
        path: the folder.
        checkpoint: the file to resume from.
    """

    def __init__(self, out: Path):
        self.out, self.path = out, out.with_suffix(".run")
        self.checkpoint = self.path / "checkpoint.pt"

    def make(self) -> None:
        """Make the folder. Raises UserError when that is not possible."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{self.path}: cannot be made: {error.strerror}; choose another -o") from None

    def remove_if_empty(self) -> None:
        """Remove the folder when nothing was written into it."""
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def keep_old_checkpoint(self) -> Path | None:
        """Rename the checkpoint of an earlier run, and return its new path; None when there is none."""
        if not self.checkpoint.exists():
            return None
        kept = self.checkpoint.with_stem("checkpoint-before")
        os.replace(self.checkpoint, kept)
        return kept

    def show(
        self,
        steps: int,
        originals: Rgb,
        rendered: Rgb,
        film: Callable[[Path], None],
        early: bool,
        figures: Mapping[str, Any],
    ) -> None:
        """Write contact sheet, dreamt clip and a line of the log. Raises UserError or OSError when it cannot.

        Args:
            steps: how many were trained; the files are named after it.
            originals: frames of the footage, [B, H, W, 3].
            rendered: the same as the dream renders them.
            film: writes the clip, an MP4 file.
            early: whether training goes on.
            figures: for the log.
        """
        preview.sheet(self.path / f"sheet-{steps:06d}.jpg", originals, rendered)
        film(self.path / f"dream-{steps:06d}.mp4")
        with open(self.path / "log.jsonl", "a", encoding="utf-8") as log:
            log.write(json.dumps({"early": early, **figures}) + "\n")

    def write_figures(self, figures: Mapping[str, Any]) -> None:
        """Write what the judges measured. Raises UserError when it cannot."""
        atomic_write(self.path / "figures.json", json.dumps(figures, indent=1).encode())
