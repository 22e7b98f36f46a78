"""The live picture in a deck's picture, before the deck's effects.

Where it is mixed with a dream, the picture has the shape of the show, as outputs show it: a dream of another shape lies
between bars there, so that nothing jumps between a mix of 0 and 1. It is no larger than its two pictures are.
"""

from livedream.picture import Pixels
from livedream.picture.blend import blend
from livedream.picture.fit import fitted_size
from livedream.picture.frame import Picture, host_pixels
from livedream.picture.placing import FITS
from livedream.picture.scale import Scaler, Size, fitted
from livedream.play import Values

SMALLEST = 16  # pixels of a side
MADE = 4  # fitted pictures that are kept: of two decks, with and without their dreams


class LiveView:
    """The live picture of a show, as the drawer thread sees it.

    Args:
        size: (width, height) of the show; live pictures are made no larger.

    Attributes:
        picture: The live picture, uint8 [H, W, 4] of any size; None before the first.
    """

    def __init__(self, size: Size):
        self.picture: Pixels | None = None
        self._size = size
        self._made: dict[tuple[Size, str, bool], Pixels] = {}  # of `picture`
        self._scaler = Scaler()

    def show(self, picture: Pixels | None) -> None:
        """Show this picture from the next drawing on; it is never written to again."""
        if picture is not self.picture:
            self.picture, self._made = picture, {}

    def alone(self, values: Values) -> Pixels:
        """Return the live picture, uint8 [H, W, 4]: what a mix of 1 shows."""
        assert self.picture is not None, "it is asked for where there is one"
        if _fit(values) == "contain":  # outputs add the bars
            height, width = self.picture.shape[:2]
            most = min(width, self._size[0]), min(height, self._size[1])
            return self._fitted(fitted_size(self.picture, most), values)
        return self._fitted(_within(self._size, self.picture.shape, False), values)

    def over(self, dream: Pixels | Picture, share: float, values: Values) -> Pixels:
        """Return the mix of a dream's picture and the live one, of which it has `share` (0..1)."""
        assert self.picture is not None, "it is asked for where there is one"
        live = _within(self._size, self.picture.shape, _fit(values) == "contain")
        size = max(live, _within(self._size, dream.shape, True))
        own = fitted(self._scaler, host_pixels(dream), size)
        return blend(own, self._fitted(size, values), share)

    def _fitted(self, size: Size, values: Values) -> Pixels:
        assert self.picture is not None, "its callers have looked"
        fit, mirror = _fit(values), bool(values["input/mirror"])
        key = size, fit, mirror
        if key not in self._made:
            if len(self._made) >= MADE:
                self._made = {}
            self._made[key] = fitted(self._scaler, self.picture, size, fit, mirror)
        return self._made[key]


def _fit(values: Values) -> str:
    return FITS[values["input/fit"]]


def _within(size: Size, shape: tuple[int, ...], whole: bool) -> Size:
    """Return the largest even (width, height) of the show's shape in which a picture need not be enlarged.

    Args:
        size: Of the show, at most.
        shape: (H, W, 4) of the picture.
        whole: All of it is to be seen, rather than to reach over the edges.
    """
    across, down = shape[1] / size[0], shape[0] / size[1]
    scale = min(1.0, max(across, down) if whole else min(across, down))
    width, height = (max(SMALLEST, round(each * scale / 2) * 2) for each in size)
    return width, height
