"""A show kept as it is played, in files that `livedream render` draws it again from.

The drawer only notes what it drew; a thread of its own makes lines of it and hands them to the system twice a second,
so that a show that is killed has lost no more than that.
"""

import contextlib
import logging
import re
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from livedream import UserError
from livedream.look.chain import Chain
from livedream.loop.deck import Deck
from livedream.output import Output
from livedream.output.files.file import FileOutput, reserve
from livedream.parameters import Snapshot
from livedream.play.player import Player
from livedream.play.state import PlayerState
from livedream.shows import show_lines
from livedream.shows.show_lines import LETTERS, Played

log = logging.getLogger("livedream.shows")

FLUSH = 0.4  # seconds between two times that lines are handed to the system
MOST = 10_000  # frames that wait for a disk
WAITING = 1000  # lines that wait for a recording's first frame


class Show:
    """One file of the show.

    path: None until it is begun. error: why it is kept no longer, or None. ending: it is to be closed.
    """

    def __init__(self, wanted: Path | None, recording: FileOutput | None = None):
        self.wanted, self.recording = wanted, recording
        self.path: Path | None = None
        self.error: str | None = None
        self.ending = False
        self.lines: list[str] | None = None  # that are not yet in the file; None before it has begun
        self._beside: Path | None = None  # the recording that it is the show of
        self._marked = 0  # how many of its marks are told
        self._file = None

    @property
    def moved_on(self) -> bool:
        """Whether it has to begin anew: its recording does, or is so long in coming that too many lines wait."""
        if self._file is None:
            return self.lines is not None and len(self.lines) > WAITING
        return self.recording is not None and not self.recording.writing

    def flush(self) -> None:
        """Hand the lines to the system, once the file is known. Raises OSError or UserError."""
        if self.lines is None or (self._file is None and not self._open()):
            return
        lines, self.lines = self.lines, []
        if self.recording is not None:
            marks = self.recording.marks
            if len(marks) > self._marked:
                lines.append(show_lines.dropped(marks[self._marked :]))
                self._marked = len(marks)
        self._file.writelines(lines)
        self._file.flush()

    def close(self) -> None:
        self.lines = None
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):  # the disk is full, and that was said
                file.close()

    def _open(self) -> bool:
        """Begin the file; a recording's once that has its first frame."""
        wanted = self.wanted
        if self.recording is not None:
            path, first = self.recording.path, self.recording.first
            if path is None or first is None or path == self._beside:
                return False
            self._beside = path
            self.lines.append(show_lines.recording(path.name, first))
            wanted = path.with_name(re.sub(r"[-_.]?%\d*d", "", path.stem) or "frames").with_suffix(".show")
        self.path = reserve(wanted)
        self._file = self.path.open("w", encoding="utf-8", newline="\n")
        return True


