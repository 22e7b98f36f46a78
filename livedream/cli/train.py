"""`livedream train`: train a dream on footage."""

import argparse
import contextlib
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
    """Declare what the command takes."""
    add = parser.add_argument
    add("footage", nargs="+", metavar="FOOTAGE", help="video files and folders, or rainbow-road:")
    add(
        "-o",
        "--out",
        metavar="NAME.onnx",
        help="dream file to write; previews and checkpoints go to NAME.run/ beside it",
    )
    add("--size", default="256", metavar="N|WxH", help="picture size; N means N² pixels in the footage's aspect [256]")
    add("--fps", type=parsing.positive, metavar="N", help="frames a second to learn [the rate most of the footage has]")
    add(
        "--background",
        type=_colour,
        default=(0, 0, 0),
        metavar="COLOUR",
        help="colour behind transparent footage: a name or #RRGGBB [black]",
    )
    add("--dry-run", action="store_true", help="only read the footage and print what becomes of each clip")
    add("--minutes", type=parsing.positive, default=30.0, metavar="N", help="total training time in minutes [30]")
    add("--memories", type=int, metavar="N", help="most frames of the footage to keep; 0: none [as many as fit]")
    add("--megabytes", type=parsing.positive, default=0.0, metavar="N", help="size of the dream file [30 to 100]")
    add(
        "--tier",
        type=parsing.choice("live", "large"),
        default="live",
        metavar="live|large",
        help="live: for any machine; large: for graphics cards [live]",
    )
    add("--device", default="auto", metavar="NAME", help="processor to train on: auto, cpu or cuda [auto]")
    add("--resume", action="store_true", help="continue from NAME.run/; its minutes so far count")
    add("--seed", type=parsing.seed, default=0, metavar="SEED", help="seed of the random generators [0]")
    add("--title", default="", metavar="TITLE", help="title of the dream [NAME]")
    add("--licence", default="", metavar="TEXT", help="licence of the footage, kept in the dream file")
    add(
        "--preview",
        type=_preview_address,
        nargs="?",
        const=(),
        metavar="HOST:PORT",
        help="page that shows the training as it goes [127.0.0.1:8809]",
    )


def call(options: argparse.Namespace) -> int:
    """Train, and say how to play the dream."""
    need("torch", "training", "train")
    from livedream_export import hyperparameters, material, preview_page
    from livedream_export.train import train
    from livedream_export.training_status import TrainingStatus

    recipe = hyperparameters.chosen(options.tier, options.memories, options.megabytes)
    if options.dry_run:
        material.dry_run(options.footage, options.size, options.minutes, recipe, options.fps, options.background)
        return 0
    if not options.out:
        raise UserError("-o NAME.onnx is missing: the dream file to write")
    out = Path(options.out)
    status = TrainingStatus(out, options.title or out.stem, options.resume)
    page = contextlib.nullcontext() if options.preview is None else preview_page.serve(status, *options.preview)
    with page:
        dream = train(
            options.footage,
            out,
            size=options.size,
            minutes=options.minutes,
            device=options.device,
            resume=options.resume,
            seed=options.seed,
            title=options.title,
            licence=options.licence,
            hp=recipe,
            status=status,
            fps=options.fps,
            background=options.background,
        )
        status.written = dream is not None
    if dream is not None:
        print(f"play it: livedream run --model {dream}")
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
