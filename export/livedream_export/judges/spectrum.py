"""The power spectrum of pictures: how steeply it falls, and the lattice that a decoder may leave in it.

Soft pictures fall more steeply than the footage. A decoder that enlarges in steps of two or four can leave stripes or
a lattice, which mends the slope's figure and not the picture; so the power right at the multiples of a quarter cycle a
pixel is held against what is around it.
"""

import itertools

import numpy as np

LOW, HIGH = 0.04, 0.45  # cycles a pixel between which the slope is fitted
BANDS = 24  # between them
AROUND = 3  # points on each side that a point is held against
LUMA = np.float32([0.299, 0.587, 0.114])


class Power:
    """Mean power spectrum of the luma of pictures of one size, under a Hann window."""

    def __init__(self):
        self.count, self._sum, self._window = 0, None, None

    def add(self, pictures: np.ndarray) -> None:
        """Pictures uint8 [N, H, W, 3]."""
        for picture in pictures:
            luma = picture @ LUMA
            if self._window is None:
                self._window = np.outer(*(np.hanning(side).astype(np.float32) for side in luma.shape))
                self._sum = np.zeros(luma.shape)
            self._sum += np.square(np.abs(np.fft.fft2((luma - luma.mean()) * self._window)))
            self.count += 1

    @property
    def mean(self) -> np.ndarray:
        """float64 [H, W], frequencies as np.fft.fftfreq lays them out."""
        return self._sum / self.count

    @property
    def edges(self) -> float:
        """How much there is of edges: the root of power times squared frequency, summed up."""
        fy, fx = (np.fft.fftfreq(side) for side in self.mean.shape)
        return float(np.sqrt((self.mean * (fy[:, None] ** 2 + fx**2)).sum()))

    @property
    def figures(self) -> dict[str, float | None]:
        """`slope` and `lattice`; None for what pictures without any contrast do not have."""
        if not self.count or not self._sum.any():
            return {"slope": None, "lattice": None}
        return {"slope": slope(self.mean), "lattice": lattice(self.mean)}


def slope(power: np.ndarray) -> float:
    """Exponent of the fall of power [H, W] with frequency, fitted to means over rings; about −2 to −3 in footage."""
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


def lattice(power: np.ndarray) -> float:
    """Decimal logarithm of power at the multiples of a quarter cycle a pixel over its surroundings, their mean.

    About 0 where there is no lattice; 1.6 where each of the 15 points is a pure line.
    """
    height, width = power.shape
    least = power.max() * 1e-12  # so that drawn flats have a logarithm
    found = []
    for row, column in itertools.product((0, 1, 2, 3), repeat=2):
        if row or column:
            y, x = round(row * height / 4), round(column * width / 4)
            rows, columns = (np.arange(at - AROUND, at + AROUND + 1) for at in (y, x))
            near = power[np.ix_(rows % height, columns % width)]
            here = power[y, x]
            found.append(np.log10((here + least) / ((near.sum() - here) / (near.size - 1) + least)))
    return float(np.mean(found))
