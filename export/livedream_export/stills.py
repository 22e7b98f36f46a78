"""Turns pictures of any names, sizes and formats into frames to train on: one size, each a shot of its own, cached."""

import hashlib
import itertools
import math
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import av
import numpy as np

from livedream import UserError
from livedream.picture import exif, photo, webp
from livedream.picture.orientation import display_matrix, lies_on_its_side
from livedream.picture.video_file import shown

from . import cache, clip_table, clips, covering
from .arrays import Doubles, Rgb
from .cache import Footage, Progress, Source
from .footage import BLACK, training_size

Item = TypeVar("Item")
Result = TypeVar("Result")

_PICTURES = ".avif .bmp .gif .jp2 .jpe .jpeg .jpg .png .tga .tif .tiff .webp"
SUFFIXES = frozenset(_PICTURES.split())
FEWEST = 8  # pictures: a batch of the trainings. A dream of fewer only shows them again.
RATE = 25.0  # frames a second of a walk between them
VERSION = 1  # changes when frames are made in another way, which invalidates old caches

_MOVING = frozenset({".apng", ".gif"})  # suffixes of clips that may be pictures, too
_THREADS = min(4, os.cpu_count() or 1)
_NAMED = 6  # files left out that the table names for each reason
_REASON = 110  # most characters of a reason


def are_pictures(paths: Sequence[str | Path]) -> bool:
    """Whether material is pictures: at least one that stands still, and no video."""
    files = [file for path in map(Path, paths) for file in (clips.inside(path, []) if path.is_dir() else [path])]
    if any(file.suffix.lower() in clips.SUFFIXES - _MOVING for file in files):
        return False
    return any(file.suffix.lower() in SUFFIXES and not _moves(file) for file in files)


def read(
    paths: Sequence[str | Path],
    size: int | tuple[int, int],
    progress: Progress | None = None,
    background: tuple[int, int, int] = BLACK,
    fps: float = RATE,
) -> Footage:
    """Read pictures into frames; each becomes one, and a segment of its own.

    They are turned as EXIF says, laid over the background, scaled (averaged where they shrink, bicubic where they grow)
    to cover the size, and cropped evenly. A picture that is there twice is taken once. What becomes of them stands in
    the `notes` of the footage, as a table. The cache is keyed by contents, names, size and background.

    Args:
        paths: picture files and folders; those in a folder are sorted, and subfolders are read too.
        size: as footage.training_size takes it; the aspect is the one most of the pictures have.
        progress: called with share (0 to 1) and text now and then.
        background: colour, 0 to 255, that shows through transparent pictures.
        fps: frames a second of a dream that walks between them.

    Raises:
        UserError: fewer than FEWEST pictures can be used, or size or fps are not possible.
    """
    if not (math.isfinite(fps) and 0.1 <= fps <= 240):
        raise UserError(f"{fps:g} frames a second is not possible; choose from 0.1 to 240")
    files, notes = _find(paths)
    once = _without_copies(files, progress)
    if not once:
        raise _too_few(paths, 0, files)
    names = [each.name for each in files]
    shas = [each.sha256 for each in files]
    asked = {"stills": VERSION, "sha256": shas, "names": names, "size": size, "background": background, "fps": fps}
    key = cache.key(asked)
    made = cache.open_cached(key)
    if made is None:
        for each, shape in zip(once, _in_threads(_shape, [each.path for each in once]), strict=True):
            each.shape = shape
        take = _Take(paths, files, once, training_size(size, _usual_aspect(once)), background)
        made = cache.write(key, take.frames(), take.size, fps, take.about, len(once), progress)
    if progress:
        progress(1.0, f"{len(made.frames)} pictures")
    here = {each.sha256: str(each.path) for each in once}  # a cache may have been made from copies that lay elsewhere
    sources = tuple(replace(source, path=here.get(source.sha256, source.path)) for source in made.sources)
    return replace(made, sources=sources, notes=(*notes, *made.notes))


@dataclass
class _File:
    """A picture file, and what is known of it.

    Attributes:
        path: the file.
        name: by which the table calls it.
        folder: the same of its folder.
        sha256: of its bytes; "" where it cannot be read.
        shape: width and height as seen, in pixels; (0, 0) where they are not known.
        reason: why it is left out, or "".
        moves: its first picture is taken of an animation.
    """

    path: Path
    name: str
    folder: str
    sha256: str = ""
    shape: tuple[int, int] = (0, 0)
    reason: str = ""
    moves: bool = False


