"""The stage without a clock: every frame is drawn, however long it takes, and the same again every time."""

from collections.abc import Callable, Iterator
from pathlib import Path

from livedream import UserError
from livedream.backend import cpu
from livedream.dream.dream import Dream
from livedream.frame import Frame
from livedream.output import Options
from livedream.output.file import CONTAINERS, File
from livedream.play import table as tables
from livedream.play.player import Player
from livedream.stage import master


def frames(dream: Dream, count: int, fps: float, seed: int = 0) -> Iterator[Frame]:
    """The first `count` frames of the dream as it plays when nobody touches it."""
    table = tables.of(dream, seed)
    player = Player(dream, cpu.load)
    for number in range(count):
        values = table.tick(1 / fps)
        player.move(1 if number else 0, fps, values)
        yield Frame(player.draw(values), number, fade=master.fade(values))


def render(
    dream: Dream,
    path: str | Path,
    seconds: float,
    fps: float = 30.0,
    size: tuple[int, int] | None = None,
    seed: int = 0,
    progress: Callable[[float], None] = lambda share: None,
) -> Path:
    """Draw the dream into a recording (.mp4, .mkv); returns the path taken, which is never an older file's.

    size: (width, height) of the recording, None for the dream's own. UserError for what cannot be written.
    """
    if Path(path).suffix.lower() not in CONTAINERS:
        raise UserError(f"{path}: a recording ends in {' or '.join(CONTAINERS)}")
    output = File(Options(sink=str(path), name=str(path), size=size))
    count = max(1, round(seconds * fps))
    output.open(*dream.size, fps)
    try:
        for frame in frames(dream, count, fps, seed):
            output.write(frame)
            progress((frame.number + 1) / count)
    finally:
        output.close()
    return output.path
