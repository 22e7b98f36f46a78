"""Where in its past a dream is drawn: loops, ping-pong, scrubbing, backwards, and back to the present.

Meanwhile the dream itself stands still where it was, and goes on from there.
"""

import copy
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from livedream.parameters import Snapshot
from livedream.play.history import History

SEAM = 0.2  # seconds, at least, from one place to another, unless player/glide is 0: then it is at once
NEAR = 1e-6  # of a step: a loop that ends so near to a frame ends with it, so that it is the same every time round
JUMP = 1.5  # steps that a hand moves by at once, above which it is led over
BPM = 120.0  # without a tempo

Drawn = tuple[np.ndarray, np.ndarray | None]  # a latent, f32 [Z], and the decoder's noise


class Loop(NamedTuple):
    """start, length: in steps. bpm: when it began. seam: steps at its end that lead over to its start."""

    start: float
    length: float
    bpm: float
    seam: float


class Playhead:
    """at: the position that is drawn, in steps of the history; None: the present.

    held: a hand holds it there. loop: what it goes round in.
    place: what is drawn at a position. mix: (a, b, part) -> what lies between two. fps: the dream's.
    """

    def __init__(
        self,
        history: History,
        fps: float,
        place: Callable[[float], Drawn],
        mix: Callable[[Drawn, Drawn, float], Drawn],
    ):
        self.at: float | None = None
        self.held = False
        self.loop: Loop | None = None
        self._history, self._fps, self._place, self._mix = history, fps, place, mix
        self._gone = 0.0  # of the loop, in steps; above its length on the way back of a ping-pong
        self._pingpong = False
        self._pace = 1.0  # how much faster than at its beginning the loop goes, by the tempo
        self._beats: float | None = None  # what player/loop was when it was last listened to
        self._released: float | None = None  # what player/scrub was when it was let go by other means
        self._from: Drawn | None = None  # what was drawn when a way began
        self._left = self._whole = 0.0  # seconds of that way
        self._wishes: dict[str, float] = {}

    def copy(
        self, history: History, place: Callable[[float], Drawn], mix: Callable[[Drawn, Drawn, float], Drawn]
    ) -> "Playhead":
        """Another at the same place, of another player."""
        other = copy.copy(self)
        other._history, other._place, other._mix, other._wishes = history, place, mix, dict(self._wishes)
        return other

    @property
    def where(self) -> str | None:
        """ "scrub", "loop", or "past" on the way back or forth in it; None: the present."""
        return None if self.at is None else "scrub" if self.held else "loop" if self.loop else "past"

    @property
    def present(self) -> bool:
        """Whether nothing but the present is drawn."""
        return self.at is None and self._from is None

    def wishes(self) -> dict[str, float]:
        """What parameters are to be set to, by address, as they are no longer true. Once."""
        wishes, self._wishes = self._wishes, {}
        return wishes

    def leave(self, values: Snapshot, now: Callable[[], Drawn] | None = None) -> None:
        """Draw the present again. now: what is drawn, to lead over from; None: at once."""
        if now is None:
            self._from = None
        elif self.at is not None:
            self._lead(now, values)
        self.at, self.loop, self.held = None, None, False
        self._beats, self._released = values["player/loop"], values["player/scrub"]
        if self._beats > 0:
            self._wishes["player/loop"] = 0.0
        if self._released < 1:
            self._wishes["player/scrub"] = 1.0

    def steer(self, values: Snapshot, present: float, now: Callable[[], Drawn]) -> None:
        """Do what the hands ask for on this frame. present: the dream's own position. now: what was drawn last."""
        beats, scrub = values["player/loop"], values["player/scrub"]
        if bool(values["player/pingpong"]) != self._pingpong:
            self._pingpong = bool(values["player/pingpong"])
            if self.loop and self.at is not None:
                self._gone = self.at - self.loop.start
        if self._beats is None:  # a dream that has just come in
            self.leave(values)
        elif "player/live" in values.fired:
            self.leave(values, now)
        elif beats != self._beats:
            self._beats = beats
            self._begin(values, present, now) if beats > 0 else self._end(values, now)
        if scrub != self._released:
            self._released = None
        self._scrub(scrub if self._released is None else 1.0, values, present, now)
        if self.loop:
            self._pace = 1.0 if _of(values, "tempo/sync", False) else _of(values, "tempo/bpm", BPM) / self.loop.bpm

    def move(self, steps: float, present: float) -> float:
        """Go on by so many steps, less than 0 backwards; returns those that the dream itself is to go on by."""
        if self.held:
            return 0.0
        if self.loop:
            length = self.loop.length
            around = 2 * length if self._pingpong else length
            self._gone = (self._gone + steps * self._pace) % around
            if min(self._gone, around - self._gone) < NEAR:
                self._gone = 0.0
            self.at = self.loop.start + (self._gone if self._gone <= length else 2 * length - self._gone)
            return 0.0
        if self.at is None and steps >= 0:
            return steps
        at = (present if self.at is None else self.at) + steps
        if at >= present:
            self.at = None
            return at - present
        self.at = max(at, float(self._history.oldest))
        return 0.0

    def fade(self, drawn: Drawn, seconds: float) -> None:
        """Lead over to the present from what was drawn."""
        self._from, self._left, self._whole = drawn, seconds, seconds

    def wait(self, seconds: float) -> None:
        """Go on with the way from one place to another."""
        if self._from is not None:
            self._left -= seconds
            if self._left < NEAR:
                self._from = None

    def drawn(self) -> tuple[Drawn, float] | None:
        """What is to be drawn, and how much of it (0..1) instead of the present; None: the present alone."""
        here = None if self.at is None else self._seamless(self.at)
        if self._from is None:
            return here and (here, 1.0)
        part = min(self._left / self._whole, 1.0)
        return (self._from, part) if here is None else (self._mix(here, self._from, part), 1.0)

    def _begin(self, values: Snapshot, present: float, now: Callable[[], Drawn]) -> None:
        """Go round in the last beats of what was drawn, or in others up to the same end."""
        bpm, speed = _of(values, "tempo/bpm", BPM), values["player/speed"] or 1.0
        here = present if self.at is None else self.at
        end = self.loop.start + self.loop.length if self.loop else here
        start = max(end - self._beats * 60 / bpm * self._fps * abs(speed), float(self._history.oldest))
        length = end - start
        if length < 2 * NEAR:  # nothing was drawn yet
            self._wishes["player/loop"] = 0.0
            return
        seam = min(SEAM * self._fps * abs(speed), length / 4) if values["player/glide"] > 0 else 0.0
        gone = (here - start) % length
        if here == end:  # it turns round there, or begins anew
            gone = length if self._pingpong or speed < 0 else 0.0
        if abs(start + gone - here) > JUMP:
            self._lead(now, values)
        self.loop, self.at, self._gone = Loop(start, length, bpm, seam), start + gone, gone

    def _end(self, values: Snapshot, now: Callable[[], Drawn]) -> None:
        if self.loop:
            self._lead(now, values)
            self.loop, self.at = None, None

    def _scrub(self, scrub: float, values: Snapshot, present: float, now: Callable[[], Drawn]) -> None:
        """Be where the hand holds it; 1: it is let go."""
        if scrub >= 1 and not self.held:
            return
        was = present if self.at is None else self.at
        low, length = self.loop[:2] if self.loop else (float(self._history.oldest), 0.0)
        high = low + length if self.loop else present
        to = low + min(scrub, 1.0) * (high - low)
        if abs(to - was) > JUMP:
            self._lead(now, values, scrub < 1)
        self.held, self.at, self._gone = scrub < 1, to, to - low
        if scrub >= 1 and not self.loop:
            self.at = None

    def _lead(self, now: Callable[[], Drawn], values: Snapshot, by_hand: bool = False) -> None:
        """Lead over from what is drawn now to what will be."""
        glide = values["player/glide"]
        if glide > 0:
            self.fade(now(), glide if by_hand else max(glide, SEAM))

    def _seamless(self, at: float) -> Drawn:
        """What is drawn at a position; towards the end of a loop it becomes what led to its start."""
        loop = self.loop
        if loop and loop.seam and not self._pingpong:
            past = at - (loop.start + loop.length - loop.seam)
            if past > 0:
                before = max(at - loop.length, float(self._history.oldest))
                return self._mix(self._place(at), self._place(before), past / loop.seam)
        return self._place(at)


def _of(values: Snapshot, address: str, default):
    try:
        return values[address]
    except KeyError:
        return default
