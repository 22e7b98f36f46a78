"""Finds what runs the decks' effects faster while a show plays, and changes to that without a jump."""

import logging
import threading
import weakref
from collections.abc import Callable, Sequence

from livedream import one_line
from livedream.backend import choose
from livedream.effect.applier import Applier, warmed
from livedream.effect.chain import EffectChain
from livedream.effect.slot import Slot

log = logging.getLogger("livedream.parts")

REST = 5.0  # seconds that an effect plays before other providers are tried beside it: after the dreams'


class EffectUpgrade:
    """Upgrades the effects of all decks from `start` to `stop`, on a thread of its own.

    Args:
        chains: The effects of each deck.
        device: As of `--device`.
        say: Called with a line for each change.
    """

    def __init__(self, chains: Sequence[EffectChain], device: str, say: Callable[[str], None] = print):
        self._chains, self._device, self._say = chains, device, say
        self._seen: weakref.WeakSet[Slot] = weakref.WeakSet()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="faster effects", daemon=True)

    def start(self) -> None:
        """Begin to try providers; call once."""
        self._thread.start()

    def stop(self) -> None:
        """End it; what is being tried ends with the program."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(REST):
            for slot in [each for chain in self._chains for each in chain.slots if each not in self._seen]:
                self._seen.add(slot)
                try:
                    self._improve(slot)
                except Exception as error:  # the show goes on as it is
                    log.warning("nothing faster for %s: %s", slot.dream.title, one_line(error))

    def _improve(self, slot: Slot) -> None:
        found = choose.better(slot.dream, self._device, choose.quick(slot.dream, self._device, measure=False))
        if found is None or found.providers["apply"] == "cpu" or self._stopping.is_set():
            return
        applier = Applier(slot.dream, found.load)
        warmed(applier)
        slot.offer(applier)
        self._say(f"{slot.dream.title}: {applier.provider}")