class Shows:
    """Keeps the show that plays at `fps` frames a second and `size` (width, height), in as many files as are wanted.

    chain: the looks over it.
    """

    def __init__(self, fps: float, size: tuple[int, int], chain: Chain):
        self._fps, self._size, self._chain = fps, size, chain
        self._started = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        self._decks: Sequence[Deck] = ()
        self._wanted: deque[Show] = deque()  # that begin with the next frame
        self._items: deque = deque()  # what was played, and what begins before it: the drawer's notes for the thread
        self._last: Played | None = None  # the drawer's
        self._before: Played | None = None  # the thread's: what the last line said
        self.open: tuple[Show, ...] = ()  # those that are kept; replaced whole, under the lock
        self.error: str | None = None  # why the last one that failed is kept no longer
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="shows", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End all of them; what was played until now is in their files."""
        for show in self.open:
            show.ending = True
        self._stopping.set()
        self._thread.join(2.0)

    def keep(self, path: Path) -> Show:
        """Keep the show in the file `path`, or NAME-2.show if there is one, from now on. Any thread."""
        return self._keep(Show(path))

    def beside(self, output: FileOutput) -> None:
        """Keep the show beside the recordings that `output` makes, from the first frame of each. Any thread."""
        self._keep(Show(None, output))

    def status(self) -> dict[str, object]:
        """Its fields of `GET /status`; any thread."""
        return {"shows": [str(each.path) for each in self.open if each.path], "show_error": self.error}

    def end(self, output: Output) -> None:
        """Keep it no longer. Any thread."""
        for show in self.open:
            if show.recording is output:
                show.ending = True

    def _keep(self, show: Show) -> Show:
        with self._lock:
            self.open = (*self.open, show)
        self._wanted.append(show)
        return show

    # -- the drawer -----------------------------------------------------------------------------------------------

    def begin(self, decks: Sequence[Deck]) -> None:
        """A frame is about to be drawn; nothing has moved since the last one."""
        self._decks = decks
        kept = bool(self.open)
        for deck in decks:
            deck.player.walk.trace(kept)
        while self._wanted:
            last = self._last or self._noted(None, 0, {}, frozenset(), ())
            self._items.append((self._wanted.popleft(), last, [_state(player) for player in last.players]))

    def record(self, number: int, frames: int, values: Snapshot, drawn: Sequence[Deck]) -> None:
        """Frame `number` is drawn: the dreams have moved by `frames`, and the decks `drawn` have new pictures."""
        self._last = self._noted(number, frames, values.values, values.fired, drawn)
        if self.open and len(self._items) < MOST:
            self._items.append(self._last)

    def _noted(self, number, frames, values, fired, drawn) -> Played:
        players = tuple(deck.player for deck in self._decks)
        letters = "".join(LETTERS[deck.number] for deck in drawn)
        looks = tuple((slot, slot.source) for slot in self._chain.slots)
        steps, states = tuple((player.walk.take_trace(), player.walk.phase) for player in players), ()
        if self.open and self._last and players != self._last.players:
            states = tuple(map(_carried, players, self._last.players))
        targets = tuple(player.walk.whole_target() for player in players)
        restored = tuple(deck.restored for deck in self._decks)
        return Played(number, frames, values, fired, players, steps, letters, looks, states, targets, restored)

    # -- the thread that writes -----------------------------------------------------------------------------------

    def _work(self) -> None:
        ended = False
        while not ended:
            ended = self._stopping.wait(FLUSH)
            try:
                self._write()
            except Exception as error:  # the show goes on
                self.error = f"this is our bug: {type(error).__name__}: {error}"
                log.exception("no show is kept any longer: %s", self.error)
                self.open = ()

    def _write(self) -> None:
        shows = self.open
        ending = [show for show in shows if show.ending]
        full = len(self._items) >= MOST
        while self._items:
            self._tell(self._items.popleft())
        for show in shows:
            try:
                if full:
                    raise UserError(f"{show.path}: the disk does not keep up")
                show.flush()
                if show.moved_on:  # to another file, after an error
                    show.close()
                    self._wanted.append(show)
            except (OSError, UserError) as error:
                why = error if isinstance(error, UserError) else f"{show.path}: {error.strerror or error}"
                show.error = f"a show is kept no longer: {why}"
                self.error = show.error
                log.warning("%s", show.error)
                ending.append(show)
        for show in ending:
            show.close()
        if ending:
            with self._lock:
                self.open = tuple(show for show in self.open if show not in ending)

    def _tell(self, item) -> None:
        """Make a line of what the drawer noted."""
        if isinstance(item, Played):
            begun = [show for show in self.open if show.lines is not None]
            line = show_lines.line(item, self._before) if begun else ""
            for show in begun:
                show.lines.append(line)
        else:
            show, item, moments = item
            transitions = self._chain.transitions
            show.lines = [show_lines.header(item, moments, transitions, self._fps, self._size, self._started)]
        self._before = item


def _carried(player: Player, last: Player) -> dict:
    """The decoder's states, if the same dream runs elsewhere by now: it may have gone on from somewhat older ones."""
    same = player is not last and player.dream.sha256 == last.dream.sha256
    now = _state(player) if same else None
    return now.decode_state if now else {}


def _state(player: Player) -> PlayerState | None:
    return player.walk.state(complete=False) if player.walk.started else None
