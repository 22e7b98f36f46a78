"""The power spectrum of pictures: how steeply it falls, and the lattice that a decoder may leave in it.

The spectrum of soft pictures falls more steeply than the footage's. A decoder that enlarges in steps of two or four can
leave stripes or a lattice, which improves the slope but not the picture; so the power exactly at the multiples of a
quarter cycle a pixel is compared with that around them.
"""

import itertools

import numpy as np

from ..arrays import Doubles, Floats, Rgb

LOW, HIGH = 0.04, 0.45  # cycles a pixel between which the slope is fitted
BANDS = 24  # between them
AROUND = 3  # points on each side with which a point is compared
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


class Power:
    """Mean power spectrum of the luma of pictures of one size, under a Hann window.

    Attributes:
        count: how many were added.
    """

    def __init__(self) -> None:
        self.count = 0
        self._sum: Doubles = np.zeros((0, 0))
        self._window: Floats = np.zeros((0, 0), np.float32)

    def add(self, pictures: Rgb) -> None:
        """Add pictures [N, H, W, 3]."""
        for picture in pictures:
            luma = picture @ LUMA
            if not self.count:
                self._window = np.outer(*(np.hanning(side).astype(np.float32) for side in luma.shape))
                self._sum = np.zeros(luma.shape)
            self._sum += np.square(np.abs(np.fft.fft2((luma - luma.mean()) * self._window)))
            self.count += 1

    @property
    def mean(self) -> Doubles:
        """Mean power [H, W], frequencies in the order of np.fft.fftfreq."""
        return self._sum / self.count

    @property
    def edges(self) -> float:
        """Strength of edges: the root of the sum of power times squared frequency."""
        fy, fx = (np.fft.fftfreq(side) for side in self.mean.shape)
        return float(np.sqrt((self.mean * (fy[:, None] ** 2 + fx**2)).sum()))

    @property
    def figures(self) -> dict[str, float | None]:
        """`slope` and `lattice`; None for pictures without any contrast."""
        if not self.count or not self._sum.any():
            return {"slope": None, "lattice": None}
        return {"slope": slope(self.mean), "lattice": lattice(self.mean)}


def slope(power: Doubles) -> float:
    """Return the exponent of power [H, W] over frequency, fitted to means over rings; about −2 to −3 in footage."""
    fy, fx = (np.fft.fftfreq(side) for side in power.shape)
    radius = np.hypot(fy[:, None], fx)
    edges = np.geomspace(LOW, HIGH, BANDS + 1)
    ring = np.digitize(radius, edges).ravel()
    sums = np.bincount(ring, power.ravel(), BANDS + 2)[1:-1]
    places = np.bincount(ring, radius.ravel(), BANDS + 2)[1:-1]
    counts = np.bincount(ring, minlength=BANDS + 2)[1:-1]
    filled = (counts > 0) & (sums > 0)
    if filled.sum() < 2:
        return 0.0
    x, y = np.log(places[filled] / counts[filled]), np.log(sums[filled] / counts[filled])
    return float(np.polyfit(x, y, 1)[0])


def lattice(power: Doubles) -> float:
    """Return the mean log10 ratio of power at the multiples of a quarter cycle a pixel to that around them.

    It is about 0 where there is no lattice and 1.6 where each of the 15 points is a pure line.
    """
    height, width = power.shape
    least = power.max() * 1e-12  # so that flat pictures have a logarithm
    found = []
    for row, column in itertools.product((0, 1, 2, 3), repeat=2):
        if row or column:
            y, x = round(row * height / 4), round(column * width / 4)
            rows, columns = (np.arange(at - AROUND, at + AROUND + 1) for at in (y, x))
            near = power[np.ix_(rows % height, columns % width)]
            here = power[y, x]
            found.append(np.log10((here + least) / ((near.sum() - here) / (near.size - 1) + least)))
    return float(np.mean(found))
