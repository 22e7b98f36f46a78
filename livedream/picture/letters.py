"""A monospaced stroke font, so that text needs no font on the machine.

A glyph stands on a grid 6 units wide: capitals reach from 0 down to 9, small letters begin at 3, descenders end at 12
(c). It consists of strokes of points "xy" in hexadecimal; a point with ~ is the control point of a quadratic curve.
"""

import functools
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ADVANCE, LINE = 8, 16  # units from glyph to glyph, and from line to line
LEFT, ABOVE = 1, 3  # units of margin before a glyph's own grid begins
PEN = 0.58  # units from the middle of a stroke to its edge

Point = tuple[float, float]

OVAL = "30 60~ 63 66 69~ 39 09~ 06 03 00~ 30"
BOWL = "33 63~ 66 69~ 39 09~ 06 03~ 33"
GLYPHS = {
    "A": "09 30 69, 16 56",
    "B": "34 04 00 30 60~ 64~ 34 64~ 69~ 39 09 04",
    "C": "62 60~ 30 00~ 03 06 09~ 39 69~ 67",
    "D": "00 20 60~ 63 66 69~ 29 09 00",
    "E": "60 00 09 69, 04 54",
    "F": "60 00 09, 04 54",
    "G": "62 60~ 30 00~ 03 06 09~ 39 69~ 65 35",
    "H": "00 09, 60 69, 04 64",
    "I": "10 50, 30 39, 19 59",
    "J": "60 66 69~ 39 09~ 06",
    "K": "00 09, 60 06, 24 69",
    "L": "00 09 69",
    "M": "09 00 35 60 69",
    "N": "09 00 69 60",
    "O": OVAL,
    "P": "09 00 30 60~ 62 63 65~ 35 05",
    "Q": f"{OVAL}, 47 6a",
    "R": "09 00 30 60~ 64~ 34 04, 34 69",
    "S": "62 60~ 30 00~ 04~ 34 64~ 69~ 39 09~ 07",
    "T": "00 60, 30 39",
    "U": "00 06 09~ 39 69~ 66 60",
    "V": "00 39 60",
    "W": "00 19 34 59 60",
    "X": "00 69, 60 09",
    "Y": "00 34 60, 34 39",
    "Z": "00 60 09 69",
    "a": f"63 69, {BOWL}",
    "b": f"00 09, {BOWL}",
    "c": "65 63~ 33 03~ 06 09~ 39 69~ 67",
    "d": f"60 69, {BOWL}",
    "e": "06 66 63~ 33 03~ 06 09~ 39 69~ 68",
    "f": "60 30~ 33 39, 13 53",
    "g": f"63 6a 6c~ 3c 0c~ 0b, {BOWL}",
    "h": "00 09, 06 03~ 33 63~ 66 69",
    "i": "31, 13 33 39, 19 59",
    "j": "41, 23 43 4a 4c~ 1c",
    "k": "00 09, 53 07, 25 69",
    "l": "10 30 37 39~ 59",
    "m": "03 09, 05 03~ 13 33~ 35 39, 35 33~ 43 63~ 65 69",
    "n": "03 09, 06 03~ 33 63~ 66 69",
    "o": BOWL,
    "p": f"03 0c, {BOWL}",
    "q": f"63 6c, {BOWL}",
    "r": "13 19, 16 13~ 43 63~ 65",
    "s": "64 63~ 33 03~ 06~ 36 66~ 69~ 39 09~ 08",
    "t": "30 37 39~ 59, 13 53",
    "u": "03 06 09~ 39 69~ 66, 63 69",
    "v": "03 39 63",
    "w": "03 19 34 59 63",
    "x": "03 69, 63 09",
    "y": "03 39, 63 39 2c~ 0c",
    "z": "03 63 09 69",
    "0": f"{OVAL}, 27 42",
    "1": "12 30 39, 19 59",
    "2": "02 00~ 30 60~ 62 64~ 09 69",
    "3": "02 00~ 30 60~ 64~ 34 64~ 69~ 39 09~ 07",
    "4": "49 40 06 66",
    "5": "60 00 04 34 64~ 66 69~ 39 09~ 07",
    "6": "62 60~ 30 00~ 04 06 09~ 39 69~ 66 64~ 34 04~ 06",
    "7": "00 60 29",
    "8": "34 04~ 00~ 30 60~ 64~ 34 64~ 69~ 39 09~ 04~ 34",
    "9": "07 09~ 39 69~ 65 63 60~ 30 00~ 03 05~ 35 65~ 63",
    ".": "39",
    ",": "39 2b",
    ":": "34, 39",
    ";": "34, 39 2b",
    "!": "30 36, 39",
    "?": "02 00~ 30 60~ 62 64~ 36, 39",
    "-": "15 55",
    "–": "05 65",
    "—": "05 65",
    "_": "0b 6b",
    "+": "05 65, 32 38",
    "=": "04 64, 07 67",
    "*": "31 37, 12 56, 52 16",
    "/": "60 0a",
    "\\": "00 6a",
    "|": "30 3b",
    "(": "50 20~ 2b~ 5b",
    ")": "10 40~ 4b~ 1b",
    "[": "50 20 2b 5b",
    "]": "10 40 4b 1b",
    "{": "50 30~ 33 35~ 15 35~ 38 3b~ 5b",
    "}": "10 30~ 33 35~ 55 35~ 38 3b~ 1b",
    "<": "62 05 68",
    ">": "02 65 08",
    "#": "20 19, 50 49, 03 63, 06 66",
    "%": "60 09, 10 20~ 22~ 02~ 00~ 10, 57 67~ 69~ 49~ 47~ 57",
    "&": "69 13 10~ 30 50~ 52 04~ 07 09~ 39 59~ 66",
    "@": "55 54~ 34 24~ 27~ 37 57~ 55 56 66~ 60~ 30 00~ 09~ 39 59",
    "$": "62 60~ 30 00~ 04~ 34 64~ 69~ 39 09~ 07, 30 39",
    "'": "30 32",
    "’": "30 32",
    '"': "20 22, 40 42",
    "`": "20 32",
    "^": "03 30 63",
    "~": "06 04~ 35 66~ 64",
    "·": "35",
    "…": "09, 39, 69",
    "×": "13 57, 53 17",
    "°": "30 50~ 53~ 33 13~ 10~ 30",
    "→": "05 65, 43 65 47",
}
UNKNOWN = "00 60 69 09 00"


