"""The vote: who watches says yes or no to what a deck shows, and learns a knob of it, "scarier" or any other word.

After the Nightmare Machine (Yanardag, Cebrian, Rahwan; MIT Media Lab, 2016), whose visitors voted on which pictures
were scary. What is learned is the parameter vote/direction, so that presets, sessions and shows keep it.
"""

import logging
import queue
import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from livedream import UserError, one_line
from livedream.dream import add_direction
from livedream.dream.dream import Dream
from livedream.loop.deck import Deck
from livedream.parameters import Snapshot, Table
from livedream.parameters.vote import FARTHEST
from livedream.play import Floats
from livedream.play.liked_places import LikedPlaces
from livedream.play.preference import Preference

log = logging.getLogger("livedream.parts")

SCARIER = "scarier"
LONGEST = 40  # characters of a word
NUMBERED = 1000  # files of one name

Direction = tuple[float, ...]


class Voting:
    """Takes votes from `start` to `stop`. Only the drawer thread calls `on_frame`.

    Args:
        decks: The show's.
        table: Its parameters.
        folder: Where dreams with a knob that was voted for are written.
        word: What the votes are about.

    Attributes:
        word: As given, until vote/word is sent.
        saved: The last file that was written, or None.
        error: Why the last one was not written, or None.
    """

    def __init__(self, decks: Sequence[Deck], table: Table, folder: Path, word: str = SCARIER):
        self.word = word
        self.saved: Path | None = None
        self.error: str | None = None
        self._table, self._folder = table, folder
        self._polls = [_Poll(each, table) for each in decks]
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()  # None ends the thread
        self._thread = threading.Thread(target=self._work, name="vote", daemon=True)

    def start(self) -> None:
        """Begin to write files when asked to; call once."""
        self._thread.start()

    def stop(self) -> None:
        """End; a file that is being written is not waited for, and not left in part."""
        self._tasks.put(None)
        self._thread.join(0.5)

    def status(self) -> dict[str, object]:
        """Return the fields of `/status`; any thread."""
        decks = [{"up": each.up, "down": each.down, "sure": round(each.sure, 3)} for each in self._polls]
        saved = self.saved and str(self.saved)
        return {"vote": {"word": self.word, "decks": decks, "saved": saved, "error": self.error}}

    def on_frame(self, values: Snapshot) -> None:
        """Count the votes of this frame. They are about the picture that was there when they came: the last one."""
        for text in values.texts.get("vote/word", ()):
            self.word = " ".join(text.split())[:LONGEST]
        for poll in self._polls:
            poll.on_frame(values)
            if f"{poll.deck.prefix}vote/save" in values.fired:
                self._save(poll)

    def _save(self, poll: "_Poll") -> None:
        dream, word, whole, places = poll.deck.player.dream, self.word, poll.vector(), poll.led_to()
        if not whole.any():
            self._report(f"vote/save: nobody has voted about {dream.title} yet")
            return
        told = {"up": poll.up, "down": poll.down, "sure": round(poll.sure, 3), "from": dream.sha256}
        self._tasks.put(lambda: self._write(dream, add_direction.Knob(word, whole, places), told))

    def _write(self, dream: Dream, knob: add_direction.Knob, told: dict[str, object]) -> None:
        name = re.sub(r"[^\w-]+", "-", knob.name.casefold()).strip("-") or "voted"
        path = _free(self._folder, f"{dream.path.stem}-{name}")
        add_direction.beside(dream.path, path, knob, told)
        self.saved, self.error = path, None
        log.info("saved %s with the knob %s", path, knob.name)

    def _report(self, error: str) -> None:
        self.error = error
        log.warning("%s", error)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                task()
            except UserError as error:
                self._report(str(error))
            except Exception as error:
                log.exception("this is our bug: %s", one_line(error))


