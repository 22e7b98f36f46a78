"""Names for the arrays that pass between the parts of training."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]  # pictures [..., H, W, 3], sRGB, top row first
Rgba = NDArray[np.uint8]  # pictures [..., H, W, 4], sRGB, straight alpha, top row first
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]
Segments = Sequence[tuple[int, int]]  # shots as [start, stop) frame numbers, in order
