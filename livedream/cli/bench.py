"""`livedream bench`: measure how fast this machine plays a dream."""

import argparse
import json
import sys

from livedream.cli.parser import Parser
from livedream.session import parsing


def add_arguments(parser: Parser) -> None:
    """Declare what the command takes."""
    add = parser.add_argument
    add(
        "model",
        nargs="?",
        default="rainbow.onnx",
        metavar="DREAM",
        help="dream to measure: a file, or the name of one that ships [rainbow.onnx]",
    )
    add("--seconds", type=parsing.positive, default=8.0, metavar="N", help="seconds for each figure [8]")
    add("--json", action="store_true", help="print JSON")
    add(
        "--baseline",
        metavar="FILE",
        help="compare with an earlier output of --json on this machine; exit code 1 if something is worse",
    )


def call(options: argparse.Namespace) -> int:
    """Print the figures. Returns 1 if one is worse than in the baseline."""
    from livedream.bench import measure, report

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    measured = measure.measure(options.model, options.seconds, say, options.baseline)
    print(json.dumps(measured, indent=1) if options.json else report.text(measured))
    return 1 if any(each["regressed"] for each in measured["figures"]) else 0
