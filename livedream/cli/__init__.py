"""The command line: one module for each command, imported when it is called."""

import importlib
import logging
import os
import sys

import livedream
from livedream import UserError, did_you_mean
from livedream.cli.parser import Parser

COMMANDS = {
    "run": "play a dream live",
    "midi": "MIDI-to-OSC bridge: send what a MIDI controller does to any program",
    "train": "train a dream or an effect",
    "export": "make a dream from the checkpoint of a training run",
    "animate": "make a film of what happens next, from one still picture",
    "render": "render a recorded show or a dream to a file",
    "evaluate": "measure the quality of a dream against its footage",
    "engine": "build a dream's TensorRT plans",
    "info": "describe a dream file or a recorded show",
    "params": "list every OSC address, or write a tablet layout",
    "looks": "list the effects that ship, or test a shader",
    "cache": "show and clear what livedream keeps to start faster",
    "bench": "measure how fast this machine plays a dream",
    "doctor": "show what this machine offers, and how to get what is missing",
}
"""Each command's module in this package, and what it does."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0 done, 1 failed part-way, 2 wrong usage or input, 3 a bug of ours."""
    command, *rest = _command(sys.argv[1:] if arguments is None else arguments)
    module = importlib.import_module(f"livedream.cli.{command}")
    parser = parser_of(command)
    options = parser.parse_args(rest)
    logging.basicConfig(level=logging.INFO if options.verbose else logging.WARNING, format="%(message)s")
    try:
        code: int = module.call(options)
        sys.stdout.flush()
        return code
    except UserError as error:
        print(f"livedream: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0
    except BrokenPipeError:  # `livedream params | head`; the interpreter's own last flush must not fail either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if options.verbose:
            raise
        print(f"livedream: this is our bug: {type(error).__name__}: {error} (--verbose shows where)", file=sys.stderr)
        return 3


def parser_of(command: str) -> Parser:
    """Return the parser of one of COMMANDS."""
    parser = Parser(prog=f"livedream {command}", description=COMMANDS[command])
    importlib.import_module(f"livedream.cli.{command}").add_arguments(parser)
    parser.add_argument("-v", "--verbose", action="store_true", help="print more, and show where a bug is")
    return parser


def _command(arguments: list[str]) -> list[str]:
    """Return the arguments if they begin with a command; else exit with help, the version or what is wrong."""
    if arguments and arguments[0] in COMMANDS:
        return arguments
    arguments = arguments or ["--help"]  # nothing is wrong with asking what there is
    parser = Parser(prog="livedream", description=livedream.__doc__.split("\n")[0])
    parser.add_argument("--version", action="version", version=livedream.__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    for name, help in COMMANDS.items():
        commands.add_parser(name, help=help)
    if arguments and not arguments[0].startswith("-"):
        there_are = f"; there are: {', '.join(COMMANDS)}"
        parser.error(f"{arguments[0]}: no such command{did_you_mean(arguments[0], COMMANDS) or there_are}")
    parser.parse_args(arguments)  # answers --help or --version and exits, or says that a command is missing
    parser.error("the command comes first")
