"""The live loop: two threads, one frame between them.

The clock thread hands a frame to every output at each tick, whatever happens. The drawer thread draws the frame for
the next tick, and starts as late as it safely can, so that it uses the newest fader values. A frame that is not ready
in time is not waited for: the last one goes out again and is counted, and the drawer goes on with the next tick. The
dream's time is the frame number over the rate, so lateness skips drawings and never moves the dream.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Protocol

import numpy as np

from livedream.loop import master, mix
from livedream.loop.deck import REMEMBERED, Deck
from livedream.output import Output
from livedream.parameters import Snapshot, Table
from livedream.picture import Pixels
from livedream.picture.blend import blend
from livedream.picture.frame import Frame, Picture

log = logging.getLogger("livedream.loop")

SAFETY = 0.001  # seconds between the end of the slowest drawing and its tick
MOST_USED = 0.85  # of a period, that drawing with effects that are waited for may take
FIRST = 1.0  # seconds that the first frame waits for effects
MOST_BLENDED = 4  # ticks that blended frames may fill
RETRY = 0.2  # seconds until the next try while nothing could be drawn yet
HUNG = 0.8  # seconds without an answer after which a device is given up
ASLEEP = 2.0  # seconds without a tick after which the machine must have slept: the show goes on where it was
RECENT = 2.0  # seconds over which `fps` in the status is counted


class Composer(Protocol):
    """Makes one picture of the decks' pictures, in the drawer thread.

    Attributes:
        behind: frames by which the last picture came later than it was asked for.
    """

    behind: int

    def __call__(self, decks: Sequence[Deck], values: Snapshot, number: int) -> Pixels | Picture: ...


class Recorder(Protocol):
    """Records a show: sees the decks before a frame moves them, and afterwards what was drawn."""

    def begin(self, decks: Sequence[Deck]) -> None: ...

    def record(self, number: int, frames: int, values: Snapshot, drawn: Sequence[Deck]) -> None: ...


class Stage:
    """Plays one or two decks into the outputs until it is stopped.

    The callables are called in the drawer thread, in this order for each frame, and must not block.

    Args:
        decks: One or two.
        table: Applied once a frame.
        fps: Frames a second.
        outputs: Iterated anew for each frame, so that outputs may come and go.
        begin: Called with the frame's number before changes are applied; returns the bar of the tempo, None without.
        transform: Turns the values set by the performer into those to draw with (presets, modulation, limits); gets
            the frame's number and the seconds since the last frame that was drawn.
        on_frame: Called with the values that the frame is drawn with (feedback).
        compose: Makes one picture of the decks' pictures; mixes them on the host by default.
        recorder: Records the show, where that is wanted.
        seconds: The show stops by itself after this long; None: never.

    Attributes:
        state: "loading", "playing", "held" or "blackout".
        number: Number of the last frame handed out.
        shown: The last frame handed out, None before the first.
        late: Ticks that no drawing was ready for.
        repeated: Ticks that were late, blended or held.
        drawing_s: Seconds that each drawing took, all of it.
        latency_s: Seconds from a control's change to the frame that shows it.
        ticks: When frames went out (perf_counter seconds), and whether they were fresh.
        stopped: Set when the show is over.

    Each counter is written by one thread and may be read by any.
    """

    def __init__(
        self,
        decks: Sequence[Deck],
        table: Table,
        fps: float,
        outputs: Iterable[Output],
        *,
        begin: Callable[[int], int | None] = lambda number: None,
        transform: Callable[[Snapshot, int, float], Snapshot] = lambda values, number, seconds: values,
        on_frame: Callable[[Snapshot], None] = lambda values: None,
        compose: Composer | None = None,
        recorder: Recorder | None = None,
        seconds: float | None = None,
    ):
        self.decks, self.table, self.fps, self.outputs = decks, table, fps, outputs
        for deck in decks:
            deck.waits = False
        self._begin, self._transform, self._on_frame, self._recorder = begin, transform, on_frame, recorder
        self.compose: Composer = compose or mix.HostComposer()
        self.period, self.seconds = 1.0 / fps, seconds
        self.state = "loading"
        self.number = self.late = self.repeated = 0
        self.shown: Frame | None = None
        self.drawing_s: deque[float] = deque(maxlen=REMEMBERED)
        self.latency_s: deque[float] = deque(maxlen=REMEMBERED)
        self.ticks: deque[tuple[float, bool]] = deque(maxlen=REMEMBERED)
        self.stopped = threading.Event()
        self._events: deque[float | None] = deque()  # when changes came that are drawn and not yet handed out
        self._picture: Pixels | Picture | None = None  # the last one drawn, before fade and blackout
        self._layers: dict[str, Pixels] = {}  # drawn with `_picture`
        self._turn = threading.Condition()  # guards the two that follow
        self._ready: list[Frame] = []  # for the coming ticks; more than one only where frames are blended
        self._next = 0, 0.0  # the coming tick: its number, and its time on perf_counter
        self._drawing_since: float | None = None
        self._planned = 0.0  # when the drawing was to begin
        self._composing_s: deque[float] = deque(maxlen=30)
        self._needed_s: deque[float] = deque(maxlen=REMEMBERED)  # from then until its frame was ready
        self._drawer = self._thread("drawer", self._draw_all)
        self._clock = self._thread("clock", self._keep_time)

    @property
    def origin(self) -> float:
        """When frame 0 went out, or would have at this pace, on perf_counter."""
        number, at = self._next
        return at - number * self.period if at else time.perf_counter()

    @property
    def alive(self) -> bool:
        """Whether one of its threads runs."""
        return self._drawer.is_alive() or self._clock.is_alive()

    def start(self) -> None:
        """Begin; the first frame goes out as soon as it is drawn."""
        self._drawer.start()
        self._clock.start()

    def stop(self) -> None:
        """End both threads; at most one drawing and one period later they are gone."""
        self.stopped.set()
        with self._turn:
            self._turn.notify_all()
        for thread in (self._drawer, self._clock):
            thread.join(2.0)

    def status(self) -> dict[str, object]:
        """The loop's fields of `GET /status`; any thread."""
        ticks, now = list(self.ticks), time.perf_counter()
        gaps = [abs(b[0] - a[0] - self.period) for a, b in pairwise(ticks)]
        recent = [fresh for at, fresh in ticks if at > now - RECENT]
        seconds = min(RECENT, max(1e-3, now - ticks[0][0])) if ticks else 1.0
        return {
            "state": self.state,
            "frame": self.number,
            "fps": {
                "target": self.fps,
                "sent": round(len(recent) / seconds, 2),
                "fresh": round(sum(recent) / seconds, 2),
            },
            "ms": {
                "model_p50": percentile(self.drawing_s, 50),
                "model_p99": percentile(self.drawing_s, 99),
                "latency_p50": percentile(self.latency_s, 50),
                "latency_p99": percentile(self.latency_s, 99),
                "interval_p99": percentile(gaps, 99),
            },
            "late": self.late,
            "repeated": self.repeated,
        }

    @staticmethod
    def _thread(name: str, target: Callable[[], None]) -> threading.Thread:
        return threading.Thread(target=target, name=f"stage {name}", daemon=True)

    # -- the drawer thread ----------------------------------------------------------------------------------------

    def _draw_all(self) -> None:
        drawn = number = self._next[0]
        while not self._over():
            try:
                self.draw(number, number - drawn)
            except Exception as error:  # the picture goes on, whatever is wrong here
                log.exception("this is our bug: %s: %s", type(error).__name__, error)
                self.stopped.wait(RETRY)
            drawn, number = number, self._await_turn(number)

    def _over(self) -> bool:
        """Whether the calling thread must end: the show is over, or another thread draws in its place."""
        return self.stopped.is_set() or threading.current_thread() is not self._drawer

    def draw(self, number: int, frames: int) -> Frame | None:
        """Move the dreams on by `frames` and make the frame for tick `number`; returns it, None while there is none.

        If a model fails, and while it is held, the last picture goes on; fade and blackout act all the same.
        """
        drawer = self._drawer
        began = self._drawing_since = time.perf_counter()
        self._change_decks(number)
        if drawer is not self._drawer:  # a device that was left or entered took so long that another goes on
            return None
        values = self._values(number, frames)
        # A lost drawer whose device answers at last touches no deck: another drawer has them by now.
        moved = [deck for deck in self.decks if drawer is self._drawer and deck.move(frames, self.fps, values)]
        drawn = []
        if self._picture is None or not values["master/hold"]:
            wanted = [deck for deck in self._needed(values) if deck in moved]
            wanted = self._in_turn(wanted)
            seconds = self._allowed(began, wanted)
            drawn = [deck for deck in wanted if drawer is self._drawer and deck.draw(number, values, seconds)]
        if drawer is not self._drawer:  # it took so long that another goes on in its place
            return None
        if self._recorder:
            self._recorder.record(number, frames, values, drawn)
        self._drawing_since = None
        before, fresh = self._picture, bool(drawn)
        if fresh:
            composing = time.perf_counter()
            self._picture = self.compose(self.decks, values, number)
            self._composing_s.append(time.perf_counter() - composing)
            self._layers = {deck.prefix + name: each for deck in self.decks for name, each in deck.layers.items()}
            self._events.append(values.event_at)
        if self._picture is None:
            self.stopped.wait(RETRY)
            return None
        if fresh:
            self.drawing_s.append(time.perf_counter() - began)
        self.state = "blackout" if values["master/blackout"] else "held" if values["master/hold"] else "playing"
        with self._turn:
            waiting = next((each.event_at for each in self._ready if each.event_at), None)  # too late, now replaced
            event_at = waiting or (self._event() if fresh else None)
            shown = Frame(self._picture, number, fresh, event_at, master.fade(values), self._layers)
            self._ready = [*self._between(before, shown, frames if values["master/blend"] else 1), shown]
            self._turn.notify_all()
        if fresh:
            self._needed_s.append(time.perf_counter() - (self._planned or began))
        return shown

    def _change_decks(self, number: int) -> None:
        """Begin frame `number`: let decks ask for what they need, and change to the dreams that were loaded."""
        bar = self._begin(number)
        for deck in self.decks:
            deck.write_back(self.table, bar)
            if not self.table.waits(f"{deck.prefix}dream/load"):  # a dream that was loaded comes in on the beat, too
                deck.change(self.table)

    def _values(self, number: int, frames: int) -> Snapshot:
        """Apply what was asked for since the last frame; returns the values that this frame is drawn with."""
        if self._recorder:
            self._recorder.begin(self.decks)
        seconds = frames * self.period
        values = self._transform(self.table.tick(seconds), number, seconds)
        self._on_frame(values)
        return values

    def _between(self, before: Pixels | Picture | None, shown: Frame, ticks: int) -> list[Frame]:
        """Blended frames that lead to `shown` in `ticks` ticks, as many as its drawing has taken.

        Layers are not blended: those of `shown` come with the first of them.
        """
        after = shown.picture
        if not (isinstance(before, np.ndarray) and isinstance(after, np.ndarray)):  # one lies on a graphics card
            return []
        if not shown.fresh or before.shape != after.shape:
            return []
        ticks = min(ticks, MOST_BLENDED)
        blends = [blend(before, after, number / ticks) for number in range(1, ticks)]
        return [Frame(each, shown.number, False, fade=shown.fade, layers=shown.layers) for each in blends]

    def _event(self) -> float | None:
        """When the oldest change arrived that this picture is the first to show: it may be one drawn a frame ago."""
        late = len(self._events) - self.compose.behind
        events = [at for at in (self._events.popleft() for _ in range(late)) if at is not None]
        return min(events, default=None)

    def _needed(self, values: Snapshot) -> list[Deck]:
        """The decks that the mix shows anything of, and those with a layer that an output sends by itself."""
        shown = mix.needed(self.decks, values)
        if len(shown) == len(self.decks):
            return shown
        sent = {each.options.layer.startswith("b/") for each in self.outputs if each.options.layer}
        return [deck for deck in self.decks if deck in shown or bool(deck.prefix) in sent]

    def _in_turn(self, wanted: list[Deck]) -> list[Deck]:
        """The decks to draw now: all, if there is time for it, else the one whose picture is the oldest."""
        if len(wanted) < 2:
            return wanted
        if sum(np.median(deck.drawing_s) for deck in wanted if deck.drawing_s) < self.period - SAFETY:
            return wanted
        return [min(wanted, key=lambda deck: deck.frame)]

    def _allowed(self, began: float, wanted: Sequence[Deck]) -> float | None:
        """How long each of the decks may draw for this frame, in seconds, if effects are waited for: what a period has
        left beside composing and what was done since `began`. The first frame waits, so that it has its effects.
        None: there are no effects.
        """
        if not any(deck.effects.slots for deck in wanted):
            return None
        if self._picture is None:
            return FIRST / len(wanted)
        composing = float(np.median(self._composing_s)) if self._composing_s else 0.0
        return (self.period * MOST_USED - composing - (time.perf_counter() - began)) / len(wanted)

    def _await_turn(self, before: int) -> int:
        """Sleep until it is time to draw for the coming tick; returns its number, `before` when the show is over."""
        if self._picture is None:
            return before
        with self._turn:
            self._turn.wait_for(lambda: self._next[0] > before or self._over())
            number, at = self._next
        if number <= before:
            return before
        now = time.perf_counter()
        self._planned = max(now, at - self._lead())
        time.sleep(self._planned - now)
        return number

    def _lead(self) -> float:
        """How long before its tick a drawing has to start, in seconds, at most a period.

        It is the slowest of those remembered, including its thread's late waking, and a little. A frame that misses
        its tick costs the performer a whole period, and to begin earlier costs a fraction of one.
        """
        if len(self._needed_s) < 8:
            return self.period
        return min(max(self._needed_s) + SAFETY, self.period)

    def _watch(self, now: float) -> None:
        """Give up a drawer thread whose device does not answer: another goes on with the processor."""
        since = self._drawing_since
        if since is None or now - since < HUNG or not any(deck.on_device for deck in self.decks):
            return
        self._drawing_since = None

        def go_on() -> None:
            for deck in self.decks:
                if deck.on_device:
                    deck.fall_back(f"no answer in {HUNG:g} s")
            self._draw_all()

        self._drawer = self._thread("drawer", go_on)
        self._drawer.start()

    # -- the clock thread -----------------------------------------------------------------------------------------

    def _keep_time(self) -> None:
        with self._turn:  # while nothing can be drawn, the show still ends in time
            self._turn.wait_for(lambda: self._ready or self.stopped.is_set(), self.seconds)
            if not self._ready:
                self.stopped.set()
        last = None if self.seconds is None else max(0, round(self.seconds * self.fps) - 1)
        number, at = 0, time.perf_counter()
        while not self.stopped.is_set():
            self.shown = self.hand_out(number, self.shown)
            self._watch(time.perf_counter())
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

    def hand_out(self, number: int, shown: Frame | None) -> Frame:
        """Give every output the frame that is ready, or `shown` once more; returns it."""
        with self._turn:
            frame = self._ready.pop(0) if self._ready else None
        now = time.perf_counter()
        if frame is None:
            assert shown is not None, "the clock begins when a frame is ready"
            self.late += 1
            frame = replace(shown, number=number, fresh=False, event_at=None)
        elif frame.number != number:
            frame = replace(frame, number=number)
        for output in self.outputs:
            output.show(frame)
        if frame.event_at is not None:
            self.latency_s.append(time.perf_counter() - frame.event_at)
        self.repeated += not frame.fresh
        self.ticks.append((now, frame.fresh))
        self.number = number
        return frame


def percentile(seconds: Iterable[float], share: float) -> float:
    """The percentile `share` (0..100) of seconds, in milliseconds; 0.0 of none."""
    values = list(seconds)
    return round(float(np.percentile(values, share)) * 1e3, 3) if values else 0.0
