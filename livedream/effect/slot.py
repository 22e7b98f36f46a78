"""A place in a chain of effects: its parameters' values, when it runs, and what it shows in between.

An effect with a state moves it on so many steps a second of the show's time, as its file says, and runs for these steps
only. One without a state runs for every frame. Where it cannot keep up, its last picture stays, or is blended into the
next one, and the frame does not wait.
"""

import logging
import math
import time
from collections import deque
from collections.abc import Mapping

import numpy as np

from livedream.backend import Array
from livedream.dream.dream import Dream
from livedream.effect.applier import Applier, Load, moves, ready
from livedream.effect.pace import Pace
from livedream.effect.trace import Moment, Run, Trace
from livedream.effect.worker import Job, Result, Worker, done
from livedream.parameters import Parameter, Snapshot, effect, effect_control
from livedream.picture import Pixels
from livedream.picture.blend import blend
from livedream.picture.frame import Picture, host_pixels
from livedream.picture.scale import Scaler

log = logging.getLogger("livedream.effect")

WAITED = 0.85  # of a frame's time that an effect may take to be waited for
RETRY = 2.0  # seconds of the show until an effect that failed is tried again
RECENT = 2.0  # seconds over which its fps is counted
SLACK = 1e-6  # of a step, so that 25 frames of 1/25 s make 25 steps


