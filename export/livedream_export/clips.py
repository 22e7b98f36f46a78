"""Finds the clips in the files and folders that the user names: videos, numbered pictures, animations."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from livedream import UserError
from livedream.picture import webp
from livedream.picture.video_file import shown

from . import decode, pictures
from .cache import Progress

# Files that are read in a folder; one that the user names is always tried.
_VIDEO = (
    ".264 .265 .3g2 .3gp .amv .apng .asf .avi .avif .bik .divx .dv .f4v .flv .gif .h264 .h265 .hevc .ivf .m1v .m2p "
    ".m2t .m2ts .m2v .m4v .mjpeg .mjpg .mkv .mod .mov .mp4 .mpe .mpeg .mpg .mpv .mts .mxf .nut .ogg .ogm .ogv .qt "
    ".rm .rmvb .tod .ts .vob .vro .webm .wmv .y4m"
)
SUFFIXES = frozenset(_VIDEO.split())


@dataclass(frozen=True)
class Found:
    """A clip, or why there is none.

    Attributes:
        path: the file, or what stands for a sequence of pictures.
        clip: None if it cannot be used.
        reason: why, in words that begin with "is" or the like.
    """

    path: Path
    clip: decode.Clip | None
    reason: str = ""


def find(paths: Sequence[str | Path], notes: list[str], fps: float | None, progress: Progress | None) -> list[Found]:
    """Find every clip, in order.

    Links are followed; a file is taken once. `notes` gets a line for what is no footage by its name.

    Args:
        paths: files and folders.
        notes: are added to.
        fps: rate of numbered pictures; None for 25.
        progress: called with share and text now and then.
    """
    named = [Path(p) for p in paths]
    files = [(path, True) for path in named if not path.is_dir()]
    for folder in (path for path in named if path.is_dir()):
        files += [(file, False) for file in inside(folder, notes)]
    sequences = pictures.sequences([file for file, _ in files])
    in_sequence = {file: sequence for sequence in sequences for file in sequence.files}
    found: list[Found] = []
    seen: dict[Path, Path] = {}
    for file, is_named in _in_order(files, named):
        if (sequence := in_sequence.get(file)) is not None:
            if sequence.name in seen:
                continue
            seen[sequence.name] = file
            found.append(_try(sequence.name, lambda s=sequence: decode.of_sequence(s, fps)))  # type: ignore[misc]
            continue
        wanted = is_named or file.suffix.lower() in SUFFIXES or is_animation(file)
        if not wanted:
            continue
        real = Path(os.path.realpath(file))
        if real in seen:
            found.append(Found(file, None, f"is the same file as {shown(seen[real])}, which is taken"))
            continue
        seen[real] = file
        if progress:
            progress(0.0, f"opening {shown(file.name)}")
        found.append(_try(file, lambda f=file: decode.probe(f)))  # type: ignore[misc]
    _name_the_rest(files, in_sequence, notes)
    return found


def _in_order(files: list[tuple[Path, bool]], named: list[Path]) -> Iterator[tuple[Path, bool]]:
    """Yield files as the user named them, those of a folder in its place."""
    for path in named:
        for file, is_named in files:
            if (file == path) if is_named else (path != file and path in file.parents and path.is_dir()):
                yield file, is_named


def _try(path: Path, make: Callable[[], decode.Clip]) -> Found:
    try:
        return Found(path, make())
    except UserError as e:
        return Found(path, None, str(e).removeprefix(f"{shown(path)}: "))


def inside(folder: Path, notes: list[str]) -> list[Path]:
    """Return the files below a folder, sorted, through links, each folder once."""
    found: list[Path] = []
    visited: set[str] = set()
    for place, below, names in os.walk(folder, followlinks=True, onerror=lambda e: notes.append(_unreadable(e))):
        real = os.path.realpath(place)
        if real in visited:
            below.clear()
            continue
        visited.add(real)
        below[:] = sorted(name for name in below if not name.startswith("."))
        found += [Path(place, name) for name in names if not name.startswith(".")]
    return sorted(found)


def _unreadable(error: OSError) -> str:
    return f"{shown(error.filename)}: skipped, cannot be read: {error.strerror}"


def is_animation(file: Path) -> bool:
    """Whether a picture file moves: animated WebP, or PNG with an animation control chunk near its start."""
    suffix = file.suffix.lower()
    if suffix == ".webp":
        return webp.is_animated(file)
    if suffix != ".png":
        return False
    try:
        with file.open("rb") as head:
            return b"acTL" in head.read(4096)
    except OSError:
        return False


def _name_the_rest(
    files: list[tuple[Path, bool]], sequences: dict[Path, pictures.PictureSequence], notes: list[str]
) -> None:
    """Note the files of folders that are no footage by their names."""
    rest = [
        file
        for file, is_named in files
        if not is_named and file not in sequences and file.suffix.lower() not in SUFFIXES and not is_animation(file)
    ]
    by_folder: dict[Path, list[str]] = {}
    for file in rest:
        by_folder.setdefault(file.parent, []).append(shown(file.name))
    for folder, names in by_folder.items():
        more = f" and {len(names) - 8} more" if len(names) > 8 else ""
        notes.append(f"{shown(folder)}: skipped, not video by their names: {', '.join(names[:8])}{more}")
