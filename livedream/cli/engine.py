"""`livedream engine`: build a dream's TensorRT plans."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from livedream.cli.parser import Parser
from livedream.session import parsing

if TYPE_CHECKING:
    from livedream.backend.plan import Plan


def add_arguments(parser: Parser) -> None:
    """Declare what the command takes."""
    parser.add_argument("dream", metavar="DREAM", help="dream to build for: a file, or the name of one that ships")
    parser.add_argument("-o", "--out", required=True, metavar="NAME.engine", help="file to write")
    parser.add_argument(
        "--library",
        type=parsing.choice("auto", "rtx", "tensorrt"),
        default="auto",
        metavar="auto|rtx|tensorrt",
        help="rtx builds for RTX 30, 40 and 50 on any machine, tensorrt for this machine's card [auto]",
    )


def call(options: argparse.Namespace) -> int:
    """Build the plans, and print what was written."""
    from livedream.backend.engine import make

    terminal = sys.stderr.isatty()

    def progress(name: str, number: int, count: int, seconds: float, plan: "Plan | None") -> None:
        line = f"{name:10} {number} of {count}  {seconds:5.1f} s"
        if plan:
            line += f"  {len(plan.data) / 1e6:6.1f} MB" + ("" if plan.seconds else "  built before")
        if plan or terminal:
            start, end = ("\r\033[K", "\n" if plan else "") if terminal else ("", "\n")
            print(start + line, end=end, file=sys.stderr, flush=True)

    out = Path(options.out)
    target = make(options.dream, out, options.library, progress)
    print(f"{out}  {out.stat().st_size / 1e6:.1f} MB  {target}")
    return 0
