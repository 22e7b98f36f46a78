"""`livedream` whose pictures are stamped with their number and the time when their drawing began.

Only for tests: python stamped.py run …
"""

import sys

import numpy as np

from livedream import cli
from livedream.loop.live import Stage
from tests.obs import stamp


class Stamping:
    """Wraps the stage's `compose` and stamps its pictures."""

    def __init__(self, compose):
        self._compose, self.ms = compose, 0

    def __call__(self, decks, values, number):
        composed = self._compose(decks, values, number)
        pixels = np.array(composed)
        stamp.write(pixels, number, self.ms)
        return pixels

    def __getattr__(self, name):
        return getattr(self._compose, name)


def draw(stage, number, frames, drawing=Stage.draw):
    if not isinstance(stage.compose, Stamping):
        stage.compose = Stamping(stage.compose)
    stage.compose.ms = stamp.now_ms()
    drawing(stage, number, frames)


if __name__ == "__main__":
    Stage.draw = draw
    sys.exit(cli.main())
