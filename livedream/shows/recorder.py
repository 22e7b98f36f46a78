"""Records the show while it is played, into files that `livedream render` draws it again from.

The drawer thread only notes what it drew; a thread of its own makes lines of the notes and hands them to the system
twice a second, so that a show that is killed loses no more than that.
"""

import contextlib
import logging
import re
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from livedream import UserError
from livedream.effect.trace import Trace
from livedream.look.chain import Chain
from livedream.loop.deck import Deck
from livedream.output import Output
from livedream.parameters import Snapshot, Value
from livedream.play import State
from livedream.play.player import Player
from livedream.play.state import PlayerState
from livedream.shows import show_lines
from livedream.shows.show_lines import LETTERS, Played, Steps

if TYPE_CHECKING:
    from livedream.output.files.file import FileOutput

log = logging.getLogger("livedream.shows")

FLUSH = 0.4  # seconds between two times that lines are handed to the system
MOST = 10_000  # frames that wait for a disk
WAITING = 1000  # lines that wait for a recording's first frame


class ShowFile:
    """One file that the show is recorded in.

    Args:
        wanted: Where; NAME-2.show if that exists. None: beside the recording.
        recording: The recording that it belongs to, or None.

    Attributes:
        recording: As given.
        path: None until it is begun.
        error: Why it is recorded no longer, or None.
        ending: Whether it is to be closed.
        lines: Those that are not yet in the file; None before the first.
    """

    def __init__(self, wanted: Path | None, recording: "FileOutput | None" = None):
        self._wanted, self.recording = wanted, recording
        self.path: Path | None = None
        self.error: str | None = None
        self.ending = False
        self.lines: list[str] | None = None
        self._beside: Path | None = None  # the recording that the file belongs to
        self._marked = 0  # how many of the recording's marks are written
        self._file: TextIO | None = None

    @property
    def restarts(self) -> bool:
        """Whether it has to begin anew: its recording does, or has not begun while too many lines wait for it."""
        if self._file is None:
            return self.lines is not None and len(self.lines) > WAITING
        return self.recording is not None and not self.recording.writing

    def flush(self) -> None:
        """Hand the lines to the system, once the file is known. Raises OSError or UserError."""
        if self.lines is None:
            return
        if self._file is None:
            self._file = self._opened(self.lines)
        if self._file is None:
            return
        lines, self.lines = self.lines, []
        if self.recording is not None:
            marks = self.recording.marks
            if len(marks) > self._marked:
                lines.append(show_lines.dropped([(first, last) for first, last in marks[self._marked :]]))
                self._marked = len(marks)
        self._file.writelines(lines)
        self._file.flush()

    def close(self) -> None:
        """Close the file; it may begin anew."""
        self.lines = None
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):  # the disk is full, which was reported
                file.close()

    def _opened(self, lines: list[str]) -> TextIO | None:
        """Open the file; the one beside a recording as soon as that has its first frame, None until then."""
        wanted = self._wanted
        if self.recording is not None:
            path, first = self.recording.path, self.recording.first
            if path is None or first is None or path == self._beside:
                return None
            self._beside = path
            lines.append(show_lines.recording(path.name, first))
            wanted = path.with_name(re.sub(r"[-_.]?%\d*d", "", path.stem) or "frames").with_suffix(".show")
        if wanted is None:
            return None
        from livedream.output.files.file import reserve  # 5 ms that the first frame need not wait for

        self.path = reserve(wanted)
        return self.path.open("w", encoding="utf-8", newline="\n")


class LiveInput(Protocol):
    """The live picture of a show.

    Attributes:
        kept: Its source's name and kind, and of a file the path.
        seconds: From a file's beginning to the picture that is shown; None where there is none.
    """

    @property
    def kept(self) -> Mapping[str, str]: ...
    @property
    def seconds(self) -> float | None: ...


class _Begins:
    """A note that a file begins: with what was played last, and the state of each deck and of its effects then."""

    def __init__(
        self,
        file: ShowFile,
        last: Played,
        states: Sequence[PlayerState | None],
        effects: Sequence[Mapping[int, Trace]],
    ):
        self.file, self.last, self.states, self.effects = file, last, states, effects