class Slot:
    """An effect, ready to run. Everything but `status` and `stop` belongs to the drawer thread.

    Args:
        dream: The effect.
        load: Makes the Runner of its component.
        fps: Frames a second of the show.
        live: False for a rendering: every run is waited for, in the calling thread, and nothing depends on the clock.

    Attributes:
        dream: As given.
        name: What it is called: its file's name.
        number: Its number in addresses; 0 until it is in a chain.
        controls: The parameters of its file's controls, by the names of those.
        error: Why the chain goes on without it, or None.
        tracing: Whether what comes in is kept for `take_trace`.
        runs, late, failed: How often it ran; frames that showed an older picture because it was late; runs that failed.

    Raises:
        UserError: It cannot run.
    """

    def __init__(self, dream: Dream, load: Load, fps: float, live: bool = True):
        self.dream, self.name, self.number = dream, dream.path.stem, 0
        self.controls: dict[str, Parameter] = {}
        self.error: str | None = None
        self.tracing = False
        self.runs = self.late = self.failed = 0
        self._frame_s = 1 / fps
        self._worker = Worker(self.name, lambda: ready(dream, load, self._frame_s * WAITED)) if live else None
        self._applier = self._worker.ready() if self._worker else Applier(dream, load)
        self._pace = Pace(self._worker.seconds if self._worker else 0.0)
        self._scaler, self._below = Scaler(), Scaler()
        self._last_given: tuple[Pixels, Mapping[str, Array]] | None = (
            None  # to the last job of an effect without a state
        )
        self._result: Result | None = None  # the last one that brought a picture
        self._seen = self._asked = 0  # numbers of the last result seen, and of the last job
        self._steps = 1.0  # that are due: the first frame is one
        self._time: float | None = None  # of the last frame, in seconds of the show
        self._retry = 0.0
        self._reset = self._bypassed = False
        self._times = _Times()
        self._took_s = 0.0
        self._ran_at: deque[float] = deque(maxlen=240)
        self._traced: list[tuple[Run, Moment | None]] = []
        self._traced_after = 0  # number of the last job before tracing began

    # -- addresses ------------------------------------------------------------------------------------------------

    def address(self, what: str) -> str:
        """Return the address of one of its own parameters."""
        return f"effect/{self.number}/{what}"

    def enter(self, number: int) -> None:
        """Take a number in a chain, before its first frame there."""
        self.number, self.controls = number, controls(self.dream, number)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the pictures that it makes."""
        return self.dream.size

    @property
    def moves(self) -> bool:
        """Whether it has a state that moves on."""
        return self._applier.moves

    @property
    def provider(self) -> str:
        """Who runs it, as in `/status`."""
        running = self._worker.applier if self._worker else None
        return (running or self._applier).provider

    def offer(self, applier: Applier) -> None:
        """Go on with another Applier of the same effect, which has run before; any thread."""
        if self._worker:
            self._worker.offer(applier)

    def stop(self) -> None:
        """End its thread; any thread."""
        if self._worker:
            self._worker.stop()

    # -- a frame --------------------------------------------------------------------------------------------------

    def draw(
        self, picture: Pixels | Picture, values: Snapshot, prefix: str, now: float, left: float | None
    ) -> Pixels | Picture:
        """Return the picture with the effect.

        Args:
            picture: uint8 [H, W, 4].
            values: Of the frame.
            prefix: What the addresses of its deck begin with.
            now: The show's time in seconds.
            left: Seconds that it may take; None: as long as it needs.
        """
        if prefix + self.address("reset") in values.fired:
            self._reset, self.error = True, None
        self._move(values, prefix, now)
        wet = self._wetness(values, prefix)
        self._bypassed = wet == 0
        if self._bypassed:
            self._result = None  # its picture is old by the time it is seen again
            return picture
        if self.error and now < self._retry:
            return picture
        pixels = host_pixels(picture)
        result = self._made(pixels, self._controls(values, prefix), now, left)
        if result is None or result.picture is None:
            return picture
        shown = self._times.shown(result, now, self._frame_s, bool(values["master/blend"]))
        size = self._applier.size((pixels.shape[1], pixels.shape[0]))
        shown = self._scaler(shown, size)  # it may be made of a picture of another size
        return shown if wet == 1 else blend(self._below(pixels, size), shown, wet)

    def _move(self, values: Snapshot, prefix: str, now: float) -> None:
        """Count the steps that are due. A frame that was left out moves no more steps than one frame."""
        if not self.moves:
            self._steps = 1.0
            return
        address = prefix + self.address("rate")
        rate = self.dream.fps * float(values.values.get(address, 1.0))  # type: ignore[arg-type]
        passed = 0.0 if self._time is None else max(now - self._time, 0.0)
        self._time = now
        most = math.ceil(rate * self._frame_s) + 1.0
        self._steps = min(self._steps + rate * passed, most)

    def _made(self, picture: Pixels, controls: Mapping[str, Array], now: float, left: float | None) -> Result | None:
        """Return the newest result: this frame's, if a step is due and the effect is fast enough."""
        steps = math.floor(self._steps + SLACK)
        if not self.moves and self._same(picture, controls) and self._result:
            steps = 0  # it would make the same picture again
        if steps and self._worker:
            self._ask(picture, controls, steps, self._worker, left, now)
        elif steps:
            self._take(done(self._applier, self._job(picture, controls, steps, now)), now)
        elif self._worker and self._worker.latest:
            self._take(self._worker.latest, now)
        return None if self.error else self._result

    def _ask(
        self, picture: Pixels, controls: Mapping[str, Array], steps: int, worker: Worker, left: float | None, now: float
    ) -> None:
        wait = left is None or self._pace.wait(left, now)
        # Of a step that comes late only one is made up for: the effect goes slower rather than not at all.
        worker.ask(job := self._job(picture, controls, steps if wait else 1, now))
        result = worker.wait(job.number, left if wait else 0.0)
        if wait and left is not None:
            self._pace.waited(result is None, now)
        self.late += result is None
        if latest := result or worker.latest:
            self._take(latest, now)

    def _same(self, picture: Pixels, controls: Mapping[str, Array]) -> bool:
        """Return whether these were given to the last job, and remember them for the next time."""
        given, self._last_given = self._last_given, (picture, controls)
        return (
            given is not None
            and given[0] is picture
            and all(np.array_equal(given[1][name], each) for name, each in controls.items())
        )

    def _job(self, picture: Pixels, controls: Mapping[str, Array], steps: int, now: float) -> Job:
        self._asked += 1
        self._steps -= math.floor(self._steps + SLACK)
        reset, self._reset = self._reset, False
        return Job(self._asked, picture, controls, steps, reset, round(now / self._frame_s))

    def _take(self, result: Result, now: float) -> None:
        if result.number == self._seen:
            return
        self._seen = result.number
        self._note(result)
        self.runs += 1
        self._took_s = result.seconds
        self._pace.ran(result.seconds)
        self._ran_at.append(result.at)
        if result.picture is not None:
            self._result, self.error = result, None
            return
        self.failed += 1
        if result.error != self.error:
            log.warning("effect %d (%s): %s; the chain goes on without it", self.number, self.name, result.error)
        # The last good state may be what leads there: the second time it begins anew.
        self._reset, self._result = self.error is not None, None
        self.error, self._retry = result.error or "it failed", now + RETRY

    def _wetness(self, values: Snapshot, prefix: str) -> float:
        address = prefix + self.address("wet")
        if address not in values:  # it was inserted on this frame
            return 1.0
        return 0.0 if values[prefix + self.address("bypass")] else float(values[address])

    def _controls(self, values: Snapshot, prefix: str) -> dict[str, Array]:
        found: dict[str, Array] = {}
        for name, each in self.controls.items():
            value = values.values.get(prefix + each.address, each.default)
            found[f"control.{name}"] = np.full(each.length, value, np.float32)
        return found

    # -- what a show keeps ----------------------------------------------------------------------------------------

    def moment(self) -> Moment | None:
        """Return what it shows, None for nothing yet, for a show that begins now; what runs leave is kept until that of
        a job which is asked for after this.
        """
        if self._worker and self._asked:
            self._traced_after = self._asked
            self._worker.keep(self._asked)
        return Moment(self._result.picture) if self._result else None

    def take_trace(self) -> Trace | None:
        """Return what has come in since the last call; None for nothing."""
        traced, self._traced = self._traced, []
        if not traced:
            return None
        left = max((at for at, (_, moment) in enumerate(traced) if moment), default=-1)
        return Trace(tuple(run for run, _ in traced[left + 1 :]), traced[left][1] if left >= 0 else None)

    def _note(self, result: Result) -> None:
        """Note the runs up to that of a result."""
        ran: deque[tuple[int, Run, Moment | None]] = self._worker.ran if self._worker else deque()
        while ran and ran[0][0] <= result.number:
            number, run, moment = ran.popleft()
            if self.tracing:
                before = moment is None and number <= self._traced_after
                self._traced.append((run, Moment(result.picture) if before else moment))

    # -- what it says ---------------------------------------------------------------------------------------------

    def status(self) -> dict[str, object]:
        """Its entry in `GET /status`; any thread."""
        now = time.perf_counter()
        recent = sum(at > now - RECENT for at in list(self._ran_at))
        return {
            "n": self.number,
            "name": self.name,
            "title": self.dream.title,
            "size": list(self.size),
            "fps": round(recent / RECENT, 1),
            "ms": round(self._took_s * 1000, 2),
            "state": self._state(),
            "provider": self.provider,
            "runs": self.runs,
            "late": self.late,
            "failed": self.failed,
            "error": self.error,
        }

    def _state(self) -> str:
        if self.error:
            return "failed"
        if self._bypassed:
            return "bypassed"
        return "in time" if self._pace.waits or not self._worker else "behind"


