"""What `livedream run` prints: one live line on a terminal, plain lines or JSON elsewhere, and log lines above it.

Only its own thread writes. A terminal that is stopped (Ctrl-S) or a pipe that nobody reads holds up that thread alone:
everything else puts its lines into a queue that never waits.
"""

import contextlib
import json
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from livedream.session import live_line
from livedream.session.live_line import Status
from livedream.session.run_options import RunOptions
from livedream.session.standard_stream import StandardStream, ansi_understood

log = logging.getLogger("livedream.session")

PERIOD = 0.5  # seconds between two looks at the show's status
MOST = 500  # lines that wait for a terminal; what does not fit is left out and counted
ENDING = 0.5  # seconds that the last lines may take
CLEAR = "\r\x1b[J"  # from the beginning of the live line, where the cursor rests, also where it has been wrapped


@dataclass(frozen=True)
class Entry:
    """One thing to print.

    Attributes:
        level: As of `logging`.
        event: start, change, end, or message.
        message: Its text.
        log: Whether it was logged: it goes to standard error then.
        at: When it was said, time.time().
    """

    level: int
    event: str
    message: str
    log: bool = False
    at: float = field(default_factory=time.time)


class Terminal:
    """Prints from `start` to `stop`.

    Args:
        options: Whether it is to be quiet, or JSON.
        status: Returns what `GET /status` says.

    Attributes:
        live: Whether there is a live line.
    """

    def __init__(self, options: RunOptions, status: Callable[[], Status]):
        self._json, self._quiet, self._status = options.json_log, options.quiet, status
        self._out, self._err = StandardStream("stdout"), StandardStream("stderr")
        self.live = not (self._json or self._quiet) and self._out.terminal and ansi_understood()
        self._colours = live_line.colours_wanted()
        self._line = ""  # the live line as it stands on the terminal
        self._before: Status | None = None
        self._recording: dict[str, float] = {}  # recordings by name, and when they began
        self._queue: queue.Queue[Entry | None] = queue.Queue(MOST)  # None ends the thread
        self._lost = 0
        self._blind = False  # whether the status cannot be had
        self._stopping = threading.Event()
        self._handler = _Handler(self._put)
        self._replaced: list[logging.Handler] = []
        self._thread = threading.Thread(target=self._run, name="terminal", daemon=True)

    def start(self) -> None:
        """Begin to print what was said so far and what is logged from now on."""
        root = logging.getLogger()
        self._replaced = [each for each in root.handlers if type(each) is logging.StreamHandler]  # not a test's
        for each in self._replaced:
            root.removeHandler(each)
        root.addHandler(self._handler)
        self._thread.start()

    def stop(self) -> None:
        """Print what is left, in half a second at most."""
        self._stopping.set()
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(None)
        self._thread.join(ENDING)
        if not self._thread.is_alive():  # else standard error may not take a line either
            root = logging.getLogger()
            root.removeHandler(self._handler)
            for each in self._replaced:
                root.addHandler(each)

    def say(self, text: str, event: str = "message", level: int = logging.INFO) -> None:
        """Print a line for the user on standard output; any thread, never waits."""
        self._put(Entry(level, event, text))

    def _put(self, entry: Entry) -> None:
        if self._quiet and entry.level < logging.WARNING and not entry.log:
            return
        try:
            self._queue.put_nowait(entry)
        except queue.Full:
            self._lost += 1

    # -- the thread that prints -----------------------------------------------------------------------------------

    def _run(self) -> None:
        look_at = time.monotonic() + PERIOD
        while True:
            try:
                entry = self._queue.get(timeout=max(0.0, look_at - time.monotonic()))
            except queue.Empty:
                if self._stopping.is_set():  # the queue was full when `stop` was called
                    break
            else:
                if entry is None:
                    break
                self._print(entry)
            if time.monotonic() >= look_at:
                self._look()
                look_at = time.monotonic() + PERIOD
        self._finish()

    def _look(self) -> None:
        """Look at the show, and print what changed or draw the live line anew."""
        if self._quiet or self._blind or self._stopping.is_set():
            return
        try:
            status = self._status()
            if self.live:
                self._draw(status)
            else:
                for each in live_line.changes(self._before, status):
                    self._print(Entry(logging.INFO, "change", each))
            self._before = status
        except Exception as error:  # the show and its log go on
            self._blind = True
            log.exception("this is our bug: the terminal's line: %s", error)

    def _draw(self, status: Status) -> None:
        now = time.monotonic()
        names = [each["name"] for each in status["outputs"] if each["kind"] == "file" and each["state"] == "up"]
        self._recording = {name: self._recording.get(name, now) for name in names}
        recorded = now - min(self._recording.values()) if names else None
        columns = self._out.columns() if self._out.in_foreground() else 0
        self._line = live_line.fitted(live_line.pieces(status, recorded), columns - 1, self._colours)
        if columns:
            self._out.write(f"{CLEAR}{self._line}\r")

    def _print(self, entry: Entry) -> None:
        lost, self._lost = self._lost, 0
        if lost:
            self._print(Entry(logging.WARNING, "message", f"{lost} lines were left out: nobody took them"))
        if self._json:
            self._out.write(_json(entry) + "\n")
            return
        stream = self._err if entry.log else self._out
        above = CLEAR if self._line and stream.terminal else ""
        stream.write(f"{above}{live_line.printable(entry.message)}\n")
        if above:
            self._out.write(f"{self._line}\r")

    def _finish(self) -> None:
        """Leave a clean last line."""
        if self._line:
            self._out.write(CLEAR)
            self._line = ""
        with contextlib.suppress(Exception):  # it may have failed while it started
            status = self._status()
            if status["state"] != "loading" and not self._quiet:
                self._print(Entry(logging.INFO, "end", live_line.end(status)))


class _Handler(logging.Handler):
    """Puts log records into the queue."""

    def __init__(self, put: Callable[[Entry], None]):
        super().__init__()
        self._put = put
        self.setFormatter(logging.Formatter("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self._put(Entry(record.levelno, "message", self.format(record), log=True))


def _json(entry: Entry) -> str:
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(entry.at)) + f".{int(entry.at % 1 * 1000):03}Z"
    level = logging.getLevelName(entry.level).lower()
    return json.dumps({"time": at, "level": level, "event": entry.event, "message": entry.message})
