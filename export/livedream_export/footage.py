"""Turns files and folders of video into frames to train on: one size, even time steps, split into shots, cached."""

import hashlib
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from livedream import UserError
from livedream.picture.video_file import shown

from . import cache, clip_table, clips, covering, cuts, decode
from .arrays import Rgb
from .cache import Footage, Progress, Source
from .clip_table import Row
from .clips import SUFFIXES, Found
from .pictures import FEWEST
from .pictures import SUFFIXES as PICTURES

__all__ = ["SUFFIXES", "Footage", "Source", "frame_rate", "parse_size", "read", "training_size"]

VERSION = 2  # changes when frames are made in another way, which invalidates old caches
BLACK = (0, 0, 0)


def read(
    paths: Sequence[str | Path],
    size: int | tuple[int, int],
    fps: float | None = None,
    progress: Progress | None = None,
    background: tuple[int, int, int] = BLACK,
) -> Footage:
    """Read video files and folders into frames.

    The cache is keyed by the files' contents, size, fps and background; a second call opens it at once. What cannot be
    used is left out, and stands in the `clips` of the footage with the reason.

    Args:
        paths: files and folders; those in a folder are sorted, and subfolders are read too.
        size: see training_size; the aspect is the one most of the footage has, other clips are cropped to it.
        fps: frames a second; None takes the rate that most of the pictures have, see frame_rate.
        progress: called with share (0 to 1) and text now and then.
        background: colour, 0 to 255, that shows through transparent pictures.

    Raises:
        UserError: nothing can be used, or size or fps are not possible.
    """
    if fps is not None and not (math.isfinite(fps) and 0.1 <= fps <= 240):
        raise UserError(f"{fps:g} frames a second is not possible; choose from 0.1 to 240")
    notes: list[str] = []
    found = clips.find(paths, notes, fps, progress)
    usable = [each.clip for each in found if each.clip]
    if not usable:
        raise UserError(_nothing(paths, found, notes))
    size = training_size(size, _usual_aspect(usable))
    fps = fps or _usual_rate(usable)
    shas = _digests(usable, progress)
    key = cache.key({"reader": VERSION, "sha256": shas, "size": size, "fps": fps, "background": background})
    made = cache.open_cached(key)
    if made is None:
        take = _Take(usable, shas, size, fps, background)
        hint = math.ceil(sum(c.seconds * min(fps, frame_rate(c.rate)) for c in usable))
        made = cache.write(key, take.frames(), size, fps, take.about, hint, progress)
    if progress:
        progress(1.0, f"{len(made.frames)} frames, {len(made.segments)} shots")
    # A cache may have been made from copies that lay elsewhere.
    sources = [replace(s, path=str(c.path)) for s, c in zip(made.sources, usable, strict=True)]
    rows = _rows(found, sources, size, fps, _usual_aspect(usable))
    taken = tuple(source for source in sources if source.seconds)
    return replace(made, sources=taken, notes=(*notes, *made.notes), clips=tuple(rows))


def _rows(
    found: Sequence[Found], sources: Sequence[Source], size: tuple[int, int], fps: float, aspect: float
) -> list[Row]:
    """Return a row for each clip that was found."""
    rows, taken = [], iter(sources)
    for each in found:
        clip = each.clip
        if clip is None:
            rows.append(Row(str(each.path), 0.0, note=each.reason))
            continue
        source = next(taken)
        seen = (
            (clip.width, clip.height) if (clip.aspect < 1) == (clip.width < clip.height) else (clip.height, clip.width)
        )
        lost = clip_table.cropped(clip.aspect, size)
        shape = abs(clip.aspect / aspect - 1) < 0.02
        rows.append(Row(str(clip.path), source.seconds, seen, frame_rate(clip.rate), fps, lost, shape, source.note))
    return rows


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


def _nothing(paths: Sequence[str | Path], found: Sequence[Found], notes: Sequence[str]) -> str:
    if not paths:
        return "no footage was given; name video files or folders"
    if found:
        more = f"; nor can {len(found) - 1} more be used" if len(found) > 1 else ""
        return f"{shown(found[0].path)}: {found[0].reason}{more}"
    where = ", ".join(shown(p) for p in paths)
    few = any(suffix in notes[0].lower() for suffix in PICTURES) if notes else False
    hint = f"; pictures are footage where at least {FEWEST} are numbered, as in 0001.png" if few else ""
    return f"{where}: holds no video that can be trained on" + (f" ({notes[0]})" if notes else "") + hint


def _usual_rate(usable: list[decode.Clip]) -> float:
    """Return the rate that most of the pictures have: a long time lapse has few. Among equals, the first clip's."""
    pictures: dict[float, float] = {}
    for clip in usable:
        rate = frame_rate(clip.rate)
        like = next((r for r in pictures if abs(r / rate - 1) < 0.005), rate)
        pictures[like] = pictures.get(like, 0) + clip.seconds * rate
    return max(pictures, key=lambda rate: pictures[rate])


