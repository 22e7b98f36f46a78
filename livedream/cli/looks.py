"""`livedream looks`: list the effects that ship, or test a shader."""

import argparse
from pathlib import Path

from livedream import UserError
from livedream.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="ISF shaders to compile and draw, or names of those that ship"
    )
    parser.add_argument("--sheet", metavar="OUT.jpg", help="write a contact sheet of them over a dream to this file")


def call(options: argparse.Namespace) -> int:
    """List, draw or test looks. Returns 1 if one of those tested does not work here."""
    from livedream.look import check, library

    if options.sheet:
        from livedream.dream import read
        from livedream.look import header, sheet
        from livedream.loop import offline

        sources = [header.read(library.find(each)) for each in options.files] or library.sources()
        drawn = offline.frames(read.load("rainbow"), round(sheet.SECONDS * sheet.FPS), sheet.FPS, sheet.SEED)
        sheet.write(options.sheet, sources, (each.pixels for each in drawn))
        print(options.sheet)
        return 0
    if not options.files:
        for source in library.sources():
            print(f"{source.title:14} {source.kind:10}  {source.description}")
        return 0
    missing: dict[str, str] = {}
    found = []
    for each in options.files:
        try:
            found.append(library.find(each))
        except UserError as error:
            missing[each] = f"{each}:1:{str(error).removeprefix(f'{Path(each)}:')}"
    checked = iter(check.check_all(found))
    failed = 0
    for each in options.files:  # answers come in the order of the files
        path, wrong = (each, missing[each]) if each in missing else next(checked)
        print(f"FAIL {wrong}" if wrong else f"ok {path}", flush=True)
        failed += wrong is not None
    return 1 if failed else 0
