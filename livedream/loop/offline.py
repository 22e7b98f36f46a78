"""Draw a dream without a clock: every frame is drawn, however long it takes, and is the same every time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from livedream import UserError
from livedream.backend import Runner, choose, cpu
from livedream.dream.dream import Component, Dream
from livedream.effect import library
from livedream.effect.chain import EffectChain, parameters
from livedream.effect.slot import Slot
from livedream.loop import master
from livedream.output import kinds
from livedream.output.files.file import FILES, SUFFIXES, FileOutput
from livedream.parameters import Snapshot, Table
from livedream.picture import Pixels
from livedream.picture.fit import fitted_size
from livedream.picture.frame import Frame, Picture, host_pixels
from livedream.play import dream_parameters as tables
from livedream.play.player import Player

Draw = Callable[[Pixels | Picture, Snapshot, int], Pixels | Picture]  # takes a picture, its values and frame number


def frames(
    dream: Dream,
    count: int,
    fps: float,
    seed: int = 0,
    looks: Sequence[str] = (),
    size: tuple[int, int] | None = None,
    load: Callable[[Component], Runner] = cpu.load,
    effects: Sequence[str] = (),
    device: str = "cpu",
) -> Iterator[Frame]:
    """The first `count` frames of the dream as it plays when nobody touches it. Raises UserError.

    Args:
        looks: Files, or names of looks that ship, in the order in which they are drawn over it.
        size: Largest (width, height) that looks are drawn in, the dream's own by default.
        load: Makes the runner of each component.
        effects: Files, or names of effects that ship, in the order in which its pictures go through them.
        device: What runs the effects, as of `--device`.
    """
    table = tables.of(dream, seed)
    player, chain = Player(dream, load), _effects(effects, table, fps, device)
    draw = _through(looks, table, size or dream.size, fps) if looks else _plain
    for number in range(count):
        values = table.tick(1 / fps)
        player.move(1 if number else 0, fps, values)
        picture = draw(chain.draw(player.draw(values), values, number), values, number)
        yield Frame(picture, number, fade=master.fade(values), layers=player.layers)


def _effects(texts: Sequence[str], table: Table, fps: float, device: str) -> EffectChain:
    """A chain of effects that are waited for, with its parameters in the table."""
    chain = EffectChain(fps, live=False)
    for effect, number in library.load_all(texts, decks=1)[0]:
        chain.insert(Slot(effect, choose.quick(effect, device).load, fps, live=False), number)
    if chain.slots:
        table.replace("effect/", parameters(chain))
    return chain


def _through(looks: Sequence[str], table: Table, size: tuple[int, int], fps: float) -> Draw:
    """A function that draws the looks over a picture. TIME is the frame's time, and nothing depends on the clock."""
    from livedream.look import chain as look_chain
    from livedream.look import library as shaders
    from livedream.look.compositor import Compositor

    chain = look_chain.Chain()
    for each in looks:
        chain.insert(shaders.find(each))
    table.replace("look/", look_chain.parameters(chain))
    compositor = Compositor(chain, live=False)
    compositor.behind = 0

    def draw(picture: Pixels | Picture, values: Snapshot, number: int) -> Pixels:
        pixels = host_pixels(picture)
        drawn = compositor.draw([pixels], values, fitted_size(pixels, size), number, fps)
        for slot in chain.slots:
            if wrong := slot.error or slot.fault:
                raise UserError(wrong)
        return drawn

    return draw


def _plain(picture: Pixels | Picture, values: Snapshot, number: int) -> Pixels | Picture:
    return picture


def recording(text: str, size: tuple[int, int] | None = None) -> FileOutput:
    """The recording that `--out` would make of `text`, not opened. Raises UserError.

    Args:
        size: (width, height) in place of the one in `text`.
    """
    output = kinds.parse(text) if Path(text.split("#")[0]).suffix.lower() in FILES else None
    if not isinstance(output, FileOutput | None) and "://" not in text:
        output = kinds.parse(f"./{text}")  # a file that is called as other outputs are: ndi:1.mp4
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
    effects: Sequence[str] = (),
    device: str = "cpu",
) -> Path:
    """Draw the dream into a recording; returns the path taken, which is never an older file's.

    Args:
        path: As after `--out`, such as loop.mp4, loop.mov, loop.mkv#codec=ffv1 or loop/%06d.png.
        seconds: Length of the recording.
        size: (width, height) of the recording, the dream's own by default.
        looks: As of `frames`.
        progress: Called with the part that is done, 0..1.
        load: As of `frames`.
        effects, device: As of `frames`.

    Raises:
        UserError: It cannot be written.
    """
    count = max(1, round(seconds * fps))
    drawn = frames(dream, count, fps, seed, looks, size, load, effects, device)
    return write(drawn, path, count, dream.size, fps, size, progress)


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

    Args:
        drawn: The frames.
        path: As of `render`.
        shape: (width, height) of the recording, unless `size` or the options after the path's # give another.
        size: As of `render`.
        progress: As of `render`.
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
    assert output.path is not None, "it was opened"
    return output.path
