"""Reads the sources of footage that the user names: files and folders, or the project's own road."""

from collections.abc import Sequence
from pathlib import Path

from livedream import UserError

from . import footage, rainbow_road, stills
from .cache import Footage, Progress

ROAD = "rainbow-road:"


def read(
    sources: Sequence[str | Path],
    size: int | tuple[int, int],
    fps: float | None = None,
    progress: Progress | None = None,
    background: tuple[int, int, int] = footage.BLACK,
    pictures: bool = False,
) -> Footage:
    """Read footage.

    Args:
        sources: video files and folders, or "rainbow-road:" (`rainbow-road:SECONDS`) alone.
        size: as footage.read takes it.
        fps: likewise; the road has a rate of its own.
        progress: likewise.
        background: likewise.
        pictures: folders of pictures of any names and sizes are read, too, see stills.read.

    Raises:
        UserError: a source cannot be used.
    """
    names = [str(source) for source in sources]
    if not any(name.startswith(ROAD) for name in names):
        if pictures and stills.are_pictures(sources):
            return stills.read(sources, size, progress, background, fps or stills.RATE)
        return footage.read(sources, size, fps, progress, background)
    if len(names) > 1:
        raise UserError(f"{ROAD} cannot be mixed with other footage; leave that out")
    return rainbow_road.footage(names[0], footage.training_size(size, rainbow_road.ASPECT), progress)
