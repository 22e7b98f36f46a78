"""The tempo: beats counted from frame numbers, at a rate set by the performer, by MIDI clock or by Ableton Link.

Everything that sets it may be called from any thread, with the time of the event in time.perf_counter() seconds: when
a packet came, not when a frame is drawn. The loop calls `move`, `transform` and `on_frame` once a frame.
"""

import math
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from livedream.control import taps
from livedream.control.phase_lock import PhaseLock
from livedream.parameters import DECKS, TEMPO, Snapshot, Table

BAR = 4  # beats
CLOCKS = 24  # MIDI clock messages per beat
NORMAL = 120.0  # beats per minute at which tempo/sync leaves the speed unchanged
SILENCE = 1.0  # seconds without a message after which a MIDI clock is gone; its tempo stays
PATIENCE = 0.5  # seconds that a requested tempo has to become the one of the clock that is followed
_NEAR = 1e-6  # beats: a frame that falls on a beat is on it
_BPM = TEMPO[0]


class Line(NamedTuple):
    """A steady beat: the beat at some second, and beats per minute."""

    at: float
    beat: float
    bpm: float

    def beat_at(self, at: float) -> float:
        return self.beat + (at - self.at) * self.bpm / 60


class Tempo:
    """Follows the `tempo/…` parameters of a table.

    Args:
        table: of the show. Whoever makes the tempo gives its `off_beat` to the table.
        on_beat: called by the loop with each whole beat.

    Attributes:
        beat: beats since the last resync, at the frame being drawn.
        source: "internal", "midi" or "link", as chosen.
        following: whether a clock from that source is there.
        start_stop: what the clock's start and stop do: "off", "freeze" or "resync".
    """

    def __init__(self, table: Table, on_beat: Callable[[int], None] = lambda beat: None):
        self.beat, self.source, self.following, self.on_beat = 0.0, "internal", False, on_beat
        self.start_stop = "off"
        self._table = table
        self._lock = threading.Lock()  # guards everything below
        self._seconds, self._origin = 0.0, 0.0  # time of the show at the frame being drawn; perf_counter at its start
        self._line = Line(0.0, 0.0, float(table.target("tempo/bpm")))  # in seconds of the show
        self._offset = 0.0  # beats to subtract from the line's, for resync and nudge
        self._taps: tuple[float, ...] = ()
        self._pulses, self._count, self._stopped_at = PhaseLock(), 0, 0  # MIDI clock
        self._started = self._begins = False  # MIDI clock: a start was received; the next pulse is the first
        self._clocks: dict[str, Line] = {}  # by source, in perf_counter seconds
        self._followed: str | None = None  # source of the line
        self._transport: tuple[bool, float] | None = None  # whether the clock has started or stopped, and when
        self._request: float | None = None  # a tempo for the other Link peers
        self._requested_at = -PATIENCE  # when a tempo was last requested, in seconds of the show
        self._jumped = True  # the next frame is on the beat, whatever the last one was
        self._whole = 0  # whole beats at the last frame
        self._quantize, self._on_beat, self._on_bar = "off", True, True

    @property
    def bpm(self) -> float:
        """Beats per minute."""
        return self._line.bpm

    @property
    def bar(self) -> int:
        """The bar of BAR beats, from 0."""
        return math.floor((self.beat + _NEAR) / BAR)

    # -- setting the tempo, from any thread ----------------------------------------------------------------------------

    def tap(self, at: float) -> None:
        """Tap the tempo; from the fourth tap on it is set, and the taps lie on beats."""
        with self._lock:
            self._taps = taps.series(self._taps, at)
            found = taps.beat(self._taps)
            if found is None or self._followed == "midi":
                return
            bpm = _within(60 / found[0])
            if self._followed == "link":
                self._request, self._requested_at = bpm, self._seconds
            else:
                on = found[1] - self._origin
                beat = round(self._line.beat_at(on) - self._offset) + self._offset
                self._line = Line(on, beat, bpm)
                self._update_beat()
        self._table.set("tempo/bpm", [round(bpm, 2)], self, repeats=True)

    def resync(self, at: float) -> None:
        """Make this the downbeat: beat 0, the first of a bar."""
        with self._lock:
            self._offset = self._line.beat_at(at - self._origin)
            self._jumped = True
            self._update_beat()

    def nudge(self, beats: float) -> None:
        """Shift the beat."""
        with self._lock:
            self._offset -= beats
            self._update_beat()

    def clock(self, at: float) -> None:
        """Take a MIDI clock message; CLOCKS of them make a beat."""
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
            elif self._started or "midi" in self._clocks:  # the beat is known, the tempo not yet
                bpm = self._clocks["midi"].bpm if "midi" in self._clocks else self._line.bpm
            else:
                return
            self._clocks["midi"] = Line(pulses.at, (self._count - 1) / CLOCKS, bpm)

    def midi_start(self) -> None:
        """Take a MIDI start: the next clock message is beat 0."""
        self._continue_at(0)
        self.transport("midi", True)

    def midi_stop(self) -> None:
        """Take a MIDI stop. The beat goes on, because the picture does, unless tempo/start_stop says otherwise."""
        with self._lock:
            self._stopped_at = self._count
        self.transport("midi", False)

    def resume(self) -> None:
        """Take a MIDI continue: the next clock message is the one after those before the stop."""
        self._continue_at(self._stopped_at)
        self.transport("midi", True)

    def transport(self, source: str, playing: bool, at: float = -math.inf) -> None:
        """Take the start or stop of a clock: "midi", which says itself where its beat 0 is, or "link", at `at`."""
        with self._lock:
            if source == self.source:  # whether it acts is decided with the frame, which may choose that just now
                self._transport = playing, at

    def position(self, sixteenths: int) -> None:
        """Take a MIDI song position: where `resume` continues, in sixteenths from the start of the song."""
        with self._lock:
            self._stopped_at = sixteenths * CLOCKS // 4

    def follow(self, bpm: float, beat: float, at: float) -> None:
        """Take Ableton Link's beat at `at`, and its tempo."""
        with self._lock:
            self._clocks["link"] = Line(at, beat, bpm)

    def leave_link(self) -> None:
        """Forget Ableton Link's beat: the session was left."""
        with self._lock:
            self._clocks.pop("link", None)

    def take_request(self) -> float | None:
        """Return the tempo that was requested here since the last call, for the other Link peers; None: none."""
        with self._lock:
            request, self._request = self._request, None
            return request

    def _continue_at(self, count: int) -> None:
        with self._lock:
            self._count, self._started, self._begins = count, True, True

    # -- the loop ------------------------------------------------------------------------------------------------------

    def move(self, seconds: float, origin: float = 0.0) -> None:
        """Move on to the frame that is to be drawn, before its changes are applied.

        Args:
            seconds: time of the show: the frame number over the rate.
            origin: time.perf_counter() seconds at the start of the show.
        """
        with self._lock:
            self._seconds, self._origin = seconds, origin
            if "midi" in self._clocks and seconds + origin - self._pulses.came > SILENCE:
                del self._clocks["midi"]
                self._started = self._begins
            before, clock = self.beat, self._clocks.get(self.source)
            followed = self.source if clock else None
            if clock:
                line = clock._replace(at=clock.at - origin)
                if followed != self._followed:
                    self._join(line)
                self._line = line
            self._followed, self.following = followed, clock is not None
            self._update_beat()
            whole = math.floor(self.beat + _NEAR)
            jumped = self._jumped or abs(self.beat - before) > BAR
            self._on_beat = jumped or whole > self._whole
            self._on_bar = jumped or whole // BAR > self._whole // BAR
            self._whole, self._jumped = whole, False
        if self._on_beat:
            self.on_beat(whole)

    def off_beat(self) -> bool:
        """Return whether quantized changes have to wait on this frame."""
        if self._quantize == "off":
            return False
        return not (self._on_beat if self._quantize == "beat" else self._on_bar)

    def transform(self, values: Snapshot, number: int = 0, seconds: float = 0.0) -> Snapshot:
        """Return the values to draw with: playback speeds follow the tempo while tempo/sync is on."""
        part = self.bpm / NORMAL
        if not values["tempo/sync"] or part == 1:
            return values
        speeds = [address for deck in DECKS if (address := f"{deck}player/speed") in values]
        return values.changed({each: self._table.parameters[each].within(values[each] * part) for each in speeds})

    def on_frame(self, values: Snapshot) -> None:
        """Act on the changes of this frame."""
        choices = self._table.parameters
        self._quantize = choices["tempo/quantize"].choices[values["tempo/quantize"]]
        self.source = choices["tempo/source"].choices[values["tempo/source"]]
        self.start_stop = choices["tempo/start_stop"].choices[values["tempo/start_stop"]]
        self._act_on_transport(values)
        for address, value in values.changes:
            if address == "tempo/tap":
                self.tap(values.at[address])
            elif address == "tempo/resync":
                self.resync(values.at[address])
            elif address == "tempo/nudge":
                self.nudge(value)
            elif address == "tempo/bpm" and values.senders[address] is not self:
                self._set_bpm(value)
        if self.following and self._seconds >= self._requested_at + PATIENCE:
            self._show_bpm(values["tempo/bpm"])

    def beat_at(self, at: float) -> float:
        """Return the beat at some perf_counter second."""
        with self._lock:
            return self._line.beat_at(at - self._origin) - self._offset

    def status(self) -> dict[str, object]:
        """Return its part of `tempo` in `GET /status`; any thread."""
        beat = self.beat_at(time.perf_counter())
        tempo = {"bpm": round(self.bpm, 2), "beat": round(beat, 3), "source": self.source, "following": self.following}
        return {"tempo": tempo}

    def _act_on_transport(self, values: Snapshot) -> None:
        """Freeze the decks or let them go on, where the clock has stopped or started; a start is a downbeat."""
        with self._lock:
            transport, self._transport = self._transport, None
        if transport is None or self.start_stop == "off":
            return
        playing, at = transport
        if playing and at > -math.inf:
            self.resync(at)
        if self.start_stop == "freeze":
            for freeze in (address for deck in DECKS if (address := f"{deck}player/freeze") in values):
                self._table.set(freeze, [not playing], self, repeats=True)

    def _set_bpm(self, bpm: float) -> None:
        with self._lock:
            self._requested_at = self._seconds
            if self._followed == "link":
                self._request = bpm
            elif self._followed is None:
                self._line = Line(self._seconds, self._line.beat_at(self._seconds), bpm)

    def _update_beat(self) -> None:
        self.beat = self._line.beat_at(self._seconds) - self._offset

    def _join(self, line: Line) -> None:
        """Take over a clock's line. A MIDI clock without a start gives no beat, only pulses."""
        ours, self._offset = self._line.beat_at(self._seconds) - self._offset, 0.0
        if self.source == "midi" and not self._started:
            self._offset = round((line.beat_at(self._seconds) - ours) * CLOCKS) / CLOCKS

    def _show_bpm(self, shown: float) -> None:
        """Set tempo/bpm to the tempo that is followed, without the jitter of a MIDI clock."""
        near, digits = (0.15, 1) if self._followed == "midi" else (0.005, 2)
        if abs(_within(self.bpm) - shown) > near:
            self._table.set("tempo/bpm", [round(_within(self.bpm), digits)], self, repeats=True)


def _within(bpm: float) -> float:
    return min(max(bpm, _BPM.low), _BPM.high)
