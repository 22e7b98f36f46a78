"""The live loop: two threads, one frame between them.

The clock hands a frame to every output at each tick, come what may. The drawer draws the frame for the next tick, and
starts as late as it safely can, so that it sees the newest fader. A frame that is not ready in time is not waited
for: the last one goes out again, counted, and the drawer goes on with the next tick it can still reach. The dream's
time is the frame number over the rate, so lateness skips drawings and never moves the dream.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from livedream.frame import Frame
from livedream.output import Output
from livedream.parameters import Snapshot, Table
from livedream.play.player import Player
from livedream.stage import master

log = logging.getLogger("livedream.stage")

SAFETY = 0.002  # seconds between the drawing's usual end and its tick
REMEMBERED = 240  # drawings, latencies and ticks that the figures are made of
RETRY = 0.2  # seconds after a drawing that failed


class Stage:
    """Plays a dream at `fps` frames a second into `outputs` until it is stopped.

    seen: called with each frame's Snapshot, in the drawer's thread; it must not block (feedback).
    seconds: after so much of the show it stops by itself; None: never.

    The counters below are written by one thread each and may be read by any.
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
        self.last_number = None if seconds is None else max(0, round(seconds * fps) - 1)
        self.state = "loading"  # then playing, held or blackout
        self.number = 0  # of the last frame handed out
        self.late = self.repeated = self.errors = 0
        self.drawing_s: deque[float] = deque(maxlen=REMEMBERED)  # one drawing, the model and what it takes around it
        self.latency_s: deque[float] = deque(maxlen=REMEMBERED)  # from a control's change to the frame that shows it
        self.ticks: deque[tuple[float, bool]] = deque(maxlen=REMEMBERED)  # when frames went out, and were they fresh
        self.stopped = threading.Event()
        self._seen = seen
        self._turn = threading.Condition()
        self._ready: Frame | None = None
        self._begin: float | None = None  # perf_counter of tick 0
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
        number = 0
        while not self.stopped.is_set():
            before, number = number, self._await_turn(number)
            try:
                self._draw(number, number - before)
            except Exception as error:  # the picture goes on, whatever a model does
                self.errors += 1
                log.warning("drawing failed: %s", error or type(error).__name__)
                self.stopped.wait(RETRY)

    def _draw(self, number: int, frames: int) -> None:
        began = time.perf_counter()
        values = self.table.tick(frames * self.period)
        self.player.move(frames, self.fps, values)
        self._seen(values)
        if values["master/hold"] and self.state != "loading":
            self.state = "held"
            return
        pixels = master.apply(self.player.draw(values), values)
        self.drawing_s.append(time.perf_counter() - began)
        self.state = "blackout" if values["master/blackout"] else "playing"
        with self._turn:
            unseen = self._ready.event_at if self._ready is not None else None  # it was never handed out
            self._ready = Frame(pixels, number, True, unseen or values.event_at)
            if self._begin is None:
                self._begin = time.perf_counter()
            self._turn.notify_all()

    def _await_turn(self, before: int) -> int:
        """Sleep until it is time to draw the next frame that can still be in time; returns its number."""
        if self._begin is None:
            return 0
        now = time.perf_counter()
        number = max(before + 1, int((now - self._begin) * self.fps) + 1)
        start = self._begin + number * self.period - min(self._lead(), self.period)
        if start > now:
            self.stopped.wait(start - now)
        return number

    def _lead(self) -> float:
        """How long before its tick a drawing has to start: what nearly all of them took, and a little."""
        if len(self.drawing_s) < 8:
            return self.period
        ordered = sorted(self.drawing_s)
        return ordered[int(0.99 * (len(ordered) - 1))] + SAFETY

    # -- the clock ------------------------------------------------------------------------------------------------

    def _keep_time(self) -> None:
        with self._turn:
            self._turn.wait_for(lambda: self._ready is not None or self.stopped.is_set())
        shown: Frame | None = None
        number = 0
        while not self.stopped.is_set():
            shown = self._hand_out(number, shown)
            if self.last_number is not None and number >= self.last_number:
                self.stopped.set()
                return
            now = time.perf_counter()
            number = max(number + 1, int((now - self._begin) * self.fps))  # a machine that slept goes on from now
            wait = self._begin + number * self.period - now
            if wait > 0:
                time.sleep(wait)

    def _hand_out(self, number: int, shown: Frame | None) -> Frame:
        with self._turn:
            frame, self._ready = self._ready, None
        now = time.perf_counter()
        if frame is None:
            frame = Frame(shown.pixels, number, False)
            self.repeated += 1
            self.late += self.state != "held"
        else:
            frame = Frame(frame.pixels, number, True, frame.event_at)
        for output in self.outputs:
            output.show(frame)
        if frame.event_at is not None:
            self.latency_s.append(now - frame.event_at)
        self.ticks.append((now, frame.fresh))
        self.number = number
        return frame


def percentile(values, share: float) -> float:
    """A percentile in milliseconds of seconds given; 0.0 of none."""
    values = list(values)
    return round(float(np.percentile(values, share)) * 1e3, 3) if values else 0.0
