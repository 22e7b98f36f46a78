"""Whether colours and contrast are the footage's: what makes a dream grey."""

from typing import Any

import numpy as np

from ..arrays import Doubles, Rgb
from .spectrum import LUMA


class Colours:
    """Mean colour and contrast of pictures.

    Attributes:
        count: how many were added.
    """

    def __init__(self) -> None:
        self.count, self._mean, self._contrast = 0, np.zeros(3), 0.0

    def add(self, pictures: Rgb) -> None:
        """Add pictures [N, H, W, 3]."""
        for picture in pictures:
            self._mean += picture.mean((0, 1))
            self._contrast += float((picture @ LUMA).std())
            self.count += 1

    @property
    def mean(self) -> Doubles:
        """Red, green and blue, 0..255."""
        return self._mean / self.count

    @property
    def contrast(self) -> float:
        """Mean of the pictures' standard deviation of luma, grey levels."""
        return self._contrast / self.count


def compare_colours(dream: Colours, footage: Colours) -> dict[str, Any]:
    """Return the figures of a dream beside the footage, ready for JSON.

    `off` is the largest difference of the mean colours in grey levels, `contrast` a share of the footage's.
    """
    return {
        "off": float(np.abs(dream.mean - footage.mean).max()),
        "contrast": dream.contrast / footage.contrast if footage.contrast else None,
        "mean": [round(float(each), 1) for each in dream.mean],
        "mean_footage": [round(float(each), 1) for each in footage.mean],
    }
