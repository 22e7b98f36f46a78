"""What `livedream evaluate` asks of the judge of a kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..cache import Progress


@dataclass(frozen=True)
class Asked:
    """What was asked for; a judge that has no use for something leaves it.

    Attributes:
        progress: is called with share (0 to 1) and text now and then.
        minutes: to dream with each seed.
        seeds: of the dreams, at least one.
        temperature: of the dreams.
        sheet: a JPEG file of pictures to write; its folder is there.
    """

    progress: Progress
    minutes: int = 60
    seeds: Sequence[int] = (0, 1, 2)
    temperature: float = 1.0
    sheet: Path | None = None
