"""An effect of a show that is drawn again: it runs when it ran then, on the pictures that it was given then."""

from collections.abc import Mapping

import numpy as np

from livedream import UserError
from livedream.backend import Array
from livedream.dream.dream import Dream
from livedream.effect.applier import Load
from livedream.effect.slot import Slot
from livedream.effect.trace import Moment, Run, Trace
from livedream.effect.worker import Job, Result, done
from livedream.picture import Pixels


class RecordedSlot(Slot):
    """A slot that is told what came in for each frame, before that is drawn.

    Frames of which it is told nothing leave no trace in it. They show its last picture, or one of their own where it
    has no state and was in time.

    Args:
        dream: The effect.
        load: As of Slot.
        fps: Frames a second of the show.

    Raises:
        UserError: It cannot run.
    """

    def __init__(self, dream: Dream, load: Load, fps: float):
        super().__init__(dream, load, fps, live=False)
        self._given: dict[int, tuple[Pixels, Mapping[str, Array]]] = {}  # by frame: what later runs are given
        self._due: Trace | None = None
        self._needed = False
        self._in_time = False

    def expect(self, trace: Trace | None, needed: bool = False) -> None:
        """Say what is known of the next frame that is drawn.

        Args:
            trace: What came in for it; None: it was not drawn then.
            needed: Whether a later run is given its picture.
        """
        self._due, self._needed = trace, needed

    def begin(self, moment: Moment) -> None:
        """Stand where the effect stood when the show began. Raises UserError if the state does not fit."""
        self._adopt(moment, 0)

    def _move(self, *arguments: object) -> None:
        """Leave it to what is told: no clock says when a step is due."""

    def _made(self, picture: Pixels, controls: Mapping[str, Array], now: float, left: float | None) -> Result | None:
        due, frame = self._due, round(now / self._frame_s)
        if due is None:
            if self._in_time and not self.moves:
                return done(self._applier, Job(0, picture, controls, 1, False))
            return None if self.error else self._result
        if self._needed or any(run.frame == frame for run in due.runs):
            self._given[frame] = picture, controls
        if due.moment is not None:
            self._adopt(due.moment, frame)
        results = [self._run(run) for run in due.runs]
        if results:
            self._take(results[-1], now)
            self._in_time = due.runs[-1].frame == frame
        return None if self.error else self._result

    def _run(self, run: Run) -> Result:
        given = self._given.get(run.frame)
        self._given = {frame: each for frame, each in self._given.items() if frame > run.frame}
        if given is None:
            raise UserError(f"{self._named} ran on the picture of frame {run.frame}, which the show does not have")
        self._asked += 1
        return done(self._applier, Job(self._asked, *given, run.steps, run.reset))

    @property
    def _named(self) -> str:
        return f"effect {self.number} ({self.name})"

    def _adopt(self, moment: Moment, frame: int) -> None:
        inputs = self.dream.components["apply"].inputs
        names = {name for name in inputs if name.startswith("state.")}
        if moment.states:
            try:
                states = {name: moment.states[name].reshape(inputs[name].shape) for name in names}
            except (KeyError, ValueError):
                raise UserError(f"a state in the show does not fit {self._named}") from None
            self._applier.state = {name: np.ascontiguousarray(each, np.float32) for name, each in states.items()}
        self._asked += 1
        self._take(Result(self._asked, moment.picture, None, 0.0, 0.0), frame * self._frame_s)
