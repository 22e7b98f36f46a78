"""An ADSR envelope of straight lines."""

from typing import NamedTuple


class Stages(NamedTuple):
    """Times in seconds; `sustain` is a level, 0 to 1."""

    attack: float = 0.0
    decay: float = 0.3
    sustain: float = 0.0
    release: float = 0.3


class Envelope:
    """One envelope. Times are seconds of the show. A restart continues from its present level: it never jumps down."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._from = 0.0  # level that it began at
        self._held = False
        self._released: float | None = None  # when; None: right after the decay, or not yet

    def begin(self, at: float, stages: Stages, held: bool = False) -> None:
        """Begin at `at`. held: keep the sustain level until `release`."""
        self._from = self.level(at, stages)
        self._began, self._held, self._released = at, held, None

    def release(self, at: float) -> None:
        """Release it at `at` if it is held."""
        if self._held:
            self._held, self._released = False, at

    def level(self, at: float, stages: Stages) -> float:
        """Return its level, 0 to 1."""
        if self._began is None:
            return 0.0
        since = max(0.0, at - self._began)
        held_for = stages.attack + stages.decay if self._released is None else self._released - self._began
        if self._held or since < held_for:
            return self._risen(since, stages)
        gone = since - held_for
        return self._risen(held_for, stages) * (1 - gone / stages.release) if gone < stages.release else 0.0

    def _risen(self, since: float, stages: Stages) -> float:
        if since < stages.attack:
            return self._from + (1 - self._from) * since / stages.attack
        since -= stages.attack
        return 1 - (1 - stages.sustain) * since / stages.decay if since < stages.decay else stages.sustain
