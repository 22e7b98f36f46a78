"""The test card, drawn for the exact pixels of a window: if it is not sharp or straight, the display is at fault.

From the outside in it has: a frame with white outermost pixels, so that a lost edge shows; safe areas (EBU R 95: 93 %
for action, 90 % for text); a grid of squares, and circles, which should be round; colour bars at 75 % (BT.709 has the
primaries of sRGB); the window's description; a grey ramp, smooth and in 11 steps; patches near black and near white;
fields of single-pixel lines, which turn grey where the picture is scaled. A line crosses it in six seconds and tears
where swaps tear.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from livedream.output.window import painter
from livedream.picture import Pixels, letters

Card = Pixels  # the picture that is drawn on
Colour = tuple[int, int, int]  # sRGB

PERIOD = 6.0  # seconds in which the line crosses the card
LINE = 6  # pixels wide, with its dark edges
SQUARES = 18  # squares of the grid along the shorter side
LEAST = 9 * SQUARES  # pixels of the shorter side; below, only grid and frame are drawn

GROUND, INSET, GRID = (22, 23, 31), (9, 9, 14), (58, 61, 80)
WHITE, SOFT, DIM = (255, 255, 255), (178, 182, 206), (112, 116, 146)
LEVEL = 191  # 75 %
BARS = [tuple(LEVEL * ((n >> bit) & 1) for bit in (1, 2, 0)) for n in range(7, -1, -1)]  # white to black


Wanted = tuple[tuple[int, int], str, tuple[str, ...]]  # size, title, lines


class CardTexture:
    """The card as a texture. The OpenGL context must be current in every call."""

    def __init__(self) -> None:
        self.texture = painter.Texture()
        self._made: Wanted | None = None  # the card in the texture
        self._making: tuple[Wanted, list[Pixels]] | None = None  # the card that a thread draws, and where it is put
        self._pixels = np.empty((0, 0, 4), np.uint8)
        self._at = 0  # the line's left edge

    def update(self, size: tuple[int, int], title: str, lines: Sequence[str]) -> None:
        """Make it a card with this text, and move its line to its present position.

        The card is drawn in a thread, so that no picture waits for it; until it is ready the texture stays as it was.

        Args:
            size: (width, height) in pixels.
            title: See `draw`.
            lines: See `draw`.
        """
        wanted = size, title, tuple(lines)
        if self._made != wanted and self._making is None:
            drawn: list[Pixels] = []
            self._making = wanted, drawn
            threading.Thread(target=lambda: drawn.append(draw(*size, title, lines)), name="test card").start()
        if self._making and self._making[1]:
            self._made, [self._pixels] = self._making
            self._making, self._at = None, 0
            self.texture.put(self._pixels)
        if self.texture.size is None:
            return
        height, width = self._pixels.shape[:2]
        self.texture.upload(self._pixels[:, self._at : self._at + LINE], self._at)
        self._at = int((width - LINE) * (time.monotonic() / PERIOD % 1.0))
        self.texture.upload(_line(height), self._at)


def draw(width: int, height: int, title: str, lines: Sequence[str]) -> Pixels:
    """Draw a card, uint8 [height, width, 4].

    Args:
        width: In pixels.
        height: In pixels.
        title: One or two large letters beside the circle.
        lines: Text below the wordmark.
    """
    card = np.empty((height, width, 4), np.uint8)
    card[...] = (*GROUND, 255)
    g = max(2 * round(min(width, height) / SQUARES / 2), 8)  # a square of the grid, in pixels
    x, y = width // 2, height // 2
    _grid(card, x, y, g)
    _frame(card, x, y, g)
    if min(width, height) < LEAST:
        return card
    for part, name, along in ((0.93, "93 %", 0.5), (0.90, "90 %", 2.5)):
        _dashed(card, round(width * part / 2), round(height * part / 2), x, y, g)
        left, top = x - width * part / 2 + along * g, y - height * part / 2 - g / 7
        _write(card, name, left, top, g / 7, SOFT, aside=0, ground=GROUND)
    radius = 8.4 * g
    far_x, far_y = width / 2 - 2.5 * g, height / 2 - 2.5 * g
    if np.hypot(far_x, far_y) > radius + 1.6 * g:
        for number, (sx, sy) in enumerate(((-1, -1), (1, -1), (1, 1), (-1, 1)), 1):
            _ring(card, x + sx * far_x, y + sy * far_y, 1.3 * g, 1.3 * g, lambda angle: GROUND)
            _ring(card, x + sx * far_x, y + sy * far_y, 1.3 * g, g / 26, lambda angle: SOFT)
            _write(card, f"{number}", x + sx * far_x, y + sy * far_y - 0.9 * g, 0.9 * g, SOFT)
    aside = (width / 2 + radius) / 2
    if width / 2 - radius > 4.5 * g:
        for side in (-1, 1):
            big = 2.2 * g * min(1, 2 / max(len(title), 1))
            _ring(card, x + side * aside, y, 2.6 * g, 2.6 * g, lambda angle: INSET)
            _write(card, title, x + side * aside, y - 0.95 * big, big, WHITE)
    _middle(card, x, y, g, lines)
    _ring(card, x, y, radius, 0.26 * g, _hue)
    return card


def _middle(card: Card, x: int, y: int, g: int, lines: Sequence[str]) -> None:
    """Draw everything inside the circle; lengths are in squares from its middle."""

    def box(left: float, top: float, right: float, bottom: float, colour: Any) -> None:
        card[y + round(top * g) : y + round(bottom * g), x + round(left * g) : x + round(right * g), :3] = colour

    for n, colour in enumerate(BARS):
        box(-6 + 1.5 * n, -5.5, -4.5 + 1.5 * n, -2.5, colour)
    for row in range(y - round(2.25 * g), y + round(2.25 * g)):  # the full width of the ring
        half = round(((8.2 * g) ** 2 - (row + 0.5 - y) ** 2) ** 0.5)
        card[row, x - half : x + half, :3] = INSET
    word = "livedream"
    _write(card, word, x, y - 2.2 * g, 1.15 * g, [_hue(a) for a in np.linspace(-2.7, 0.9, len(word))])
    for line, size, top, colour in zip(lines, (0.42, 0.32, 0.32), (0.04, 0.88, 1.48), (WHITE, SOFT, DIM), strict=False):
        size = min(size, 14.5 / max(len(line), 1))
        _write(card, line, x, y + top * g, size * g, colour)
    ramp = slice(x - 6 * g, x + 6 * g)
    card[y + round(2.5 * g) : y + round(3.5 * g), ramp, :3] = np.linspace(0, 255, 12 * g).round()[None, :, None]
    for n in range(11):
        box(-6 + n * 12 / 11, 3.5, -6 + (n + 1) * 12 / 11, 4.5, round(25.5 * n))
    for n, pattern in enumerate(_patterns(2 * g, round(6.2 * g) - round(4.8 * g))):
        card[y + round(4.8 * g) :, x + (2 * n - 5) * g :][: pattern.shape[0], : pattern.shape[1], :3] = pattern


def _patterns(w: int, h: int) -> list[NDArray[np.uint8]]:
    """Fields of single columns, rows and pixels, and of four patches near black and near white: uint8 [h, w, 3]."""
    row, column = np.mgrid[:h, :w]
    near = (column * 4 // w + 1) * 5 * ((row > h // 4) & (row < 3 * h // 4))
    fields = (near, 255 * (column % 2), 255 * ((row + column) % 2), 255 * (row % 2), 255 - near)
    return [np.repeat(each.astype(np.uint8)[..., None], 3, axis=2) for each in fields]


def _grid(card: Card, x: int, y: int, g: int) -> None:
    thick = max(1, g // 30)
    for middle, lines in ((x, card.transpose(1, 0, 2)), (y, card)):
        for at in range(middle % g - thick // 2, len(lines), g):
            lines[max(at, 0) : at + thick, :, :3] = GRID
    for middle, lines in ((x, card.transpose(1, 0, 2)), (y, card)):  # through the middle
        lines[middle - thick : middle + thick, :, :3] = DIM


def _frame(card: Card, x: int, y: int, g: int) -> None:
    """Draw blocks along the edge, in step with the grid; the outermost line is white."""
    deep = max(3, g // 3)
    for middle, along in ((x, card.transpose(1, 0, 2)), (y, card)):
        black = ((np.arange(len(along)) - middle) // g) % 2 == 0
        along[:, -deep:, :3] = along[:, :deep, :3] = np.where(black[:, None, None], np.uint8(0), np.uint8(255))
    card[[0, -1], :, :3] = 255
    card[:, [0, -1], :3] = 255


def _dashed(card: Card, half_width: int, half_height: int, x: int, y: int, g: int) -> None:
    """Draw a dashed rectangle around (x, y)."""
    thick = max(1, g // 40)
    dash = max(2, g // 6)
    for lines, middle, half, other in (
        (card, y, half_height, (x, half_width)),
        (card.transpose(1, 0, 2), x, half_width, (y, half_height)),
    ):
        at, reach = other
        run = np.arange(at - reach, at + reach)
        run = run[((run - at) // dash) % 2 == 0]
        for edge in (middle - half, middle + half - thick):
            lines[edge : edge + thick, run, :3] = DIM


def _ring(
    card: Card, x: float, y: float, radius: float, thick: float, colour: Callable[[NDArray[Any]], ArrayLike]
) -> None:
    """Draw a ring around (x, y). `colour` returns sRGB levels [..., 3] for angles in radians."""
    left, top = max(int(x - radius - 1), 0), max(int(y - radius - 1), 0)
    here = card[top : int(y + radius + 2), left : int(x + radius + 2), :3]
    row, column = np.ogrid[: here.shape[0], : here.shape[1]]
    down, across = row + top + 0.5 - y, column + left + 0.5 - x
    far = np.hypot(down, across)
    cover = np.clip(max(thick, 1.2) / 2 + 0.5 - np.abs(far - radius + thick / 2), 0, 1)
    rows, columns = np.nonzero(cover)
    angle = np.arctan2(down[rows, 0], across[0, columns])
    part = cover[rows, columns][:, None]
    here[rows, columns] = np.rint(here[rows, columns] * (1 - part) + np.asarray(colour(angle)) * part)


def _write(
    card: Card,
    text: str,
    x: float,
    y: float,
    size: float,
    colour: ArrayLike,
    aside: float = 0.5,
    ground: Colour | None = None,
) -> None:
    """Write a line of text, unless the letters would be too small.

    Args:
        card: The card.
        text: The text.
        x: The position in pixels that `aside` refers to.
        y: The top of the line in pixels.
        size: The width of a letter in pixels.
        colour: One sRGB colour, or one for each letter.
        aside: The share of the line that lies left of x.
        ground: The colour behind the text; None leaves what is there.
    """
    width = round(size)
    if width < 5:
        return
    cover = letters.draw(text, width)[..., None]
    left, top = round(x - aside * cover.shape[1]), round(y)
    here = card[max(top, 0) : top + cover.shape[0], max(left, 0) : left + cover.shape[1], :3]
    cover = cover[max(-top, 0) :, max(-left, 0) :][: here.shape[0], : here.shape[1]]
    colours = np.broadcast_to(np.asarray(colour, float), (len(text), 3)).repeat(width, axis=0)
    colours = colours[max(-left, 0) :][: here.shape[1]]
    if ground is not None:
        here[...] = ground
    here[...] = np.rint(here * (1 - cover) + colours * cover)


def _line(height: int) -> Pixels:
    """The line that crosses the card, uint8 [height, LINE, 4]."""
    line = np.zeros((height, LINE, 4), np.uint8)
    line[:, 1:-1], line[..., 3] = 255, 255
    return line


def _hue(angle: ArrayLike) -> NDArray[np.float64]:
    """sRGB levels [..., 3] on the colour wheel of OKLCH (Ottosson 2020), all of one lightness, by angles in radians."""
    angles = np.asarray(angle, float)
    light, a, b = 0.76, 0.125 * np.cos(angles + 1.2), 0.125 * np.sin(angles + 1.2)
    cones = [
        (light + 0.3963377774 * a + 0.2158037573 * b) ** 3,
        (light - 0.1055613458 * a - 0.0638541728 * b) ** 3,
        (light - 0.0894841775 * a - 1.2914855480 * b) ** 3,
    ]
    matrix = [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
    linear = np.clip(np.stack(cones, axis=-1) @ np.array(matrix).T, 0, 1)
    levels: NDArray[np.float64] = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return 255 * levels
