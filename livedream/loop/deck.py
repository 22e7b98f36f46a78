"""A deck: a place for one playing dream, which can be changed for another while it plays."""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping

import numpy as np

from livedream import one_line
from livedream.backend import cpu
from livedream.parameters import Snapshot, Table
from livedream.picture.frame import Picture
from livedream.play import dream_parameters as tables
from livedream.play.moment import Moment, moment, stand
from livedream.play.player import Player

log = logging.getLogger("livedream.loop")

PATIENCE = 0.5  # seconds of steps for one drawing; a dream that needs more goes slower rather than not at all
REMEMBERED = 240  # drawings that the figures are made of


class Deck:
    """Plays what its player plays. Everything but `offer` is the drawer's.

    number: 0 or 1. on_broken: called with each provider that fails in the middle of the show, and why.

    player: what plays now. stood: where it was put on the last frame, or None. drawn: the last picture it drew, before
    the mix; None before the first. layers: those of that picture, by name; {} where the dream draws none. frame: the
    number of the frame it was drawn for. drawing_s: seconds that each drawing took. errors: drawings that failed;
    error: how the last one did, None once one has succeeded.
    """

    def __init__(
        self,
        number: int,
        player: Player,
        on_broken: Callable[[str, str], None] = lambda provider, why: None,
    ):
        self.number, self.player = number, player
        self._on_broken = on_broken
        self._last_bar: int | None = None
        self.prefix = tables.PREFIXES[number]
        self.drawn: np.ndarray | Picture | None = None
        self.layers: Mapping[str, np.ndarray] = {}
        self.frame = -1
        self.drawing_s: deque[float] = deque(maxlen=REMEMBERED)
        self.errors, self.error = 0, None
        self._offered: Player | None = None
        self._same: Player | None = None
        self.stood: Moment | None = None
        self._standing: Moment | None = None

    def offer(self, player: Player) -> None:
        """Have another player, made ready, in the place of this one at the next frame; the latest counts."""
        self._offered = player

    def offer_same(self, player: Player) -> None:
        """The same, unless another dream plays here by then: other runners for the one that does."""
        self._same = player

    def stand(self, at: Moment) -> None:
        """Stand there on the next frame, wherever the dream moves to until then."""
        self._standing = at

    def tell(self, table: Table, bar: int | None = None) -> None:
        """Set what is no longer true; and when a bar begins, the scene that is to help a dream that is stuck.

        bar: of the tempo, on this frame; None: there is none.
        """
        begins, self._last_bar = bar is None or bar != self._last_bar, bar
        for address, value in self.player.playhead.wishes().items():
            table.set(self.prefix + address, (value,))
        if begins and self.player.rescue is not None:
            table.set(f"{self.prefix}dream/scene/jump", (self.player.rescue,))

    def change(self, table: Table) -> None:
        """Take what was offered. Another dream brings its own parameters; the same one goes on where it is."""
        offered, self._offered = self._offered, None
        if offered is None:
            offered, self._same = self._same, None
            if offered is None or offered.dream.sha256 != self.player.dream.sha256:
                return
        before = self.player
        try:
            if offered.dream.sha256 == before.dream.sha256:
                offered.take_over(before)
            else:
                tables.change(table, offered.dream, self.prefix)
                self._standing = None
        except Exception as error:  # a card that breaks as it is left or entered
            self._fail(error)
            return
        if self.player is before:  # else it hung so long that the deck has gone on without it
            self.player = offered
            self.drawing_s.clear()

    def move(self, frames: int, fps: float, values: Snapshot) -> bool:
        """Let the dream go on by `frames` frames of 1/fps seconds, or stand where it is to; False if that fails."""
        self.stood = None
        player, until = self.player, time.perf_counter() + PATIENCE

        def move():
            player.move(frames, fps, values.below(self.prefix), lambda: time.perf_counter() > until)
            if player is not self.player:  # it hung so long that the deck has gone on without it
                return False
            if self._standing is not None:
                stand(player, self._standing)
                player.settled()
                player.playhead.leave(values.below(self.prefix))
                self.stood, self._standing, player.put = self._standing, None, False
            elif player.put:
                self.stood, player.put = moment(player), False
            return True

        return bool(self._try(move))

    def draw(self, frame: int, values: Snapshot) -> bool:
        """Draw for frame number `frame`; False, and the last picture stays, if that fails."""
        player, began = self.player, time.perf_counter()
        drawn = self._try(lambda: player.draw(values.below(self.prefix)))
        if drawn is None or player is not self.player:  # it hung so long that the deck has gone on without it
            return False
        self.drawn, self.layers, self.frame, self.error = drawn, player.layers, frame, None
        self.drawing_s.append(time.perf_counter() - began)
        return True

    def fall_back(self, why: str) -> None:
        """Go on upon the processor: the device that the dream ran on has failed."""
        providers = set(self.player.providers.values())
        log.warning("deck %s: %s failed (%s); going on with cpu", "ab"[self.number], ", ".join(sorted(providers)), why)
        self.player = self.player.moved_to(cpu.load)
        self.drawing_s.clear()
        for provider in providers:
            self._on_broken(provider, why)

    @property
    def on_device(self) -> bool:
        """Whether anything of it runs elsewhere than on the processor."""
        return set(self.player.providers.values()) != {"cpu"}

    def _try(self, act):
        """What `act` returns. None if it fails: on a device, so that the next frame is the processor's."""
        player = self.player
        try:
            try:
                return act()
            except Exception as error:
                if player is not self.player:  # it hung so long that the deck has gone on without it
                    return None
                if not self.on_device:
                    raise
                self.fall_back(one_line(error))
                return None
        except Exception as error:  # the picture goes on, whatever a model does
            self._fail(error)
            return None

    def _fail(self, error: Exception) -> None:
        self.errors += 1
        if one_line(error) != self.error:
            log.warning("deck %s: drawing failed: %s", "ab"[self.number], one_line(error))
        self.error = one_line(error)