class _Poll:
    """The votes about one deck's dream."""

    def __init__(self, deck: Deck, table: Table):
        self.deck, self._table = deck, table
        self._learned: Preference | None = None  # about the dream that plays
        self._liked = LikedPlaces()  # the same of its places, if it has any
        self._sha256 = ""  # of that dream
        self._said: tuple[Direction, Direction] = (), ()  # the direction and places that the votes made last
        self._step = -1
        self._up, self._down, self._reset, self._direction, self._places = (
            f"{deck.prefix}vote/{each}" for each in ("up", "down", "reset", "direction", "places")
        )

    @property
    def up(self) -> int:
        return self._learned.up if self._learned else 0

    @property
    def down(self) -> int:
        return self._learned.down if self._learned else 0

    @property
    def sure(self) -> float:
        return self._learned.sure if self._learned else 0.0

    def vector(self) -> Floats:
        """Return the direction in the latents' own unit, f32 [Z]; 0 for places."""
        dream = self.deck.player.dream
        whole = np.zeros_like(dream.mean)
        if self._direction in self._table.parameters:
            whole[dream.free] = np.asarray(self._table.target(self._direction), np.float32) * dream.std[dream.free]
        return whole

    def led_to(self) -> Direction:
        """Return the places that the knob leads to above 0 and below 0; () for a dream without places."""
        return self._told()[1]

    def on_frame(self, values: Snapshot) -> None:
        player = self.deck.player
        if self._direction not in values or not player.walk.started:
            return
        dream, learned = player.dream, self._learned
        if learned is None or dream.sha256 != self._sha256:
            learned = self._learned = Preference(len(values[self._direction]))
            self._sha256, self._said = dream.sha256, ((), ())
            self._liked.begin()
        if self._reset in values.fired:
            learned.begin()
            self._liked.begin()
            self._say(learned)
        votes = [(each == self._up, int(count)) for each, count in values.changes if each in (self._up, self._down)]
        if votes and self._told() != self._said:
            # A preset, a session or another hand has put something there: votes go on from that.
            direction, places = self._told()
            learned.begin(np.asarray(direction, np.float32))
            self._liked.begin(*[places] if places else [])
        if player.steps != self._step:
            self._step = player.steps
            learned.see(_standard(dream, player.walk.shown().latent))
        if votes:
            latent = player.latent(values.below(self.deck.prefix))
            drawn = _standard(dream, latent)
            for liked, count in votes:
                learned.vote(drawn, liked, count)
                if dream.places is not None:
                    self._liked.vote(latent[dream.places], liked, count)
            self._say(learned)

    def _told(self) -> tuple[Direction, Direction]:
        """Return the direction and the places that the table has."""
        direction, places = (
            tuple(self._table.target(each)) if each in self._table.parameters else ()
            for each in (self._direction, self._places)
        )
        return direction, places

    def _say(self, learned: Preference) -> None:
        direction = tuple(np.clip(learned.direction(), -FARTHEST, FARTHEST).tolist())
        has_places = self._places in self._table.parameters
        self._said = direction, (self._liked.most, self._liked.least) if has_places else ()
        self._table.set(self._direction, direction, self)
        if has_places:
            self._table.set(self._places, self._said[1], self)


def _standard(dream: Dream, latent: Floats) -> Floats:
    """Return a latent's numbers that knobs may move, in standard deviations from the dream's mean."""
    free = dream.free
    return np.asarray((latent[free] - dream.mean[free]) / np.maximum(dream.std[free], np.float32(1e-6)), np.float32)


def _free(folder: Path, stem: str) -> Path:
    """Return a path in the folder that no file has: NAME.onnx, NAME-2.onnx and so on. Raises UserError."""
    for number in range(1, NUMBERED):
        path = folder / (f"{stem}.onnx" if number == 1 else f"{stem}-{number}.onnx")
        if not path.exists():
            return path
    raise UserError(f"{folder / stem}.onnx: a thousand files of that name; choose another word")
