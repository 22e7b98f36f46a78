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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from livedream.loop import master, mix
from livedream.loop.deck import REMEMBERED, Deck
from livedream.output import Output
from livedream.parameters import Snapshot, Table
from livedream.picture.blend import blend
from livedream.picture.frame import Frame, Picture

log = logging.getLogger("livedream.loop")

SAFETY = 0.001  # seconds between the end of the slowest drawing and its tick
MOST_BLENDED = 4  # ticks that blended frames may fill
RETRY = 0.2  # seconds to the next try while nothing could be drawn yet
HUNG = 0.8  # seconds without an answer after which a device is given up
ASLEEP = 2.0  # seconds without a tick after which the machine must have slept: the show goes on where it was


class Recorder(Protocol):
    """What keeps a show: told of the decks before a frame moves them, and after it of what was drawn."""

    def begin(self, decks: Sequence[Deck]) -> None: ...

    def on_frame(self, number: int, frames: int, values: Snapshot, drawn: Sequence[Deck]) -> None: ...


class Stage:
    """Plays one deck or two at `fps` frames a second into `outputs`, those there are at the time, until it is stopped.

    compose: makes one picture of the decks'; if that comes frames later than asked for, its `behind` says how many.
    seen: called with each frame's Snapshot, in the drawer's thread; it must not block (feedback).
    shape: makes of the values that hands have set those to draw with (modulation, limits): the frame's number, and the
        seconds since the last one was drawn.
    begin: called in the drawer with each frame's number, before what hands have asked for is applied (tempo).
    seconds: after so much of the show it stops by itself; None: never.
    shows: keeps what is played, where that is asked for; the drawer tells it before and after it moves the dreams.

    The counters below are written by one thread each and may be read by any.
    late: ticks that no drawing was ready for. repeated: these, what was blended, and what was held.
    """

    def __init__(
        self,
        decks: Sequence[Deck],
        table: Table,
        fps: float,
        outputs: Iterable[Output],
        seen: Callable[[Snapshot], None] = lambda values: None,
        seconds: float | None = None,
        compose: Callable[[Sequence[Deck], Snapshot, int], np.ndarray | Picture] = mix.mixed,
        shows: Recorder | None = None,
        shape: Callable[[Snapshot, int, float], Snapshot] = lambda values, number, seconds: values,
        begin: Callable[[int], None] = lambda number: None,
    ):
        self.compose = compose
        self._events: deque[float | None] = deque()  # of what was drawn and not yet seen
        self.decks, self.table, self.fps, self.outputs = decks, table, fps, outputs
        self.period = 1.0 / fps
        self.seconds = seconds
        self.state = "loading"  # then playing, held or blackout
        self.number = 0  # of the last frame handed out
        self.shown: Frame | None = None  # that frame
        self.late = self.repeated = 0
        self.drawing_s: deque[float] = deque(maxlen=REMEMBERED)  # one drawing, the models and what it takes around them
        self.latency_s: deque[float] = deque(maxlen=REMEMBERED)  # from a control's change to the frame that shows it
        self.ticks: deque[tuple[float, bool]] = deque(maxlen=REMEMBERED)  # when frames went out, and were they fresh
        self.stopped = threading.Event()
        self._begin, self._seen, self._shows, self._shape = begin, seen, shows, shape
        self._picture: np.ndarray | Picture | None = None  # the last one drawn, before fade and blackout
        self._layers: dict[str, np.ndarray] = {}  # of the decks then
        self._turn = threading.Condition()  # guards the two that follow
        self._ready: list[Frame] = []  # for the coming ticks; more than one only where frames are blended
        self._next = 0, 0.0  # the coming tick: its number, and its time on perf_counter
        self._drawing_since: float | None = None
        self._planned = 0.0  # when the drawing was to begin
        self._needed_s: deque[float] = deque(maxlen=REMEMBERED)  # from then until its frame was ready
        self._drawer = self._thread("drawer", self._draw_all)
        self._clock = self._thread("clock", self._keep_time)

    @property
    def origin(self) -> float:
        """When frame 0 went out, or would have at this pace, on perf_counter."""
        number, at = self._next
        return at - number * self.period if at else time.perf_counter()

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

    @staticmethod
    def _thread(name: str, target: Callable[[], None]) -> threading.Thread:
        return threading.Thread(target=target, name=f"stage {name}", daemon=True)

    # -- the drawer -----------------------------------------------------------------------------------------------

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
        """Whether the thread that asks is to end: the show is over, or another draws in its place."""
        return self.stopped.is_set() or threading.current_thread() is not self._drawer

    def draw(self, number: int, frames: int) -> None:
        """Move the dreams on by `frames` and make the frame for tick `number`.

        If a model fails, and while it is held, the last picture goes on; fade and blackout act all the same.
        """
        drawer = self._drawer
        began = self._drawing_since = time.perf_counter()
        self._begin(number)
        for deck in self.decks:
            deck.tell(self.table)
            if not self.table.hold(f"{deck.prefix}dream"):  # one that is made ready comes in on the beat, too
                deck.change(self.table)
        if self._shows:
            self._shows.begin(self.decks)
        values = self._shape(self.table.tick(frames * self.period), number, frames * self.period)
        self._seen(values)
        moved = [deck for deck in self.decks if deck.move(frames, self.fps, values)]
        drawn = []
        if self._picture is None or not values["master/hold"]:
            wanted = [deck for deck in self._needed(values) if deck in moved]
            drawn = [deck for deck in self._in_turn(wanted) if deck.draw(number, values)]
        if drawer is not self._drawer:  # it took so long that another goes on in its place
            return
        fresh = bool(drawn)
        if self._shows:
            self._shows.on_frame(number, frames, values, drawn)
        self._drawing_since = None
        before = self._picture
        if fresh:
            self._picture = self.compose(self.decks, values, number)
            self._layers = {deck.prefix + name: each for deck in self.decks for name, each in deck.layers.items()}
            self._events.append(values.event_at)
        if self._picture is None:
            self.stopped.wait(RETRY)
            return
        if fresh:
            self.drawing_s.append(time.perf_counter() - began)
        self.state = "blackout" if values["master/blackout"] else "held" if values["master/hold"] else "playing"
        with self._turn:
            waiting = next((each.event_at for each in self._ready if each.event_at), None)  # too late, and now replaced
            event_at = waiting or (self._event() if fresh else None)
            shown = Frame(self._picture, number, fresh, event_at, master.fade(values), self._layers)
            self._ready = [*self._between(before, shown, frames if values["master/blend"] else 1), shown]
            self._turn.notify_all()
        if fresh:
            self._needed_s.append(time.perf_counter() - (self._planned or began))

    def _between(self, before: np.ndarray | Picture | None, shown: Frame, ticks: int) -> list[Frame]:
        """Blended frames that lead to `shown` in `ticks` ticks, as many as its drawing has taken. Its layers, which
        nobody blends, come with the first of them.
        """
        alike = isinstance(before, np.ndarray) and np.shape(before) == np.shape(shown.picture)
        if not shown.fresh or not alike:
            return []
        ticks = min(ticks, MOST_BLENDED)
        parts = [number / ticks for number in range(1, ticks)]
        blends = [blend(before, shown.picture, part) for part in parts]
        return [Frame(each, shown.number, False, fade=shown.fade, layers=shown.layers) for each in blends]

    def _event(self) -> float | None:
        """When the oldest change arrived that this picture is the first to show: it may be one drawn a frame ago."""
        late = len(self._events) - getattr(self.compose, "behind", 0)
        events = [at for at in (self._events.popleft() for _ in range(late)) if at is not None]
        return min(events, default=None)

    def _needed(self, values: Snapshot) -> list[Deck]:
        """The decks that the mix shows anything of, and those that a layer is sent of by itself."""
        shown = mix.needed(self.decks, values)
        if len(shown) == len(self.decks):
            return shown
        sent = {each.options.layer.startswith("b/") for each in self.outputs if each.options.layer}
        return [deck for deck in self.decks if deck in shown or bool(deck.prefix) in sent]

    def _in_turn(self, wanted: list[Deck]) -> list[Deck]:
        """Those to draw now: all, if there is time for it, else the one whose picture is the oldest."""
        if len(wanted) < 2:
            return wanted
        if sum(np.median(deck.drawing_s) for deck in wanted if deck.drawing_s) < self.period - SAFETY:
            return wanted
        return [min(wanted, key=lambda deck: deck.frame)]

    def _await_turn(self, before: int) -> int:
        """Sleep until it is time to draw for the coming tick; returns its number, `before` when it is all over."""
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
        """How long before its tick a drawing has to start, at most a period.

        The slowest of those remembered, its thread's late waking included, and a little. A frame that misses its tick
        costs the hand that waits for it a whole period, and to begin earlier costs it a fraction of one.
        """
        if len(self._needed_s) < 8:
            return self.period
        return min(max(self._needed_s) + SAFETY, self.period)

    def _watch(self, now: float) -> None:
        """Give up a drawer whose device does not answer: another goes on with the processor."""
        since = self._drawing_since
        if since is None or now - since < HUNG or not any(deck.on_device for deck in self.decks):
            return
        self._drawing_since = None

        def go_on():
            for deck in self.decks:
                if deck.on_device:
                    deck.fall_back(f"no answer in {HUNG:g} s")
            self._draw_all()

        self._drawer = self._thread("drawer", go_on)
        self._drawer.start()

    # -- the clock ------------------------------------------------------------------------------------------------

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


def percentile(values, share: float) -> float:
    """A percentile in milliseconds of seconds given; 0.0 of none."""
    values = list(values)
    return round(float(np.percentile(values, share)) * 1e3, 3) if values else 0.0
