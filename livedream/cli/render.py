"""`livedream render`: render a recorded show or a dream to a file, as slowly as it takes."""

import argparse
from collections.abc import Callable
from pathlib import Path

from livedream import UserError
from livedream.cli.parser import Parser
from livedream.cli.progress import shower
from livedream.session import parsing
from livedream.session.run_options import OPTIONS


def add_arguments(parser: Parser) -> None:
    """Declare what the command takes."""
    add = parser.add_argument
    add("model", metavar="SHOW|DREAM", help="show that `run --record` kept, or a dream that plays by itself")
    add(
        "-o",
        "--out",
        required=True,
        metavar="OUT.mp4",
        help="file to write: .mp4, .mkv or .mov#codec=… as for `run --out`, or NAME-%%06d.png for single pictures",
    )
    for name, more in (("effects", "; of a show, after its own"), ("looks", "")):
        option = OPTIONS[name]
        add(option.flag, action="append", default=[], metavar=option.metavar, help=option.help + more)
    add("--seconds", type=parsing.positive, metavar="N", help="length in seconds [10; all of a show]")
    for name, text in (
        ("size", "size of the picture [the dream's; the show's]"),
        ("fps", "frames per second [30; the show's]"),
        ("seed", "seed of a dream's random generator [0]"),
        ("device", "processor, as for `run` [cpu; the show's]"),
    ):
        option = OPTIONS[name]
        add(option.flag, type=option.format.parse, metavar=option.metavar, help=text)


def call(options: argparse.Namespace) -> int:
    """Render, and print the file's path."""
    out = options.out
    progress = shower(out)

    if Path(options.model).suffix == ".show":
        print(_render_show(options, progress))
        return 0
    from livedream.backend import choose
    from livedream.dream import read
    from livedream.loop import offline

    dream, seconds, fps, device = read.load(options.model), options.seconds or 10.0, options.fps or 30.0, options.device
    load = choose.quick(dream, device or "cpu").load
    how = fps, options.size, options.seed or 0, options.look, progress, load, options.effect, device or "cpu"
    print(offline.render(dream, out, seconds, *how))
    return 0


def _render_show(options: argparse.Namespace, progress: Callable[[float], None]) -> Path:
    from livedream.shows import replay, show_file

    given = {"--seed": options.seed, "--look": options.look or None}
    if wrong := next((name for name, value in given.items() if value is not None), None):
        raise UserError(f"{wrong}: a show has its own; {options.model} is drawn as it was played")
    show = show_file.read(options.model)
    how = options.fps, options.size, options.seconds, options.device
    return replay.render(show, options.out, *how, progress, options.effect)
