"""Pictures with their frame number in them, colour bars, and a feed of them to one output."""

import threading
import time

import numpy as np

from livedream.output.kinds import parse
from livedream.picture.frame import Frame
from tests.waiting import until

# 75 % colour bars (EBU Tech. 3373 calls them so): the brightest that every broadcast path has to carry.
BARS = [tuple(191 * (bars >> bit & 1) for bit in (1, 2, 0)) for bars in range(7, -1, -1)]
BLOCK, BITS = 16, 16  # the counter: BITS squares of BLOCK pixels in the top rows


def bars(width: int, height: int, alpha: int = 255) -> np.ndarray:
    """uint8 [height, width, 4]: eight bars of equal width."""
    picture = np.empty((height, width, 4), np.uint8)
    for number, colour in enumerate(BARS):
        picture[:, number * width // 8 : (number + 1) * width // 8, :3] = colour
    picture[..., 3] = alpha
    return picture


def middles(picture: np.ndarray) -> np.ndarray:
    """The colour in the middle of each bar, [8, channels]."""
    height, width = picture.shape[:2]
    return picture[height // 2, [(2 * number + 1) * width // 16 for number in range(8)]].astype(int)


def stamped(number: int, width: int = 640, height: int = 360, alpha: int = 255) -> np.ndarray:
    """Bars with `number` in squares of white and black, lowest bit first."""
    picture = bars(width, height, alpha)
    for bit in range(BITS):
        picture[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK, :3] = 255 * (number >> bit & 1)
    return picture


def stamp(picture: np.ndarray, channel: int = 1) -> int:
    """Read the number; `channel` is one that is bright where the picture is."""
    row = picture[BLOCK // 2, BLOCK // 2 : BITS * BLOCK : BLOCK, channel]
    return sum(1 << bit for bit, value in enumerate(row) if value > 127)


class Feed:
    """A started output that is shown `picture(number)` at `fps`, but never more than `ahead` frames beyond `come`.

    Attributes:
        written: The numbers that it wrote.
        come: The last number that a receiver has got, if that is known: on a busy machine, a receiver that gets no
            time drops frames.
    """

    ahead = 3

    def __init__(self, sink: str, picture, fps: float = 30.0, size=(640, 360)):
        self.picture, self.fps = picture, fps
        self.output = parse(sink)
        self.written: list[int] = []
        self.come: int | None = None
        write = self.output.write

        def noted(frame):
            result = write(frame)
            self.written.append(frame.number)
            return result

        self.output.write = noted
        self.output.start(*size, fps)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        number, began = 0, time.monotonic()
        while not self._over.wait(max(began + number / self.fps - time.monotonic(), 0)):
            if self.come is None or number <= self.come + self.ahead:
                self.output.show(Frame(self.picture(number), number))
                number += 1
            else:
                began += 0.01

    def up(self):
        until(lambda: self.output.state == "up")
        return self

    def end(self) -> None:
        """Stop the feed and the output."""
        self._over.set()
        self._thread.join()
        self.output.stop()
