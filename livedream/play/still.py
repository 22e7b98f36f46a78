"""A photo that a dream starts from: the dream's first picture is the photo itself, which moves along and fades.

A dream draws a photo only as far as its networks know it. What they lose is put back: the photo lies over the first
picture, is moved from picture to picture as the dream's own pictures move, and fades within FADE seconds, sooner where
the dream goes on to something else.
"""

from collections.abc import Sequence

import numpy as np

from livedream.picture import Pixels
from livedream.play import Floats
from livedream.play.motion import blurred, flow, weights
from livedream.play.motion import sampled as moved
from livedream.play.packed import lanes, mixed, pixels, sampled

FADE = 1.6  # seconds
POINTS = 64  # of the shorter side, about, on which motion is measured
BAND = 16  # rows
UNLIKE = 25.0  # grey levels by which a moved picture may differ from the next one before the photo gives way there
GONE = 0.5  # grey levels; a photo that can change no pixel by more has faded
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


class Still:
    """One photo over a dream's pictures.

    Args:
        photo: uint8 [H, W, 4] in the dream's size, opaque; never written to.

    Attributes:
        photo: As given.
        over: Whether it has faded.
    """

    def __init__(self, photo: Pixels):
        self.photo, self.over = photo, False
        self._lanes = lanes(photo)
        self._began: float | None = None
        self._points = _points(*photo.shape[:2])
        self._last: Floats | None = None  # the picture before, as it is measured
        self._u = self._v = np.zeros(self._points, np.float32)  # where each point of the picture was in the photo
        self._kept = np.ones(self._points, np.float32)  # how much of the photo is left there, besides its fading

    def __call__(self, picture: Pixels, seconds: float) -> Pixels:
        """Return the dream's picture with the photo over it.

        Args:
            picture: uint8 [H, W, 4].
            seconds: How long the dream has moved; the first call begins the fading.
        """
        if self.over or picture.shape != self.photo.shape:
            self.over = True
            return picture
        if self._began is None:
            self._began, self._last = seconds, self._measured(picture)
            return self.photo
        left = 1 - (seconds - self._began) / FADE
        if not 0 < left <= 1:
            self.over = True
            return picture
        self._follow(self._measured(picture))
        return self._laid(picture, left * left * (3 - 2 * left))

    def copy(self) -> "Still":
        """Return one that goes on from here by itself; its arrays are replaced, never written to."""
        other = Still.__new__(Still)
        other.__dict__.update(self.__dict__)
        return other

    def _follow(self, now: Floats) -> None:
        """Move along from the last picture to this one."""
        assert self._last is not None
        u, v = flow(self._last, now)
        unlike = blurred(np.abs(now - moved(self._last, u, v)), 2)
        self._kept = moved(self._kept, u, v) * np.exp(-((unlike / UNLIKE) ** 2))
        self._u, self._v, self._last = u + moved(self._u, u, v), v + moved(self._v, u, v), now

    def _laid(self, picture: Pixels, share: float) -> Pixels:
        height, width = picture.shape[:2]
        (h, w), laid = self._points, np.empty_like(picture)
        fields = np.stack([width / w * self._u, height / h * self._v, 256 * share * self._kept])
        if float(fields[2].max()) < GONE:
            self.over = True
            return picture
        fields = fields @ weights(w, width).T
        for top in range(0, height, BAND):  # memory of a few rows is had again and again at once
            rows = slice(top, top + BAND)
            u, v, weight = weights(h, height)[rows] @ fields
            laid[rows] = pixels(mixed(lanes(picture[rows]), sampled(self._lanes, u, v, top), weight))
        return laid

    def _measured(self, picture: Pixels) -> Floats:
        """Return a picture's luma, f32 [h, w], averaged over cells."""
        (h, w), (height, width) = self._points, picture.shape[:2]
        down, across = height // h, width // w
        # A sample of each cell in four places: a full average would cost more than the motion itself.
        steps: Sequence[tuple[int, int]] = [(a * down // 4, b * across // 4) for a in (1, 3) for b in (1, 3)]
        cells = [picture[y : y + h * down : down, x : x + w * across : across, :3] for y, x in steps]
        found: Floats = np.mean([cell[:h, :w] @ LUMA for cell in cells], 0, dtype=np.float32)
        return found


def _points(height: int, width: int) -> tuple[int, int]:
    """Return (h, w) of the points on which motion is measured: divisible by 4, and cells of whole pixels."""
    cell = max(1, round(min(height, width) / POINTS))
    return max(8, height // cell // 4 * 4), max(8, width // cell // 4 * 4)
