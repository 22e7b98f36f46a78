"""The futures of a photo: what a dream makes happen next, or an effect's endless movement in it."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from livedream import UserError, did_you_mean
from livedream.backend import Runner, cpu
from livedream.dream.dream import Component, Control, Dream
from livedream.loop import offline
from livedream.output.files.file import FileOutput, reserve
from livedream.parameters import Table
from livedream.picture import Pixels, png
from livedream.picture.frame import Frame, host_pixels
from livedream.play import Floats, dream_parameters
from livedream.play.photo_start import PhotoStart
from livedream.play.player import Player

Futures = Iterator[tuple[Pixels, ...]]  # for each frame, the picture of each future: uint8 [H, W, 4]
Load = Callable[[Component], Runner]

APART = {"wander": 0.75}  # controls of dreams with memories: several futures are to part within a second or two
SEEDS = 1 << 24  # seeds go from 0 to one below this
EASE = 1.0  # seconds in which an effect's movement begins, so that the first picture is the photo
GAP = 8  # pixels between pictures
BEHIND = (12, 12, 14, 255)
MOMENTS = 6  # pictures of each future on a sheet
AMOUNT, SPEED = "control.amount", "control.speed"


def of_dream(
    dream: Dream,
    photo: Pixels,
    count: int,
    fps: float,
    seed: int = 0,
    several: int = 1,
    load: Load = cpu.load,
    levels: Mapping[str, float] | None = None,
) -> Futures:
    """Yield `count` frames of what a dream makes of a photo. The first of each future is the photo itself.

    Args:
        dream: One with `encode`.
        photo: uint8 [H, W, 4], opaque, in the dream's size.
        count: How many frames.
        fps: Frames a second.
        seed: Of the first future's random numbers; those of the others follow it.
        several: How many futures.
        load: Makes the runner of each component.
        levels: Of the dream's controls, by name. Those in APART are raised where several futures are to part.

    Raises:
        UserError: The dream cannot start from a photo, or has no such control.
    """
    start = PhotoStart(dream, load)
    levels = {**(APART if several > 1 else {}), **(levels or {})}
    seeds = [(seed + k) % SEEDS for k in range(several)]
    played = [(Player(dream, load), _table(dream, each, levels)) for each in seeds]
    for number in range(count):
        drawn = []
        for (player, table), own in zip(played, seeds, strict=True):
            values = table.tick(1 / fps)
            player.move(1 if number else 0, fps, values)
            if not number:
                player.jump(start(photo, own), values)
            drawn.append(host_pixels(player.draw(values)))
        yield tuple(drawn)


def _table(dream: Dream, seed: int, levels: Mapping[str, float]) -> Table:
    table = dream_parameters.of(dream, seed)
    for name, level in levels.items():
        if name in dream.controls:
            table.set(f"dream/{name}", [level] * dream.controls[name].length, seconds=0.0)
    return table


def checked(dream: Dream, levels: Mapping[str, float]) -> Mapping[str, float]:
    """Return levels of controls by name. Raises UserError for one that the file does not have."""
    for name in levels:
        if name not in dream.controls:
            there = f"; it has: {', '.join(dream.controls)}" if dream.controls else ", for it has none"
            raise UserError(
                f"--set {name}: {dream.title} has no such control{did_you_mean(name, dream.controls) or there}"
            )
    return levels


def of_effect(
    effect: Dream,
    photo: Pixels,
    count: int,
    fps: float,
    loop: bool = False,
    load: Load = cpu.load,
    given: Mapping[str, float] | None = None,
) -> Futures:
    """Yield `count` frames of an effect over a photo: one future.

    An effect with the control `amount` begins from stillness, so that the first picture is the photo, unless it is to
    `loop`. Its state goes on by one step of its own rate a frame; `speed`, if it has that, makes up for another `fps`.

    Args:
        effect: One with `apply`.
        photo: uint8 [H, W, 4] in the size that it takes in.
        count: How many frames.
        fps: Frames a second.
        loop: Whether the movement is on from the first frame.
        load: Makes the runner of the component.
        given: Levels of the effect's controls, by name.

    Raises:
        UserError: The effect makes something that is not finite.
    """
    apply = effect.components["apply"]
    runner = load(apply)
    levels = {name: _levels(effect, name, given or {}, apply.inputs[name].shape) for name in apply.inputs}
    levels = {name: each for name, each in levels.items() if name.startswith("control.")}
    if SPEED in levels:
        levels[SPEED] = levels[SPEED] * np.float32(effect.fps / fps)
    amount = levels.get(AMOUNT)
    for number in range(count):
        if amount is not None and not loop:
            part = min(number / (EASE * fps), 1.0)
            levels[AMOUNT] = amount * np.float32(part * part * (3 - 2 * part))
        made = runner({"image": photo[None], **levels})["frame"]
        if not runner.keep():
            raise UserError(f"{effect.path}: its state is not finite after {number + 1} frames")
        yield (made[0] if isinstance(made, np.ndarray) else made.pixels(),)


def _levels(effect: Dream, name: str, given: Mapping[str, float], shape: tuple[int, ...]) -> Floats:
    own = name.removeprefix("control.")
    control: Control | None = effect.controls.get(own)
    return np.full(shape, 0.0 if control is None else given.get(own, control.default), np.float32)


def write(
    futures: Futures,
    path: Path,
    count: int,
    fps: float,
    size: tuple[int, int] | None = None,
    each: int = 0,
    progress: Callable[[float], None] = lambda share: None,
) -> list[Path]:
    """Write futures beside each other into one recording, or as a sheet of pictures if `path` is NAME.png.

    Args:
        futures: `count` frames of them.
        path: Of the recording or picture; an older file is left alone, and another name taken.
        count: How many frames.
        fps: Frames a second.
        size: (width, height) of the recording; its own by default.
        each: If more than 1, so many recordings NAME-1, NAME-2, … of one future each are written, too.
        progress: Called with the share that is done, 0..1.

    Returns:
        The files that were written.

    Raises:
        UserError: One cannot be written.
    """
    if path.suffix.lower() == ".png" and "%" not in path.name:
        return [_write_sheet(futures, path, count, progress)]
    singly = range(1, each + 1) if each > 1 else ()
    outputs = [offline.recording(str(path), size)]
    outputs += [offline.recording(str(path.with_name(f"{path.stem}-{k}{path.suffix}"))) for k in singly]
    with ExitStack() as ending:
        for number, pictures in enumerate(futures):
            shown = [beside(pictures), *(pictures if singly else ())]
            for output, picture in zip(outputs, shown, strict=True):
                if not number:
                    output.open(picture.shape[1], picture.shape[0], fps)
                    ending.callback(output.close)
                output.write(Frame(picture, number))
            progress((number + 1) / count)
    return [_path(output) for output in outputs]


def _path(output: FileOutput) -> Path:
    assert output.path is not None, "it was opened"
    return output.path


def _write_sheet(futures: Futures, path: Path, count: int, progress: Callable[[float], None]) -> Path:
    """Write a picture with a row for each future and a column for each of MOMENTS, from the first to the last."""
    wanted = set(np.linspace(0, count - 1, min(MOMENTS, count)).round().astype(int).tolist())
    rows: list[tuple[Pixels, ...]] = []
    for number, pictures in enumerate(futures):
        if number in wanted:
            rows.append(pictures)
        progress((number + 1) / count)
    page = laid_out([[moment[k] for moment in rows] for k in range(len(rows[0]))])
    path = reserve(path)
    try:
        path.write_bytes(png.encode(page))
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path


def beside(pictures: Sequence[Pixels]) -> Pixels:
    """Return pictures of one size in rows and columns, about as wide as a screen; a single one as it is."""
    if len(pictures) == 1:
        return pictures[0]
    height, width = pictures[0].shape[:2]
    count = len(pictures)

    def off(columns: int) -> float:
        return abs(math.log(columns * width / (-(-count // columns) * height) * 9 / 16))

    columns = min(range(1, count + 1), key=lambda each: (-(-count // each) * each - count, off(each)))
    return laid_out([pictures[k : k + columns] for k in range(0, count, columns)])


def laid_out(rows: Sequence[Sequence[Pixels]]) -> Pixels:
    """Return rows of pictures of one size, one below the other, with gaps between; both sides even."""
    height, width = rows[0][0].shape[:2]
    down, across = height + GAP, width + GAP
    tall, wide = down * len(rows) - GAP, across * len(rows[0]) - GAP
    page = np.empty((tall + tall % 2, wide + wide % 2, 4), np.uint8)
    page[:] = BEHIND
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            page[y * down : y * down + height, x * across : x * across + width] = picture
    return page
