"""The live loop while it is measured: an output that notes what is handed out, and a stage that plays for a while."""

import contextlib
import time
from collections.abc import Iterator, Sequence

from livedream.loop.deck import Deck
from livedream.loop.live import Stage
from livedream.output import Options, Output
from livedream.parameters import Table
from livedream.picture.frame import Frame
from livedream.play.player import Player

SIZE = (1280, 720)  # of windows and streams, `run`'s default


class Watch(Output):
    """Notes every frame at the moment that the stage hands it out; no thread of its own.

    frames: (perf_counter seconds, fresh).
    """

    kind = "watch"

    def __init__(self):
        super().__init__(Options("none", "watch"))
        self.frames: list[tuple[float, bool]] = []

    def start(self, width: int, height: int, fps: float) -> None:
        self.state = "up"

    def show(self, frame: Frame) -> None:
        self.frames.append((time.perf_counter(), frame.fresh))


@contextlib.contextmanager
def playing(player: Player, table: Table, fps: float, outputs: Sequence[Output]) -> Iterator[Stage]:
    """The dream, live, from here to the end of the block; the player goes on from where it was."""
    stage = Stage([Deck(0, player)], table, fps, outputs)
    started = []
    try:
        for each in outputs:
            each.start(*SIZE, fps)
            started.append(each)
        stage.start()
        yield stage
    finally:
        stage.stop()
        for each in started:
            each.stop()
