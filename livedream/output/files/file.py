"""Recordings: .mp4, .mkv, .mov, and PNG sequences."""

import logging
import os
import time
from collections import deque
from pathlib import Path

from livedream import UserError
from livedream.output import Output
from livedream.output.files import container
from livedream.output.files.disk import Keeper, Room
from livedream.output.files.sequence import NUMBER, Sequence

log = logging.getLogger("livedream.output")

FILES = (*container.KNOWN, ".png")
SUFFIXES = ", ".join(container.KNOWN) + " or, for single pictures, -%06d.png"
REMINDER = 10.0  # seconds from one log line about dropped frames to the next


class File(Output):
    """Output `NAME.mp4`, `.mkv`, `.mov` or `NAME-%06d.png`. A file that is there is never overwritten: NAME-2.mp4.

    A frame's time in the file is its number over the show's rate, so dropped frames leave the time right.
    path: the file being written, once open; of a sequence with the %06d in it.
    first: the show's number of the first frame in it, once there is one.
    marks: [first, last] numbers of frames that were drawn and are missing in the file, rising; only appended to, in
        the output's thread. A frame that only repeats the one before is not missed.
    """

    kind = "file"
    writes_files = True

    def __init__(self, options):
        super().__init__(options)
        self.path: Path | None = None
        self.first: int | None = None
        self.marks: list[list[int]] = []
        self._given: deque[int] = deque(maxlen=100_000)  # numbers of fresh frames that were shown and not yet written
        self._writer = self._keeper = self._room = None
        self._reminded = self._missing = 0
        self._check()

    def open(self, width, height, fps):
        options = self.options
        asked = Path(options.sink).expanduser()
        self._room = Room(asked.parent, self.name, lambda: self._writer.size if self._writer else 0)
        self._room.look()
        self.first, self._last = None, -1  # before there is another path: who looks at both takes them for a pair
        rate = options.fps or fps
        if asked.suffix.lower() == ".png":
            self._writer = Sequence(asked, options.size, options.fit)
            self.path = self._writer.path
        else:
            self.path = reserve(asked)
            try:
                size = options.size or (width, height)
                self._writer = container.Container(
                    self.path, options.codec, size, rate, options.fit, options.bitrate, self.live
                )
            except BaseException:
                self.path.unlink(missing_ok=True)
                raise
            if self.live:
                self._keeper = Keeper(self.path)
        self._rate, self._scale = rate, rate / fps

    @property
    def writing(self) -> bool:
        """Whether the file `path` is open."""
        return self._writer is not None

    def show(self, frame):
        if frame.fresh:
            self._given.append(frame.number)
        super().show(frame)

    def write(self, frame):
        if self.first is None:
            self.first = frame.number
        pts = self._pts(frame.number)
        if pts <= self._last:  # the file has fewer frames a second than the show
            return False
        self._room.look()
        self._mark(frame.number, pts)
        self._writer.put(frame.pixels if self._writer.alpha else frame.opaque, pts)
        self._last = pts
        if self._given and self._given[0] == frame.number:
            self._given.popleft()
        self.note = self._noted()
        return True

    def close(self):
        writer, self._writer = self._writer, None
        self.note = None
        if self._keeper:
            self._keeper.stop()
        if writer is None:
            return
        writer.close(self._last >= 0)
        if self._last < 0 and self.path.is_file():
            self.path.unlink()  # no frame came: an empty file is no recording

    def _check(self) -> None:
        """Raise UserError for what can never be written."""
        path = Path(self.options.sink)
        suffix = path.suffix.lower()
        if suffix in container.KNOWN:
            container.choices(path, self.options.codec, False)
        elif suffix != ".png":
            raise UserError(f"{self.name}: a recording ends in {SUFFIXES}")
        elif len(NUMBER.findall(path.name)) != 1 or path.name.count("%") != 1:
            raise UserError(f"{self.name}: pictures need a number in their name: {path.stem.replace('%', '')}-%06d.png")
        elif self.options.codec or self.options.bitrate:
            raise UserError(f"{self.name}: PNG pictures take no codec and no bitrate")

    def _pts(self, number: int) -> int:
        return int((number - self.first) * self._scale + 1e-6)

    def _mark(self, number: int, pts: int) -> None:
        """Take down which fresh frames between the last one written and this one have no picture in the file."""
        missing: list[int] = []
        while self._given and self._given[0] < number:
            given = self._given.popleft()
            # Before anything was ever written the recording had not begun.
            if self.sent and (given < self.first or self._last < self._pts(given) < pts):
                missing.append(given)
        if not missing:
            return
        self._missing += len(missing)
        begin = before = missing[0]
        for each in missing[1:]:
            if each != before + 1:
                self.marks.append([begin, before])
                begin = each
            before = each
        self.marks.append([begin, before])
        if time.monotonic() - self._reminded > REMINDER:
            self._reminded = time.monotonic()
            log.warning("output %s cannot keep pace: %s so far", self.name, self._dropped())

    def _dropped(self) -> str:
        return f"{self._missing} frame{'s' * (self._missing != 1)} dropped"

    def _noted(self) -> str:
        seconds = int((self._last + 1) / self._rate)
        hours, minutes = seconds // 3600, seconds // 60 % 60
        taken = f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"
        also = [self._dropped()] * (self._missing > 0) + [self._room.says] * bool(self._room.says)
        return ", ".join([f"recording {self.path.name} ({taken})", *also])


def reserve(path: Path) -> Path:
    """Make an empty file of that name, or of NAME-2, NAME-3 … if there is one already. Raises UserError."""
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
