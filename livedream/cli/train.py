"""`livedream train`: train a dream or an effect."""

import argparse
import contextlib
import functools
from pathlib import Path

from livedream import UserError
from livedream.cli.parser import Parser, need
from livedream.session import parsing

COLOURS = {
    "black": "#000000",
    "white": "#ffffff",
    "grey": "#808080",
    "red": "#ff0000",
    "green": "#00ff00",
    "blue": "#0000ff",
}


def add_arguments(parser: Parser) -> None:
    """Declare what the command takes. Defaults that differ from kind to kind are in livedream_export.kinds."""
    add = parser.add_argument
    add("footage", nargs="*", metavar="FOOTAGE", help="video files and folders, rainbow-road: or moving-shapes:")
    add(
        "-o",
        "--out",
        metavar="NAME.onnx",
        help="file to write; previews and checkpoints go to NAME.run/ beside it",
    )
    add("--kind", default="vae-rnn", metavar="KIND", help="what to make; ? lists the kinds and their options [vae-rnn]")
    add(
        "--size",
        metavar="N|WxH",
        help="picture size; N means N² pixels in the footage's aspect [256; style: 512x288]",
    )
    add("--minutes", type=parsing.positive, metavar="N", help="total training time in minutes [30; style: 20]")
    add("--device", metavar="NAME", help="processor to train on: auto, cpu or cuda [auto]")
    add("--resume", action="store_true", help="continue from NAME.run/; its minutes so far count")
    add("--seed", type=parsing.seed, default=0, metavar="SEED", help="seed of the random generators [0]")
    add("--title", default="", metavar="TITLE", help="title of the dream [NAME]")
    add("--licence", metavar="TEXT", help="licence of what it learns from, kept in the file")
    add(
        "--preview",
        type=_preview_address,
        nargs="?",
        const=(),
        metavar="HOST:PORT",
        help="page that shows the training as it goes [127.0.0.1:8809]",
    )
    _add_options_of_kinds(parser)


def _add_options_of_kinds(parser: Parser) -> None:
    """Declare the options that few kinds take; one that was not given is None or False."""
    add = functools.partial(parser.add_argument, group="vae-rnn, flow")
    add("--fps", type=parsing.positive, metavar="N", help="frames a second to learn [the rate most of the footage has]")
    add = functools.partial(parser.add_argument, group="vae-rnn")
    add(
        "--background",
        type=_colour,
        metavar="COLOUR",
        help="colour behind transparent footage: a name or #RRGGBB [black]",
    )
    add("--dry-run", action="store_true", help="only read the footage and print what becomes of each clip")
    add("--memories", type=int, metavar="N", help="most frames of the footage to keep; 0: none [as many as fit]")
    add("--megabytes", type=parsing.positive, metavar="N", help="size of the dream file [30 to 100]")
    add(
        "--tier",
        type=parsing.choice("live", "large"),
        metavar="live|large",
        help="live: for any machine; large: for graphics cards [live]",
    )
    add = functools.partial(parser.add_argument, group="style")
    add("--style", nargs="+", metavar="PAINTING", help="one to eight pictures, whose styles go into one file")
    add("--instant", action="store_true", help="no training: a ready network and the codes of the paintings")
    add = functools.partial(parser.add_argument, group="deepdream")
    add("--classes", nargs="+", metavar="CLASS", help="classes of ImageNet whose shapes it dreams, by name")
    add("--guide", metavar="FOLDER", help="pictures whose shapes it dreams")
    add("--source", action="store_true", help="make a dream of its own, an endless flight, instead of an effect")


def call(options: argparse.Namespace) -> int:
    """Train, and say how to play what was made."""
    from livedream_export import kinds

    if options.kind == "?":
        from livedream_export import kind_list

        print(kind_list.text())
        return 0
    kind = kinds.settle(options)
    need("torch", "training", "train")
    from livedream_export import preview_page
    from livedream_export.training_status import TrainingStatus

    if not options.out and not options.dry_run:
        raise UserError("-o NAME.onnx is missing: the file to write")
    out = Path(options.out) if options.out else None
    status = TrainingStatus(out, options.title or (out.stem if out else ""), options.resume)
    page = contextlib.nullcontext() if options.preview is None else preview_page.serve(status, *options.preview)
    with page:
        made = kind.train()(options, status)
        status.written = made is not None
    if made is not None:
        print(f"play it: livedream run {'--effect' if kind.effect and not options.source else '--model'} {made}")
    return 0


def _colour(text: str) -> tuple[int, int, int]:
    digits = COLOURS.get(text.strip().lower(), text.strip()).removeprefix("#")
    digits = "".join(2 * d for d in digits) if len(digits) == 3 else digits
    try:
        red, green, blue = bytes.fromhex(digits)
    except ValueError:
        raise UserError(f"{text}: should be #RRGGBB, or one of {', '.join(COLOURS)}") from None
    return red, green, blue


def _preview_address(text: str) -> parsing.Address:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise UserError(f"{text}: should be HOST:PORT, as in 127.0.0.1:8809; footage is named before --preview")
    return host.strip("[]"), parsing.port(port)
