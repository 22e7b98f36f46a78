"""The effects of a show that is drawn again: inserted, removed and moved as they were, each run when it ran then."""

from collections.abc import Callable, Mapping, Sequence

from livedream import UserError
from livedream.backend import Runner
from livedream.dream.dream import Component, Dream
from livedream.effect.chain import EffectChain
from livedream.effect.recorded_slot import RecordedSlot
from livedream.effect.slot import Slot
from livedream.effect.trace import Trace
from livedream.play.dream_parameters import PREFIXES
from livedream.shows.effect_lines import EffectFile
from livedream.shows.show_file import Show, Tick
from livedream.shows.show_lines import LETTERS


class ReplayedEffects:
    """The chain of each deck.

    Args:
        show: What is drawn again.
        found: Its effects, by SHA-256.
        load: Makes an effect's loader of runners.
        more: Effects that each deck's pictures go through after the show's own.

    Attributes:
        chains: Of each deck.

    Raises:
        UserError: An effect cannot run, or does not fit the show.
    """

    def __init__(
        self,
        show: Show,
        found: Mapping[str, Dream],
        load: Callable[[Dream], Callable[[Component], Runner]],
        more: Sequence[Sequence[Dream]],
    ):
        self._show, self._found, self._load = show, found, load
        self.chains = [EffectChain(show.fps, prefix, live=False) for prefix in PREFIXES[: len(show.dreams)]]
        self._slots: list[tuple[RecordedSlot, ...]] = [()] * len(self.chains)
        self._more = [tuple(map(self._added, effects)) for effects in more]
        for deck, tick in enumerate(show.effects):
            self._set(deck, tick.chain or ())
            for slot in self._slots[deck]:
                if moment := tick.traces.get(slot.number, Trace()).moment:
                    slot.begin(moment)

    def change(self, tick: Tick) -> None:
        """Take over what was inserted, removed or moved with this frame."""
        for letter, each in tick.decks.items():
            if each.effects.chain is not None:
                self._set(LETTERS.index(letter), each.effects.chain)

    def expect(self, tick: Tick | None) -> None:
        """Say what came in for the frame that is drawn next; None: it was not drawn then."""
        for letter, slots in zip(LETTERS, self._slots, strict=False):
            for slot in slots:
                if tick is None:
                    slot.expect(None)
                    continue
                trace = tick.decks[letter].effects.traces.get(slot.number, Trace())
                slot.expect(trace, (letter, slot.number, tick.number) in self._show.sources)

    def _set(self, deck: int, files: Sequence[EffectFile]) -> None:
        there = {slot.number: slot for slot in self._slots[deck]}
        if lost := [each.number for each in files if each.path is None and each.number not in there]:
            raise UserError(f"{self._show.path}: effect {lost[0]} has no file in this show")
        self._slots[deck] = tuple(there[each.number] if each.path is None else self._made(each) for each in files)
        self.chains[deck].slots = (*self._slots[deck], *(self._more[deck] if deck < len(self._more) else ()))

    def _added(self, effect: Dream) -> Slot:
        slot = Slot(effect, self._load(effect), self._show.fps, live=False)
        slot.enter(0)  # a number that no effect of the show has
        return slot

    def _made(self, file: EffectFile) -> RecordedSlot:
        effect = self._found[file.sha256]
        slot = RecordedSlot(effect, self._load(effect), self._show.fps)
        slot.enter(file.number)
        return slot
