"""`livedream cache`: show and clear what livedream keeps to start faster."""

import argparse
import shutil
from pathlib import Path

from livedream import UserError, did_you_mean
from livedream.cli.parser import Parser
from livedream.system import paths

KINDS = {
    "footage": "frames of footage, read for training",
    "dreams": "parsed dreams",
    "cpu": "graphs rewritten for the processor",
    "half": "half-precision models",
    "plans": "TensorRT plans",
    "compiled": "compilations of other providers",
    "choices": "measured speeds of dreams on this machine",
    "checked": "which dreams have run once and are sound",
}


def add_arguments(parser: Parser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "--clear",
        nargs="?",
        const="",
        metavar="NAME",
        help=f"delete one of {', '.join(KINDS)}, or all; what is needed is made again",
    )


def call(options: argparse.Namespace) -> int:
    """Print what there is, or delete it."""
    home = paths.cache_folder()
    there = sorted(p.name for p in home.iterdir() if p.is_dir() and not p.is_symlink()) if home.is_dir() else []
    if options.clear is not None:
        return _clear(home, there, options.clear)
    if not there:
        print(f"{home}: nothing is kept")
        return 0
    sizes = {name: _size(home / name) for name in there}
    for name, (count, size) in sizes.items():
        files = "file " if count == 1 else "files"
        print(f"{name:10}{_bytes(size):>10}  {count:6} {files}  {KINDS.get(name, '')}".rstrip())
    print(f"{'all':10}{_bytes(sum(size for _, size in sizes.values())):>10}  in {home}")
    return 0


def _clear(home: Path, there: list[str], name: str) -> int:
    if name and name not in KINDS and name not in there:
        there_are = f"; there are: {', '.join(KINDS)}"
        raise UserError(f"--clear {name}: no such cache{did_you_mean(name, KINDS) or there_are}")
    freed = 0
    for each in [name] if name else there:
        if each not in there:
            continue
        _, size = _size(home / each)
        try:
            shutil.rmtree(home / each)
        except OSError as error:
            raise UserError(f"{home / each}: cannot be deleted: {error.strerror}") from None
        freed += size
    print(f"cleared {name or 'everything'}: {_bytes(freed)} free again")
    return 0


def _size(folder: Path) -> tuple[int, int]:
    """Return how many files are in a folder, and their bytes."""
    count = size = 0
    for file in folder.rglob("*"):
        try:
            if file.is_file():
                count, size = count + 1, size + file.stat().st_size
        except OSError:  # another livedream just deleted it
            continue
    return count, size


def _bytes(size: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
