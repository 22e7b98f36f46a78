"""Draws how much training time has passed: a thin line, equal lengths for equal factors of time."""

import math

import numpy as np

from livedream.picture import letters

from .arrays import Floats, Rgb

HEIGHT = 52  # pixels
PAPER, PASSED, TO_COME, WORDS = (12, 12, 14), (238, 238, 242), (62, 62, 72), (150, 150, 160)  # sRGB

_LEVEL = 18.0  # pixels from the top to the middle of the line
_THICK, _DOT, _HEAD = 2.0, 2.6, 4.6  # pixels: thickness of the line, radius of a mark and of the head
_MARGIN, _GLYPH = 24, 8  # pixels at both ends, and of width of a letter
_CLOCK = 11  # letters that the time takes
_MARKS = ((1, "1 s"), (10, "10 s"), (60, "1 min"), (600, "10 min"), (3600, "1 h"), (36000, "10 h"), (360000, "100 h"))


class TimeLine:
    """A line from the first time of a film to its last.

    Args:
        width: of the picture, pixels.
        first: seconds at its beginning.
        last: seconds at its end.
    """

    def __init__(self, width: int, first: float, last: float):
        self.width, self._from = width, math.log(first)
        self._span = max(1e-6, math.log(last) - self._from)
        self._end = max(2.0 * _MARGIN, width - 2 * _MARGIN - _CLOCK * _GLYPH)  # x at the last time
        self._y, self._x = np.mgrid[:HEIGHT, :width].astype(np.float32) + 0.5
        marks = [(self._place(seconds), text) for seconds, text in _MARKS if first <= seconds <= last]
        self._marks = [x for x, _ in marks]
        self._ground = np.full((HEIGHT, width, 3), PAPER, np.float32)
        _lay(self._ground, self._stroke(_MARGIN, self._end), TO_COME)
        for x in self._marks:
            _lay(self._ground, self._disc(x, _DOT), TO_COME)
        _lay(self._ground, self._named(marks), WORDS)

    def draw(self, seconds: float) -> Rgb:
        """Return the band [HEIGHT, width, 3] after so many seconds of training."""
        head = self._place(seconds)
        passed = np.maximum(self._stroke(_MARGIN, head), self._disc(head, _HEAD))
        for x in self._marks:
            passed = np.maximum(passed, self._disc(x, _DOT) if x <= head else 0)
        band = self._ground.copy()
        _lay(band, passed, PASSED)
        text = letters.draw(clock(seconds), _GLYPH)
        _lay(band, self._put(text, self.width - _MARGIN - text.shape[1], round(_LEVEL - 0.94 * _GLYPH)), PASSED)
        return band.round().astype(np.uint8)

    def _place(self, seconds: float) -> float:
        share = (math.log(max(1e-3, seconds)) - self._from) / self._span
        return _MARGIN + min(1.0, max(0.0, share)) * (self._end - _MARGIN)

    def _named(self, marks: list[tuple[float, str]]) -> Floats:
        """Return the coverage of the marks' names below the line, without those that would touch another."""
        page, free = np.zeros((HEIGHT, self.width), np.float32), 0.0
        for x, text in marks:
            word = letters.draw(text, _GLYPH)
            left = min(max(x - word.shape[1] / 2, _MARGIN - _HEAD), self.width - word.shape[1])
            if left >= free:
                page = np.maximum(page, self._put(word, round(left), round(_LEVEL + 8)))
                free = left + word.shape[1] + 2 * _GLYPH
        return page

    def _put(self, word: Floats, left: int, top: int) -> Floats:
        page = np.zeros((HEIGHT, self.width), np.float32)
        left = max(0, left)
        part = word[: HEIGHT - top, : self.width - left]
        page[top : top + part.shape[0], left : left + part.shape[1]] = part
        return page

    def _stroke(self, left: float, right: float) -> Floats:
        """Return the coverage of the line from left to right, with round ends."""
        beyond = np.maximum(np.maximum(left - self._x, self._x - right), 0)
        return _covered(np.hypot(beyond, self._y - _LEVEL), _THICK / 2)

    def _disc(self, x: float, radius: float) -> Floats:
        return _covered(np.hypot(self._x - x, self._y - _LEVEL), radius)


def clock(seconds: float) -> str:
    """Return a time in words of even length: "4.2 s", "3 min 05 s", "2 h 08 min"."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"
    minutes = int(seconds) // 60
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _covered(distance: Floats, radius: float) -> Floats:
    """Return how much of each pixel lies within a radius, 0..1."""
    covered: Floats = np.clip(radius + 0.5 - distance, 0, 1)
    return covered


def _lay(band: Floats, coverage: Floats, colour: tuple[int, int, int]) -> None:
    """Paint a colour onto the band where it is covered."""
    band += coverage[..., None] * (np.array(colour, np.float32) - band)
