"""Finds what runs a deck's dream faster while it plays, and changes to that without a jump."""

import logging
import threading
from collections.abc import Callable

from livedream import one_line
from livedream.backend import choose
from livedream.backend.choose import Choice
from livedream.dream.dream import Dream
from livedream.loop import warm_up
from livedream.loop.deck import Deck
from livedream.play.player import Player

log = logging.getLogger("livedream.parts")

REST = 3.0  # seconds that a dream plays before other providers are tried beside it


class ProviderUpgrade:
    """Upgrades one deck from `start` to `stop`, on a thread of its own.

    Args:
        deck: Whose dream is to run faster.
        device: As of `--device`.
        choice: What the dream runs on now.
        fps: Frames a second of the show.
        say: Called with a line for each change.

    Attributes:
        deck, device: As given.
        choice: What the dream that plays runs on, and why not on others.
    """

    def __init__(self, deck: Deck, device: str, choice: Choice, fps: float, say: Callable[[str], None] = print):
        self.deck, self.device, self.choice = deck, device, choice
        self._fps, self._say = fps, say
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"faster {'ab'[deck.number]}", daemon=True)

    def start(self) -> None:
        """Begin to try providers; call once."""
        self._thread.start()

    def stop(self) -> None:
        """End it; what is being tried ends with the program."""
        self._stopping.set()

    def player(self, dream: Dream) -> Player:
        """Return a player that is ready to draw, on what is remembered to be best, else the CPU. Raises UserError."""
        return warm_up.player(dream, self.deck.number, self._fps, self._quick(dream).load)

    def _quick(self, dream: Dream) -> Choice:
        return choose.quick(dream, self.device, measure=False)  # measuring now would hold the show up

    def broken(self, provider: str, why: str) -> None:
        """Remember that a provider failed in the middle of a show; called in the drawer thread, by the deck."""
        if provider != "cpu":
            choose.forget(self.deck.player.dream, provider, why)
            self.choice = self._quick(self.deck.player.dream)

    def _run(self) -> None:
        seen = None
        while not self._stopping.wait(REST):
            dream = self.deck.player.dream
            if dream.sha256 == seen:
                continue
            seen = dream.sha256
            try:
                self._improve(dream)
            except Exception as error:  # the show goes on as it is
                log.warning("nothing faster for %s: %s", dream.title, one_line(error))

    def _improve(self, dream: Dream) -> None:
        if dream.sha256 != self.choice.sha256:
            self.choice = self._quick(dream)
        found = choose.better(dream, self.device, self.choice)
        if found is None or self._stopping.is_set():
            return
        self.deck.offer_same(warm_up.player(dream, self.deck.number, self._fps, found.load))
        self.choice = found
        self._say(f"{dream.title}: {describe(found)}")


def describe(choice: Choice) -> str:
    """Which provider runs each component, in a few words: "cpu", or "decode webgpu, step cpu"."""
    providers = choice.providers
    if len(set(providers.values())) == 1:
        return next(iter(providers.values()))
    return ", ".join(f"{name} {provider}" for name, provider in providers.items())
