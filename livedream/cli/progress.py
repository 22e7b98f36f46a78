"""How far a rendering is, on the terminal."""

import sys
from collections.abc import Callable


def shower(name: str) -> Callable[[float], None]:
    """Return a function that shows the share (0..1) that is done of the file `name`, where somebody sees it."""
    terminal = sys.stderr.isatty()

    def show(share: float) -> None:
        if terminal:
            print(f"\r\033[K{name}  {share:4.0%}", end="\n" if share >= 1 else "", file=sys.stderr, flush=True)

    return show
