"""Recordings: .mp4 and .mkv."""

import os
from pathlib import Path

from livedream import UserError
from livedream.output import Output

# A recording that is cut off (kill -9, power) still plays up to its last second: mp4 is fragmented until it
# is closed and a plain mp4 after, and everything is handed to the system as soon as it is whole. Without
# flush_packets even a fragmented file was unreadable.
CONTAINERS = {
    ".mp4": {"movflags": "hybrid_fragmented", "flush_packets": "1"},
    ".mkv": {"flush_packets": "1", "cluster_time_limit": "1000"},
}
# While a show runs the networks need the cores: one thread, and nothing held back that a kill would lose.
# Offline the picture counts; the number of threads is fixed, because x264's result depends on it, and there
# are no B-frames, because they would put the first frame later than 0 s.
LIVE = {"preset": "ultrafast", "crf": "18", "tune": "zerolatency", "threads": "1"}
OFFLINE = {"preset": "medium", "crf": "16", "threads": "4", "bf": "0"}


class File(Output):
    """Output `NAME.mp4` or `NAME.mkv`. A file that is there is never overwritten: NAME-2.mp4.

    A frame's time in the file is its number over the show's rate, so dropped frames leave the time right.
    path: the file being written, once open.
    """

    kind = "file"
    writes_files = True

    def __init__(self, options):
        super().__init__(options)
        self.path: Path | None = None
        self._container = self._encoder = None

    def open(self, width, height, fps):
        from livedream.output.encode import Encoder, codec_named

        codec = codec_named(self.options.codec, self.options.sink)
        self.path = reserve(Path(self.options.sink).expanduser())
        import av

        self._container = av.open(str(self.path), "w", options=CONTAINERS[self.path.suffix.lower()])
        rate = self.options.fps or fps
        options = (LIVE if self.live else OFFLINE) | {"g": str(max(round(rate), 1))}
        if codec == "libx265":
            options |= {"x265-params": f"pools={options.pop('threads')}:log-level=error"}
        if self.options.bitrate:
            del options["crf"]
        size = self.options.size or (width, height)
        self._encoder = Encoder(self._container, codec, size, rate, self.options.fit, options, self.options.bitrate)
        self._scale, self._first, self._last = rate / fps, None, -1

    def write(self, frame):
        if self._first is None:
            self._first = frame.number
        pts = int((frame.number - self._first) * self._scale + 1e-6)
        if pts <= self._last:  # the file has fewer frames a second than the show
            return False
        self._last = pts
        self._container.mux(self._encoder.encode(frame.pixels, pts))
        return True

    def close(self):
        container, self._container = self._container, None
        if container is None:
            return
        try:
            if self._last >= 0:
                container.mux(self._encoder.flush())
        finally:
            container.close()
        if self._last < 0:
            self.path.unlink()  # no frame came: an empty file is no recording


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
