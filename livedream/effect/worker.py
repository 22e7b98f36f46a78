"""A thread that runs one effect: the latest picture in, the latest result out."""

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from livedream import UserError, one_line
from livedream.backend import Array
from livedream.effect.applier import Applier
from livedream.effect.trace import Moment, Run
from livedream.picture import Pixels

REMEMBERED = 256  # runs that wait to be asked for
_threads: "weakref.WeakSet[threading.Thread]" = weakref.WeakSet()


@dataclass(frozen=True)
class Job:
    """A run that is asked for.

    Attributes:
        number: Counts what was asked for.
        picture: uint8 [H, W, 4].
        controls: As of Applier.
        steps: As of Applier.
        reset: Whether the state is put back to zero first.
        frame: Number of the frame that the picture is of.
    """

    number: int
    picture: Pixels
    controls: Mapping[str, Array]
    steps: int
    reset: bool
    frame: int = 0


@dataclass(frozen=True)
class Result:
    """What came of a job.

    Attributes:
        number: The job's.
        picture: What the effect made, in the size that Applier.size says; None if it failed.
        error: Why it failed, or None.
        seconds: How long it took.
        at: When it was done, on time.perf_counter.
    """

    number: int
    picture: Pixels | None
    error: str | None
    seconds: float
    at: float


class Worker:
    """Makes an Applier and runs it, both in a thread of its own. All methods may be called from any thread.

    Args:
        name: Of the thread.
        make: Makes the Applier, and says how long a run takes; see `applier.ready`.

    Attributes:
        applier: What it runs; None until it is ready.
        seconds: How long a run takes, as it was tried before it was ready.
        latest: The last result, or None.
        ran: The jobs that were done, by number, and what those have left that had to be kept; the latest ones.
    """

    def __init__(self, name: str, make: Callable[[], tuple[Applier, float]]):
        self.applier: Applier | None = None
        self.seconds = 0.0
        self.latest: Result | None = None
        self.ran: deque[tuple[int, Run, Moment | None]] = deque(maxlen=REMEMBERED)
        self._keep_until: int | None = None
        self._make, self._failed = make, ""
        self._offered: Applier | None = None
        self._turn = threading.Condition()  # guards the three that follow, and `latest`
        self._job: Job | None = None
        self._stopping = False
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"effect {name}", daemon=True)
        _threads.add(self._thread)
        self._thread.start()

    def ready(self) -> Applier:
        """Wait until it can run. Raises UserError if it never will."""
        self._ready.wait()
        if self.applier is None:
            raise UserError(self._failed or "it was stopped")
        return self.applier

    def stop(self) -> None:
        """End it after the run in progress; does not wait."""
        with self._turn:
            self._stopping = True
            self._turn.notify_all()

    def ask(self, job: Job) -> bool:
        """Run this next, in place of what waits; returns whether something did."""
        with self._turn:
            before = self._job
            if before is not None and before.reset:
                job = replace(job, reset=True)
            self._job = job
            self._turn.notify_all()
        return before is not None

    def offer(self, applier: Applier) -> None:
        """Go on with another Applier of the same effect before the next job; it takes over the state."""
        self._offered = applier

    def keep(self, number: int) -> None:
        """Keep what jobs leave, in `ran`, up to the first one after the job of that number."""
        self._keep_until = number

    def wait(self, number: int, seconds: float | None) -> Result | None:
        """Return the result of the job of that number, or of a later one; None if it takes longer than `seconds`."""
        with self._turn:
            most = None if seconds is None else max(seconds, 0.0)
            self._turn.wait_for(lambda: self._stopping or self._reached(number), most)
            return self.latest if self._reached(number) else None

    def _reached(self, number: int) -> bool:
        return self.latest is not None and self.latest.number >= number

    def _run(self) -> None:
        try:
            self.applier, self.seconds = self._make()
        except Exception as error:
            self._failed = str(error) if isinstance(error, UserError) else one_line(error)
        self._ready.set()
        if self.applier is None:
            return
        while (job := self._next()) is not None:
            provider = self.applier.provider
            self._change(self.applier)
            result = done(self.applier, job)
            moment = self._left(job, result, self.applier, self.applier.provider != provider)
            with self._turn:
                self.ran.append((job.number, Run(job.frame, job.steps, job.reset), moment))
                self.latest = result
                self._turn.notify_all()

    def _change(self, before: Applier) -> None:
        offered, self._offered = self._offered, None
        if offered is None:
            return
        try:
            offered.state = before.state
        except Exception:  # a device that broke: the effect begins anew
            offered.reset()
        self.applier = offered

    def _left(self, job: Job, result: Result, applier: Applier, elsewhere: bool) -> Moment | None:
        """Return what a job has left, if that is to be kept, or if the effect runs elsewhere since."""
        until = self._keep_until
        if until is None and not elsewhere:
            return None
        if until is not None and job.number > until:
            self._keep_until = None
        try:
            return Moment(result.picture, applier.state)
        except Exception:  # a device that breaks as it is asked
            return Moment(result.picture)

    def _next(self) -> Job | None:
        with self._turn:
            self._turn.wait_for(lambda: self._stopping or self._job is not None)
            job, self._job = self._job, None
            return None if self._stopping else job


def all_ended() -> bool:
    """Return whether no effect runs any more; a program that ends as usual while a network runs is aborted."""
    return not any(each.is_alive() for each in _threads)


def done(applier: Applier, job: Job) -> Result:
    """Do a job in the calling thread. Raises nothing."""
    began = time.perf_counter()
    picture, error = None, None
    try:
        if job.reset:
            applier.reset()
        picture = applier(job.picture, job.controls, job.steps)
    except Exception as wrong:  # whatever a model does, the show goes on
        error = str(wrong) if isinstance(wrong, UserError) else one_line(wrong)
    now = time.perf_counter()
    return Result(job.number, picture, error, now - began, now)
