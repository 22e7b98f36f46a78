"""Figures looks.…: python bench/looks.py

What looks add to a frame: a 512x512 picture sent, drawn and fetched at 720p beside the plain copy of it, and a chain of
five looks at 1080p. Turn by turn, on whatever draws OpenGL here; it is named with the figures.
"""

import time

import numpy as np

from livedream import UserError
from livedream.bench.figures import compared, figure, missing, table
from livedream.look import library
from livedream.look.chain import Chain, parameters
from livedream.look.compositor import SOFTWARE, Compositor
from livedream.parameters import FINISH, MASTER, Table

FIVE = ("feedback", "bloom", "prism", "grade", "film")
FPS = 30.0
ROUNDS = 60  # at most
CARD_MS = 2.0  # for five looks at 1080p on a graphics card
WHAT = "upload, one look and read-back, 512x512 at 720p, beside the plain copy"
CHAIN = "a chain of five looks at 1080p, a frame"


def figures(model: str, amount: float) -> list[dict]:
    """`amount`: seconds for each. The model does not matter."""
    try:
        return [_one(amount), _five(amount)]
    except UserError as error:
        return [missing("looks.one", WHAT, str(error), "ms"), missing("looks.five", CHAIN, str(error), "ms")]


def _one(seconds: float) -> dict:
    picture = _picture(512, 512)
    draw, renderer, _ = _drawing(("grade",), picture, (1280, 720))

    def copy(number: int):
        return picture.copy()

    with_look, plain = _by_turns((draw, copy), seconds)
    result = {"renderer": renderer, "frame_ms": round(with_look, 3), "copy_ms": round(plain, 3)}
    return figure("looks.one", WHAT, with_look - plain, "ms", **result)


def _five(seconds: float) -> dict:
    draw, renderer, software = _drawing(FIVE, _picture(672, 384), (1920, 1080))
    (ms,) = _by_turns((draw,), seconds)
    return figure("looks.five", CHAIN, ms, "ms", None if software else CARD_MS, renderer=renderer, looks=list(FIVE))


def _drawing(names, picture: np.ndarray, size: tuple[int, int]):
    """(draw a frame by its number, who draws, whether that is the processor)."""
    chain = Chain()
    for name in names:
        chain.insert(library.find(name))
    values = Table([*MASTER, *FINISH, *parameters(chain)]).tick(0.0)
    compositor = Compositor(chain)
    renderer = compositor.gl.info["GL_RENDERER"]

    def draw(number: int):
        drawn = compositor.draw([picture], values, size, number, FPS)
        for slot in chain.slots:
            if wrong := slot.error or slot.fault:
                raise UserError(wrong)
        return drawn

    return draw, renderer, any(each in renderer.lower() for each in SOFTWARE)


def _by_turns(acts, seconds: float) -> list[float]:
    """The median milliseconds of each, after three rounds that do not count."""
    took, end = [], time.perf_counter() + seconds
    for number in range(ROUNDS + 3):
        marks = [time.perf_counter()]
        for act in acts:
            act(number)
            marks.append(time.perf_counter())
        if number >= 3:
            took.append(np.diff(marks))
            if time.perf_counter() > end and number > 4:
                break
    return list(np.median(took, axis=0) * 1e3)


def _picture(width: int, height: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width].astype(np.float32)
    picture = np.stack([x / width, y / height, np.hypot(x, y) / (width + height), np.ones_like(x)], axis=2)
    return np.rint(picture * 255).astype(np.uint8)


if __name__ == "__main__":
    print("\n".join(table(compared(figures("", 10.0), []))))