class _Times:
    """Leads from one result's picture to the next one's, where they come less often than frames."""

    def __init__(self) -> None:
        self._number = 0
        self._from: Pixels | None = None
        self._last: Pixels | None = None
        self._came, self._gap = 0.0, 0.0

    def shown(self, result: Result, now: float, frame_s: float, blended: bool) -> Pixels:
        """Return the picture to show at `now`, in seconds of the show.

        Args:
            result: The newest.
            now: The show's time.
            frame_s: Seconds of a frame.
            blended: Whether it is led to as slowly as results come; otherwise it is shown at once.
        """
        assert result.picture is not None
        if result.number != self._number:
            self._from = self._last
            self._gap, self._came, self._number = now - self._came, now, result.number
        shown = result.picture
        share = (now - self._came + frame_s) / max(self._gap, frame_s)
        if blended and share < 0.99 and self._from is not None and self._from.shape == shown.shape:
            shown = blend(self._from, shown, share)
        self._last = shown
        return shown


def controls(dream: Dream, number: int) -> dict[str, Parameter]:
    """Return the parameters of an effect's own controls, as effect `number`, by the names of those."""
    found = dream.controls
    return {
        name: effect_control(number, name, each.low, each.high, each.default, each.doc, each.length, found, each.parts)
        for name, each in found.items()
    }


def parameters(dream: Dream, number: int, place: int = 0) -> tuple[Parameter, ...]:
    """Return all parameters of an effect, as effect `number` at that place of the first deck's chain."""
    fps = dream.fps if moves(dream) else None
    return effect(number, dream.path.stem, dream.title, place, fps, controls(dream, number).values())
