"""`livedream animate`: what happens next, from one still picture."""

import argparse
from pathlib import Path

from livedream import UserError
from livedream.cli import progress
from livedream.cli.parser import Parser
from livedream.session import parsing
from livedream.session.run_options import OPTIONS

LARGEST = 1920  # pixels of the longer side in which a still is moved
MOST = 64  # futures; each has networks of its own in memory


def add_arguments(parser: Parser) -> None:
    """Declare what the command takes."""
    add = parser.add_argument
    add("photo", metavar="PHOTO", help="picture to start from: JPEG, PNG, WebP, TIFF, AVIF …, of any size")
    add(
        "--model",
        required=True,
        metavar="DREAM",
        help="dream that goes on from it, or effect of `train --kind flow` that moves it: a file, or the name of one "
        "that ships",
    )
    add(
        "-o",
        "--out",
        required=True,
        metavar="OUT.mp4",
        help="file to write: a film as for `render`, or NAME.png for a sheet with a row for each future",
    )
    add("--futures", type=_count, default=1, metavar="N", help="futures beside each other, by seed [1]")
    add("--each", action="store_true", help="write a film of each future, too: OUT-1.mp4, OUT-2.mp4, …")
    add("--loop", action="store_true", help="with an effect: move from the first frame on, so that its film is a loop")
    add(
        "--set",
        action="append",
        default=[],
        type=_level,
        metavar="CONTROL=N",
        help="level of one of the file's own controls, such as wander=0.9 or amount=2; give it again for more",
    )
    add("--seconds", type=parsing.positive, metavar="N", help="length in seconds [8; a loop: the effect's own]")
    for name, text in (
        ("size", "size of the picture [the dream's; with an effect of --kind flow: the photo's]"),
        ("fps", "frames per second [30]"),
        ("seed", "seed of the first future [0]"),
        ("device", "processor, as for `run` [cpu]"),
    ):
        option = OPTIONS[name]
        add(option.flag, type=option.format.parse, metavar=option.metavar, help=text)


def call(options: argparse.Namespace) -> int:
    """Animate, and print the path of each file."""
    from livedream.backend import choose
    from livedream.dream import read, resized
    from livedream.loop import futures
    from livedream.picture import photo

    dream, fps = read.load(options.model), options.fps or 30.0
    load = choose.quick(dream, options.device or "cpu").load
    if dream.is_effect and options.futures > 1:
        raise UserError(f"--futures {options.futures}: {dream.path} is an effect, which moves a picture in one way")
    if options.loop and not dream.is_effect:
        raise UserError(f"--loop: {dream.path} is a dream, which never comes back; an effect of --kind flow does")
    own = dream.provenance.get("loop_seconds")
    loop = float(own) if options.loop and isinstance(own, int | float) else 8.0
    seconds = options.seconds or loop
    count = max(1, round(seconds * fps))
    component = dream.components.get("apply") or dream.components.get("encode")
    if component is None:
        raise UserError(f"{dream.path}: cannot start from a photo: it has no encode; dreams of `livedream train` do")
    height, width = component.inputs["image"].shape[1:3]
    if dream.is_effect and (options.size or dream.kind == "flow"):
        width, height = options.size or _size(*photo.shape(options.photo))
        dream = resized.resized(dream, width, height)
    picture = photo.read(options.photo, width, height)
    levels = futures.checked(dream, dict(options.set))
    if dream.is_effect:
        made = futures.of_effect(dream, picture, count, fps, options.loop, load, levels)
    else:
        made = futures.of_dream(dream, picture, count, fps, options.seed or 0, options.futures, load, levels)
    each = options.futures if options.each else 0
    for path in futures.write(made, Path(options.out), count, fps, options.size, each, progress.shower(options.out)):
        print(path)
    return 0


def _size(width: int, height: int) -> tuple[int, int]:
    """Return the size in which a photo is moved: its own, even, and no larger than LARGEST pixels a side."""
    scale = min(1.0, LARGEST / max(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def _level(text: str) -> tuple[str, float]:
    name, equals, level = text.partition("=")
    if not equals:
        raise UserError(f"{text}: should be CONTROL=N, as in wander=0.9")
    return name, parsing.number(level, -1e6, 1e6, "a number")


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise UserError(f"{text}: should be a number of futures from 1 to {MOST}")
    return int(text)
