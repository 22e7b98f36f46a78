"""Recordings: .mp4, .mkv, .mov, and PNG sequences."""

import logging
import os
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from livedream import UserError
from livedream.output import Options, Output
from livedream.output.files import container
from livedream.output.files.disk import DiskSpace, DiskSync, is_full
from livedream.output.files.sequence import NUMBER, Sequence
from livedream.picture import Pixels
from livedream.picture.frame import Frame

log = logging.getLogger("livedream.output")

FILES = (*container.CODECS, ".png")
SUFFIXES = ", ".join(container.CODECS) + " or, for single pictures, -%06d.png"
REMINDER = 10.0  # seconds between two log lines about dropped frames


class Writer(Protocol):
    """A file, or a numbered sequence of files, that is being written."""

    path: Path

    @property
    def alpha(self) -> bool:
        """Whether the pictures' alpha is kept."""

    @property
    def size(self) -> int:
        """Bytes written."""

    def put(self, pixels: Pixels, pts: int, /) -> None:
        """Write one picture, uint8 [H, W, 4], with a number above the last one's."""

    def close(self, written: bool) -> None:
        """End it. `written`: whether it has a picture."""


@dataclass
class OpenFile:
    """The state of a recording between `open` and `close`.

    Attributes:
        writer: Writes the pictures.
        path: The file, or the sequence's pattern with the %06d in it.
        rate: Frames per second in the file.
        scale: The file's rate over the show's.
        space: Watches the disk.
        sync: Writes the file through to the disk, or None.
        last: The time stamp of the last picture written, in 1/rate s; -1 before the first.
    """

    writer: Writer
    path: Path
    rate: float
    scale: float
    space: DiskSpace
    sync: DiskSync | None = None
    last: int = -1


