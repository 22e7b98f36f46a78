"""The live loop while it is measured: an output that notes frames, and a stage that plays for a while."""

import contextlib
import time
from collections.abc import Iterator, Sequence

from livedream.loop.deck import Deck
from livedream.loop.live import Stage
from livedream.output import Options, Output
from livedream.parameters import Table
from livedream.picture.frame import Frame
from livedream.play.player import Player
from livedream.session.run_options import RunOptions

SIZE = RunOptions().size  # the default of `livedream run`


class Watch(Output):
    """Notes every frame in the stage's thread, when it is handed out.

    Attributes:
        frames: perf_counter seconds of each frame, and whether it is new or repeats the one before.
    """

    kind = "watch"

    def __init__(self) -> None:
        super().__init__(Options("none", "watch"))
        self.frames: list[tuple[float, bool]] = []

    def start(self, width: int, height: int, fps: float) -> None:
        self.state = "up"

    def show(self, frame: Frame) -> None:
        self.frames.append((time.perf_counter(), frame.fresh))


@contextlib.contextmanager
def playing(player: Player, table: Table, fps: float, outputs: Sequence[Output]) -> Iterator[Stage]:
    """Play the dream live until the end of the block; the player continues from where it was."""
    stage = Stage([Deck(0, player)], table, fps, outputs)
    started: list[Output] = []
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
