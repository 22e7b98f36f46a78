"""Turns files and folders of video into frames to train on: one size, even time steps, split into shots, cached."""

import hashlib
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from livedream import UserError

from . import cache, colour, cuts, decode
from .arrays import Rgb
from .cache import Footage, Progress, Source

__all__ = ["Footage", "Source", "frame_rate", "parse_size", "read", "training_size"]

VERSION = 1  # changes when frames are made in another way, which invalidates old caches
# Files that are read in a folder; one that the user names is always tried.
SUFFIXES = (
    *(
        ".3g2",
        ".3gp",
        ".avi",
        ".flv",
        ".gif",
        ".h264",
        ".h265",
        ".hevc",
        ".ivf",
        ".m2ts",
        ".m2v",
        ".m4v",
        ".mjpeg",
    ),
    *(
        ".mkv",
        ".mov",
        ".mp4",
        ".mpeg",
        ".mpg",
        ".mts",
        ".mxf",
        ".nut",
        ".ogg",
        ".ogv",
        ".qt",
        ".ts",
        ".vob",
        ".webm",
    ),
    *(".wmv", ".y4m"),
)
PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".webp", ".exr")


def read(
    paths: Sequence[str | Path],
    size: int | tuple[int, int],
    fps: float | None = None,
    progress: Progress | None = None,
) -> Footage:
    """Read video files and folders into frames.

    The cache is keyed by the files' contents, size and fps; a second call opens it at once.

    Args:
        paths: files and folders; those in a folder are sorted, and subfolders are read too.
        size: see training_size; the aspect is the one most of the footage has, other clips are cropped to it.
        fps: frames a second; None takes the clips' own rate, the lowest if they differ, see frame_rate.
        progress: called with share (0 to 1) and text now and then.

    Raises:
        UserError: a file named in `paths` cannot be used; one found in a folder is skipped and named in `notes`.
    """
    notes: list[str] = []
    clips = _clips(paths, notes, progress)
    if not clips:
        raise UserError(_nothing(paths, notes))
    size = training_size(size, _usual_aspect(clips))
    if fps is None:
        rates = {round(frame_rate(c.rate), 6) for c in clips}
        fps = min(rates)  # a left-out frame is a bigger step; a repeated one would teach the dream to halt
        if len(rates) > 1:
            notes.append(f"the clips' rates differ; all are taken at {fps:g} frames a second")
    elif not (math.isfinite(fps) and 0.1 <= fps <= 240):
        raise UserError(f"{fps:g} frames a second is not possible; choose from 0.1 to 240")
    shas = _digests([c.path for c in clips], progress)
    key = cache.key({"reader": VERSION, "sha256": shas, "size": size, "fps": fps})
    made = cache.open_cached(key)
    if made is None:
        take = _Take(clips, shas, size, fps)
        hint = math.ceil(sum(c.seconds for c in clips) * fps)
        made = cache.write(key, take.frames(), size, fps, take.about, hint, progress)
    if progress:
        progress(1.0, f"{len(made.frames)} frames, {len(made.segments)} shots")
    # A cache may have been made from copies that lay elsewhere.
    sources = tuple(replace(s, path=str(c.path)) for s, c in zip(made.sources, clips, strict=True))
    return replace(made, sources=sources, notes=(*notes, *made.notes))


def parse_size(text: str) -> int | tuple[int, int]:
    """Parse `--size`, such as "256" or "672x384", for training_size. Raises UserError for anything else."""
    sides = text.strip().lower().split("x")
    if len(sides) > 2 or not all(s.isdecimal() for s in sides):
        raise UserError(f"--size {text}: give a number such as 256, or WIDTHxHEIGHT such as 672x384")
    return int(sides[0]) if len(sides) == 1 else (int(sides[0]), int(sides[1]))


def training_size(size: int | tuple[int, int], aspect: float) -> tuple[int, int]:
    """Return (width, height) in pixels, both multiples of 32 and at least 32.

    Args:
        size: N for about N x N pixels of area, or exactly (width, height).
        aspect: width over height.

    Raises:
        UserError: the size is not possible.
    """
    if isinstance(size, int):
        if not 32 <= size <= 4096:
            raise UserError(f"--size {size} is not possible; choose from 32 to 4096, or WIDTHxHEIGHT")
        root = math.sqrt(aspect)
        return max(32, round(size * root / 32) * 32), max(32, round(size / root / 32) * 32)
    width, height = size
    if width < 32 or height < 32 or width % 32 or height % 32:
        near = "x".join(str(max(32, round(side / 32) * 32)) for side in size)
        raise UserError(f"--size {width}x{height}: both sides must be multiples of 32; {near} is near")
    return width, height


def frame_rate(rate: float) -> float:
    """Return the rate to train at, for a clip's own rate.

    It is the same up to 30; above, an integer fraction of it if that is at least 20 (59.94 gives 29.97, 50 gives 25),
    else 30.
    """
    if rate <= 30.5:
        return rate
    fraction = rate / math.ceil(rate / 30.5)
    return fraction if fraction >= 20 else 30.0


