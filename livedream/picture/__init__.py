"""Pictures: frames, transparency, and how one picture is laid over, fitted into or blended with another."""

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # [H, W, 4], sRGB RGBA, straight alpha, top row first