def draw(text: str, width: int) -> NDArray[np.float32]:
    """Draw one line of text as coverage, float32 [2 * width, width * len(text)], 0..1.

    Accents are left out; an unknown character becomes an empty box.

    Args:
        text: the line.
        width: of one glyph in pixels.
    """
    plain = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return np.concatenate([_glyph(each, width) for each in plain] or [np.zeros((2 * width, 0), np.float32)], axis=1)


@functools.lru_cache(maxsize=256)
def strokes(character: str) -> list[list[Point]]:
    """Return a glyph as polylines of points (x, y) in a box of ADVANCE x 2 * ADVANCE units; a dot is one point."""
    return [_flatten(stroke) for stroke in _parsed(character)]


def _parsed(character: str) -> list[list[tuple[float, float, bool]]]:
    """Return a glyph's strokes as points (x, y, whether it is a control point), in units."""
    text = GLYPHS.get(character, "" if character.isspace() else UNKNOWN)
    strokes = (stroke.split() for stroke in text.split(", "))
    return [
        [(int(p[0], 16) + LEFT, int(p[1], 16) + ABOVE, p.endswith("~")) for p in stroke] for stroke in strokes if stroke
    ]


@functools.lru_cache(maxsize=1024)
def _glyph(character: str, width: int) -> NDArray[np.float32]:
    """Draw one glyph as coverage, float32 [2 * width, width]."""
    unit = width / ADVANCE
    pen = max(0.5, PEN * unit)
    middle = 0.5 * (round(2 * pen) % 2)  # centre of a pixel or border of two: a stroke of this width has sharp edges
    y, x = np.mgrid[: 2 * width, :width] + 0.5
    nearest = np.full(x.shape, np.inf)
    for stroke in _parsed(character):
        line = _flatten([(round(x * unit) + middle, round(y * unit) + middle, control) for x, y, control in stroke])
        for (ax, ay), (bx, by) in zip(line, line[1:] or line, strict=False):
            across, down = bx - ax, by - ay
            along = ((x - ax) * across + (y - ay) * down) / max(across * across + down * down, 1e-9)
            along = np.clip(along, 0.0, 1.0)
            far = np.hypot(x - ax - along * across, y - ay - along * down)
            nearest = np.minimum(nearest, far if len(line) > 1 else far - 0.3 * pen)  # a dot is a little larger
    coverage: NDArray[np.float32] = np.clip(pen + 0.5 - nearest, 0.0, 1.0).astype(np.float32)
    return coverage


def _flatten(points: Sequence[tuple[float, float, bool]]) -> list[Point]:
    """Return a stroke as a polyline; two control points in a row make two curves that meet half-way between them."""
    line: list[Point] = [points[0][:2]]
    for i, (x, y, is_control) in enumerate(points[1:], 1):
        if not is_control:
            line.append((x, y))
            continue
        (ax, ay), (bx, by, next_is_control) = line[-1], points[i + 1]
        if next_is_control:
            bx, by = (x + bx) / 2, (y + by) / 2
        for t in np.linspace(0, 1, 9)[1:]:
            u = 1 - t
            line.append((u * u * ax + 2 * t * u * x + t * t * bx, u * u * ay + 2 * t * u * y + t * t * by))
    return line
