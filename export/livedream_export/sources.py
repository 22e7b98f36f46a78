"""Reads the sources of footage that the user names: files and folders, or what the project renders itself."""

from collections.abc import Sequence
from pathlib import Path

from livedream import UserError

from . import footage, moving_shapes, rainbow_road, stills
from .cache import Footage, Progress

ROAD = "rainbow-road:"
RENDERED = {
    ROAD: (rainbow_road.footage, rainbow_road.ASPECT),
    moving_shapes.NAME: (moving_shapes.footage, moving_shapes.ASPECT),
}


def is_rendered(sources: Sequence[str | Path]) -> bool:
    """Whether the project renders one of the sources itself."""
    return any(str(source).startswith(tuple(RENDERED)) for source in sources)


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
        sources: video files and folders, or "rainbow-road:" (`rainbow-road:SECONDS`) alone, or "moving-shapes:"
            (`moving-shapes:CLIPS`) alone.
        size: as footage.read takes it.
        fps: likewise; what is rendered has a rate of its own.
        progress: likewise.
        background: likewise.
        pictures: folders of pictures of any names and sizes are read, too, see stills.read.

    Raises:
        UserError: a source cannot be used.
    """
    names = [str(source) for source in sources]
    own = next((each for each in RENDERED if any(name.startswith(each) for name in names)), None)
    if own is None:
        if pictures and stills.are_pictures(sources):
            return stills.read(sources, size, progress, background, fps or stills.RATE)
        return footage.read(sources, size, fps, progress, background)
    if len(names) > 1:
        raise UserError(f"{own} cannot be mixed with other footage; leave that out")
    render, aspect = RENDERED[own]
    return render(names[0], footage.training_size(size, aspect), progress)
