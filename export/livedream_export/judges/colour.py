"""Whether colours and contrast are the footage's: what makes a dream grey."""

import numpy as np

from .spectrum import LUMA


class Colours:
    """Mean colour and contrast of pictures."""

    def __init__(self):
        self.count, self._mean, self._contrast = 0, np.zeros(3), 0.0

    def add(self, pictures: np.ndarray) -> None:
        """Pictures uint8 [N, H, W, 3]."""
        for picture in pictures:
            self._mean += picture.mean((0, 1))
            self._contrast += float((picture @ LUMA).std())
            self.count += 1

    @property
    def mean(self) -> np.ndarray:
        """Red, green, blue, 0..255."""
        return self._mean / self.count

    @property
    def contrast(self) -> float:
        """Mean of the pictures' standard deviation of luma, grey levels."""
        return self._contrast / self.count


def beside(dream: Colours, footage: Colours) -> dict:
    """`off`: largest difference of the mean colours, grey levels; `contrast`: as a share of the footage's."""
    return {
        "off": float(np.abs(dream.mean - footage.mean).max()),
        "contrast": dream.contrast / footage.contrast if footage.contrast else None,
        "mean": [round(float(each), 1) for each in dream.mean],
        "mean_footage": [round(float(each), 1) for each in footage.mean],
    }
