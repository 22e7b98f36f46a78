"""The tempo: beats, counted from frame numbers, that hands, MIDI clock or Ableton Link set the pace of.

Everything that steers it may call from any thread, and says when a thing happened in time.perf_counter() seconds: when
a packet came, not when a frame is drawn. The drawer calls `move`, `shape` and `see` once a frame.
"""

import math
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from livedream.control import taps
from livedream.control.phase_lock import PhaseLock
from livedream.parameters import PLAYER, Snapshot, Table

BAR = 4  # beats
CLOCKS = 24  # of MIDI, a beat
NORMAL = 120.0  # beats a minute at which tempo/sync leaves the speed as it is
SPEED = PLAYER[0]
SILENCE = 1.0  # seconds after which a MIDI clock is gone; its tempo stays
PATIENCE = 0.5  # seconds that a tempo asked for has to become the one that is followed
_NEAR = 1e-6  # of a beat: a frame that falls on a beat is on it


class Line(NamedTuple):
    """An even beat: which beat it is at some second, and beats a minute."""

    at: float
    beat: float
    bpm: float

    def beat_at(self, at: float) -> float:
        return self.beat + (at - self.at) * self.bpm / 60


class Tempo:
    """Goes by the `tempo/…` values of a table; has changes in it wait for the beat.

    beat: since the last resync, at the frame being drawn. bpm. bar: of BAR beats, from 0. source: "internal", "midi"
    or "link", as chosen; following: whether a clock from there is heard.
    on_beat: called by the drawer with each whole beat.

    `off_beat` says whether quantized changes wait: whoever makes the tempo gives it to the table.
    """

    def __init__(self, table: Table, on_beat: Callable[[int], None] = lambda beat: None):
        self.beat, self.source, self.following, self.on_beat = 0.0, "internal", False, on_beat
        self._table = table
        self._lock = threading.Lock()  # guards all that follows
        self._seconds, self._origin = 0.0, 0.0  # of the show at the frame being drawn; perf_counter at its beginning
        self._line = Line(0.0, 0.0, float(table.target("tempo/bpm")))  # in seconds of the show
        self._offset = 0.0  # of the line's beats: resync and nudge
        self._taps: tuple[float, ...] = ()
        self._pulses, self._count, self._stopped_at = PhaseLock(), 0, 0  # of MIDI clock
        self._started = self._begins = False  # it ever said where it begins; the next pulse does
        self._heard: dict[str, Line] = {}  # by source, in perf_counter seconds
        self._followed: str | None = None  # whose line it is
        self._wish: float | None = None  # a tempo for Link's other peers
        self._asked = -PATIENCE  # when a hand last asked for a tempo, in seconds of the show
        self._jumped = True  # the next frame is on the beat, whatever was before
        self._whole = 0  # beats at the last frame
        self._quantize, self._on_beat, self._on_bar = "off", True, True

    @property
    def bpm(self) -> float:
        return self._line.bpm

    @property
    def bar(self) -> int:
        return math.floor((self.beat + _NEAR) / BAR)

    # -- whatever sets the pace, any thread -----------------------------------------------------------------------

    def tap(self, at: float) -> None:
        """A hand beats time; from the fourth tap on it sets the tempo, and the taps lie on beats."""
        with self._lock:
            self._taps = taps.series(self._taps, at)
            found = taps.beat(self._taps)
            if found is None or self._followed == "midi":
                return
            bpm = _within(60 / found[0])
            if self._followed == "link":
                self._wish, self._asked = bpm, self._seconds
            else:
                on = found[1] - self._origin
                beat = round(self._line.beat_at(on) - self._offset) + self._offset
                self._line = Line(on, beat, bpm)
                self._stand()
        self._table.set("tempo/bpm", [round(bpm, 2)], self, repeats=True)

    def resync(self, at: float) -> None:
        """This is beat 0, the first of a bar."""
        with self._lock:
            self._offset = self._line.beat_at(at - self._origin)
            self._jumped = True
            self._stand()

    def nudge(self, beats: float) -> None:
        """So much further on, or back, from now on."""
        with self._lock:
            self._offset -= beats
            self._stand()

    def clock(self, at: float) -> None:
        """A MIDI clock message came: 24 of them make a beat."""
        with self._lock:
            pulses = self._pulses
            pulses.pulse(at)
            self._count += 1
            if self._begins:
                self._begins = False
                if self._followed == "midi":
                    self._offset, self._jumped = 0.0, True
            if pulses.locked:
                bpm = 60 / CLOCKS / pulses.period
            elif self._started or "midi" in self._heard:  # the beat is known, the tempo not yet
                bpm = self._heard["midi"].bpm if "midi" in self._heard else self._line.bpm
            else:
                return
            self._heard["midi"] = Line(pulses.at, (self._count - 1) / CLOCKS, bpm)

    def midi_start(self) -> None:
        """MIDI start: the next clock message is beat 0."""
        self._go_on_at(0)

    def midi_stop(self) -> None:
        """MIDI stop. The beat goes on, for so does the picture."""
        with self._lock:
            self._stopped_at = self._count

    def resume(self) -> None:
        """MIDI continue: the next clock message is the one after those before the stop."""
        self._go_on_at(self._stopped_at)

    def position(self, sixteenths: int) -> None:
        """MIDI song position: where `resume` goes on, in sixteenths from the song's beginning."""
        with self._lock:
            self._stopped_at = sixteenths * CLOCKS // 4

    def follow(self, bpm: float, beat: float, at: float) -> None:
        """What Ableton Link says: at `at` it is `beat`, going on at `bpm`."""
        with self._lock:
            self._heard["link"] = Line(at, beat, bpm)

    def alone(self) -> None:
        """Link is not there any more."""
        with self._lock:
            self._heard.pop("link", None)

    def wish(self) -> float | None:
        """A tempo that a hand has asked for since, which the other Link peers are to take; None: none."""
        with self._lock:
            wish, self._wish = self._wish, None
            return wish

    def _go_on_at(self, count: int) -> None:
        with self._lock:
            self._count, self._started, self._begins = count, True, True

    # -- the drawer -----------------------------------------------------------------------------------------------

    def move(self, seconds: float, origin: float = 0.0) -> None:
        """Go on to the frame that is to be drawn, before its changes are applied.

        seconds: of the show: its frame number over the rate. origin: when the show began, as perf_counter has it.
        """
        with self._lock:
            self._seconds, self._origin = seconds, origin
            if "midi" in self._heard and seconds + origin - self._pulses.came > SILENCE:
                del self._heard["midi"]
                self._started = self._begins
            before, heard = self.beat, self._heard.get(self.source)
            followed = self.source if heard else None
            if heard:
                line = heard._replace(at=heard.at - origin)
                if followed != self._followed:
                    self._join(line)
                self._line = line
            self._followed, self.following = followed, heard is not None
            self._stand()
            whole = math.floor(self.beat + _NEAR)
            jumped = self._jumped or abs(self.beat - before) > BAR
            self._on_beat = jumped or whole > self._whole
            self._on_bar = jumped or whole // BAR > self._whole // BAR
            self._whole, self._jumped = whole, False
        if self._on_beat:
            self.on_beat(whole)

    def off_beat(self) -> bool:
        """Whether quantized changes have to wait on this frame."""
        if self._quantize == "off":
            return False
        return not (self._on_beat if self._quantize == "beat" else self._on_bar)

    def transform(self, values: Snapshot, number: int = 0, seconds: float = 0.0) -> Snapshot:
        """The values to draw with: speeds go with the tempo if they are to."""
        part = self.bpm / NORMAL
        if not values["tempo/sync"] or part == 1:
            return values
        speeds = [each for each in ("player/speed", "b/player/speed") if each in values]
        return values.changed({each: min(max(values[each] * part, SPEED.low), SPEED.high) for each in speeds})

    def on_frame(self, values: Snapshot) -> None:
        """Do what hands have asked for."""
        choices = self._table.parameters
        self._quantize = choices["tempo/quantize"].choices[values["tempo/quantize"]]
        self.source = choices["tempo/source"].choices[values["tempo/source"]]
        for address, value in values.changes:
            if address == "tempo/tap":
                self.tap(values.at[address])
            elif address == "tempo/resync":
                self.resync(values.at[address])
            elif address == "tempo/nudge":
                self.nudge(value)
            elif address == "tempo/bpm" and values.senders[address] is not self:
                self._pace(value)
        if self.following and self._seconds >= self._asked + PATIENCE:
            self._tell_the_table(values["tempo/bpm"])

    def beat_at(self, at: float) -> float:
        """Which beat it is at some perf_counter second."""
        with self._lock:
            return self._line.beat_at(at - self._origin) - self._offset

    def status(self) -> dict[str, object]:
        """Its part of `tempo` in `GET /status`; any thread."""
        beat = self.beat_at(time.perf_counter())
        tempo = {"bpm": round(self.bpm, 2), "beat": round(beat, 3), "source": self.source, "following": self.following}
        return {"tempo": tempo}

    def _pace(self, bpm: float) -> None:
        with self._lock:
            self._asked = self._seconds
            if self._followed == "link":
                self._wish = bpm
            elif self._followed is None:
                self._line = Line(self._seconds, self._line.beat_at(self._seconds), bpm)

    def _stand(self) -> None:
        self.beat = self._line.beat_at(self._seconds) - self._offset

    def _join(self, line: Line) -> None:
        """Take another's line. A MIDI clock that never said where it began has no beat to give but its pulses."""
        ours, self._offset = self._line.beat_at(self._seconds) - self._offset, 0.0
        if self.source == "midi" and not self._started:
            self._offset = round((line.beat_at(self._seconds) - ours) * CLOCKS) / CLOCKS

    def _tell_the_table(self, told: float) -> None:
        """The tempo that is followed is everybody's to see; the little unrest that a MIDI clock leaves is not."""
        near, digits = (0.15, 1) if self._followed == "midi" else (0.005, 2)
        if abs(_within(self.bpm) - told) > near:
            self._table.set("tempo/bpm", [round(_within(self.bpm), digits)], self, repeats=True)


def _within(bpm: float) -> float:
    return min(max(bpm, 20.0), 300.0)
