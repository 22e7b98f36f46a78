"""Live pictures of some seconds ago."""

from collections import deque
from typing import NamedTuple

import simplejpeg

from livedream.input.live_source import LivePicture
from livedream.parameters import DELAY
from livedream.picture import Pixels
from livedream.picture.fit import fitted_size
from livedream.picture.scale import Scaler

QUALITY = 92
SLACK = 1e-3  # seconds
LARGEST = 256 << 20  # bytes that are kept at most


class _Kept(NamedTuple):
    """A picture as JPEG, without its alpha."""

    jpeg: bytes
    at: float
    number: int
    place: float


class Delay:
    """Keeps the pictures of the last seconds as JPEG, no larger than the show, while a delay is asked for.

    At 1280x720 and 30 pictures a second ten seconds of them take 30 to 90 MB, and never more than LARGEST: then the
    oldest go first, and the delay is shorter.

    Args:
        size: (width, height) of the show.

    Attributes:
        bytes: That it keeps at this moment.
    """

    def __init__(self, size: tuple[int, int]):
        self._size = size
        self._scaler = Scaler()
        self._kept: deque[_Kept] = deque()
        self.bytes = 0
        self._decoded: LivePicture | None = None

    def picture(self, newest: LivePicture, seconds: float) -> LivePicture:
        """Return the picture that came `seconds` before the newest; the oldest there is while it keeps too few.

        Without a delay that is the newest, and nothing is kept.
        """
        if seconds <= 0:
            self._kept.clear()
            self.bytes, self._decoded = 0, None
            return newest
        if not self._kept or self._kept[-1].number != newest.number:
            self._keep(newest)
        wanted = newest.at - seconds + SLACK
        chosen = next((each for each in reversed(self._kept) if each.at <= wanted), self._kept[0])
        if self._decoded is None or self._decoded.number != chosen.number:
            pixels: Pixels = simplejpeg.decode_jpeg(chosen.jpeg, colorspace="RGBA", fastdct=True)
            self._decoded = LivePicture(pixels, chosen.at, chosen.number, chosen.place)
        return self._decoded

    def _keep(self, picture: LivePicture) -> None:
        width, height = fitted_size(picture.pixels, self._size)
        small = picture.pixels
        if small.shape[0] > height:
            small = self._scaler(small, (width, height))
        jpeg = simplejpeg.encode_jpeg(small, QUALITY, colorspace="RGBA", colorsubsampling="420", fastdct=True)
        self._kept.append(_Kept(jpeg, picture.at, picture.number, picture.place))
        self.bytes += len(jpeg)
        while len(self._kept) > 1 and (self.bytes > LARGEST or self._kept[1].at < picture.at - DELAY):
            self.bytes -= len(self._kept.popleft().jpeg)