class FileOutput(Output):
    """Output `NAME.mp4`, `.mkv`, `.mov` or `NAME-%06d.png`. An existing file is never overwritten: NAME-2.mp4.

    A frame's time in the file is its number over the show's rate, so that dropped frames leave the time right.

    Attributes:
        path: The file that is or was written last, once open; a sequence's with the %06d in it.
        first: The show's number of the first frame in the file, once there is one.
        marks: [first, last] numbers of frames that were drawn and are missing in the file, ascending. The output's
            thread appends to it, nobody else changes it. Frames that only repeat the one before do not count.
    """

    kind = "file"
    writes_files = True

    def __init__(self, options: Options):
        super().__init__(options)
        self.path: Path | None = None
        self.first: int | None = None
        self.marks: list[list[int]] = []
        self._given: deque[int] = deque(maxlen=100_000)  # numbers of fresh frames that are shown and not yet written
        self._file: OpenFile | None = None
        self._reminded = 0.0
        self._missing = 0
        self._check()

    def open(self, width: int, height: int, fps: float) -> None:
        options = self.options
        wanted = Path(options.sink).expanduser()
        space = DiskSpace(wanted.parent, self.name, self._size)
        space.check()
        self.first = None  # before `path` changes: a reader of both takes them for a pair
        rate = options.fps or fps
        if wanted.suffix.lower() == ".png":
            sequence = Sequence(wanted, options.size, options.fit)
            self.path = sequence.path
            self._file = OpenFile(sequence, sequence.path, rate, rate / fps, space)
            return
        self.path = path = reserve(wanted)
        try:
            size = options.size or (width, height)
            writer = container.Container(path, options.codec, size, rate, options.fit, options.bitrate, self.live)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._file = OpenFile(writer, path, rate, rate / fps, space, DiskSync(path) if self.live else None)

    @property
    def writing(self) -> bool:
        """Whether the file `path` is open."""
        return self._file is not None

    def show(self, frame: Frame) -> None:
        if frame.fresh:
            self._given.append(frame.number)
        super().show(frame)

    def write(self, frame: Frame) -> bool:
        file = self._file
        if file is None:
            raise RuntimeError(f"{self.name}: the file is not open")
        first = self.first = frame.number if self.first is None else self.first
        pts = int((frame.number - first) * file.scale + 1e-6)
        if pts <= file.last:  # the file has fewer frames per second than the show
            return False
        file.space.check()
        self._mark_missing(file, first, frame.number, pts)
        try:
            file.writer.put(frame.pixels if file.writer.alpha else frame.opaque, pts)
        except OSError as error:
            if not is_full(error):
                raise
            raise UserError(
                f"{self.name}: the disk is full: the recording was ended; free space in {file.path.parent.resolve()}"
            ) from None
        file.last = pts
        if self._given and self._given[0] == frame.number:
            self._given.popleft()
        self.note = self._describe(file)
        return True

    def close(self) -> None:
        file, self._file = self._file, None
        self.note = None
        if file is None:
            return
        if file.sync:
            file.sync.stop()
        file.writer.close(file.last >= 0)
        if file.last < 0 and file.path.is_file():
            file.path.unlink()  # no frame came: an empty file is no recording

    def _check(self) -> None:
        """Raise UserError for a sink that can never be written."""
        path = Path(self.options.sink)
        suffix = path.suffix.lower()
        if suffix in container.CODECS:
            container.choices(path, self.options.codec, False)
        elif suffix != ".png":
            raise UserError(f"{self.name}: a recording ends in {SUFFIXES}")
        elif len(NUMBER.findall(path.name)) != 1 or path.name.count("%") != 1:
            raise UserError(f"{self.name}: pictures need a number in their name: {path.stem.replace('%', '')}-%06d.png")
        elif self.options.codec or self.options.bitrate:
            raise UserError(f"{self.name}: PNG pictures take no codec and no bitrate")

    def _size(self) -> int:
        return self._file.writer.size if self._file else 0

    def _mark_missing(self, file: OpenFile, first: int, number: int, pts: int) -> None:
        """Note which fresh frames between the last one written and this one have no picture in the file."""
        missing: list[int] = []
        while self._given and self._given[0] < number:
            given = self._given.popleft()
            # Before the very first write the recording had not begun.
            if self.sent and (given < first or file.last < int((given - first) * file.scale + 1e-6) < pts):
                missing.append(given)
        if not missing:
            return
        self._missing += len(missing)
        self.marks += _ranges(missing)
        if time.monotonic() - self._reminded > REMINDER:
            self._reminded = time.monotonic()
            log.warning("output %s cannot keep pace: %s so far", self.name, self._dropped_frames())

    def _dropped_frames(self) -> str:
        return f"{self._missing} frame{'s' * (self._missing != 1)} dropped"

    def _describe(self, file: OpenFile) -> str:
        """The note: what is recorded, for how long by now, what is missing and what runs short."""
        seconds = int((file.last + 1) / file.rate)
        hours, minutes = seconds // 3600, seconds // 60 % 60
        duration = f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"
        parts = [f"recording {file.path.name} ({duration})"]
        if self._missing:
            parts.append(self._dropped_frames())
        if file.space.warning:
            parts.append(file.space.warning)
        return ", ".join(parts)


def _ranges(numbers: list[int]) -> list[list[int]]:
    """[first, last] of each run of consecutive numbers; `numbers` ascend."""
    ranges = [[numbers[0], numbers[0]]]
    for number in numbers[1:]:
        if number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ranges


def reserve(path: Path) -> Path:
    """Make an empty file of that name, or of NAME-2, NAME-3 … if it exists. Raises UserError."""
    for i in range(1, 10000):
        free = path if i == 1 else path.with_stem(f"{path.stem}-{i}")
        try:
            os.close(os.open(free, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            return free
        except FileExistsError:
            continue
        except OSError as error:
            reason = error.strerror or error
            raise UserError(f"{free}: cannot write there: {reason}; choose another folder") from None
    raise UserError(f"{path}: ten thousand recordings of that name; choose another")
