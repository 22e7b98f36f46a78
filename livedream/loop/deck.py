"""A deck: a place for one playing dream, which can be changed for another while it plays."""

import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from livedream import one_line
from livedream.backend import cpu
from livedream.effect.chain import EffectChain
from livedream.parameters import Snapshot, Table
from livedream.picture import Pixels
from livedream.picture.frame import Picture
from livedream.play import Floats, Values
from livedream.play import dream_parameters as tables
from livedream.play.player import Player
from livedream.play.state import PlayerState

if TYPE_CHECKING:
    from livedream.loop.live_view import LiveView

log = logging.getLogger("livedream.loop")

PATIENCE = 0.5  # seconds of steps for one drawing; a dream that needs more goes slower rather than not at all
REMEMBERED = 240  # drawings that the figures are made of

Result = TypeVar("Result")


class Deck:
    """Plays what its player plays. Everything but `offer` and `offer_same` belongs to the drawer thread.

    A device may hang for so long that another thread goes on with the deck. Whatever a thread has asked a player for,
    it therefore takes only if the deck still has that player.

    Args:
        number: 0 or 1.
        player: What plays first.
        on_broken: Called with each provider that fails in the middle of a show, and why.
        effects: What its pictures go through; none by default.

    Attributes:
        number, effects: As given.
        player: What plays now.
        prefix: What the addresses of its parameters begin with: "" or "b/".
        waits: Whether a drawing waits for a clip that is not ready; a live show goes on with what is there.
        restored: The state that it was put in on the last frame, or None.
        drawn: The last picture that it drew, with its effects and before the mix; None before the first.
        layers: The layers of that picture, by name; {} where the dream draws none.
        live: The live picture of the show, which is mixed in; None without one.
        frame: Number of the frame that the picture was drawn for; -1 before the first.
        drawing_s: Seconds that each drawing took.
        errors: Drawings that failed.
        error: How the last drawing failed; None once one has succeeded.
    """

    def __init__(
        self,
        number: int,
        player: Player,
        on_broken: Callable[[str, str], None] = lambda provider, why: None,
        effects: EffectChain | None = None,
    ):
        self.number, self.player, self._on_broken = number, player, on_broken
        self.prefix = tables.PREFIXES[number]
        self.effects = effects or EffectChain(30.0, self.prefix)
        self.waits = True
        self.drawn: Pixels | Picture | None = None
        self.layers: Mapping[str, Pixels] = {}
        self.live: LiveView | None = None
        self.frame = -1
        self.drawing_s: deque[float] = deque(maxlen=REMEMBERED)
        self.errors = 0
        self.error: str | None = None
        self.restored: PlayerState | None = None
        self._restore: PlayerState | None = None
        self._offered: Player | None = None
        self._same: Player | None = None
        self._last_bar: int | None = None
        self._seen: tuple[str, Floats] | None = None

    def offer(self, player: Player) -> None:
        """Play another player, which is ready, from the next frame on; of several the latest. Any thread."""
        self._offered = player

    def offer_same(self, player: Player) -> None:
        """Offer other runners for the dream that plays; ignored if another dream plays by then. Any thread."""
        self._same = player

    def restore(self, state: PlayerState) -> None:
        """Go on from that state on the next frame, wherever the dream moves to until then."""
        self._restore = state

    def pull_to(self, sha256: str, latent: Floats) -> None:
        """Take what the encoder of a dream found in the live picture, f32 [Z]; of several the latest. Any thread.

        Args:
            sha256: The dream's; it is ignored if another plays by then.
            latent: Drawn towards on the next frames.
        """
        self._seen = sha256, latent

    def write_back(self, table: Table, bar: int | None = None) -> None:
        """Set the parameters that are no longer true, and at the beginning of a bar the scene of idle recovery.

        Args:
            table: What is set.
            bar: Number of the tempo's bar on this frame; None without a tempo.
        """
        begins, self._last_bar = bar is None or bar != self._last_bar, bar
        walk = self.player.walk
        for address, value in walk.take_corrections().items():
            table.set(self.prefix + address, (value,))
        if begins and walk.rescue_scene is not None:
            table.set(f"{self.prefix}dream/scene_jump", (walk.rescue_scene,))

    def change(self, table: Table) -> None:
        """Take what was offered. Another dream brings its own parameters; the same one goes on where it is."""
        offered, self._offered = self._offered, None
        before = self.player
        if offered is None:
            offered, self._same = self._same, None
            if offered is None or offered.dream.sha256 != before.dream.sha256:
                return
        try:
            if offered.dream.sha256 == before.dream.sha256:
                offered.take_over(before)
            else:
                tables.change(table, offered.dream, self.prefix)
                self._restore = None
        except Exception as error:  # a card that breaks as it is left or entered
            if self.player is before:
                self._fail(error)
            return
        if self.player is before:
            self.player = offered
            self.drawing_s.clear()

    def move(self, frames: int, fps: float, values: Snapshot) -> bool:
        """Move the dream on by `frames` frames of 1/fps seconds, or to the state to restore; False if that fails."""
        self.restored = None
        player, until = self.player, time.perf_counter() + PATIENCE
        own = values.below(self.prefix)

        def move() -> bool:
            seen, self._seen = self._seen, None
            if seen is not None and seen[0] == player.dream.sha256:
                player.walk.pull_to(seen[1])
            player.move(frames, fps, own, lambda: time.perf_counter() > until)
            if player is not self.player:
                return False
            if self._restore is not None:
                player.jump(self._restore, own)
                self.restored, self._restore = self._restore, None
            elif player.walk.take_jump():
                self.restored = player.walk.state(complete=False)
                player.drawing.begin(None)
            return True

        return bool(self._try(move))

    def draw(self, frame: int, values: Snapshot, seconds: float | None = None) -> bool:
        """Draw for frame number `frame`; False, and the last picture stays, if that fails.

        Args:
            frame: Its number, which the effects count time by.
            values: Of the frame.
            seconds: How long that may take. Effects that would need longer show what they made last; None: all are
                waited for.
        """
        player, began = self.player, time.perf_counter()
        drawn = self._try(lambda: self._picture(player, values.below(self.prefix)))
        if drawn is None or player is not self.player:
            return False
        left = None if seconds is None else seconds - (time.perf_counter() - began)
        drawn = self.effects.draw(drawn, values, frame, left)
        if player is not self.player:  # another thread has gone on meanwhile
            return False
        self.drawn, self.layers, self.frame, self.error = drawn, player.layers, frame, None
        self.drawing_s.append(time.perf_counter() - began)
        return True

    def _picture(self, player: Player, values: Values) -> Pixels | Picture:
        """Draw the dream, and mix the live picture in; at 1 the dream is drawn only while there is none."""
        live, share = self.live, values.get("input/mix", 0.0)
        seen = live is not None and live.picture is not None and share > 0
        if live is not None and seen and share >= 1:
            return live.alone(values)
        # Whether a live picture came in time, a show does not know. So the decoder's state does not depend on it.
        with player.drawing.untraced() if share >= 1 else contextlib.nullcontext():
            player.drawing.waits = self.waits
            dream = player.draw(values)
        return live.over(dream, share, values) if live is not None and seen else dream

    def fall_back(self, why: str) -> None:
        """Go on with the processor: the device that the dream ran on has failed."""
        providers = set(self.player.providers.values())
        log.warning("deck %s: %s failed (%s); going on with cpu", "ab"[self.number], ", ".join(sorted(providers)), why)
        self.player = self.player.moved_to(cpu.load)
        self.drawing_s.clear()
        for provider in providers:
            self._on_broken(provider, why)

    @property
    def on_device(self) -> bool:
        """Whether any of its networks runs elsewhere than on the processor."""
        return set(self.player.providers.values()) != {"cpu"}

    def _try(self, act: Callable[[], Result]) -> Result | None:
        """Return what `act` returns, None if it fails; where a device failed, the processor goes on."""
        player = self.player
        try:
            try:
                return act()
            except Exception as error:
                if player is not self.player:
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
