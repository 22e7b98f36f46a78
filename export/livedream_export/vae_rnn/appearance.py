"""How a picture looks, in few numbers: pictures that look alike have descriptors near one another."""

from collections.abc import Sequence

import numpy as np

from ..arrays import Floats, Indices, Rgb
from ..kept_pictures import is_large

CELLS = 8  # cells on a side; a descriptor has their colours, and the detail across and down in them
LUMA = (0.299, 0.587, 0.114)
SAMPLED = 400  # frames from which descriptors are scaled


def thinning(height: int, width: int) -> int:
    """Return n where a descriptor uses every n-th row and column."""
    return 2 if is_large(height, width) else 1


class Appearance:
    """Makes descriptors of pictures, scaled by the frames it was made of.

    Attributes:
        mean: mean of the raw descriptors, f32 [D].
        std: their standard deviation, and a little more, f32 [D].
    """

    def __init__(self, frames: Rgb, index: Indices):
        raw = _raw(frames, index[np.linspace(0, len(index) - 1, min(SAMPLED, len(index))).astype(int)])
        self.mean: Floats = raw.mean(0)
        self.std: Floats = raw.std(0) + 1.0

    def __call__(self, frames: Rgb, index: Indices | Sequence[int]) -> Floats:
        """Return the descriptors of the frames at `index`, f32 [B, D]."""
        return (_raw(frames, index) - self.mean) / self.std


def _raw(frames: Rgb, index: Indices | Sequence[int]) -> Floats:
    """Return colours, and mean absolute steps of luma across and down, of CELLS x CELLS cells: f32 [B, CELLS² * 5]."""
    k = thinning(*frames.shape[1:3])
    height, width = (side // k for side in frames.shape[1:3])
    found = []
    for at in index:
        picture = frames[at, ::k, ::k].astype(np.float32)
        luma = picture @ np.array(LUMA, np.float32)
        across = np.abs(np.diff(luma, axis=1, append=luma[:, -1:]))
        down = np.abs(np.diff(luma, axis=0, append=luma[-1:]))
        all_ = np.concatenate([picture, across[..., None], down[..., None]], 2)
        found.append(all_.reshape(CELLS, height // CELLS, CELLS, width // CELLS, 5).mean((1, 3)).ravel())
    return np.stack(found)
