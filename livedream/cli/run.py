"""`livedream run`: play a dream live."""

import argparse
from pathlib import Path
from typing import Any

from livedream import UserError
from livedream.cli.parser import Parser, need
from livedream.session.run_options import GROUPS, OPTIONS, Option, RunOptions

EXAMPLES = """
examples:
  livedream run                                         the dream that ships, in a window
  livedream run --model city --look bloom --audio       another one, with an effect, listening to the microphone
  livedream run --model A.onnx --model B.onnx           two decks
  livedream run --out page --web 0.0.0.0:8808           played from a tablet's browser
  livedream run --out window:1 --out rtmp://HOST/KEY    on the second monitor, and streamed
  livedream run --last                                  the session that was played last
"""


def add_arguments(parser: Parser) -> None:
    """Declare the options of RunOptions."""
    parser.usage, parser.epilog = "%(prog)s [options] [FILE.session]", EXAMPLES
    for group in GROUPS:
        for name, each in OPTIONS.items():
            if each.group == group:
                _add(parser, name, each)


def _add(parser: Parser, name: str, option: Option) -> None:
    # Only what is given is in the namespace, for a session's file stands between it and the defaults.
    settings: dict[str, Any] = {"group": option.group, "help": option.described, "default": argparse.SUPPRESS}
    positional = not option.flag.startswith("-")
    if positional:
        settings["default"] = None  # argparse would parse SUPPRESS
    else:
        settings["dest"] = name
    if not option.metavar:
        settings["action"] = "store_false" if option.default else "store_true"
    else:
        settings |= {"metavar": option.metavar, "type": lambda text: option.format.parse(text) if text else None}
        if option.several:
            settings["action"] = "append"
        if option.bare or positional:
            settings["nargs"] = "?"
        if option.bare:
            settings["const"] = option.bare
    parser.add_argument(option.flag, **settings)


def call(options: argparse.Namespace) -> int:
    """Play until the user ends it. The command line wins over a session's file."""
    from livedream.session import session_file

    given = {name: value for name, value in vars(options).items() if name in OPTIONS and value not in (None, [None])}
    path: Path | None = given.get("session")
    if given.get("last"):
        path = session_file.last()
        if not path.exists():
            raise UserError(f"--last: no session was played here yet; {path} would be it")
    chosen = RunOptions(**(session_file.read(path) if path else {}) | given)
    if chosen.link:
        need("link", "--link", "link")
    if chosen.midi:
        need("rtmidi", "--midi", "midi")
        need("mido", "--midi", "midi")
        from livedream.control.midi import port

        if chosen.midi == "?":
            print(port.ports_line(port.names()))
            return 0
        if chosen.midi == port.ANY:
            port.check_only()
    if len(chosen.models) > 2:
        raise UserError(f"--model {chosen.models[2]}: a third one; there are two decks, --model A --model B")
    from livedream.session.session import run
    from livedream.system import allocator

    allocator.keep_together()
    return run(chosen)
