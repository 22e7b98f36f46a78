"""Change a deck's dream in play: made ready beside the one that plays, and offered when it is.

Only names are taken from outside, never paths: of dreams that ship, that the show was started with, and of the files
in the folder of `--dreams`.
"""

import logging
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from livedream import UserError, one_line
from livedream.dream import read
from livedream.dream.dream import Dream
from livedream.loop.deck import Deck
from livedream.parameters import Snapshot, Table
from livedream.parts.isolated import Reading
from livedream.play.player import Player

log = logging.getLogger("livedream.parts")

POLL = 1.0  # seconds between two looks at the folder and at the file that plays

Signature = tuple[int, int, int]  # of a file: changes when it is written to or replaced


def names(given: Sequence[Path], folder: Path | None) -> dict[str, Path]:
    """The dreams that can be asked for by name, sorted by it: those given, then the folder's, then those that ship."""
    found: dict[str, Path] = {}
    for path in (*given, *_files(folder), *_files(read.MODELS)):
        found.setdefault(path.stem, path)
    return _sorted(found)


def _sorted(found: dict[str, Path]) -> dict[str, Path]:
    return dict(sorted(found.items(), key=lambda each: (each[0].casefold(), each[0])))


def folder(text: str | None) -> Path | None:
    """The folder of `--dreams`. Raises UserError when there is none."""
    if text is None:
        return None
    if not Path(text).is_dir():
        raise UserError(f"--dreams {text}: no such folder; name the one that your .onnx files lie in")
    return Path(text)


class Loader:
    """Loads dreams into one deck from `start` to `stop`, on a thread of its own; the latest asked for counts.

    make: makes a player of a dream, ready to draw. find: the names there are, and their files; asked once in POLL
    seconds.
    on_change: called in the drawer's thread when the deck has got another player.

    loading: the name of the dream that is made ready, None at other times. error: why the last one asked for was
    refused, None once one was taken or that file has changed. changed: the file of the dream that plays holds another
    one by now.
    """

    def __init__(
        self,
        deck: Deck,
        table: Table,
        make: Callable[[Dream], Player],
        find: Callable[[], dict[str, Path]],
        on_change: Callable[[], None] = lambda: None,
    ):
        self.deck, self.loading, self.error, self.changed = deck, None, None, False
        self._table, self._make, self._find, self._on_change = table, make, find, on_change
        self._load, self._reload = f"{deck.prefix}dream/load", f"{deck.prefix}dream/reload"
        self._player = deck.player  # the drawer's
        self._choices = table.parameters[self._load].choices  # the drawer's: what numbers mean
        self._found = find()
        self._path, self._sha256 = deck.player.dream.path, deck.player.dream.sha256  # of what was offered last
        self._signature = signature(self._path)
        self._refused: tuple[Path, Signature | None] | None = None
        self._seen: Signature | None = None  # the file's at the last look
        self._told: tuple[Signature | None, bool] = self._signature, False  # a signature, and is that another dream
        self._lock = threading.Lock()  # guards the two that follow
        self._wanted: str | None = None
        self._reading: Reading | None = None
        self._wake, self._stopping = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name=f"loader {'ab'[deck.number]}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End it; what is being read is given up."""
        self._stopping = True
        self._want(None)
        self._thread.join(5.0)

    def on_frame(self, values: Snapshot) -> None:
        """What was applied on this frame; never waits. Called by the drawer after each tick."""
        if self.deck.player is not self._player:
            self._player = self.deck.player
            self._on_change()
        for address, value in values.changes:
            if address == self._load and values.senders.get(address) is not self:
                self._want(self._choices[value])
        if self._reload in values.fired:
            self._want(self._name())
        if self._choices != (found := tuple(self._found)):
            self._table.rechoose(self._load, found, self._name())
            self._choices = found

    def _name(self) -> str:
        return self._path.stem

    def _want(self, name: str | None) -> None:
        """Have that one next; what is being read is given up, unless it is the same."""
        with self._lock:
            self._wanted = name
            if self._reading is not None and name != self.loading:
                self._reading.stop()
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(POLL)
            self._wake.clear()
            try:
                self._look()
                with self._lock:
                    wanted = self._wanted
                if wanted is not None:
                    self._take(wanted)
            except Exception as error:  # the show goes on, and so do later loads
                log.exception("this is our bug: %s: %s", type(error).__name__, error)

    def _look(self) -> None:
        """See which names there are, and whether the file that plays has changed."""
        self._found = _sorted({self._name(): self._path} | self._find())
        now = signature(self._path)
        if now is None or now in (self._signature, self._refused and self._refused[1]):
            self.changed = False
        elif now == self._seen:  # else it is perhaps still being written
            if now != self._told[0]:
                self._told = now, read.sha256(self._path) not in (None, self._sha256)
            self.changed = self._told[1]
        self._seen = now
        if self._refused and signature(self._refused[0]) != self._refused[1]:  # mended perhaps: it may be asked again
            self._refused = self.error = None
            self._table.forget(self._load)

    def _take(self, name: str) -> None:
        """Make the dream of that name ready and offer it, if it is still wanted by then."""
        path = self._path if name == self._name() else self._found.get(name)
        now = path and signature(path)
        if (path, now) == (self._path, self._signature):
            self.error = None
        elif (path, now) != self._refused:
            self.loading = name
            try:
                if now is None:
                    raise UserError(f"{name}: its file is gone")
                self._offer(path, now, self._made(name, path))
            except UserError as error:
                if self._wanted == name:  # else it was given up
                    self.error = str(error).replace(f"{path.absolute()}: ", f"{path.name}: ")  # the network sees it
                    self._refused = path, now
                    log.warning("deck %s: %s; %s plays on", "ab"[self.deck.number], error, self._name())
            self.loading = None
        with self._lock:
            if self._wanted != name:
                return
            self._wanted = None
        if self._table.parameters[self._load].choices[self._table.target(self._load)] != self._name():
            self._table.set(self._load, [self._name()], self, repeats=True)  # it says what plays, not what was asked

    def _offer(self, path: Path, now: Signature, made: Player) -> None:
        with self._lock:
            if self._wanted != self.loading:
                return
            if (path, made.dream.sha256) != (self._path, self._sha256):  # else it was only touched
                self.deck.offer(made)
            self._path, self._sha256, self._signature = path, made.dream.sha256, now
        self.error, self.changed = None, False

    def _made(self, name: str, path: Path) -> Player:
        """A warm player of the file. UserError whatever is wrong: any file may come."""
        reading = Reading(path)
        with self._lock:
            if self._wanted != name:
                reading.stop()
            self._reading = reading
        try:
            dream = reading.dream()
        finally:
            with self._lock:
                self._reading = None
        try:
            return self._make(dream)
        except UserError:
            raise
        except Exception as error:
            raise UserError(f"{path.absolute()}: cannot be played: {one_line(error)}") from error


def signature(path: Path) -> Signature | None:
    """None where there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _files(folder: Path | None) -> list[Path]:
    """The dreams that lie in it, not in folders below; none if it cannot be read."""
    if folder is None:
        return []
    try:
        with os.scandir(folder) as found:
            files = [folder / each.name for each in found if each.name.endswith(".onnx") and each.is_file()]
    except OSError:  # it went, or a stick was drawn: it may come back
        return []
    return sorted(each for each in files if each.stem.isprintable() and not each.name.startswith("."))
