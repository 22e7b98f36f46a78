"""Reads the paintings of `--style`: picture files, or those that the project makes itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from livedream import UserError, did_you_mean
from livedream_export import nightmare, pictures
from livedream_export.arrays import Rgb
from livedream_export.covering import converter

from . import paintings

OWN = "painting:"
NIGHTMARE = "nightmare:"  # alone, all eight of its pictures
MOST = 8
LEAST_SIDE = 64  # pixels


@dataclass(frozen=True)
class Painting:
    """A painting whose style is to be learned.

    Attributes:
        name: of the file, without its suffix, or of the project's own.
        picture: [H, W, 3].
    """

    name: str
    picture: Rgb

    def tensor(self, shorter: int) -> Tensor:
        """Return it as f32 [1, 3, h, w] in 0..1, the shorter side of so many pixels, the longer of twice at most."""
        height, width = self.picture.shape[:2]
        scale = shorter / min(height, width)
        size = (round(width * scale), round(height * scale))
        sized = cv2.resize(self.picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        height, width = sized.shape[:2]
        y, x = max(0, height - 2 * shorter) // 2, max(0, width - 2 * shorter) // 2
        cropped = np.ascontiguousarray(sized[y : height - y, x : width - x])
        return torch.from_numpy(cropped).permute(2, 0, 1)[None].float().div_(255)


def read(names: Sequence[str]) -> list[Painting]:
    """Read one to MOST paintings. Raises UserError for one that cannot be read, is too small, or too many."""
    if not names:
        raise UserError(f"--style is missing: name one to {MOST} paintings (`--style {OWN}` lists the project's own)")
    names = [each for name in names for each in (_eight() if name == NIGHTMARE else (name,))]
    if len(names) > MOST:
        raise UserError(f"--style: {len(names)} paintings; {MOST} are the most that one file can hold")
    return [_read(name) for name in names]


def _eight() -> list[str]:
    return [NIGHTMARE + each for each in nightmare.NAMES]


def _read(name: str) -> Painting:
    if name.startswith(OWN):
        own = name.removeprefix(OWN)
        if own not in paintings.PAINTINGS:
            there_are = f"; there are: {', '.join(OWN + each for each in paintings.PAINTINGS)}"
            raise UserError(f"--style {name}: no such painting{did_you_mean(own, paintings.PAINTINGS) or there_are}")
        return Painting(own, paintings.PAINTINGS[own]())
    if name.startswith(NIGHTMARE):
        own = name.removeprefix(NIGHTMARE)
        if own not in nightmare.NAMES:
            there_are = f"; there are: {', '.join(nightmare.NAMES)}"
            raise UserError(f"--style {name}: no such picture{did_you_mean(own, nightmare.NAMES) or there_are}")
        return Painting(own, nightmare.picture(own))
    path = Path(name)
    if not path.exists():
        raise UserError(f"--style {name}: there is no such file")
    if path.is_dir():
        raise UserError(f"--style {name}: is a folder; name the paintings themselves")
    frame = pictures.picture(path)
    if frame.width * frame.height > 200e6:
        raise UserError(f"--style {name}: {frame.width}x{frame.height} pixels; make it smaller, 2000 a side are plenty")
    if min(frame.width, frame.height) < LEAST_SIDE:
        raise UserError(f"--style {name}: {frame.width}x{frame.height} pixels; {LEAST_SIDE} a side are the least")
    convert = converter((frame.width, frame.height), 1.0, np.eye(2))
    return Painting(path.stem, np.ascontiguousarray(convert(frame)))
