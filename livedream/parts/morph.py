"""The morph from one place of a show to another: what glides, what steps half-way, and what the pictures blend to.

Meanwhile the dreams go on as they were, and their pictures are blended to the latents by which the place was reached,
so that nothing jumps or stops. At the end each player is put in the state of the place.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from livedream.loop.deck import Deck
from livedream.parameters import Snapshot, Table, Value
from livedream.play.state import PlayerState, Point, Target, chain_targets

HALF = 0.5  # share of a morph at which switches and choices change
SCENES = {"dream/scene", "dream/scene_jump"}  # below a deck's prefix
SLACK = 1e-9  # seconds, as of the table's glides, so that both end on the same frame


class DeckPlace(NamedTuple):
    """Where a deck is.

    Attributes:
        state: Its player's.
        sha256: Of the dream.
        speed: player/speed.
    """

    state: PlayerState
    sha256: str
    speed: float


@dataclass(frozen=True)
class Place:
    """A place of the show.

    Attributes:
        values: Of the parameters that a preset keeps, by address.
        decks: Where each deck is; None where only its parameters are to be taken.
    """

    values: Mapping[str, Value]
    decks: tuple[DeckPlace | None, ...]


class Morph:
    """Leads a show to a place.

    Args:
        place: Where to.
        seconds: How long it takes; 0: at once.
        decks: The show's.
        table: Whose parameters are set.
        sender: In whose name.

    Attributes:
        seconds: As given.
        elapsed: Seconds that have gone.
        moved: Addresses of the parameters that it moves.
    """

    def __init__(self, place: Place, seconds: float, decks: Sequence[Deck], table: Table, sender: Hashable):
        self.seconds, self.elapsed = seconds, 0.0
        self.moved: set[str] = set()
        self._decks, self._table, self._sender = decks, table, sender
        self._places = list(place.decks)
        self._targets = [deck.player.target for deck in decks]  # what the pictures were blended to before
        self._steps: dict[str, Value] = {}  # what is still to be set half-way
        parameters = table.parameters
        for name, value in place.values.items():
            address = table.name(name)
            if address not in parameters:
                continue
            self.moved.add(address)
            if parameters[address].glide is None:
                self._steps[address] = value
            else:
                self._set(address, value, seconds)
        if not seconds:
            self._step()

    @property
    def part(self) -> float:
        """How much of it is done, 0..1."""
        return min(1.0, self.elapsed / max(self.seconds, SLACK))

    def advance(self, values: Snapshot, seconds: float) -> bool:
        """Go on by `seconds`; return whether the place is reached. What somebody else has set is left to them."""
        others = {address for address, _ in values.changes if values.senders.get(address) is not self._sender}
        others |= {vector for each in others if (vector := self._table.vector_of(each))}
        for address in others & self.moved:
            self.moved.discard(address)
            self._steps.pop(address, None)
        self.elapsed += seconds
        arrived = self.elapsed > self.seconds - SLACK
        if self._steps and (arrived or self.elapsed >= HALF * self.seconds):
            self._step()
        for number, deck in enumerate(self._decks):
            place = self._places[number]
            fired = values.below(deck.prefix).fired
            if place and (place.sha256 != deck.player.dream.sha256 or SCENES & fired):
                # Another dream plays, or the performer wants to be elsewhere.
                place = self._places[number] = self._targets[number] = None
            if place is None:
                deck.player.blend_to(None)
            elif arrived:
                deck.player.blend_to(None)
                deck.restore(place.state)
                if f"{deck.prefix}player/seed" not in others:
                    self._set(f"{deck.prefix}player/seed", place.state.seed, 0.0)
            else:
                deck.player.blend_to(self._target(deck, place, self._targets[number]))
        return arrived

    def _target(self, deck: Deck, place: DeckPlace, before: Target | None) -> Target:
        dream = deck.player.dream
        part = self.elapsed / self.seconds
        # Backwards there is no way to it.
        steps = (self.seconds - self.elapsed) * max(place.speed, 0.0) * dream.step_rate
        point = Point(place.state.approach(steps, dream), place.state.noise)
        return chain_targets(dream, before, Target(point, part * part * (3 - 2 * part)))

    def _step(self) -> None:
        for address, value in self._steps.items():
            self._set(address, value, 0.0)
        self._steps = {}

    def _set(self, address: str, value: Value, seconds: float) -> None:
        arguments = value if isinstance(value, tuple) else (value,)
        self._table.set(address, arguments, self._sender, repeats=True, seconds=seconds)
