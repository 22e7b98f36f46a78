"""Test pictures and waiting, for all outputs."""

import numpy as np
import pytest

from livedream.frame import Frame


def moving_gradient(number: int, width: int = 320, height: int = 180) -> np.ndarray:
    """uint8 [height, width, 4]: red to the right, green downwards, blue by number; top left corner white."""
    picture = np.empty((height, width, 4), np.uint8)
    picture[..., 0] = np.linspace(0, 255, width)
    picture[..., 1] = np.linspace(0, 255, height)[:, None]
    picture[..., 2] = number * 8 % 256
    picture[..., 3] = 255
    picture[: height // 6, : width // 8] = 255
    return picture


@pytest.fixture
def frame():
    """frame(number, width, height) -> Frame."""
    return lambda number, width=320, height=180: Frame(moving_gradient(number, width, height), number)