def _find(paths: Sequence[str | Path]) -> tuple[list[_File], list[str]]:
    """Find the picture files, each once, and notes about what is none by its name."""
    notes: list[str] = []
    found: dict[Path, _File] = {}
    for path in map(Path, paths):
        if not path.is_dir():
            found.setdefault(Path(os.path.realpath(path)), _File(path, shown(path), shown(path.parent)))
            continue
        others = []
        for file in clips.inside(path, notes):
            if file.suffix.lower() not in SUFFIXES:
                others.append(shown(file.relative_to(path)))
                continue
            place = Path(path.name or str(path.absolute()))
            name, folder = place / file.relative_to(path), place / file.parent.relative_to(path)
            found.setdefault(Path(os.path.realpath(file)), _File(file, shown(name), shown(folder)))
        if others:
            notes.append(f"{shown(path)}: skipped, not pictures by their names: {_listed(others)}")
    return list(found.values()), notes


def _without_copies(files: list[_File], progress: Progress | None) -> list[_File]:
    """Take the digests of all files, and return those that can be read and are not the same as one before."""
    first: dict[str, _File] = {}
    for k, (each, digest) in enumerate(zip(files, _in_threads(_digest, [each.path for each in files]), strict=True)):
        each.sha256, each.reason = digest
        if progress and k % 50 == 49:
            progress(0.0, f"checking picture {k + 1} of {len(files)}")
        if not each.reason and first.setdefault(each.sha256, each) is not each:
            each.reason = f"same as {first[each.sha256].name}"
    return [each for each in files if not each.reason]


def _digest(path: Path) -> tuple[str, str]:
    """Return the SHA-256 of a file, and why there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), ""
    except OSError as error:
        return "", f"cannot be read: {error.strerror}"


def _too_few(paths: Sequence[str | Path], count: int, files: Sequence[_File]) -> UserError:
    """Return the error about too few pictures, with the reason of the first that is left out."""
    where = ", ".join(map(shown, paths)) if len(paths) <= 3 else f"{len(paths)} files"
    why = next((f" ({each.name}: {each.reason})" for each in files if each.reason), "")
    holds = f"{count} picture{'s' * (count != 1)} that can be used"
    return UserError(f"{where}: {holds}{why}; a dream of pictures needs {FEWEST} at least, better some hundred")


@dataclass
class _Take:
    """One pass over all pictures, and what it finds on the way."""

    paths: Sequence[str | Path]
    files: list[_File]
    once: list[_File]
    size: tuple[int, int]
    background: tuple[int, int, int]
    _seen: dict[bytes, _File] = field(default_factory=dict)  # by digest of the frame: saved again, it is the same

    def frames(self) -> Iterator[Rgb]:
        """Yield the frames, [H, W, 3]. Raises UserError if there are too few."""
        for each, frame in zip(self.once, _in_threads(self._of, self.once), strict=True):
            if frame is None:
                continue
            same = self._seen.setdefault(hashlib.sha256(frame.data).digest(), each)
            if same is not each:
                each.reason = f"same as {same.name}"
                continue
            yield frame
        if len(self._seen) < FEWEST:
            raise _too_few(self.paths, len(self._seen), self.files)

    def _of(self, each: _File) -> Rgb | None:
        """Return the frame of one file; None, and the reason, where it gives none."""
        try:
            frame, matrix = _decoded(each.path, self.size)
            each.moves = _moves(each.path)
            return covering.converter(self.size, 1.0, matrix, self.background)(frame)
        except UserError as error:
            each.reason = str(error).removeprefix(f"{each.path}: ").removeprefix(f"{shown(each.path)}: ")
            return None

    def about(self) -> cache.About:
        """Return what was found; call it after the last frame."""
        used = [each for each in self.files if not each.reason]
        sources = [Source(str(each.path), each.sha256, 1 / RATE) for each in used]
        total = f"{len(used)} of {len(self.files)} pictures used: {len(used)} frames of {self.size[0]}x{self.size[1]}"
        lines = [*_table(self.files, self.size, _usual_aspect(self.once)), *_left_out(self.files), total]
        return cache.About(range(len(used)), sources, lines)


def _decoded(path: Path, size: tuple[int, int]) -> tuple[av.VideoFrame, Doubles]:
    """Decode a picture and return it with its display matrix. Raises UserError for anything else."""
    if webp.is_animated(path):
        return next(iter(webp.frames(path)))[1], np.eye(2)
    frame, _ = photo.decoded(path, 2 * size[0], 2 * size[1])  # twice: what FFmpeg has halved is averaged once more
    said = exif.display_matrix(path)
    return frame, display_matrix(frame) if said is None else said


def _shape(path: Path) -> tuple[int, int]:
    """Return (width, height) of a picture as it is seen, from its header; (0, 0) where it cannot be read."""
    try:
        with av.open(f"file:{path}", metadata_errors="replace") as container:
            context = container.streams.video[0].codec_context
            shape = context.width, context.height
    except (OSError, ValueError, IndexError, av.FFmpegError):
        return 0, 0
    matrix = exif.display_matrix(path)
    return shape[::-1] if matrix is not None and lies_on_its_side(matrix) else shape


def _moves(path: Path) -> bool:
    """Whether a picture file is an animation."""
    if path.suffix.lower() != ".gif":
        return clips.is_animation(path)
    try:
        with av.open(f"file:{path}", metadata_errors="replace") as container:
            packets = (packet for packet in container.demux(video=0) if packet.size)
            return len(list(itertools.islice(packets, 2))) > 1
    except (OSError, ValueError, IndexError, av.FFmpegError):
        return False


def _usual_aspect(files: Sequence[_File]) -> float:
    """Return the aspect that most of the pictures have; among equals, the first one's."""
    count: Counter[float] = Counter()
    for width, height in (each.shape for each in files):
        if width and height:
            aspect = width / height
            count[next((a for a in count if abs(a / aspect - 1) < 0.02), aspect)] += 1
    return max(count, key=lambda aspect: count[aspect]) if count else 1.0


