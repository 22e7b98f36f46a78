"""Starts a dream from a photo while the show plays: one of `--photos`, or the live picture that is coming in.

A photo is read and encoded beside the show; the deck goes there on the first frame after that. Only names are accepted
from outside, never paths.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from livedream import UserError, one_line
from livedream.backend import cpu
from livedream.loop.deck import Deck
from livedream.parameters import NO_PHOTO, PHOTO, Snapshot, Table, photos
from livedream.picture import Pixels, photo
from livedream.play.photo_start import PhotoStart

log = logging.getLogger("livedream.parts")

POLL = 1.0  # seconds between two looks at the folder
INPUT = "input/dream"  # the trigger that starts a dream from the live picture


def folder(text: str | None) -> Path | None:
    """Return the folder of `--photos`. Raises UserError if it does not exist."""
    if text is None:
        return None
    if not Path(text).is_dir():
        raise UserError(f"--photos {text}: no such folder; name the one that your photos lie in")
    if not photo.names(Path(text)):
        log.warning("--photos %s: no photos in it; those that come are found while it plays", text)
    return Path(text)


class Photos:
    """Starts decks from photos, from `start` to `stop`, on a thread of its own; of several requests the latest counts.

    Args:
        decks: The show's.
        table: Gets `dream/photo` of each deck, where there is a folder.
        folder: Where the photos lie, or None.
        live: Returns the picture that comes in, uint8 [H, W, 4] of any size, or None while there is none.
        on_change: Called in the drawer thread when the names have changed.

    Attributes:
        error: Why the last photo did not become a start, or None.
        shown: Name of the photo that a deck was last started from; "live" for a live picture.
    """

    def __init__(
        self,
        decks: Sequence[Deck],
        table: Table,
        folder: Path | None,
        live: Callable[[], Pixels | None] = lambda: None,
        on_change: Callable[[], None] = lambda: None,
    ):
        self.error: str | None = None
        self.shown: str | None = None
        self._decks, self._table, self._folder = decks, table, folder
        self._live, self._on_change = live, on_change
        self._found = photo.names(folder) if folder else {}  # replaced whole by the thread
        self._names = _names(self._found)  # the drawer thread's: what the numbers of dream/photo mean
        self._starts: dict[int, tuple[str, PhotoStart]] = {}  # the thread's: by deck, and for which dream
        self._wanted: dict[int, Callable[[PhotoStart], Pixels]] = {}
        self._lock = threading.Lock()  # guards _wanted
        self._wake, self._stopping = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="photos", daemon=True)
        for each in decks if folder else ():
            table.replace(each.prefix + PHOTO.address, [photos(self._names).on_deck(each.prefix)])

    def start(self) -> None:
        """Begin to take requests; call once."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is being read is abandoned."""
        self._stopping = True
        self._wake.set()
        self._thread.join(5.0)

    def status(self) -> dict[str, object]:
        """Return the fields of `/status`; any thread."""
        return {"photo": self.shown, "photos": list(self._found), "photo_error": self.error}

    def on_frame(self, values: Snapshot) -> None:
        """Take the requests of this frame; never waits. Called in the drawer thread."""
        for each in self._decks:
            address = each.prefix + PHOTO.address
            chosen = next((value for name, value in values.changes if name == address), None)
            if isinstance(chosen, int) and 0 < chosen <= len(self._names):
                self.take_file(each.number, self._names[chosen - 1])
            if each.prefix + INPUT in values.fired:
                self._take_live(each.number, bool(values["input/mirror"]))
        found = _names(self._found)
        if found != self._names:
            self._names = found
            for each in self._decks:
                self._table.rechoose(each.prefix + PHOTO.address, (NO_PHOTO, *found), NO_PHOTO)
            self._on_change()

    def take_file(self, number: int, name: str) -> None:
        """Start deck `number` from the photo of that name, as soon as it is encoded. Any thread."""

        def read(start: PhotoStart) -> Pixels:
            path = self._found.get(name)
            if path is None:
                raise UserError(f"{name}: its file is gone")
            try:
                return photo.read(path, *start.size)
            except UserError as error:
                raise UserError(str(error).replace(str(path), path.name)) from error  # the network sees it

        self._want(number, read, name)

    def take(self, number: int, pixels: Pixels) -> None:
        """Start deck `number` from a picture, uint8 [H, W, 4] of any size, as soon as it is encoded. Any thread."""
        self._want(number, lambda start: photo.fitted(pixels, *start.size), "live")

    def _take_live(self, number: int, mirrored: bool) -> None:
        pixels = self._live()
        if pixels is None:
            self.error = f"{INPUT}: no live picture has come in yet"
            log.warning("%s", self.error)
            return
        self.take(number, pixels[:, ::-1] if mirrored else pixels)

    def _want(self, number: int, picture: Callable[[PhotoStart], Pixels], name: str) -> None:
        def named(start: PhotoStart) -> Pixels:
            pixels = picture(start)
            self.shown = name
            return pixels

        with self._lock:
            self._wanted[number] = named
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(POLL)
            self._wake.clear()
            if self._folder:
                self._found = photo.names(self._folder)
            with self._lock:
                wanted, self._wanted = self._wanted, {}
            for number, picture in wanted.items():
                self._begin(self._decks[number], picture)

    def _begin(self, place: Deck, picture: Callable[[PhotoStart], Pixels]) -> None:
        """Encode a picture, and put the deck there if it still plays that dream."""
        try:
            dream = place.player.dream
            known, start = self._starts.get(place.number, ("", None))
            if start is None or known != dream.sha256:
                start = PhotoStart(dream, lambda component: cpu.load(component, threads=1), place.number)
                self._starts[place.number] = dream.sha256, start
            pixels = picture(start)
            seed = self._table.target(f"{place.prefix}player/seed")
            # Random numbers that were not used yet, so that the same photo has another future every time.
            state = start(pixels, seed, max(place.player.walk.random_step, 0) + 1)
            if place.player.dream.sha256 == dream.sha256:
                place.restore(state)
            self.error = None
        except UserError as error:
            self.error = str(error)
            log.warning("deck %s: %s; it dreams on", "ab"[place.number], error)
        except Exception as error:  # the show goes on, and so do later photos
            self.error = one_line(error)
            log.exception("this is our bug: %s: %s", type(error).__name__, error)


def _names(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(each for each in found if each != NO_PHOTO)
