"""The stage without a clock: every frame is drawn, however long it takes, and the same again every time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from livedream import UserError
from livedream.backend import Runner, cpu
from livedream.dream.dream import Component, Dream
from livedream.loop import master
from livedream.output import kinds
from livedream.output.files.file import FILES, SUFFIXES, FileOutput
from livedream.parameters import Table
from livedream.picture.fit import fitted_size
from livedream.picture.frame import Frame
from livedream.play import dream_parameters as tables
from livedream.play.player import Player


def frames(
    dream: Dream,
    count: int,
    fps: float,
    seed: int = 0,
    looks: Sequence[str] = (),
    size: tuple[int, int] | None = None,
    load: Callable[[Component], Runner] = cpu.load,
) -> Iterator[Frame]:
    """The first `count` frames of the dream as it plays when nobody touches it.

    looks: files, or names of looks that ship, over it; size: (width, height) that they are drawn in at most, the
    dream's own by default. Raises UserError.
    """
    table = tables.of(dream, seed)
    player = Player(dream, load)
    draw = _looked(looks, table, size or dream.size, fps) if looks else lambda picture, values, number: picture
    for number in range(count):
        values = table.tick(1 / fps)
        player.move(1 if number else 0, fps, values)
        picture = draw(player.draw(values), values, number)
        yield Frame(picture, number, fade=master.fade(values), layers=player.layers)


def _looked(looks: Sequence[str], table: Table, size: tuple[int, int], fps: float):
    """What takes a picture through the looks. TIME is the frame's time, and nothing is the clock's."""
    from livedream.look import library
    from livedream.look.chain import Chain, parameters
    from livedream.look.compositor import Compositor

    chain = Chain()
    for each in looks:
        chain.insert(library.find(each))
    table.replace("look/", parameters(chain))
    compositor = Compositor(chain, live=False)
    compositor.behind = 0

    def draw(picture, values, number):
        drawn = compositor.draw([picture], values, fitted_size(picture, size), number, fps)
        for slot in chain.slots:
            if slot.error:
                raise UserError(slot.error)
        return drawn

    return draw


def recording(text: str, size: tuple[int, int] | None = None) -> FileOutput:
    """The file that an `--out` of one asks for, not opened. size: instead of the one asked for. Raises UserError."""
    output = kinds.parse(text) if Path(text.split("#")[0]).suffix.lower() in FILES else None
    if not isinstance(output, FileOutput):
        raise UserError(f"{text}: a recording ends in {SUFFIXES}")
    if size:
        output.options = replace(output.options, size=size)
    return output


def render(
    dream: Dream,
    path: str | Path,
    seconds: float,
    fps: float = 30.0,
    size: tuple[int, int] | None = None,
    seed: int = 0,
    looks: Sequence[str] = (),
    progress: Callable[[float], None] = lambda share: None,
    load: Callable[[Component], Runner] = cpu.load,
) -> Path:
    """Draw the dream into a recording; returns the path taken, which is never an older file's.

    path: as after `--out`, such as loop.mp4, loop.mov, loop.mkv#codec=ffv1 or loop/%06d.png.  size: (width, height) of
    the recording, None for the dream's own. UserError for what cannot be written.
    """
    count = max(1, round(seconds * fps))
    return write(frames(dream, count, fps, seed, looks, size, load), path, count, dream.size, fps, size, progress)


def write(
    drawn: Iterable[Frame],
    path: str | Path,
    count: int,
    shape: tuple[int, int],
    fps: float,
    size: tuple[int, int] | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Path:
    """Write `count` frames into a recording; returns the path taken.

    shape: (width, height) of the recording, unless `size` or what is said behind the path's # asks for another.
    """
    output = recording(str(path), size)
    output.open(*shape, fps)
    try:
        for number, frame in enumerate(drawn, 1):
            if missing := output.missing_layer(frame):
                raise UserError(f"{path}: {missing}")
            output.write(output.selected(frame))
            progress(min(number / count, 1.0))
    finally:
        output.close()
    return output.path