class ShowRecorder:
    """Records the show that plays in as many files as are wanted.

    Args:
        fps: Frames a second of the show.
        size: (width, height) of the show in pixels.
        chain: The looks over it.
        live: Its live picture, or None.

    Attributes:
        open: The files that are recorded; replaced whole, under the lock.
        error: Why the last one that failed is recorded no longer.
    """

    def __init__(self, fps: float, size: tuple[int, int], chain: Chain, live: LiveInput | None = None):
        self._fps, self._size, self._chain = fps, size, chain
        self._live = live
        self._started = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        self._decks: Sequence[Deck] = ()
        self._wanted: deque[ShowFile] = deque()  # those that begin with the next frame
        self._notes: deque[Played | _Begins] = deque()  # from the drawer thread to the writing thread
        self._last: Played | None = None  # the drawer thread's
        self._before: Played | None = None  # the writing thread's: what the last line says
        self.open: tuple[ShowFile, ...] = ()
        self.error: str | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="shows", daemon=True)

    def start(self) -> None:
        """Begin to write; call once."""
        self._thread.start()

    def stop(self) -> None:
        """End all files; they have what was played until now."""
        for file in self.open:
            file.ending = True
        self._stopping.set()
        self._thread.join(2.0)

    def status(self) -> dict[str, object]:
        """Return the fields of `/status`; any thread."""
        return {"shows": [str(each.path) for each in self.open if each.path], "show_error": self.error}

    @property
    def waiting(self) -> int:
        """How many notes wait to be written."""
        return len(self._notes)

    def keep(self, path: Path) -> ShowFile:
        """Record the show in the file `path`, or NAME-2.show if that exists, from now on. Any thread."""
        return self._keep(ShowFile(path))

    def beside(self, output: "FileOutput") -> None:
        """Record the show beside the recordings that `output` makes, from the first frame of each. Any thread."""
        self._keep(ShowFile(None, output))

    def end(self, output: Output) -> None:
        """Record the show beside that output no longer. Any thread."""
        recording: object = output
        for file in self.open:
            if file.recording is recording:
                file.ending = True

    def _keep(self, file: ShowFile) -> ShowFile:
        with self._lock:
            self.open = (*self.open, file)
        self._wanted.append(file)
        return file

    # -- the drawer thread ----------------------------------------------------------------------------------------

    def begin(self, decks: Sequence[Deck]) -> None:
        """Note where everything is before a frame: nothing has moved since the last one."""
        self._decks = decks
        recording = bool(self.open)
        for deck in decks:
            deck.player.walk.trace(recording)
            deck.effects.trace(recording)
        while self._wanted:
            last = self._last or self._played(None, 0, {}, frozenset(), ())
            states = [_state(player) for player in last.players]
            self._notes.append(
                _Begins(self._wanted.popleft(), last, states, [deck.effects.moments() for deck in decks])
            )

    def record(self, number: int, frames: int, values: Snapshot, drawn: Sequence[Deck]) -> None:
        """Note that frame `number` is drawn.

        Args:
            number: The frame's.
            frames: How far the dreams have moved for it.
            values: Those that it was drawn with.
            drawn: The decks that have new pictures.
        """
        self._last = self._played(number, frames, values.values, values.fired, drawn)
        if self.open and len(self._notes) < MOST:
            self._notes.append(self._last)

    def _played(
        self,
        number: int | None,
        frames: int,
        values: Mapping[str, Value],
        fired: frozenset[str],
        drawn: Sequence[Deck],
    ) -> Played:
        players = tuple(deck.player for deck in self._decks)
        states: tuple[State, ...] = ()
        if self.open and self._last and players != self._last.players:
            states = tuple(map(_changed_state, players, self._last.players))
        return Played(
            number,
            frames,
            values,
            fired,
            players,
            steps=tuple(Steps(player.walk.take_trace(), player.walk.phase) for player in players),
            drawn="".join(LETTERS[deck.number] for deck in drawn),
            looks=tuple((slot, slot.source) for slot in self._chain.slots),
            states=states,
            targets=tuple(player.walk.whole_target() for player in players),
            restored=tuple(deck.restored for deck in self._decks),
            effects=tuple(deck.effects.slots for deck in self._decks),
            traces=tuple(deck.effects.take_traces() for deck in self._decks),
            live=self._live.seconds if self._live else None,
            waiting=tuple(deck in drawn and deck.player.drawing.waiting for deck in self._decks),
        )

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
        files = self.open
        ending = [file for file in files if file.ending]
        full = len(self._notes) >= MOST
        while self._notes:
            self._make_lines(self._notes.popleft())
        for file in files:
            try:
                if full:
                    raise UserError(f"{file.path}: the disk does not keep up")
                file.flush()
                if file.restarts:  # after an error the recording goes on in another file
                    file.close()
                    self._wanted.append(file)
            except (OSError, UserError) as error:
                why = error if isinstance(error, UserError) else f"{file.path}: {error.strerror or error}"
                file.error = self.error = f"a show is kept no longer: {why}"
                log.warning("%s", file.error)
                ending.append(file)
        for file in ending:
            file.close()
        if ending:
            with self._lock:
                self.open = tuple(file for file in self.open if file not in ending)

    def _make_lines(self, note: Played | _Begins) -> None:
        if isinstance(note, _Begins):
            transitions = self._chain.transitions
            at_begin = note.last, note.states, note.effects
            live = self._live.kept if self._live else None
            header = show_lines.header(*at_begin, transitions, self._fps, self._size, self._started, live)
            note.file.lines = [header]
            self._before = note.last
            return
        begun = [file.lines for file in self.open if file.lines is not None]
        if begun and self._before is not None:
            line = show_lines.line(note, self._before)
            for lines in begun:
                lines.append(line)
        self._before = note


def _state(player: Player) -> PlayerState | None:
    return player.walk.state(complete=False) if player.walk.started else None


def _changed_state(player: Player, last: Player) -> State:
    """Return the decoder's state where the same dream runs elsewhere by now: that went on from an older state."""
    if player is last or player.dream.sha256 != last.dream.sha256:
        return {}
    state = _state(player)
    return state.decode_state if state else {}
