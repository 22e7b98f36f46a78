"""What a picture looks like, in few numbers: those that look alike lie near one another."""

import numpy as np

CELLS = 8  # on a side, in which a picture is described: their colours, and how much lies in them across and down
HALF_COLOUR = 256 * 256  # pixels, from which on colour is kept at half the sides
LUMA = (0.299, 0.587, 0.114)
SAMPLED = 400  # frames from which descriptions are scaled


class Looks:
    """Describes pictures so that those that look alike lie near: colours of cells, and how much detail lies in them.

    mean, deviation: f32 [D], of the frames that it was made of.
    """

    def __init__(self, frames: np.ndarray, index):
        index = np.asarray(index)
        raw = _raw(frames, index[np.linspace(0, len(index) - 1, min(SAMPLED, len(index))).astype(int)])
        self.mean, self.deviation = raw.mean(0), raw.std(0) + 1.0

    def __call__(self, frames: np.ndarray, index) -> np.ndarray:
        """Of the frames at `index`: f32 [B, D]."""
        return (_raw(frames, index) - self.mean) / self.deviation


def thinned(height: int, width: int) -> int:
    """Of how many rows and columns one is looked at, for how a picture looks."""
    return 2 if height * width > HALF_COLOUR else 1


def _raw(frames: np.ndarray, index) -> np.ndarray:
    """Colours, and mean absolute steps of luma across and down, of CELLS x CELLS cells: f32 [B, CELLS² * 5]."""
    k = thinned(*frames.shape[1:3])
    height, width = (side // k for side in frames.shape[1:3])
    found = []
    for at in index:
        picture = frames[at, ::k, ::k].astype(np.float32)
        luma = picture @ np.float32(LUMA)
        across = np.abs(np.diff(luma, axis=1, append=luma[:, -1:]))
        down = np.abs(np.diff(luma, axis=0, append=luma[-1:]))
        all_ = np.concatenate([picture, across[..., None], down[..., None]], 2)
        found.append(all_.reshape(CELLS, height // CELLS, CELLS, width // CELLS, 5).mean((1, 3)).ravel())
    return np.stack(found)
