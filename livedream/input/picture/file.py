"""A file as a source: films and animations, again and again without a seam, pictures, and numbered pictures."""

import contextlib
import itertools
import re
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import av

from livedream import UserError, did_you_mean, one_line
from livedream.input.picture.convert import DECODED, Converter
from livedream.input.picture.decoding import described, film
from livedream.input.picture.paced import Timed, play
from livedream.input.picture.shot import Asked, Report, Shot
from livedream.picture import video_file, webp

RATE = 25.0  # pictures a second of numbered pictures, as FFmpeg takes them
LOOK = 0.25  # seconds between two looks at whether a file has changed
NUMBERED = re.compile(r"%0?\d*d")
Stamp = tuple[int, int, int] | None


def check(asked: Asked) -> str:
    """Return the source's name. Raises UserError if there is no such file."""
    path = Path(asked.address)
    if NUMBERED.search(path.name):
        if not _numbered(path):
            raise UserError(f"--in {path}: there are no such pictures")
    elif path.is_dir():
        raise UserError(f"--in {path}: is a folder; name a file in it, or numbered pictures such as {path}/%04d.png")
    elif not path.exists():
        names = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        raise UserError(f"--in {path}: no such file{did_you_mean(path.name, names)}")
    return path.name


def pictures(asked: Asked, report: Report) -> Iterator[Shot]:
    """Yield the file's pictures when they are due, for ever; begin again when the file has changed."""
    path = Path(asked.address)
    while True:
        seen = _stamp(path)
        try:
            yield from play(passes(path, asked.fps or RATE, report), report)
        except (UserError, LookupError, OSError, ValueError) as error:  # PyAV's errors are of the last two
            said = one_line(error)
            report.trouble(said if str(path) in said else f"{video_file.shown(path)}: {said}")
        while _stamp(path) in (seen, None):
            time.sleep(LOOK)


def _stamp(path: Path) -> Stamp:
    """What changes when a file does; None if it is not there. Of numbered pictures: their number."""
    if NUMBERED.search(path.name):
        return len(_numbered(path)), 0, 0
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def passes(path: Path, rate: float, report: Report) -> Iterator[Iterator[Timed]]:
    """Yield the file's pictures with their times, from its beginning to its end, again and again."""
    if numbered := _numbered(path):
        report.note(f"{len(numbered)} pictures, {rate:g} fps")
        while True:
            yield _of_sequence(numbered, rate, Converter(), report)
    if webp.is_animated(path):
        times = webp.times(path)
        while True:
            yield _of_webp(path, times, Converter())
    while True:  # some files have to be opened again for every pass
        seen = _stamp(path)
        yield from _of_film(path, report, seen)
        if _stamp(path) not in (seen, None):
            return


def _of_film(path: Path, report: Report, seen: Stamp) -> Iterator[Iterator[Timed]]:
    """Yield passes of a film until it has changed, or it turns out that it cannot be wound back."""
    convert, start = Converter(), None
    with video_file.open_any(path) as container:
        if container.format.name == "tty":
            raise UserError("is no picture and no film")
        stream = video_file.video_stream(container, path)
        decoder = video_file.decoder(stream)
        decoder.options = {**decoder.options, "max_pixels": str(DECODED)}
        report.note(described(stream))
        while True:
            pictures = film(container, stream, decoder, convert, report)
            timed = next(pictures, None)
            if start is not None and (timed is None or timed.time > start + timed.seconds / 2):
                return
            if timed is not None:
                start = timed.time
                pictures = itertools.chain((timed,), pictures)
            yield pictures
            if _stamp(path) not in (seen, None):
                return
            with contextlib.suppress(av.FFmpegError):
                container.seek(container.start_time or 0)
            decoder.flush_buffers()


def _of_sequence(files: list[Path], rate: float, convert: Converter, report: Report) -> Iterator[Timed]:
    for number, file in enumerate(files):
        try:
            with video_file.open_any(file) as container:
                frame = next(container.decode(video=0))
        except (UserError, OSError, ValueError, IndexError, StopIteration):
            report.skipped()
            continue
        yield Timed(number / rate, 1 / rate, partial(convert, frame))


def _of_webp(path: Path, times: list[float], convert: Converter) -> Iterator[Timed]:
    for number, (at, frame) in enumerate(webp.frames(path)):
        yield Timed(at, times[number + 1] - at, partial(convert, frame))


def _numbered(path: Path) -> list[Path]:
    """The files that `NAME-%04d.png` stands for, by number; [] for a name without a %d."""
    found = NUMBERED.search(path.name)
    if not found or not path.parent.is_dir():
        return []
    before, after = path.name[: found.start()], path.name[found.end() :]
    pattern = re.compile(rf"{re.escape(before)}(\d+){re.escape(after)}")
    matches = ((pattern.fullmatch(each.name), each) for each in path.parent.iterdir())
    return [each for _, each in sorted((int(match[1]), each) for match, each in matches if match)]
