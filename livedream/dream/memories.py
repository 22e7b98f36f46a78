"""The pictures of its footage that a dream remembers: JPEG files, one after the other in the dream file.

Only pictures that are drawn are ever decoded. memory_tensors.py reads them from the file.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from livedream import UserError
from livedream.dream.messages import brief
from livedream.picture import Pixels

BEFORE = 8  # memories before a damaged one that are tried in its place


@dataclass(frozen=True, eq=False)
class Memories:
    """M pictures of one size, numbered from 0.

    Attributes:
        pictures: the JPEG files one after the other, never copied.
        ends: int64 [M], where in `pictures` each file ends.
        size: (width, height) in pixels.
    """

    pictures: bytes
    ends: NDArray[np.int64]
    size: tuple[int, int]
    _damaged: set[int] = field(default_factory=set, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.ends)

    def jpeg(self, k: int) -> memoryview:
        """Return the file of memory k."""
        return memoryview(self.pictures)[self.ends[k - 1] if k else 0 : self.ends[k]]

    def picture(self, k: int, into: Pixels | None = None) -> Pixels:
        """Decode memory k, uint8 [H, W, 4] with alpha 255, into an array of that shape if one is given.

        Raises UserError for a damaged one.
        """
        import simplejpeg

        try:
            decoded: Pixels = simplejpeg.decode_jpeg(self.jpeg(k), "RGBA", buffer=into)
        except ValueError as error:
            raise UserError(f"memory {k} is damaged: {brief(str(error))}; export the dream again") from None
        return decoded

    def sound(self, k: int, into: Pixels | None = None) -> tuple[Pixels, bool]:
        """Decode memory k and return it with True; of a damaged one, the last sound one before it and False.

        Black where the BEFORE memories before it are damaged too.
        """
        for each in range(k, max(k - BEFORE, 0) - 1, -1):
            if each not in self._damaged:
                try:
                    return self.picture(each, into), each == k
                except UserError:
                    self._damaged.add(each)
        black = np.empty((self.size[1], self.size[0], 4), np.uint8) if into is None else into
        black[...] = 0, 0, 0, 255
        return black, False

    def stack(self, index: NDArray[np.int64]) -> Pixels:
        """Return the memories that `recall` asks for, of int64 [K]: uint8 [K, H, W, 4]."""
        return np.stack([self.sound(k)[0] for k in self.within(index)])

    def within(self, index: NDArray[np.int64]) -> list[int]:
        """Return the numbers that `recall` asks for, each clipped to those there are."""
        numbers: list[int] = np.clip(index, 0, len(self) - 1).tolist()
        return numbers