def _clips(paths: Sequence[str | Path], notes: list[str], progress: Progress | None) -> list[decode.Clip]:
    clips = []
    for path in map(Path, paths):
        if not path.is_dir():
            clips.append(_probe(path, progress))
            continue
        files = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        strange = [p.name for p in files if p.suffix.lower() not in SUFFIXES]
        if strange:
            more = f" and {len(strange) - 8} more" if len(strange) > 8 else ""
            notes.append(f"{path}: skipped, not video by their names: {', '.join(strange[:8])}{more}")
        for file in files:
            if file.suffix.lower() in SUFFIXES:
                try:
                    clips.append(_probe(file, progress))
                except UserError as e:
                    notes.append(f"skipped: {e}")
    return clips


def _probe(path: Path, progress: Progress | None) -> decode.Clip:
    if progress:
        progress(0.0, f"opening {path.name}")
    return decode.probe(path)


def _nothing(paths: Sequence[str | Path], notes: list[str]) -> str:
    if not paths:
        return "no footage was given; name video files or folders"
    where = ", ".join(str(p) for p in paths)
    pictures = any(suffix in notes[0].lower() for suffix in PICTURES) if notes else False
    hint = "; of pictures, make a video first, with FFmpeg for example" if pictures else ""
    return f"{where}: holds no video that can be trained on" + (f" ({notes[0]})" if notes else "") + hint


def _usual_aspect(clips: list[decode.Clip]) -> float:
    """Return the aspect of most of the footage by time; among equals, the first clip's."""
    seconds: dict[float, float] = {}
    for clip in clips:
        like = next((a for a in seconds if abs(a / clip.aspect - 1) < 0.02), clip.aspect)
        seconds[like] = seconds.get(like, 0) + clip.seconds
    return max(seconds, key=lambda aspect: seconds[aspect])


def _digests(paths: list[Path], progress: Progress | None) -> list[str]:
    shas, done, shown = [], 0, time.monotonic()
    total = sum(p.stat().st_size for p in paths)
    for path in paths:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(1 << 22):
                digest.update(block)
                done += len(block)
                if progress and time.monotonic() - shown > 0.5:
                    shown = time.monotonic()
                    progress(0.0, f"checking {path.name}, {100 * done // max(1, total)} %")
        shas.append(digest.hexdigest())
    return shas


@dataclass
class _Take:
    """One pass over all clips, and what it finds on the way."""

    clips: list[decode.Clip]
    shas: list[str]
    size: tuple[int, int]
    fps: float

    def __post_init__(self) -> None:
        self._signatures: list[cuts.Signature] = []
        self._cuts: list[int] = []
        self._sources: list[Source] = []

    def frames(self) -> Iterator[Rgb]:
        """Yield the frames, [H, W, 3]."""
        for clip, sha in zip(self.clips, self.shas, strict=True):
            first = len(self._signatures)
            self._cuts.append(first)
            to_rgb = colour.converter(self.size, clip.sample_aspect, clip.matrix)
            shown: decode.Picture | None = None
            picture: Rgb = np.zeros((0, 0, 3), np.uint8)
            for chosen in _evenly(decode.pictures(clip), self.fps, 1 / clip.rate):
                if chosen is not shown:
                    if chosen.breaks and shown is not None:
                        self._cuts.append(len(self._signatures))
                    try:
                        shown, picture = chosen, to_rgb(chosen.frame)
                    except UserError as e:
                        raise UserError(f"{clip.path}: {e}") from e
                self._signatures.append(cuts.signature(picture))
                yield picture
            seconds = (len(self._signatures) - first) / self.fps
            if seconds < 0.75 * decode.SHORTEST:
                raise UserError(
                    f"{clip.path}: only {seconds:.2g} s of it can be decoded; footage must be at least "
                    f"{decode.SHORTEST:g} s long"
                )
            self._sources.append(Source(str(clip.path), sha, round(seconds, 3), _oddities(clip)))

    def about(self) -> cache.About:
        """Return what was found; call it after the last frame."""
        notes = [f"{Path(s.path).name}: {s.note}" for s in self._sources if s.note]
        return cache.About(sorted({*self._cuts, *cuts.find(self._signatures)}), self._sources, notes)


def _evenly(pictures: Iterable[decode.Picture], fps: float, length: float) -> Iterator[decode.Picture]:
    """Yield, every 1/fps s, the picture nearest in time, from the first on and again after a break.

    length: seconds for which the last picture is shown.
    """
    start, tick = 0.0, 0
    now: decode.Picture | None = None
    for then in pictures:
        if now is None or then.breaks:
            until = None if now is None else now.time + length / 2
        else:
            until = (now.time + then.time) / 2
        while now is not None and until is not None and start + tick / fps < until:
            yield now
            tick += 1
        if now is None or then.breaks:
            start, tick = then.time, 0
        now = then
    while now is not None and start + tick / fps < now.time + length / 2:
        yield now
        tick += 1


def _oddities(clip: decode.Clip) -> str:
    odd = []
    if clip.interlaced:
        odd.append("interlaced, so it was deinterlaced")
    if clip.lost:
        odd.append(f"{clip.lost} of {clip.packets} packets gave no picture and were skipped")
    if clip.late:
        odd.append(f"{clip.late} pictures came too late to be put in order and were skipped")
    if clip.breaks:
        odd.append(f"its clock jumps {clip.breaks} times; it is cut there")
    return "; ".join(odd)