def _usual_aspect(clips: list[decode.Clip]) -> float:
    """Return the aspect of most of the footage by time; among equals, the first clip's."""
    seconds: dict[float, float] = {}
    for clip in clips:
        like = next((a for a in seconds if abs(a / clip.aspect - 1) < 0.02), clip.aspect)
        seconds[like] = seconds.get(like, 0) + clip.seconds
    return max(seconds, key=lambda aspect: seconds[aspect])


def _digests(usable: list[decode.Clip], progress: Progress | None) -> list[str]:
    shas, done, shown_at = [], 0, time.monotonic()
    total = sum(p.stat().st_size for clip in usable for p in clip.files)
    for clip in usable:
        digest = hashlib.sha256()
        for path in clip.files:
            with path.open("rb") as file:
                while block := file.read(1 << 22):
                    digest.update(block)
                    done += len(block)
                    if progress and time.monotonic() - shown_at > 0.5:
                        shown_at = time.monotonic()
                        progress(0.0, f"checking {shown(clip.path.name)}, {min(100, 100 * done // max(1, total))} %")
        shas.append(digest.hexdigest())
    return shas


@dataclass
class _Take:
    """One pass over all clips, and what it finds on the way."""

    clips: list[decode.Clip]
    shas: list[str]
    size: tuple[int, int]
    fps: float
    background: tuple[int, int, int]
    _signatures: list[cuts.Signature] = field(default_factory=list)
    _cuts: list[int] = field(default_factory=list)
    _sources: list[Source] = field(default_factory=list)

    def frames(self) -> Iterator[Rgb]:
        """Yield the frames, [H, W, 3]. Raises UserError if no clip gives any."""
        for clip, sha in zip(self.clips, self.shas, strict=True):
            first, why = len(self._signatures), ""
            least = math.ceil(0.75 * decode.SHORTEST * min(self.fps, frame_rate(clip.rate)))
            held: list[Rgb] = []  # a clip is begun once there is enough of it; what is written stays
            try:
                for picture, begins in self._of(clip):
                    if begins:
                        self._cuts.append(len(self._signatures))
                    self._signatures.append(cuts.signature(picture))
                    if len(self._signatures) - first < least:
                        held.append(picture)
                        continue
                    yield from held
                    held.clear()
                    yield picture
            except UserError as e:
                why = str(e).removeprefix(f"{shown(clip.path)}: ")
            count = len(self._signatures) - first
            if count < least:
                del self._signatures[first:]
                self._cuts = [k for k in self._cuts if k < first]
                self._sources.append(Source(str(clip.path), sha, 0.0, why or _too_little(clip, count / self.fps)))
                continue
            note = "; ".join(filter(None, [_oddities(clip), why and f"the rest is left out: {why}"]))
            self._sources.append(Source(str(clip.path), sha, round(count / self.fps, 3), note))
        if not self._signatures:
            path, note = self._sources[0].path, self._sources[0].note
            raise UserError(f"{shown(path)}: {note}")

    def _of(self, clip: decode.Clip) -> Iterator[tuple[Rgb, bool]]:
        """Yield the frames of one clip, and whether each begins a shot for certain.

        A clip slower than `fps` gives each of its pictures once: repeated ones would teach the dream to halt.
        """
        to_rgb = covering.converter(self.size, clip.sample_aspect, clip.matrix, self.background)
        rate = frame_rate(clip.rate)
        rate = rate if rate < self.fps / 1.03 else self.fps
        last: decode.Picture | None = None
        picture: Rgb = np.zeros((0, 0, 3), np.uint8)
        for chosen in _evenly(decode.pictures(clip), rate, 1 / clip.rate):
            begins = chosen is not last and (last is None or chosen.breaks)
            if chosen is not last:
                last, picture = chosen, to_rgb(chosen.frame)
            yield picture, begins

    def about(self) -> cache.About:
        """Return what was found; call it after the last frame."""
        return cache.About(sorted({*self._cuts, *cuts.find(self._signatures)}), self._sources)


def _too_little(clip: decode.Clip, seconds: float) -> str:
    damaged = f", {clip.damaged} of {clip.packets} pictures are damaged" if clip.damaged else ""
    return f"only {seconds:.2g} s of it can be decoded{damaged}; footage must be at least {decode.SHORTEST:g} s long"


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
    if len(clip.sizes) > 1:
        sizes = list(dict.fromkeys(f"{width}x{height}" for width, height in clip.sizes))
        odd.append(f"changes size ({', '.join(sizes)}): it is cut there, and each part is cropped by itself")
    if clip.interlaced:
        odd.append("interlaced, so it was deinterlaced")
    if clip.lost:
        odd.append(f"{clip.lost} of {clip.packets} packets gave no picture and were skipped")
    if clip.damaged:
        odd.append(
            f"{clip.damaged} of {clip.packets} pictures are damaged or follow from damaged ones; they are left out"
        )
    if clip.late:
        odd.append(f"{clip.late} pictures came too late to be put in order and were skipped")
    if clip.jumps:
        odd.append(f"its clock jumps {_times(clip.jumps)}; it is cut there")
    if clip.stills:
        odd.append(f"a picture stands still for more than a second {_times(clip.stills)}; it is cut there")
    return "; ".join(odd)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
