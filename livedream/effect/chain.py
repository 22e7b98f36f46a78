"""The effects behind a deck: their order, what they make of its pictures, and the parameters of each."""

import logging
import time
from collections.abc import Sequence

from livedream import UserError, one_line
from livedream.effect import slot as slots
from livedream.effect.slot import Slot
from livedream.effect.trace import Trace
from livedream.parameters import EFFECTS, Parameter, Snapshot, effect_commands
from livedream.picture import Pixels
from livedream.picture.frame import Picture

log = logging.getLogger("livedream.effect")


class EffectChain:
    """The effects in the order in which they act. Only the drawing thread changes it; any thread may read.

    Args:
        fps: Frames a second of the show.
        prefix: What the addresses of its deck begin with: "" or "b/".
        live: False for a rendering; see Slot.

    Attributes:
        slots: The effects.
        fps, prefix, live: As given.
    """

    def __init__(self, fps: float, prefix: str = "", live: bool = True):
        self.slots: tuple[Slot, ...] = ()
        self._tracing = False
        self.fps, self.prefix, self.live = fps, prefix, live

    def insert(self, slot: Slot, number: int | None = None) -> Slot:
        """Append an effect, by the lowest number that is free or by `number`. Raises UserError if it has no place."""
        taken = {each.number for each in self.slots}
        if len(taken) >= EFFECTS:
            raise UserError(f"{slot.name}: {EFFECTS} effects are all that a chain holds")
        if number is not None and (number in taken or not 1 <= number <= EFFECTS):
            raise UserError(f"{slot.name}: place {number} of the effects is taken, or none of 1 to {EFFECTS}")
        slot.tracing = self._tracing
        slot.enter(number or next(each for each in range(1, EFFECTS + 1) if each not in taken))
        self.slots = (*self.slots, slot)
        return slot

    def remove(self, number: int) -> None:
        """Remove the effect of this number, if there is one, and end its thread."""
        for each in self.slots:
            if each.number == number:
                self.slots = tuple(other for other in self.slots if other is not each)
                each.stop()

    def move(self, number: int, place: int) -> None:
        """Move the effect of this number to `place`, from 0."""
        slots = list(self.slots)
        at = next((i for i, each in enumerate(slots) if each.number == number), None)
        if at is not None:
            slots.insert(place, slots.pop(at))
            self.slots = tuple(slots)

    def draw(
        self, picture: Pixels | Picture, values: Snapshot, frame: float, seconds: float | None = None
    ) -> Pixels | Picture:
        """Return the picture of a frame with all effects, the picture itself without any. Live it raises nothing.

        Args:
            picture: uint8 [H, W, 4].
            values: The frame's.
            frame: Its number, which the show's time is counted by.
            seconds: How long they may take together; one that needs longer shows its last picture. None: as long as
                they need.
        """
        until = None if seconds is None else time.perf_counter() + seconds
        for slot in self.slots:
            left = None if until is None else until - time.perf_counter()
            try:
                picture = slot.draw(picture, values, self.prefix, frame / self.fps, left)
            except Exception as error:
                if not self.live:
                    raise
                log.exception("this is our bug: %s: %s", slot.name, one_line(error))
        return picture

    def trace(self, on: bool) -> None:
        """Keep what the effects do for `take_traces`, or keep it no longer."""
        self._tracing = on
        for each in self.slots:
            each.tracing = on

    def moments(self) -> dict[int, Trace]:
        """Return what the effects have, by number, for a show that begins now."""
        found = {each.number: each.moment() for each in self.slots}
        return {number: Trace((), moment) for number, moment in found.items() if moment}

    def take_traces(self) -> dict[int, Trace]:
        """Return what came in from the effects since the last call, by number."""
        found = {each.number: each.take_trace() for each in self.slots}
        return {number: trace for number, trace in found.items() if trace}

    def stop(self) -> None:
        """End the threads of all effects; any thread."""
        for each in self.slots:
            each.stop()

    def status(self) -> list[dict[str, object]]:
        """Its entries in `GET /status`; any thread."""
        return [{"deck": "b" if self.prefix else "a", **each.status()} for each in self.slots]


def parameters(chain: EffectChain, names: Sequence[str] = ()) -> tuple[Parameter, ...]:
    """Return all parameters below `effect/` of the chain's deck: to insert one of `names`, to remove one, and those of
    each effect.
    """
    found = [*effect_commands(names)]
    for place, slot in enumerate(chain.slots):
        found += slots.parameters(slot.dream, slot.number, place)
    return tuple(each.on_deck(chain.prefix) for each in found)
