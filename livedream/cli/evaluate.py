"""`livedream evaluate`: measure the quality of a dream against its footage."""

import argparse
import json
from pathlib import Path

from livedream.cli.parser import Parser, need
from livedream.session import parsing


def add_arguments(parser: Parser) -> None:
    """Declare what the command takes."""
    add = parser.add_argument
    add("model", metavar="DREAM", help="dream to judge: a file, or the name of one that ships")
    add(
        "--footage",
        nargs="+",
        required=True,
        metavar="FOOTAGE",
        help="what it was trained on: files and folders",
    )
    add("--minutes", type=parsing.positive, default=60.0, metavar="N", help="minutes to dream for each seed [60]")
    add("--seeds", type=int, default=3, metavar="N", help="number of seeds [3]")
    add(
        "--picture",
        type=Path,
        metavar="FILE.jpg",
        help="write footage, reconstruction and dream side by side to this file",
    )
    add("--json", action="store_true", help="print JSON")


def call(options: argparse.Namespace) -> int:
    """Print the figures."""
    need("torch", "evaluating", "train")
    from livedream_export import evaluate, preview
    from livedream_export.judges.asked import Asked

    asked = Asked(preview.Progress().share, options.minutes, range(options.seeds), sheet=options.picture)
    figures, table = evaluate.judge(options.model, options.footage, asked)
    print(json.dumps(figures, indent=1) if options.json else table)
    return 0
