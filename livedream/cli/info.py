"""`livedream info`: describe a dream file or a recorded show."""

import argparse
from pathlib import Path

from livedream.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """Declare what the command takes."""
    parser.add_argument("model", metavar="DREAM|SHOW", help="file, or the name of a dream that ships")
    parser.add_argument("--sheet", metavar="OUT.jpg", help="write a contact sheet of the dream's scenes to this file")


def call(options: argparse.Namespace) -> int:
    """Print what the file holds."""
    if Path(options.model).suffix == ".show":
        from livedream.shows import show_file

        print(show_file.text(show_file.read(options.model)))
        return 0
    from livedream.dream import info, read

    dream = read.load(options.model)
    print(info.text(dream))
    if options.sheet:
        info.write_contact_sheet(dream, options.sheet)
        print(f"contact sheet: {options.sheet}")
    return 0
