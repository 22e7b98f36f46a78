"""`livedream`, every picture of which says its number and when its drawing began: the moment it can still be moved.

Only for tests: python stamped.py run …
"""

import sys

import numpy as np

from livedream import cli
from livedream.loop.live import Stage
from tests.obs import stamp


class Stamping:
    """Stands in the place of the stage's `compose`, and is otherwise what it stands for."""

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
