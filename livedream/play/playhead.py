"""Where in its past a dream is drawn: loops, ping-pong, scrubbing, backwards, and back to the present.

Meanwhile the dream itself stands still where it was, and goes on from there.
"""

import copy
from collections.abc import Callable
from typing import NamedTuple

from livedream.play import Values
from livedream.play.past import Past
from livedream.play.state import Point

SEAM = 0.2  # seconds; the shortest fade from one position to another, unless player/glide is 0: then there is none
NEAR = 1e-6  # steps; a loop that ends as near to a frame as this ends with it, so that every round is the same
JUMP = 1.5  # frames of the dream; a hand that moves further at once is faded over
BPM = 120.0  # without a tempo


class Loop(NamedTuple):
    """A stretch of the past that is repeated.

    Attributes:
        start: Position where it starts, in steps.
        length: In steps.
        bpm: The tempo when it began.
        seam: Steps at its end that fade over to its start.
    """

    start: float
    length: float
    bpm: float
    seam: float


class Playhead:
    """Moves through a dream's past.

    Attributes:
        at: The position that is drawn, in steps of the history; None: the present.
        held: A hand holds it there.
        loop: What it repeats, or None.
    """

    def __init__(self, past: Past):
        self.at: float | None = None
        self.held = False
        self.loop: Loop | None = None
        self._past = past
        self._jump = JUMP / (past.dream.hop or 1)  # in steps
        self._in_loop = 0.0  # steps into the loop; above its length on the way back of a ping-pong
        self._pingpong = False
        self._tempo_ratio = 1.0  # how much faster than at its beginning the loop is played
        self._last_beats: float | None = None  # player/loop on the last frame; None: the dream has just come in
        self._released: float | None = None  # what player/scrub was when something else let it go
        self._fade_from: Point | None = None
        self._fade_left = self._fade_seconds = 0.0
        self._corrections: dict[str, float] = {}

    def copy(self, past: Past) -> "Playhead":
        """Return a playhead at the same position of a copy of the past."""
        other = copy.copy(self)
        other.attach(past)
        return other

    def attach(self, past: Past) -> None:
        """Move through this past from now on, and share nothing with the playhead that this one was copied from."""
        self._past, self._corrections = past, dict(self._corrections)

    @property
    def mode(self) -> str | None:
        """What is drawn of the past: "scrub", "loop", or "past" between the two; None: the present."""
        return None if self.at is None else "scrub" if self.held else "loop" if self.loop else "past"

    @property
    def present(self) -> bool:
        """Whether nothing but the present is drawn."""
        return self.at is None and self._fade_from is None

    def take_corrections(self) -> dict[str, float]:
        """Return the parameters, by address, that have to be set because they are no longer true; each once."""
        corrections, self._corrections = self._corrections, {}
        return corrections

    def go_live(self, values: Values, shown: Callable[[], Point] | None = None) -> None:
        """Draw the present again. shown: returns what is drawn, to fade over from; None: at once."""
        if shown is None:
            self._fade_from = None
        elif self.at is not None:
            self._fade_over(shown, values)
        self.at, self.loop, self.held = None, None, False
        beats = self._last_beats = values["player/loop"]
        released = self._released = values["player/scrub"]
        if beats > 0:
            self._corrections["player/loop"] = 0.0
        if released < 1:
            self._corrections["player/scrub"] = 1.0

    def steer(self, values: Values, present: float, shown: Callable[[], Point]) -> None:
        """Do what the parameters ask for on this frame.

        Args:
            values: The deck's.
            present: The dream's own position.
            shown: Returns what was drawn last.
        """
        beats, scrub = values["player/loop"], values["player/scrub"]
        if bool(values["player/pingpong"]) != self._pingpong:
            self._pingpong = bool(values["player/pingpong"])
            if self.loop and self.at is not None:
                self._in_loop = self.at - self.loop.start
        if self._last_beats is None:
            self.go_live(values)
        elif "player/live" in values.fired:
            self.go_live(values, shown)
        elif beats != self._last_beats:
            self._last_beats = beats
            if beats > 0:
                self._start_loop(beats, values, present, shown)
            else:
                self._end_loop(values, shown)
        if scrub != self._released:
            self._released = None
        self._scrub(scrub if self._released is None else 1.0, values, present, shown)
        if self.loop:
            synced = values.get("tempo/sync", False)
            self._tempo_ratio = 1.0 if synced else values.get("tempo/bpm", BPM) / self.loop.bpm

    def move(self, steps: float, present: float) -> float:
        """Go on by `steps`, less than 0 backwards; return the steps that the dream itself has to go on by."""
        if self.held:
            return 0.0
        if self.loop:
            length = self.loop.length
            around = 2 * length if self._pingpong else length
            self._in_loop = (self._in_loop + steps * self._tempo_ratio) % around
            if min(self._in_loop, around - self._in_loop) < NEAR:
                self._in_loop = 0.0
            self.at = self.loop.start + (self._in_loop if self._in_loop <= length else 2 * length - self._in_loop)
            return 0.0
        if self.at is None and steps >= 0:
            return steps
        at = (present if self.at is None else self.at) + steps
        if at >= present:
            self.at = None
            return at - present
        self.at = max(at, float(self._past.history.oldest))
        return 0.0

    def fade(self, start: Point, seconds: float) -> None:
        """Fade over from a point to what is drawn without it."""
        self._fade_from, self._fade_left, self._fade_seconds = start, seconds, seconds

    def elapse(self, seconds: float) -> None:
        """Go on with the fade."""
        if self._fade_from is not None:
            self._fade_left -= seconds
            if self._fade_left < NEAR:
                self._fade_from = None

    def soon(self) -> tuple[int, ...]:
        """Return the steps that may be drawn next, beside the two around its position; none in the present."""
        if self.at is None:
            return ()
        at, history = int(self.at), self._past.history
        numbers = [at - 1, at + 2] + ([int(self.loop.start), int(self.loop.start) + 1] if self.loop else [])
        return tuple(n for n in dict.fromkeys(numbers) if history.oldest <= n <= history.newest)

    def shown(self) -> tuple[Point, float] | None:
        """Return what is drawn over the present and its weight (0..1); None: the present alone."""
        here = None if self.at is None else self._seamless(self.at)
        if self._fade_from is None:
            return None if here is None else (here, 1.0)
        weight = min(self._fade_left / self._fade_seconds, 1.0)
        return (self._fade_from, weight) if here is None else (self._past.blend(here, self._fade_from, weight), 1.0)

    def _start_loop(self, beats: float, values: Values, present: float, shown: Callable[[], Point]) -> None:
        """Repeat the last beats of what was drawn, or another number of beats up to the same end."""
        bpm, speed = values.get("tempo/bpm", BPM), values["player/speed"] or 1.0
        rate = self._past.dream.step_rate
        here = present if self.at is None else self.at
        end = self.loop.start + self.loop.length if self.loop else here
        start = max(end - beats * 60 / bpm * rate * abs(speed), float(self._past.history.oldest))
        length = end - start
        if length < 2 * NEAR:  # nothing was drawn yet
            self._corrections["player/loop"] = 0.0
            return
        seam = min(SEAM * rate * abs(speed), length / 4) if values["player/glide"] > 0 else 0.0
        in_loop = (here - start) % length
        if here == end:  # it turns round there, or begins anew
            in_loop = length if self._pingpong or speed < 0 else 0.0
        if abs(start + in_loop - here) > self._jump:
            self._fade_over(shown, values)
        self.loop, self.at, self._in_loop = Loop(start, length, bpm, seam), start + in_loop, in_loop

    def _end_loop(self, values: Values, shown: Callable[[], Point]) -> None:
        if self.loop:
            self._fade_over(shown, values)
            self.loop, self.at = None, None

    def _scrub(self, scrub: float, values: Values, present: float, shown: Callable[[], Point]) -> None:
        """Go to where a hand holds it: 0 is the start of the loop or of the past; 1 lets go."""
        if scrub >= 1 and not self.held:
            return
        last = present if self.at is None else self.at
        low, length = self.loop[:2] if self.loop else (float(self._past.history.oldest), 0.0)
        high = low + length if self.loop else present
        to = low + min(scrub, 1.0) * (high - low)
        if abs(to - last) > self._jump:
            self._fade_over(shown, values, scrub < 1)
        self.held, self.at, self._in_loop = scrub < 1, to, to - low
        if scrub >= 1 and not self.loop:
            self.at = None

    def _fade_over(self, shown: Callable[[], Point], values: Values, by_hand: bool = False) -> None:
        """Fade over from what is drawn now to what will be."""
        glide = values["player/glide"]
        if glide > 0:
            self.fade(shown(), glide if by_hand else max(glide, SEAM))

    def _seamless(self, at: float) -> Point:
        """Return the point of a position; towards the end of a loop it becomes what led to the loop's start."""
        loop = self.loop
        if loop and loop.seam and not self._pingpong:
            into_seam = at - (loop.start + loop.length - loop.seam)
            if into_seam > 0:
                before = max(at - loop.length, float(self._past.history.oldest))
                return self._past.blend(self._past.point_at(at), self._past.point_at(before), into_seam / loop.seam)
        return self._past.point_at(at)