def _table(files: Sequence[_File], size: tuple[int, int], usual: float) -> list[str]:
    """Return the lines of a table with a row for each folder. usual: the aspect of most of the pictures."""
    folders: dict[str, list[_File]] = {}
    for each in files:
        folders.setdefault(each.folder, []).append(each)
    rows = [("folder", "pictures", "used", "picture", "cut off", "why")]
    for folder, inside in folders.items():
        used = [each for each in inside if not each.reason]
        aspects = [each.shape[0] / each.shape[1] for each in used if all(each.shape)]
        lost = sorted(clip_table.cropped(aspect, size) for aspect in aspects)
        odd = sum(abs(aspect / usual - 1) >= 0.02 for aspect in aspects)
        smaller = sum(0 < each.shape[0] < size[0] or 0 < each.shape[1] < size[1] for each in used)
        moving = sum(each.moves for each in used)
        why = [f"{odd} of another shape than most"] if odd else []
        why += [f"{smaller} smaller than the dream's"] if smaller else []
        why += [f"the first picture of {moving} that move"] if moving else []
        cut = (f"{lost[0]:.0%}" if lost[-1] - lost[0] < 0.01 else f"{lost[0]:.0%} to {lost[-1]:.0%}") if lost else ""
        cells = (clip_table.shortened(folder), str(len(inside)), str(len(used)), _sizes(used))
        rows.append((*cells, cut if cut != "0%" else "", "; ".join(why)))
    most = clip_table.cropped(usual, size)
    steps = [f"{most:.0%} is cut off most pictures: {clip_table.STEPS}"] if most >= 0.005 else []
    return [*clip_table.aligned(rows), *steps]


def _sizes(files: Sequence[_File]) -> str:
    """Return the sizes of pictures in words: the least and the largest, by area."""
    shapes = sorted({each.shape for each in files if all(each.shape)}, key=lambda shape: shape[0] * shape[1])
    ends = [f"{width}x{height}" for width, height in shapes[:: max(1, len(shapes) - 1)]]
    return " to ".join(ends)


def _left_out(files: Sequence[_File]) -> list[str]:
    """Return a line for each reason that a picture is left out for."""
    copies = [each.name for each in files if each.reason.startswith("same as ")]
    by_reason: dict[str, list[str]] = {}
    for each in files:
        if each.reason and each.name not in copies:
            by_reason.setdefault(each.reason[:_REASON], []).append(each.name)
    lines = [f"left out: {_listed(names)}: {reason}" for reason, names in by_reason.items()]
    if copies:
        lines.append(f"left out, since the same picture is there before: {_listed(copies)}")
    return lines


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _in_threads(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """Yield what `work` makes of each item, in order; few are made ahead, so that memory stays small."""
    with ThreadPoolExecutor(_THREADS) as pool:
        for start in range(0, len(items), 2 * _THREADS):
            yield from pool.map(work, items[start : start + 2 * _THREADS])
