"""The live picture of a show that is drawn again: a file is drawn from where it was then, all else the show has not."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from livedream import UserError, one_line
from livedream.input.picture import file
from livedream.input.picture.paced import Timed
from livedream.input.picture.shot import Asked
from livedream.loop.deck import Deck
from livedream.parameters import DECKS, Snapshot
from livedream.picture import Pixels

log = logging.getLogger("livedream.shows")


class ReplayedInput:
    """Shows decks the live picture that they showed then.

    Args:
        path: Of the show.
        kept: What the show says of its live picture: "name", "kind" and of a file "path"; None: there was none.
        size: (width, height) of the show.
        decks: That showed it.
    """

    def __init__(self, path: Path, kept: dict[str, Any] | None, size: tuple[int, int], decks: Sequence[Deck]):
        self._show, self._kept = path, kept
        self._film = _Film(Path(kept["path"])) if kept and kept["kind"] == "file" else None
        self._said = False
        if self._film:
            from livedream.loop.live_view import LiveView

            self._view = LiveView(size)
            for deck in decks:
                deck.live = self._view

    def show(self, seconds: float | None, values: Snapshot) -> None:
        """Show the picture that stands `seconds` after the file's beginning, with all its passes; None: as before."""
        if self._kept is None or not any(values.get(f"{prefix}input/mix", 0.0) > 0 for prefix in DECKS):
            return
        why = ""
        if self._film and seconds is not None:
            try:
                self._view.show(self._film.picture(seconds))
            except (UserError, OSError, ValueError) as error:  # PyAV's errors are one or the other
                why, self._film = f": {one_line(error)}", None
                self._view.show(None)
        if self._film is None and not self._said:
            self._said = True
            what = f"the live picture ({self._kept['name']}) is not in the show{why}"
            log.warning("%s: %s; the dream is drawn alone", self._show, what)


class _Film:
    """The pictures of a file that is shown again and again."""

    def __init__(self, path: Path):
        self._path = path
        self._timeline: Iterator[Timed] = iter(())
        self._now: Timed | None = None
        self._following: Timed | None = None
        self._pixels: Pixels | None = None

    def picture(self, seconds: float) -> Pixels:
        """Return the picture that begins `seconds` after the first, give or take half as long as it is shown."""
        if self._now is None or seconds + self._now.seconds / 2 < self._now.time:
            self._timeline = _timeline(self._path)
            self._now, self._following, self._pixels = next(self._timeline), next(self._timeline, None), None
        while self._following is not None and self._following.time <= seconds + self._following.seconds / 2:
            self._now, self._following, self._pixels = self._following, next(self._timeline, None), None
        if self._pixels is None:
            self._pixels = self._now.pixels()
        return self._pixels


class _Silent:
    """Takes a source's reports."""

    def note(self, text: str) -> None: ...
    def trouble(self, text: str) -> None: ...
    def skipped(self, count: int = 1) -> None: ...


def _timeline(path: Path) -> Iterator[Timed]:
    """Yield a file's pictures, one pass after another, by the seconds since the first. Raises UserError."""
    file.check(Asked(str(path)))
    begin = 0.0
    for each in file.passes(path, file.RATE, _Silent()):
        first, end, count = None, 0.0, 0
        for timed in each:
            first, count = timed.time if first is None else first, count + 1
            since = timed.time - first
            end = max(end, since + timed.seconds)
            yield Timed(begin + since, timed.seconds, timed.pixels)
        if count < 2:
            if not begin and not count:
                raise UserError(f"{path}: no picture in it can be decoded")
            return
        begin += end
