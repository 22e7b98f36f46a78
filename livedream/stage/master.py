"""The last thing that happens to a picture: fade and blackout."""

import numpy as np

from livedream.parameters import Snapshot


def apply(pixels: np.ndarray, values: Snapshot) -> np.ndarray:
    """pixels uint8 [H, W, 4], darkened as `master/fade` and `master/blackout` say; alpha stays."""
    fade = 0.0 if values["master/blackout"] else values["master/fade"]
    if fade >= 1:
        return pixels
    levels = np.rint(np.arange(256) * fade).astype(np.uint8)
    dark = levels[pixels]
    dark[..., 3] = pixels[..., 3]
    return dark
