"""The live loop: two threads, one frame between them.

The clock hands a frame to every output at each tick, come what may. The drawer draws the frame for the next tick, and
starts as late as it safely can, so that it sees the newest fader. A frame that is not ready in time is not waited
for: the last one goes out again, counted, and the drawer goes on with the next tick. The dream's time is the frame
number over the rate, so lateness skips drawings and never moves the dream.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from livedream.frame import Frame
from livedream.output import Output
from livedream.parameters import Snapshot, Table
from livedream.play.player import Player
from livedream.stage import master

log = logging.getLogger("livedream.stage")

SAFETY = 0.002  # seconds between the drawing's usual end and its tick
REMEMBERED = 240  # drawings, latencies and ticks that the figures are made of
RETRY = 0.2  # seconds to the next try while nothing could be drawn yet
PATIENCE = 0.5  # seconds of steps for one drawing; a dream that needs more goes slower rather than not at all
ASLEEP = 2.0  # seconds without a tick after which the machine must have slept: the show goes on where it was


class Stage:
    """Plays a dream at `fps` frames a second into `outputs` until it is stopped.

    seen: called with each frame's Snapshot, in the drawer's thread; it must not block (feedback).
    seconds: after so much of the show it stops by itself; None: never.

    The counters below are written by one thread each and may be read by any.
    late: ticks that no drawing was ready for. repeated: these, and what was held. errors: drawings that failed;
    error: how the last one did, None once one has succeeded.
    """

    def __init__(
        self,
        player: Player,
        table: Table,
        fps: float,
        outputs: Sequence[Output],
        seen: Callable[[Snapshot], None] = lambda values: None,
        seconds: float | None = None,
    ):
        self.player, self.table, self.fps, self.outputs = player, table, fps, outputs
        self.period = 1.0 / fps
        self.seconds = seconds
        self.state = "loading"  # then playing, held or blackout
        self.number = 0  # of the last frame handed out
        self.late = self.repeated = self.errors = 0
        self.error: str | None = None
        self.drawing_s: deque[float] = deque(maxlen=REMEMBERED)  # one drawing, the model and what it takes around it
        self.latency_s: deque[float] = deque(maxlen=REMEMBERED)  # from a control's change to the frame that shows it
        self.ticks: deque[tuple[float, bool]] = deque(maxlen=REMEMBERED)  # when frames went out, and were they fresh
        self.stopped = threading.Event()
        self._seen = seen
        self._picture: np.ndarray | None = None  # the last one drawn, before fade and blackout
        self._turn = threading.Condition()  # guards the two that follow
        self._ready: Frame | None = None
        self._next = 0, 0.0  # the coming tick: its number, and its time on perf_counter
        self._threads = [
            threading.Thread(target=target, name=f"stage {name}", daemon=True)
            for name, target in (("drawer", self._draw_all), ("clock", self._keep_time))
        ]

    def start(self) -> None:
        """Begin; the first frame goes out as soon as it is drawn."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End both threads; at most one drawing and one period later they are gone."""
        self.stopped.set()
        with self._turn:
            self._turn.notify_all()
        for thread in self._threads:
            thread.join(2.0)

    # -- the drawer -----------------------------------------------------------------------------------------------

    def _draw_all(self) -> None:
        drawn = number = 0
        while not self.stopped.is_set():
            self._draw(number, number - drawn)
            drawn, number = number, self._await_turn(number)

    def _draw(self, number: int, frames: int) -> None:
        """Move the dream on by `frames` and make the frame for tick `number`.

        If the model fails, and while it is held, the last picture goes on; fade and blackout act all the same.
        """
        began = time.perf_counter()
        values = self.table.tick(frames * self.period)
        fresh = False
        try:
            self._seen(values)
            self.player.move(frames, self.fps, values, lambda: time.perf_counter() > began + PATIENCE)
            if self._picture is None or not values["master/hold"]:
                self._picture, fresh = self.player.draw(values), True
                self.error = None
        except Exception as error:  # the picture goes on, whatever a model does
            self._fail(error)
        if self._picture is None:
            self.stopped.wait(RETRY)
            return
        pixels = master.apply(self._picture, values)
        if fresh:
            self.drawing_s.append(time.perf_counter() - began)
        self.state = "blackout" if values["master/blackout"] else "held" if values["master/hold"] else "playing"
        with self._turn:
            waiting = self._ready.event_at if self._ready is not None else None  # came too late, and is now replaced
            event_at = waiting or (values.event_at if fresh else None)
            self._ready = Frame(pixels, number, fresh, event_at)
            self._turn.notify_all()

    def _fail(self, error: Exception) -> None:
        text = " ".join(str(error).split())[:300] or type(error).__name__
        self.errors += 1
        if text != self.error:
            log.warning("drawing failed: %s", text)
        self.error = text

    def _await_turn(self, before: int) -> int:
        """Sleep until it is time to draw for the coming tick; returns its number, `before` when it is all over."""
        if self._picture is None:
            return before
        with self._turn:
            self._turn.wait_for(lambda: self._next[0] > before or self.stopped.is_set())
            number, at = self._next
        if number <= before:
            return before
        time.sleep(max(0.0, at - min(self._lead(), self.period) - time.perf_counter()))
        return number

    def _lead(self) -> float:
        """How long before its tick a drawing has to start: what nearly all of them took, and a little."""
        if len(self.drawing_s) < 8:
            return self.period
        ordered = sorted(self.drawing_s)
        return ordered[int(0.99 * (len(ordered) - 1))] + SAFETY

    # -- the clock ------------------------------------------------------------------------------------------------

    def _keep_time(self) -> None:
        with self._turn:  # while nothing can be drawn, the show still ends in time
            self._turn.wait_for(lambda: self._ready is not None or self.stopped.is_set(), self.seconds)
            if self._ready is None:
                self.stopped.set()
        last = None if self.seconds is None else max(0, round(self.seconds * self.fps) - 1)
        number, at, shown = 0, time.perf_counter(), None
        while not self.stopped.is_set():
            shown = self._hand_out(number, shown)
            if last is not None and number >= last:
                self.stopped.set()
            missed = max(0, int((time.perf_counter() - at) * self.fps))
            if missed > ASLEEP * self.fps:
                at, missed = time.perf_counter(), 0
            number, at = number + 1 + missed, at + (1 + missed) * self.period
            with self._turn:
                self._next = number, at
                self._turn.notify_all()
            time.sleep(max(0.0, at - time.perf_counter()))

    def _hand_out(self, number: int, shown: Frame | None) -> Frame:
        with self._turn:
            frame, self._ready = self._ready, None
        now = time.perf_counter()
        if frame is None:
            self.late += 1
            frame = Frame(shown.pixels, number, False)
        else:
            frame = replace(frame, number=number)
        for output in self.outputs:
            output.show(frame)
        if frame.event_at is not None:
            self.latency_s.append(time.perf_counter() - frame.event_at)
        self.repeated += not frame.fresh
        self.ticks.append((now, frame.fresh))
        self.number = number
        return frame


def percentile(values, share: float) -> float:
    """A percentile in milliseconds of seconds given; 0.0 of none."""
    values = list(values)
    return round(float(np.percentile(values, share)) * 1e3, 3) if values else 0.0
