"""Changes a deck's dream while a show plays: loads it beside the one that plays, and offers it when it is ready.

Only names are accepted from outside, never paths: those of the dreams that ship, of those that the show was started
with, and of the files in the folder of `--dreams`.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from livedream import UserError, one_line
from livedream.dream import read, role
from livedream.dream.dream import Dream
from livedream.loop.deck import Deck
from livedream.parameters import Snapshot, Table
from livedream.parts.isolated import LoadProcess
from livedream.play.player import Player

log = logging.getLogger("livedream.parts")

POLL = 1.0  # seconds between two looks at the folder and at the file that plays

Signature = tuple[int, int, int]  # mtime, size and inode of a file: changes when it is written to or replaced


def names(given: Sequence[Path], folder: Path | None) -> dict[str, Path]:
    """Return the files of the dreams that can be loaded, sorted by name. Of one name: given, in the folder, shipped."""
    in_folder = [path for path in _files(folder) if not role.is_effect(path)]
    return _first_of_each((*given, *in_folder, *_files(read.MODELS)))


def effect_names(given: Sequence[Path], folder: Path | None) -> dict[str, Path]:
    """Return the files of the effects that can be inserted, as `names` does those of dreams."""
    return _first_of_each((*given, *filter(role.is_effect, _files(folder)), *_files(read.EFFECTS)))


def _first_of_each(paths: Iterable[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in paths:
        found.setdefault(path.stem, path)
    return _sorted(found)


def _sorted(found: dict[str, Path]) -> dict[str, Path]:
    return dict(sorted(found.items(), key=lambda each: (each[0].casefold(), each[0])))


def folder(text: str | None) -> Path | None:
    """Return the folder of `--dreams`. Raises UserError if it does not exist."""
    if text is None:
        return None
    if not Path(text).is_dir():
        raise UserError(f"--dreams {text}: no such folder; name the one that your .onnx files lie in")
    return Path(text)


class Loader:
    """Loads dreams into one deck from `start` to `stop`, on a thread of its own; the latest request counts.

    Args:
        deck: Where to.
        table: Its dream/load is the request.
        make: Makes a player of a dream, ready to draw.
        find: Returns the names that can be loaded, and their files; called once in POLL seconds.
        on_change: Called in the drawer thread when the deck has got another player.

    Attributes:
        deck: As given.
        loading: Name of the dream that is being loaded, None at other times.
        error: Why the last request was refused; None once one succeeded or that file has changed.
        changed: Whether the file of the dream that plays holds another one by now.
    """

    def __init__(
        self,
        deck: Deck,
        table: Table,
        make: Callable[[Dream], Player],
        find: Callable[[], dict[str, Path]],
        on_change: Callable[[], None] = lambda: None,
    ):
        self.deck, self.changed = deck, False
        self.loading: str | None = None
        self.error: str | None = None
        self._table, self._make, self._find, self._on_change = table, make, find, on_change
        self._load, self._reload = f"{deck.prefix}dream/load", f"{deck.prefix}dream/reload"
        self._player = deck.player  # the drawer thread's
        self._choices = table.parameters[self._load].choices  # the drawer thread's: what the numbers of dream/load mean
        self._found = find()
        self._path, self._sha256 = (
            deck.player.dream.path,
            deck.player.dream.sha256,
        )  # those of the player that was offered last
        self._signature = signature(self._path)
        self._refused: tuple[Path, Signature | None] | None = None
        self._seen: Signature | None = None  # the file's when it was last looked at
        self._compared: tuple[Signature | None, bool] = (
            self._signature,
            False,
        )  # a signature, and if that is another dream
        self._lock = threading.Lock()  # guards the two that follow
        self._wanted: str | None = None
        self._reading: LoadProcess | None = None
        self._wake, self._stopping = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name=f"loader {'ab'[deck.number]}", daemon=True)

    def start(self) -> None:
        """Begin to load; call once."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is being loaded is abandoned."""
        self._stopping = True
        self._want(None)
        self._thread.join(5.0)

    def on_frame(self, values: Snapshot) -> None:
        """Take the requests of this frame; never waits. Called in the drawer thread."""
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
        """Load that one next; abandon what is being loaded, unless it is the same."""
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
        """Look which names there are, and whether the file that plays has changed."""
        self._found = _sorted({self._name(): self._path} | self._find())
        now = signature(self._path)
        if now is None or now in (self._signature, self._refused and self._refused[1]):
            self.changed = False
        elif now == self._seen:  # otherwise it may still be being written
            if now != self._compared[0]:
                self._compared = now, read.sha256(self._path) not in (None, self._sha256)
            self.changed = self._compared[1]
        self._seen = now
        if (
            self._refused and signature(self._refused[0]) != self._refused[1]
        ):  # it may have been repaired, and can be requested again
            self._refused = self.error = None
            self._table.forget(self._load)

    def _take(self, name: str) -> None:
        """Load the dream of that name and offer it, if it is still wanted by then."""
        path = self._path if name == self._name() else self._found.get(name)
        if path is None:
            self.error = f"{name}: its file is gone"
        else:
            self._load_file(name, path, signature(path))
        with self._lock:
            if self._wanted != name:
                return
            self._wanted = None
        if self._table.parameters[self._load].choices[self._table.target(self._load)] != self._name():
            self._table.set(
                self._load, [self._name()], self, repeats=True
            )  # it shows what plays, not what was requested

    def _load_file(self, name: str, path: Path, now: Signature | None) -> None:
        if (path, now) == (self._path, self._signature):
            self.error = None
        elif (path, now) != self._refused:
            self.loading = name
            try:
                if now is None:
                    raise UserError(f"{name}: its file is gone")
                self._offer(path, now, self._made(name, path))
            except UserError as error:
                if self._wanted == name:  # otherwise it was abandoned
                    self.error = str(error).replace(str(path.absolute()), path.name)  # the network sees it
                    self._refused = path, now
                    log.warning("deck %s: %s; %s plays on", "ab"[self.deck.number], error, self._name())
            self.loading = None

    def _offer(self, path: Path, now: Signature, made: Player) -> None:
        with self._lock:
            if self._wanted != self.loading:
                return
            if (path, made.dream.sha256) != (self._path, self._sha256):  # otherwise it was only touched
                self.deck.offer(made)
            self._path, self._sha256, self._signature = path, made.dream.sha256, now
        self.error, self.changed = None, False

    def _made(self, name: str, path: Path) -> Player:
        """Return a player of the file that is ready to draw. Raises UserError whatever is wrong with the file."""
        reading = LoadProcess(path)
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
    """Return a file's signature, None if it does not exist."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _files(folder: Path | None) -> list[Path]:
    """Return the dreams in a folder, not in those below it; none if it cannot be read."""
    if folder is None:
        return []
    try:
        with os.scandir(folder) as found:
            files = [folder / each.name for each in found if each.name.endswith(".onnx") and each.is_file()]
    except OSError:  # it was removed, or a drive was: it may come back
        return []
    return sorted(each for each in files if each.stem.isprintable() and not each.name.startswith("."))
