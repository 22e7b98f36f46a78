"""What is named as footage: files and folders, or the project's own road."""

from collections.abc import Sequence
from pathlib import Path

from livedream import UserError

from . import footage, rainbow_road
from .cache import Footage, Progress

ROAD = "rainbow-road:"


def read(
    sources: Sequence[str | Path],
    size: int | tuple[int, int],
    fps: float | None = None,
    progress: Progress | None = None,
) -> Footage:
    """Footage of `sources`: video files and folders, or "rainbow-road:" (`rainbow-road:SECONDS`) alone.

    size, fps, progress: as footage.read takes them; the road has a rate of its own. UserError for what cannot be used.
    """
    names = [str(source) for source in sources]
    if not any(name.startswith(ROAD) for name in names):
        return footage.read(sources, size, fps, progress)
    if len(names) > 1:
        raise UserError(f"{ROAD} stands alone; leave the other footage out")
    return rainbow_road.footage(names[0], footage.training_size(size, rainbow_road.ASPECT), progress)
